"""Two people confirm bulks at the same moment, in processes of their own."""

from collections import Counter
from datetime import timedelta

import pytest

from outbox.models import Letter
from reviews.domain import telling
from reviews.models import Bulk, Case, Decision
from tests.factories import MONDAY, make_program, make_reviewer
from tests.processes import race
from tests.reviews.making import make_case

pytestmark = pytest.mark.django_db(transaction=True)
LATER = MONDAY + timedelta(minutes=1)


def test_two_bulks_that_share_cases_decide_each_once_and_each_report_says_which():
    bob, bea = make_reviewer("bob"), make_reviewer("bea")
    program = make_program(recall_minutes=30)
    numbers = [str(make_case(program).pk) for _ in range(12)]
    bobs, beas = numbers[:9], numbers[:2:-1]  # six in common, which the two come to from both ends

    made = race(
        *[
            ["confirm_bulk", ",".join(chosen), str(who.pk), LATER.isoformat()]
            for who, chosen in ((bob, bobs), (bea, beas))
        ]
    )

    reports = [list(Bulk.objects.get(pk=pk).items.order_by("position")) for pk in made]
    decided = [[item.case_id for item in report if item.decision_id] for report in reports]
    assert sorted(decided[0] + decided[1]) == [
        int(number) for number in numbers
    ]  # each once, by one of the two
    assert sorted(Decision.objects.values_list("case", flat=True)) == [int(number) for number in numbers]
    assert [len(report) for report in reports] == [9, 9]
    assert {item.refusal for report in reports for item in report if not item.decision_id} <= {"over", "held"}
    assert all(item.tried_at for report in reports for item in report)
    telling.tell_owed(at=LATER + timedelta(minutes=30))
    told = Letter.objects.filter(kind="reviews/approved").values_list("about_id", flat=True)
    assert Counter(told) == Counter(str(pk) for pk in Decision.objects.values_list("pk", flat=True))
    assert set(Case.objects.values_list("state", flat=True)) == {"decided"}
