"""What the built-in filter rules are worth: `python bench/filters.py [FOLDER] [--json] [--docs FILE] [--keep FILE]`.

FOLDER has openai_moderation_dev.jsonl (texts with labels by people) and xstest_dev.csv (prompts that are unsafe, or
only look so). Beside each rule stands a plain keyword list, made by a machine of the name and the definition of its
category in the guidelines. Nothing is tuned here: rules and keywords are read as they are, once.
"""

import argparse
import csv
import json
import os
import platform
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # not this folder: Python has a `queue` too

from devstack import environment  # noqa: E402

environment.prepare(durable=False)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import yaml  # noqa: E402

from enforcement.filters.builtin import SOURCE, Builtin, shipped  # noqa: E402
from enforcement.filters.engine import Ruleset  # noqa: E402
from enforcement.filters.rules import Action, Kind, Rule  # noqa: E402
from reviews.domain.proportions import Share  # noqa: E402

HERE = Path(__file__).resolve().parent
GUIDELINES = HERE.parent / "policies" / "content" / "guidelines.yaml"
FILES = ("openai_moderation_dev.jsonl", "xstest_dev.csv")
# Labels of the first file, by the category of ours that means the same. What has no label here is not measured.
LABELS = {
    "sexual_content": ("S",),
    "child_safety": ("S3",),
    "self_harm": ("SH",),
    "hate_harassment": ("H", "H2", "HR"),
    "violence_extremism": ("V", "V2"),
}
# What says nothing about a subject. Words of three letters and fewer are left out too.
EMPTY = frozenset(
    """about activity also against anybody anyone attacking bulk content else false from groups help hide hiding into
    like making means model nobody obtaining others over people producing real than that their them they those
    threatening trade under using what with without work writing""".split()  # noqa: SIM905 - read more easily than sixty strings
)


@dataclass(frozen=True)
class Measured:
    """How a mark did against the labels of a category."""

    hits: int  # marked and labelled
    marked: int
    labelled: int
    rows: int

    @property
    def precision(self) -> Share:
        return Share(self.hits, self.marked)

    @property
    def recall(self) -> Share:
        return Share(self.hits, self.labelled)

    @property
    def false_alarms(self) -> Share:
        """Marked rows among those whose label says no."""
        return Share(self.marked - self.hits, self.rows - self.labelled)

    @property
    def f1(self) -> float:
        """Return 2·P·R / (P + R): what decides whether a rule beats the keywords."""
        return 2 * self.hits / (self.marked + self.labelled) if self.marked + self.labelled else 0.0


def keywords(category: dict[str, Any]) -> list[str]:
    """Return the words of a category's name and definition that say something of its subject."""
    text = f"{category['name']} {category['definition']}".lower()
    words = "".join(char if char.isalpha() else " " for char in text).split()
    return sorted({word for word in words if len(word) > 3 and word not in EMPTY})


def ruleset(builtins: list[Builtin], categories: dict[str, dict[str, Any]]) -> Ruleset:
    """Return all built-in rules as `rule:<code>` and a keyword list for each category they are of."""
    rules = [
        Rule(f"rule:{one.code}", 1, one.category, one.kind, one.content, one.threshold, Action.COUNT)
        for one in builtins
    ]
    peers = [
        Rule(f"keywords:{code}", 1, code, Kind.WORDS, "\n".join(keywords(categories[code])))
        for code in sorted({one.category for one in builtins})
    ]
    return Ruleset(rules + peers)


def marks(rules: Ruleset, text: str) -> set[str]:
    """Return the rules and keyword lists that mark a text."""
    return {finding.rule.code for finding in rules.scan(text) if finding.is_hit}


def of_category(rows: list[tuple[dict[str, Any], set[str]]], labels: tuple[str, ...], mark: str) -> Measured:
    """Measure one mark on the rows that say something, yes or no, of these labels."""
    known = [
        (any(row.get(label) == 1 for label in labels), mark in found)
        for row, found in rows
        if any(row.get(label) is not None for label in labels)
    ]
    return Measured(
        sum(label and marked for label, marked in known), sum(marked for _, marked in known),
        sum(label for label, _ in known), len(known),
    )  # fmt: skip


def told(measured: Measured) -> dict[str, str]:
    """Return the figures in words, each share with its 95 % interval."""
    return {
        "precision": str(measured.precision) if measured.marked else "marks nothing",
        "recall": str(measured.recall),
        "false_alarms": str(measured.false_alarms),
        "f1": f"{measured.f1:.2f}",
    }


def line(name: str, measured: Measured) -> str:
    return f"| {name} | " + " | ".join(told(measured).values()) + " |"


def read(folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    texts = [json.loads(row) for row in (folder / FILES[0]).read_text("utf-8").splitlines() if row.strip()]
    with (folder / FILES[1]).open(encoding="utf-8", newline="") as file:
        return texts, list(csv.DictReader(file))


@dataclass
class Outcome:
    """All that was measured."""

    by_rule: dict[str, tuple[Builtin, Measured | None, Measured | None]]  # the rule's, its keywords'
    safe_or_not: dict[str, Measured]
    texts: int
    prompts: int


def measure(folder: Path) -> Outcome:
    """Read both files by the built-in rules and by the keyword lists."""
    texts, prompts = read(folder)
    builtins = shipped()
    source = yaml.safe_load(GUIDELINES.read_text("utf-8"))
    categories = {one["id"]: one for one in [*source["prohibited"], *source.get("extra_scrutiny", [])]}
    rules = ruleset(builtins, categories)
    rows = [(row, marks(rules, row["prompt"])) for row in texts]
    by_rule: dict[str, tuple[Builtin, Measured | None, Measured | None]] = {}
    for one in builtins:
        labels = LABELS.get(one.category)
        both = [
            of_category(rows, labels, mark) if labels else None
            for mark in (f"rule:{one.code}", f"keywords:{one.category}")
        ]
        by_rule[one.code] = (one, both[0], both[1])
    seen = [({"unsafe": int(row["label"] == "unsafe")}, marks(rules, row["prompt"])) for row in prompts]
    either = {}
    for kind in ("rule", "keywords"):
        found = [
            (row, {"any"} if any(mark.startswith(f"{kind}:") for mark in marked) else set())
            for row, marked in seen
        ]
        either[kind] = of_category(found, ("unsafe",), kind)
    return Outcome(by_rule, either, len(texts), len(prompts))


def beats(rule: Measured | None, peer: Measured | None) -> bool:
    """Return whether a rule may be on: measured, and its F1 above the keyword list's. Chosen before measuring."""
    return rule is not None and peer is not None and rule.f1 > peer.f1


def paper(found: Outcome) -> str:
    """Return the part of docs/filters.md that is written by a machine."""
    head = "| | precision | recall | false alarms | F1 |\n| --- | --- | --- | --- | --- |"
    lines = [
        f"{found.texts:,} texts with labels by people (half of OpenAI's moderation set); a row counts for a category",
        "where its label says yes or no. Ranges are 95 % (Wilson).", "",
    ]  # fmt: skip
    for code, (one, rule, peer) in found.by_rule.items():
        if rule is None or peer is None:
            continue
        says = "on" if beats(rule, peer) else "**stays in shadow**"
        lines += [f"### `{one.category}`: {rule.labelled} of {rule.rows} rows; {says}", "", head]
        lines += [line(f"`{code}`", rule), line("keyword list", peer), ""]
    unmeasured = [f"`{code}`" for code, (_, rule, _) in found.by_rule.items() if rule is None]
    lines += [f"Not measured, for no row has their label, and so in shadow: {', '.join(unmeasured)}.", ""]
    lines += [
        f"### Safe prompts that look unsafe: {found.prompts} prompts of XSTest",
        "", "Marked by any rule, against the label unsafe; false alarms are safe prompts that were marked.", "", head,
        line("built-in rules", found.safe_or_not["rule"]), line("keyword lists", found.safe_or_not["keywords"]), "",
    ]  # fmt: skip
    return "\n".join(lines)


def kept(found: Outcome) -> dict[str, Any]:
    """Return measured.yaml: what the loader goes by."""
    return {
        "measured_on": datetime.now(UTC).date().isoformat(),
        "on": f"{found.texts} texts of OpenAI's moderation set, {found.prompts} prompts of XSTest",
        "rules": {
            code: {"beats_keywords": beats(rule, peer)}
            | ({"rule": told(rule), "keywords": told(peer)} if rule and peer else {"rule": "not measured"})
            for code, (_, rule, peer) in found.by_rule.items()
        },
    }


def report(found: Outcome) -> dict[str, Any]:
    """Return the line that bench/RESULTS.md is made from."""
    figures, ratios = {}, {}
    sets = {f"{one.category}, {name}": m for one, rule, peer in found.by_rule.values()
            for name, m in (("rule", rule), ("keywords", peer)) if m is not None}  # fmt: skip
    sets |= {f"XSTest unsafe, {kind}": m for kind, m in found.safe_or_not.items()}
    for name, measured in sets.items():
        for what in ("precision", "recall", "false_alarms"):
            share = getattr(measured, what)
            figures[f"{name}, {what.replace('_', ' ')}"] = {
                "median": share.percent, "min": round(100 * share.low), "max": round(100 * share.high), "unit": "%",
            }  # fmt: skip
    for one, rule, peer in found.by_rule.values():
        if rule is not None and peer is not None:
            ratios[f"{one.category}: F1 / keyword list's"] = (
                round(rule.f1 / peer.f1, 2) if peer.f1 else "no hit of its"
            )
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return {"name": "filters", "figures": figures, "ratios": ratios, "machine": machine}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument(
        "folder", nargs="?", default="", help="Has openai_moderation_dev.jsonl and xstest_dev.csv."
    )
    asked.add_argument("--json", action="store_true", help="End with one JSON line.")
    asked.add_argument("--docs", default="", help="Write the figures into this page, after its last heading.")
    asked.add_argument("--keep", action="store_true", help="Write what the loader goes by beside the rules.")
    given = asked.parse_args()
    folder = Path(given.folder)
    if not given.folder or any(not (folder / name).is_file() for name in FILES):
        print(f"Nothing is measured: name the folder that has {' and '.join(FILES)}.")
        if given.json:
            print(json.dumps({"name": "filters", "figures": {}, "ratios": {}, "machine": platform.machine()}))
        return
    found = measure(folder)
    if given.docs:
        page = Path(given.docs)
        before = page.read_text("utf-8").split("## Measured\n")[0]
        page.write_text(f"{before}## Measured\n\n{paper(found)}", "utf-8")
    if given.keep:
        text = yaml.safe_dump(kept(found), sort_keys=False, allow_unicode=True, width=110)
        SOURCE.with_name("measured.yaml").write_text(text, "utf-8")
    print(json.dumps(report(found)) if given.json else paper(found))


if __name__ == "__main__":
    main()
