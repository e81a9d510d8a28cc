"""Run every benchmark beside this file and write bench/RESULTS.md: `make bench`."""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> None:
    lines = [
        "# What was measured",
        "",
        "Written by `make bench`; ratios are what counts, times are this machine's.",
    ]
    for path in sorted(HERE.glob("[a-z]*.py")):
        run = subprocess.run(
            [sys.executable, str(path), "--json"], capture_output=True, text=True, check=True
        )
        said = json.loads(run.stdout.splitlines()[-1])
        lines += ["", f"## {said['name']}", "", said["machine"], ""]
        lines += ["| what | median | least | most |", "| --- | --- | --- | --- |"]
        for what, figure in said["figures"].items():
            lines.append(
                f"| {what} | {figure['median']} {figure['unit']} | {figure['min']} | {figure['max']} |"
            )
        lines += ["", "| ratio | |", "| --- | --- |"]
        lines += [f"| {what} | {ratio} |" for what, ratio in said["ratios"].items()]
    (HERE / "RESULTS.md").write_text("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
