"""What a case is expected to hold that is hard to read: from its triggers, from hints in its text, from findings.

An expectation covers the text and decides whom the case is offered to (`reviews.domain.care`); it decides nothing about
the application. Hints only raise it. What changes the answer leaves `expectation_owed` behind; `expect_owed` pays.
"""

import json
from collections import defaultdict
from collections.abc import Iterable

from django.db import connection, transaction

from policies.domain import severities
from policies.models import Category
from policies.states import Severity
from reviews.models import Case, Finding, InformationRequest
from reviews.states import UNDECIDED, Verdict

SEVERE = Severity.HARM  # from here on a case is severe
GRAVE_VERDICTS = (Verdict.CONCERN, Verdict.VIOLATES)
CHUNK = 1000

WRITE = """
    UPDATE reviews_case kase SET severity = expected.severity, severe = expected.severe, expectation_owed = false
    FROM unnest(%s::bigint[], %s::int[], %s::jsonb[]) AS expected (id, severity, severe)
    WHERE kase.id = expected.id"""


def expect(cases: Iterable[int]) -> None:
    """Write what these cases are expected to hold, by id. The caller has their rows locked.

    Five statements for any number of cases. What is read is matched here, not joined there: without statistics the
    planner turned one statement into nested loops over every pair of rows (minutes for two thousand cases).
    """
    rows = list(
        Case.objects.filter(pk__in=list(cases)).values_list(
            "pk", "application__owner", "revision__guidelines", "domains", "revision__lane_reasons",
            "application__title", "revision__answers", "application__facts",
        )
    )  # fmt: skip
    answered, found = _answered(row[0] for row in rows), _found({row[1] for row in rows})
    severity_of = {
        (guidelines, code): severity
        for guidelines, code, severity in Category.objects.filter(
            guidelines__in={row[2] for row in rows}
        ).values_list("guidelines", "code", "severity")
    }
    written: list[tuple[int, int, str]] = []
    for pk, owner, guidelines, domains, reasons, *words in rows:
        named = {*domains, *(reason["domain"] for reason in reasons), *found[owner]}
        named |= severities.hinted([*words, answered[pk]])
        known = {code: severity_of.get((guidelines, code), 0) for code in named}
        severe = {code: severity for code, severity in sorted(known.items()) if severity >= SEVERE}
        written.append((pk, max(known.values(), default=0), json.dumps(severe)))
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [list(column) for column in zip(*written, strict=True)] or [[], [], []])


def _answered(cases: Iterable[int]) -> dict[int, list[str]]:
    """Return what applicants answered to questions, by case."""
    said: dict[int, list[str]] = defaultdict(list)
    asked = InformationRequest.objects.filter(decision__case__in=list(cases)).exclude(answer="")
    for case, answer in asked.values_list("decision__case", "answer"):
        said[case].append(answer)
    return said


def _found(owners: set[int]) -> dict[int, set[str]]:
    """Return the categories in which anything grave was found in any case of these owners."""
    named: dict[int, set[str]] = defaultdict(set)
    grave = Finding.objects.filter(verdict__in=GRAVE_VERDICTS, case__application__owner__in=owners)
    for owner, category in grave.values_list("case__application__owner", "category"):
        named[owner].add(category)
    return named


def expect_now(case: Case) -> None:
    """Bring a locked case's own expectation up to date, if that is owed."""
    if case.expectation_owed:
        expect([case.pk])
        case.refresh_from_db(fields=["severity", "severe", "expectation_owed"])


def expect_owed() -> int:
    """Expect anew what is owed; return how many cases. A payer: may run twice and beside itself.

    A finding reaches the other undecided cases of the same owner first. A crash leaves the rest owed.
    """
    _spread()
    paid = 0
    while found := _expect_chunk():
        paid += found
    return paid


@transaction.atomic
def _expect_chunk() -> int:
    owed = Case.objects.filter(expectation_owed=True).select_for_update(skip_locked=True, of=("self",))
    chunk = list(owed.order_by("pk").values_list("pk", flat=True)[:CHUNK])
    if chunk:
        expect(chunk)
    return len(chunk)


@transaction.atomic
def _spread() -> None:
    """Let the other cases of an owner be owed what was found in one of them."""
    owed = Finding.objects.filter(expectation_owed=True).select_for_update(skip_locked=True, of=("self",))
    found = list(owed.order_by("pk").values_list("pk", "case__application__owner")[:CHUNK])
    owners = {owner for _, owner in found if owner}
    others = Case.objects.filter(application__owner__in=owners, state__in=UNDECIDED)
    # In the order of their ids: two payers that lock more than one case each must not wait for each other.
    locked = others.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True)
    Case.objects.filter(pk__in=list(locked)).update(expectation_owed=True)
    Finding.objects.filter(pk__in=[pk for pk, _ in found]).update(expectation_owed=False)
