"""What a case is expected to hold that is hard to read: from its triggers, from hints in its text, from findings.

An expectation covers the text and decides whom the case is offered to (`reviews.domain.care`); it decides nothing about
the application. Hints only raise it. What changes the answer leaves `expectation_owed` behind; `expect_owed` pays.
"""

from collections.abc import Iterable

from django.db import connection, transaction

from policies.domain import severities
from policies.states import Severity
from reviews.models import Case, Finding
from reviews.states import UNDECIDED, Verdict

SEVERE = Severity.HARM  # from here on a case is severe
GRAVE_VERDICTS = (Verdict.CONCERN, Verdict.VIOLATES)
CHUNK = 1000

EXPECT = """
    WITH asked AS MATERIALIZED (
        SELECT kase.id, application.owner_id, revision.guidelines_id, kase.domains, revision.lane_reasons,
            concat_ws(' ', application.title, revision.answers::text, application.facts::text,
                (SELECT string_agg(given.answer, ' ') FROM reviews_informationrequest given
                    JOIN reviews_decision decision ON decision.id = given.decision_id
                    WHERE decision.case_id = kase.id)) AS words
        FROM reviews_case kase
        JOIN onboarding_application application ON application.id = kase.application_id
        JOIN onboarding_revision revision ON revision.id = kase.revision_id
        WHERE kase.id = ANY(%(cases)s)
    ), named AS (
        SELECT id, jsonb_array_elements_text(domains) AS code FROM asked
        UNION SELECT id, jsonb_array_elements(lane_reasons) ->> 'domain' FROM asked
        UNION SELECT asked.id, hint.code FROM asked
            JOIN unnest(%(codes)s::text[], %(patterns)s::text[]) AS hint (code, pattern)
            ON asked.words ~* hint.pattern
        UNION SELECT asked.id, finding.category FROM asked
            JOIN reviews_finding finding ON finding.case_id = asked.id AND finding.verdict = ANY(%(grave)s)
        UNION SELECT asked.id, finding.category FROM asked
            JOIN onboarding_application other ON other.owner_id = asked.owner_id
            JOIN reviews_case earlier ON earlier.application_id = other.id
            JOIN reviews_finding finding ON finding.case_id = earlier.id AND finding.verdict = ANY(%(grave)s)
    ), expected AS (
        SELECT asked.id, coalesce(max(category.severity), 0) AS severity,
            coalesce(jsonb_object_agg(category.code, category.severity)
                FILTER (WHERE category.severity >= %(severe)s), '{}') AS severe
        FROM asked LEFT JOIN named ON named.id = asked.id
        LEFT JOIN policies_category category
            ON category.guidelines_id = asked.guidelines_id AND category.code = named.code
        GROUP BY asked.id
    )
    UPDATE reviews_case kase SET severity = expected.severity, severe = expected.severe, expectation_owed = false
    FROM expected WHERE kase.id = expected.id"""


def expect(cases: Iterable[int]) -> None:
    """Write what these cases are expected to hold, by id, in one statement. The caller has their rows locked."""
    hints = severities.hints()
    with connection.cursor() as cursor:
        cursor.execute(
            EXPECT,
            {
                "cases": list(cases),
                "codes": list(hints),
                "patterns": list(hints.values()),
                "grave": [str(verdict) for verdict in GRAVE_VERDICTS],
                "severe": int(SEVERE),
            },
        )


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
