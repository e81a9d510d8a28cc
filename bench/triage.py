"""How well rules and text order real use cases: `python bench/triage.py FILE [--json] [--docs docs/triage.md]`.

FILE is federal_2025_dev.jsonl: real use cases of public bodies, each with a label by people in three ways. They are
imported as applications by the product's own import; only what an applicant would have said is mapped (title, texts,
topic, stage, personal data). The label is read here, from the file, and nowhere else: the import leaves `human_…` out.
What is trained is trained on all other agencies than the one it is measured on.
"""

import argparse
import io
import json
import os
import platform
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # not this folder: Python has a `queue` too

from devstack import environment  # noqa: E402

environment.prepare(durable=False)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from django.contrib.auth.models import Group  # noqa: E402
from django.core.management import call_command  # noqa: E402

from accounts.models import User  # noqa: E402
from audit import clock  # noqa: E402
from bench._measuring import NaiveBayes, auc, interval, keyword_hits  # noqa: E402
from onboarding.domain import imports, programs, questions  # noqa: E402
from onboarding.domain.programs import Limits  # noqa: E402
from onboarding.models import Application  # noqa: E402
from onboarding.states import Environment  # noqa: E402
from policies.domain import guidelines  # noqa: E402
from reviews.domain import cases, likenesses, matches, rules  # noqa: E402
from reviews.domain.proportions import Share  # noqa: E402
from reviews.domain.rules import Wording  # noqa: E402
from reviews.models import Case, RuleMatch  # noqa: E402

LABEL, SCRUTINY = "human_label", ("high_impact", "presumed_not_high")
AREAS = {  # the topic a public body chose, as its applicant would have ticked it
    "Health and Medical": ["medical"],
    "Law Enforcement": ["law_enforcement"],
    "Benefits Processing": ["essential_public_services"],
    "Service Delivery": ["essential_public_services"],
    "Emergency Mgmt": ["essential_public_services"],
    "HR": ["employment"],
    "Energy and Environment": ["critical_infrastructure"],
    "Transportation": ["critical_infrastructure"],
    "Cybersecurity": ["security"],
    "Procurement and Finance Mgmt": ["finance"],
    "Other – Economic & Financial": ["finance"],
}
STAGES = {"Pre-deployment": "prototype", "Pilot": "private_test", "Deployed": "live_elsewhere"}
PERSONAL = {"Yes": "yes", "No": "no"}
RULES = [  # from the scrutiny domains of the guidelines, not fitted to the label
    "areas contains law_enforcement",
    "areas contains medical",
    "areas contains essential_public_services",
    "areas contains employment",
    "areas contains critical_infrastructure",
    "personal_data = yes",
]
LEAST = 5  # labelled and unlabelled rows of an agency that is measured by itself
ORDERS = {
    "rules": "rules that fit",
    "risk": "risk score of the form",
    "text": "text, naive Bayes",
    "both": "rules, then text",
    "keywords": "keyword list (peer)",
}


INTRODUCTION = [
    "Written by `python bench/triage.py FILE --docs docs/triage.md`, where FILE is `federal_2025_dev.jsonl`:",
    "use cases of public bodies, labelled by people in three ways (high impact, presumed high and found not",
    "to be, not high). The file is not in this repository. The rows go through the product's import, with",
    "what an applicant would have said: title, texts, topic as areas, stage, personal data. The label is",
    "never imported. “Scrutiny” is the first two labels. Text is taught by all agencies but the one it is",
    "measured on. Ranges are 95 %: Wilson for shares, resampled rows for areas.",
]
HOW_TO_READ = [
    "## How to read it", "",
    "Six conditions on set answers order about as well as the text does, and better than a list of words; in the",
    "pool both together do best. That is an average over agencies whose habits differ: two of them hold two",
    "thirds of all scrutiny, so the pooled column mostly tells agencies apart. Inside one agency both together",
    "reach from 0.44 (DOE) to 0.89 (DHS). At DOE no order is surely better than chance, and text learned",
    "elsewhere is worse; at HHS only the text is, barely. The topic was filed by the agency, not ticked by an",
    "applicant, and half of the rows say nothing about personal data. The conditions were written from the",
    "scrutiny domains of the guidelines and not fitted to the label. So: answers choose the lane, text may order",
    "what waits and ask for a second look, and neither may decide anything.",
]  # fmt: skip


@dataclass
class Row:
    """One use case: who it is of, whether people wanted scrutiny, its text, its scores by order."""

    agency: str
    label: str
    text: str
    scores: dict[str, float]

    @property
    def is_scrutiny(self) -> bool:
        return self.label in SCRUTINY


def said(row: dict[str, str]) -> dict[str, object]:
    """Return what an applicant would have said of a row; the label goes along, to be left out by the import."""
    areas = AREAS.get(row["topic"], ["none"] if row["topic"] else None)
    told = {
        "id": row["uid"],
        "title": row["title"],
        "summary": row["purpose"],
        "detail": "\n".join(filter(None, (row["outputs"], row["benefits"]))),
        "areas": areas,
        "stage": STAGES.get(row["stage"]),
        "personal_data": PERSONAL.get(row["has_pii"]),
        LABEL: row[LABEL],
    }
    return {name: value for name, value in told.items() if value}


def taken_in(rows: list[dict[str, str]]) -> imports.Outcome:
    """Import the rows as applications, open their cases, let the rules look at them."""
    at = clock.now()
    guidelines.load(guidelines.shipped(), by="bench", at=at)
    questions.load(questions.shipped(), by="bench", at=at)
    program = programs.open_program(
        "bench", name="Bench", summary="Measured on.", models={"bench-1": "One"},
        limits=[Limits("trial", Environment.TEST, 5, 100)], by="bench", at=at,
    )  # fmt: skip
    by = User.objects.create_user("senior@bench.example", "not used", is_staff=True)
    by.groups.set(Group.objects.filter(name="Senior reviewer"))
    for number, condition in enumerate(RULES):
        wording = Wording(condition, lane="hold")
        version = rules.write(f"Rule {number}", wording, program=None, by=by, at=at, reason="To measure")
        rules.switch_on(version.rule, seen=1, by=by, at=at)
    mapping = {name: name for name in ("summary", "detail", "areas", "stage", "personal_data")}
    lines = "".join(json.dumps(said(row), ensure_ascii=False) + "\n" for row in rows)
    outcome = imports.import_list(
        io.BytesIO(lines.encode()), name="rows.jsonl", program=program, by="bench", at=at,
        mapping=imports.Mapping(mapping),
    )  # fmt: skip
    cases.open_owed(at=at)
    matches.match_owed(at=at)
    leaked = Application.objects.filter(facts__has_key=LABEL).count()
    if leaked:
        raise SystemExit(f"The label was imported with {leaked} rows; nothing measured here would count.")
    return outcome


def read(rows: list[dict[str, str]]) -> list[Row]:
    """Return the imported cases with their scores; text is scored by what the other agencies taught."""
    fits: dict[int, int] = defaultdict(int)
    for case in RuleMatch.objects.values_list("case", flat=True):
        fits[case] += 1
    by_id = {row["uid"]: row for row in rows}
    found = []
    for case in Case.objects.select_related("application", "revision__question_set").order_by("pk"):
        source = by_id[case.application.external_id]
        text = likenesses.text_of(case.revision, case.application.title)
        scores = {
            "rules": float(fits[case.pk]),
            "risk": float(case.risk_score),
            "keywords": float(keyword_hits(text)),
        }
        found.append(Row(source["agency"], source[LABEL], text, scores))
    for agency in {row.agency for row in found}:
        others = [row for row in found if row.agency != agency]
        taught = NaiveBayes([row.text for row in others], [row.is_scrutiny for row in others])
        for row in found:
            if row.agency == agency:
                row.scores["text"] = taught.score(row.text)
                row.scores["both"] = 1000 * row.scores["rules"] + row.scores["text"]
    return found


def area(rows: list[Row], order: str, labels: tuple[str, ...] = SCRUTINY) -> dict[str, float]:
    scores, is_wanted = [row.scores[order] for row in rows], [row.label in labels for row in rows]
    low, high = interval(scores, is_wanted)
    figures = {"median": auc(scores, is_wanted), "min": low, "max": high}
    return {name: round(value, 3) for name, value in figures.items()} | {"unit": "AUC"}


def measured_apart(rows: list[Row]) -> dict[str, list[Row]]:
    """Return the agencies with enough labelled and unlabelled rows to be measured by themselves."""
    by_agency: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_agency[row.agency].append(row)
    return {
        agency: theirs
        for agency, theirs in sorted(by_agency.items())
        if min(sum(r.is_scrutiny for r in theirs), sum(not r.is_scrutiny for r in theirs)) >= LEAST
    }


def flagged(rows: list[Row], is_flagged: list[bool]) -> dict[str, str]:
    """Return the coverage, recall and precision of a yes-or-no mark, each with its interval."""
    hits = sum(row.is_scrutiny and mark for row, mark in zip(rows, is_flagged, strict=True))
    return {
        "flags": str(Share(sum(is_flagged), len(rows))),
        "recall": str(Share(hits, sum(row.is_scrutiny for row in rows))),
        "precision": str(Share(hits, sum(is_flagged))),
    }


def marks(rows: list[Row]) -> dict[str, dict[str, str]]:
    """Return each mark by name; the text's bar is the share of rows that the rules flag, so that both flag as many."""
    by_rules = [row.scores["rules"] > 0 for row in rows]
    bar = sorted((row.scores["text"] for row in rows), reverse=True)[sum(by_rules) - 1]
    return {
        "a rule fits": flagged(rows, by_rules),
        "two rules fit": flagged(rows, [row.scores["rules"] > 1 for row in rows]),
        "text, as many as the rules flag": flagged(rows, [row.scores["text"] >= bar for row in rows]),
        "a keyword occurs": flagged(rows, [row.scores["keywords"] > 0 for row in rows]),
        "two groups of keywords occur": flagged(rows, [row.scores["keywords"] > 1 for row in rows]),
    }


def by_rule(rows: list[Row]) -> dict[str, dict[str, str]]:
    cases_of: dict[str, set[int]] = defaultdict(set)
    for condition, case in RuleMatch.objects.values_list("version__condition", "case"):
        cases_of[condition].add(case)
    order = list(Case.objects.order_by("pk").values_list("pk", flat=True))
    return {text: flagged(rows, [pk in cases_of[text] for pk in order]) for text in RULES}


def table(found: dict[str, dict[str, str]]) -> list[str]:
    lines = ["| mark | flags | recall | precision |", "| --- | --- | --- | --- |"]
    return lines + [
        f"| {name} | {f['flags']} | {f['recall']} | {f['precision']} |" for name, f in found.items()
    ]


def paper(rows: list[Row], outcome: imports.Outcome, given: Share, personal: Share) -> str:
    """Return docs/triage.md: the figures as they are."""
    base, apart = Share(sum(row.is_scrutiny for row in rows), len(rows)), measured_apart(rows)
    heads = ["all, pooled", *apart]
    lines = [
        "# What triage by rules and by text is worth", "",
        *INTRODUCTION, "",
        f"- Rows: {outcome.rows:,} read, {outcome.imported:,} imported, {outcome.failed:,} with a problem; "
        f"{outcome.short:,} have a text shorter than the form asks for.",
        f"- Base rate of scrutiny: {base}.",
        f"- Answers there are: topic in {given}; personal data yes or no in {personal}.",
        "- Nothing was refused: no rule, score or text can.", "", *HOW_TO_READ, "",
        "## Order: area under the curve, one agency left out", "",
        "0.5 is chance. Agencies with at least five rows on either side are measured by themselves too.", "",
        "| order | " + " | ".join(heads) + " |", "| --- |" + " --- |" * len(heads),
    ]  # fmt: skip
    for order, name in ORDERS.items():
        areas = [area(part, order) for part in (rows, *apart.values())]
        cells = [f"{a['median']:.2f} ({a['min']:.2f} to {a['max']:.2f})" for a in areas]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    sizes = [f"{sum(row.is_scrutiny for row in part)} of {len(part)}" for part in (rows, *apart.values())]
    lines += ["| *scrutiny of n* | " + " | ".join(sizes) + " |", "", "## Marks: what each would flag", ""]
    lines += [*table(marks(rows)), "", "## Each rule by itself", "", *table(by_rule(rows)), ""]
    return "\n".join(lines)


def report(rows: list[Row]) -> dict[str, object]:
    """Return the line that bench/RESULTS.md is made from."""
    figures = {f"{name}, scrutiny, agency left out": area(rows, order) for order, name in ORDERS.items()}
    figures |= {
        f"{name}, high impact only": area(rows, order, SCRUTINY[:1]) for order, name in ORDERS.items()
    }
    peer = auc([row.scores["keywords"] for row in rows], [row.is_scrutiny for row in rows])
    ratios = {
        f"{name} / keyword list": round(
            auc([row.scores[order] for row in rows], [row.is_scrutiny for row in rows]) / peer, 3
        )
        for order, name in ORDERS.items()
        if order != "keywords"
    }
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return {"name": "triage", "figures": figures, "ratios": ratios, "machine": machine}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("file", nargs="?", default="", help="federal_2025_dev.jsonl")
    asked.add_argument("--json", action="store_true", help="End with one JSON line.")
    asked.add_argument("--docs", default="", help="Write the figures as a page into this file.")
    given = asked.parse_args()
    path = Path(given.file)
    if not given.file or not path.is_file():
        print(f"Nothing is measured: {given.file or 'no file was named, and it'} is not here. "
              "Name federal_2025_dev.jsonl: use cases with a label by people.")  # fmt: skip
        if given.json:
            print(json.dumps({"name": "triage", "figures": {}, "ratios": {}, "machine": platform.machine()}))
        return
    source = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    call_command("migrate", verbosity=0)
    outcome = taken_in(source)
    rows = read(source)
    if given.docs:
        topic = Share(sum(bool(row["topic"]) for row in source), len(source))
        personal = Share(sum(row["has_pii"] in PERSONAL for row in source), len(source))
        Path(given.docs).write_text(paper(rows, outcome, topic, personal))
    found = report(rows)
    if given.json:
        print(json.dumps(found))
        return
    for name, figure in found["figures"].items():
        print(f"{name:55} {figure['median']:6} ({figure['min']} to {figure['max']})")


if __name__ == "__main__":
    main()
