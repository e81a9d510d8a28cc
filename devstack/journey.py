"""`make demo`: set the stage on a running throw-away site, walk the main job, prove the ledger, print it all."""

import json
import subprocess
import sys
import time
from pathlib import Path

from devstack.directory import ROOT
from devstack.stack import Stack

PROOFS = (
    (("seal_ledger",), "The ledger is sealed."),
    (("verify_ledger",), "Its hash chain is verified."),
    (("check_invariants",), "Every invariant holds, from the data alone."),
)


def run(stack: Stack, *, as_json: bool) -> int:
    """Walk on this site; return 0 only if every step held. With `as_json` the last line is the result as JSON."""
    from demo.journey import Journey, Step

    started = time.monotonic()
    staged = _manage(stack, "demo_stage")
    if staged.returncode:
        print(staged.stdout + staged.stderr, file=sys.stderr)
        return 1
    journey = Journey(
        web=stack.url("web"),
        gateway=stack.url("gateway"),
        mails=Path(stack.environ["GATEHOUSE_DATA"]) / "mail",
        say=lambda line: print(line, flush=True),
    )
    ok = journey.walk()
    for command, says in PROOFS if ok else ():
        before = time.monotonic()
        proved = _manage(stack, *command)
        ok = ok and proved.returncode == 0
        journey.note(
            says if proved.returncode == 0 else proved.stdout + proved.stderr, proved.returncode == 0, before
        )
    seconds = round(time.monotonic() - started, 1)
    print(f"{'Every step held' if ok else 'A step did not hold'} ({seconds} s).", flush=True)
    if as_json:
        steps: list[Step] = journey.steps
        print(json.dumps({"ok": ok, "steps": [vars(step) for step in steps], "seconds": seconds}), flush=True)
    return 0 if ok else 1


def _manage(stack: Stack, *command: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "manage.py", *command]
    return subprocess.run(argv, cwd=ROOT, env=stack.environ, capture_output=True, text=True, check=False)
