"""The queue: what is in it, in which order, in how many queries, for whom."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Q
from django.urls import reverse

from audit import clock
from onboarding.models import Application
from reviews.admin import queue
from reviews.domain import cases, claims, ranking, signatures
from reviews.models import Case
from tests.factories import (
    MONDAY,
    make_application,
    make_manager,
    make_owner,
    make_program,
    make_reviewer,
    make_senior,
    make_user,
)
from tests.reviews.making import make_case, make_claimed, make_decision

DESK = "/admin/reviews/case/desk/"
NUMBER = 22  # queries of the page: session, person, duties, conflicts, interests, care, promise, counts, rows, flags


def titles(client, **query):
    return [row.case.application.title for row in client.get(DESK, query).context["queue"].rows]


@pytest.mark.django_db
def test_the_desk_is_a_reviewers_first_page(client, bob):
    assert client.get("/admin/").url == reverse("admin:desk") == DESK


@pytest.mark.django_db
def test_what_was_submitted_a_moment_ago_is_in_the_queue(client, bob):
    make_application(title="Just now")

    assert titles(client) == ["Just now"]


@pytest.mark.django_db
def test_cases_stand_by_the_risk_of_a_late_answer_then_lane_then_risk_then_age(client, bob):
    program = make_program()
    make_case(program, title="mild", lane="monitor", risk_score=90)
    make_case(program, title="third", risk_score=20)
    make_case(program, title="fourth", risk_score=20)
    make_case(program, title="second", risk_score=80)
    make_case(program, title="late", risk_score=0, at=MONDAY - timedelta(days=5))
    make_case(program, title="strict, and far from due", lane="refuse", risk_score=90)
    ranking.rank_owed(at=MONDAY)

    assert titles(client) == ["late", "second", "third", "fourth", "mild", "strict, and far from due"]


@pytest.mark.django_db
def test_decided_cases_and_those_that_wait_for_the_applicant_are_not_in_the_queue(client, bob):
    make_decision(by=bob, title="decided")
    make_decision("needs_information", by=bob, title="asked")
    make_decision(by=bob, title="to sign", domains=["health"])

    assert titles(client) == ["to sign"]


@pytest.mark.django_db
def test_ones_own_case_is_not_in_ones_queue(client, bob):
    make_case(title="mine", applicant=bob, owner=make_owner(bob))
    make_case(title="another's")

    assert titles(client) == ["another's"]
    assert client.get(DESK).context["counts"].waiting == "1"


@pytest.mark.django_db
def test_filters_narrow_by_program_lane_words_and_number(client, bob):
    program, other = make_program("codex"), make_program("images")
    make_case(program, title="Interview coach", lane="hold")
    found = make_case(other, title="Interview notes")
    make_case(other, title="Poems")

    assert titles(client, program="codex") == ["Interview coach"]
    assert titles(client, lane="notify") == ["Interview notes", "Poems"]
    assert titles(client, q="INTERVIEW", program="images") == ["Interview notes"]
    assert titles(client, q=found.application.number.lower()) == ["Interview notes"]
    assert titles(client, lane="nonsense", show="nonsense") == ["Interview notes", "Poems", "Interview coach"]


@pytest.mark.django_db
def test_mine_are_those_i_hold_now(client, bob):
    at = clock.now()
    held, run_out = make_case(title="held"), make_case(title="run out")
    claims.claim(run_out, by=bob, at=at - timedelta(hours=1))
    claims.claim(held, by=bob, at=at)

    assert titles(client, show="mine") == ["held"]


@pytest.mark.django_db
def test_to_sign_are_those_i_may_sign(client, bob):
    bea = make_reviewer("bea")
    make_decision(by=bea, title="any second person", domains=["health"])
    make_decision(by=bea, title="a senior one", risk_level=4, risk_score=90)
    make_decision(by=bob, title="my own", domains=["health"])
    returned = make_decision(by=bea, title="given back", domains=["health"])
    signatures.give_back(returned, by=make_senior(), at=MONDAY, reason="No.")

    assert titles(client, show="sign") == ["any second person"]
    client.force_login(make_senior("sara"))
    assert titles(client, show="sign") == ["a senior one", "any second person", "my own"]


@pytest.mark.django_db
def test_pages_go_forth_and_back_without_a_gap_or_a_double(client, bob, monkeypatch):
    monkeypatch.setattr(queue, "PAGE", 3)
    program = make_program()
    for number in range(8):
        make_case(
            program, title=f"case {number}", risk_score=number % 3, at=MONDAY + timedelta(hours=number // 4)
        )

    forth, url = [], DESK
    while url:
        page = client.get(url).context["queue"]
        forth.append([row.case.pk for row in page.rows])
        url = DESK + page.older_url if page.older_url else ""
    second = client.get(DESK + client.get(DESK).context["queue"].older_url).context["queue"]
    first_again = client.get(DESK + second.newer_url).context["queue"]

    expected = list(Case.objects.queued().values_list("pk", flat=True))
    assert [pk for rows in forth for pk in rows] == expected
    assert [len(rows) for rows in forth] == [3, 3, 2]
    assert ([row.case.pk for row in first_again.rows], first_again.newer_url) == (forth[0], "")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query",
    [
        {"after": "x"}, {"after": "2026-01-01~1~1"}, {"after": "2026-01-01T00:00:00+00:00~9999999999999~1"},
        {"before": "~~"}, {"after": "\0"}, {"q": "\0'; DROP TABLE"}, {"program": "\0"}, {"q": "%" * 5000},
    ],
)  # fmt: skip
def test_a_made_up_address_shows_a_page_and_no_error(client, bob, query):
    make_case()

    assert client.get(DESK, query).status_code == 200


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow_with_the_queue(client, bob, django_assert_num_queries):
    make_claimed(make_reviewer("bea"))
    client.get(DESK)
    with django_assert_num_queries(NUMBER):
        client.get(DESK)

    make_decision(by=bob, domains=["health"])
    make_case(domains=["health", "legal"])
    with django_assert_num_queries(NUMBER):
        client.get(DESK)


@pytest.mark.django_db
def test_an_empty_queue_says_so(client, bob):
    assert "The queue is empty" in client.get(DESK).content.decode()
    assert "Nothing fits these filters" in client.get(DESK, {"lane": "hold"}).content.decode()


@pytest.mark.django_db
def test_two_thousand_cases_are_a_page_of_fifty(client, bob, django_assert_max_num_queries):
    owe_cases(2000)

    cases.open_owed(at=MONDAY)
    with django_assert_max_num_queries(NUMBER):
        shown = client.get(DESK)

    assert (len(shown.context["queue"].rows), shown.context["counts"].waiting) == (50, "1,000+")
    assert "50 cases shown" in shown.content.decode()


def owe_cases(number: int) -> None:
    """Make many submitted applications of one owner, set-based."""
    like = make_application(title="many")
    made = Application.objects.bulk_create(
        Application(
            program=like.program, owner=like.owner, applicant=like.applicant, question_set=like.question_set,
            title=f"many {index}", external_id=f"row-{index}", started_at=MONDAY,
        )
        for index in range(number - 1)
    )  # fmt: skip
    revision = like.revisions.get()
    for application in made:
        revision.pk, revision.application = None, application
        application.revisions.bulk_create([revision])
    Application.objects.filter(state="draft").update(
        state="submitted", submitted_at=MONDAY, case_owed=True, lane="hold", risk_score=10, risk_level=1
    )


# --- Who may


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("person", "status"),
    [(make_reviewer, 200), (make_senior, 200), (make_manager, 403), (make_user, 302), (None, 302)],
)
def test_only_reviewers_open_the_desk_and_the_cases(client, person, status):
    case = make_case()
    if person:
        client.force_login(person("somebody"))

    assert [client.get(url).status_code for url in (DESK, f"/admin/reviews/case/{case.pk}/")] == [status] * 2


ACTS = ["claim", "release", "findings", "decide", "sign/{decision}", "give-back/{decision}"]


@pytest.mark.django_db
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("person", [make_manager, make_user, "applicant", None])
def test_nobody_else_presses_a_button(client, act, person):
    applicant = make_reviewer("alice")
    decision = make_decision(domains=["health"], applicant=applicant, owner=make_owner(applicant))
    if person:
        client.force_login(applicant if person == "applicant" else person("somebody"))

    answered = client.post(
        f"/admin/reviews/case/{decision.case_id}/{act.format(decision=decision.pk)}/", {"reason": "x"}
    )

    assert answered.status_code in (302, 403)
    assert Case.objects.get().state == "awaiting_second"


@pytest.mark.django_db
@pytest.mark.parametrize("act", ACTS)
def test_a_visit_changes_nothing(client, bob, act):
    decision = make_decision(by=make_reviewer("bea"), domains=["health"])

    assert (
        client.get(f"/admin/reviews/case/{decision.case_id}/{act.format(decision=decision.pk)}/").status_code
        == 405
    )


@pytest.mark.django_db
def test_the_search_asks_what_the_indexes_of_title_and_number_hold():
    asked = Application.objects.filter(Q(title__icontains="harbour") | Q(number__iexact="7f3k"))
    with connection.cursor() as cursor:
        for other in ("seqscan", "indexscan", "indexonlyscan"):  # a table of three rows needs no index
            cursor.execute(f"SET LOCAL enable_{other} = off")

    plan = asked.explain()

    assert ("application_by_title" in plan, "application_by_number" in plan) == (True, True)


@pytest.mark.django_db
def test_the_stock_list_is_a_search_without_own_cases_and_nothing_is_edited(client, bob):
    case = make_case(title="Interview coach")
    make_case(title="Interview of mine", applicant=bob, owner=make_owner(bob))

    empty = client.get("/admin/reviews/case/").content.decode()
    found = client.get("/admin/reviews/case/", {"q": "interview"}).content.decode()

    assert ("Interview coach" in empty, "Interview coach" in found, "of mine" in found) == (
        False,
        True,
        False,
    )
    assert client.get(f"/admin/reviews/case/{case.pk}/change/").url == reverse("admin:case", args=[case.pk])
    for url in ("add/", f"{case.pk}/delete/"):
        assert client.get(f"/admin/reviews/case/{url}").status_code == 403


@pytest.mark.django_db
def test_unknown_cases_and_foreign_decisions_are_404(client, bob):
    case, foreign = make_case(), make_decision(by=make_reviewer("bea"), domains=["health"])

    assert client.get("/admin/reviews/case/999999/").status_code == 404
    assert client.post(f"/admin/reviews/case/{case.pk}/sign/{foreign.pk}/").status_code == 404
