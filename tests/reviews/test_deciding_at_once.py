"""Two reviewers decide the same case at the same moment, over HTTP, on the real web server."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from audit import clock
from devstack.stack import Stack
from reviews.domain import cases
from reviews.models import Case, Decision
from tests.factories import make_application, make_program, make_reviewer
from tests.faults.people import visitor
from tests.processes import environment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]
TYPED = "The site “ours.example” is theirs; 3 < 4 & “so on”, number {}."


def decide(who, case, typed, start):
    """Post a decision, claiming the case with it, as the button of a page whose claim ran out does."""
    address = f"/admin/reviews/case/{case.pk}/"
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', who.http.get(address).text)[1]
    form = {
        "csrfmiddlewaretoken": token, "claim": "1", "version": case.version, "revision": 1, "token": typed[-9:],
        "d-outcome": "rejected", "d-reason_rejected": "R4_identity", "d-main_category": "fraud_spam",
        "d-facts": typed, "d-what_would_change": f"Another site. {typed}",
    }  # fmt: skip
    start.wait()
    return who.http.post(f"{address}decide/", data=form, follow_redirects=False)


def race(rounds: int, tmp_path) -> list[tuple[list[int], int, bool]]:
    """Return of each round: both answers, how many decisions there are, whether the slower page kept every word."""
    people = [make_reviewer("bob"), make_reviewer("bea")]
    program, found = make_program(recall_minutes=30), []
    with Stack("web", environ=environment(), logs=tmp_path) as stack, ThreadPoolExecutor(2) as pool:
        visitors = [visitor(stack, person) for person in people]
        for number in range(rounds):
            make_application(program, lane="notify", at=clock.now())
            cases.open_owed(at=clock.now())
            case, start = Case.objects.latest("pk"), Barrier(2)
            typed = [TYPED.format(f"{number:04}-{person}") for person in "ab"]
            answers = list(
                pool.map(lambda who, text: decide(who, case, text, start), visitors, typed)  # noqa: B023
            )
            lost = [
                text for answer, text in zip(answers, typed, strict=True)
                if answer.status_code != 302 and not _kept(answer.text, text)
            ]  # fmt: skip
            made = Decision.objects.filter(case=case).count()
            found.append((sorted(answer.status_code for answer in answers), made, lost == []))
            said = next(answer.text for answer in answers if answer.status_code != 302)
            assert re.search(r"decided this case \d+ seconds? ago: reject", said), said[:200]
    return found


def _kept(page: str, text: str) -> bool:
    """Return whether both fields of the page hold the text, to the last character."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    return page.count(escaped) >= 2


def test_two_reviewers_deciding_at_once_make_one_decision_and_lose_no_word(tmp_path):
    assert race(20, tmp_path) == [([302, 409], 1, True)] * 20


@pytest.mark.soak
def test_two_reviewers_deciding_at_once_four_hundred_times(tmp_path):
    assert race(400, tmp_path) == [([302, 409], 1, True)] * 400
