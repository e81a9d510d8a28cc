"""What waits for somebody once a flag is decided: signatures, sanctions, appeals; and the next flag of the day."""

from datetime import timedelta

import pytest
from django.urls import reverse

from audit import clock
from enforcement.admin import board, flag_board
from enforcement.domain import flag_cases
from tests.enforcement.appealing import known, make_appeal, make_rejection
from tests.enforcement.flagging import (
    NOTHING,
    make_case,
    make_confirmed,
    make_flag,
    make_sanction,
    make_sanction_appeal,
)
from tests.factories import make_grant, make_reviewer, make_senior

pytestmark = pytest.mark.django_db


@pytest.fixture
def at():
    return clock.now()


def followed(user, at):
    return [(row.case, row.says) for row in flag_board.to_follow(user, at=at)]


def test_a_proposal_waits_on_the_list_of_every_senior_but_its_author(at):
    sanction = make_sanction(kind="terminate", at=at)

    assert (followed(make_senior("tess"), at), followed(known("sam", make_senior), at)) == (
        [(sanction.case, "to sign: end of access")],
        [],
    )


def test_a_violation_waits_for_a_sanction_for_a_month(at):
    case, sam = make_confirmed(at=at), make_senior()
    flag_cases.decide(make_case(at=at), by=known("bob", make_reviewer), at=at, **NOTHING)

    assert (followed(sam, at), followed(sam, at + timedelta(days=31))) == (
        [(case, "a violation, and no sanction yet")],
        [],
    )


def test_what_waits_for_a_senior_is_on_no_reviewers_list(client, at):
    make_confirmed(at=at)
    client.force_login(known("bob", make_reviewer))

    assert client.get(reverse("admin:flags")).context["to_follow"] == []


def test_what_waits_for_a_senior_is_above_the_open_flags_as_a_link(client, at):
    case = make_confirmed(at=at)
    client.force_login(make_senior())

    assert (
        f'href="{reverse("admin:flag_case", args=[case.pk])}"'
        in client.get(reverse("admin:flags")).content.decode()
    )


def test_an_appeal_against_a_sanction_is_listed_beside_one_against_a_decision(client, at):
    against_sanction = make_sanction_appeal(make_sanction(at=at), at=at)
    against_decision = make_appeal(make_rejection(at=at), at=at)
    client.force_login(make_senior("tess"))

    rows = client.get(reverse("admin:appeals")).context["board"].rows

    assert {(row.appeal, row.against, row.url) for row in rows} == {
        (against_decision, "decision", reverse("admin:appeal", args=[against_decision.pk])),
        (
            against_sanction,
            "suspension",
            f"{reverse('admin:flag_case', args=[against_sanction.sanction.case_id])}#appeal-{against_sanction.pk}",
        ),
    }


def test_an_appeal_against_a_sanction_is_on_the_desk_of_strangers_to_it_only(at):
    appeal = make_sanction_appeal(make_sanction(at=at), at=at)
    desks = [board.on_desk(user, at=at).rows for user in (make_senior("tess"), known("sam", make_senior))]

    assert [[row.appeal for row in rows] for rows in desks] == [[appeal], []]


def test_whoever_imposed_it_sees_that_somebody_else_answers(client, at):
    make_sanction_appeal(make_sanction(at=at), at=at)
    client.force_login(known("sam", make_senior))

    (row,) = client.get(reverse("admin:appeals")).context["board"].rows

    assert row.is_yours_to_decide is False


def test_the_list_of_appeals_asks_as_often_with_sanctions_in_it(client, at, django_assert_num_queries):
    client.force_login(make_senior("tess"))
    make_sanction_appeal(make_sanction(at=at), at=at)
    client.get(reverse("admin:appeals"))
    with django_assert_num_queries(11):
        client.get(reverse("admin:appeals"))
    make_sanction_appeal(make_sanction(at=at), at=at), make_sanction_appeal(make_sanction(at=at), at=at)
    with django_assert_num_queries(11):
        client.get(reverse("admin:appeals"))


def test_after_a_decision_the_next_flag_is_the_first_due_that_nobody_else_holds(client, at):
    bob = known("bob", make_reviewer)
    later = make_flag(make_grant(), category="fraud_spam", at=at).case
    make_case(make_grant(), by=make_reviewer("bea"), at=at - timedelta(hours=1))  # due before, and held
    done = make_confirmed(at=at - timedelta(hours=3))
    client.force_login(bob)

    shown = client.get(reverse("admin:flag_case", args=[done.pk]))

    assert shown.context["following"].pk == later.pk
    assert f'href="{reverse("admin:flag_case", args=[later.pk])}"' in shown.content.decode()


def test_counts_say_what_is_open_late_and_mine(at):
    bob = known("bob", make_reviewer)
    make_flag(make_grant(), category="fraud_spam", at=at - timedelta(days=9))
    make_case(make_grant(), by=bob, at=at)

    assert flag_board.page({}, user=bob, at=at).counts == flag_board.Counts(open=2, late=1, mine=1)


def test_filters_that_fit_nothing_say_so(client, at):
    make_flag(make_grant(), category="fraud_spam", at=at)
    client.force_login(make_reviewer())

    assert "Nothing fits these filters" in client.get(reverse("admin:flags") + "?show=late").content.decode()


def test_a_report_is_looked_up_by_its_number(client, at):
    flag = make_flag(make_grant(), source="public", by="public", at=at)

    found = client.get(reverse("report"), {"receipt": f" {flag.receipt.lower()} "})

    assert found.url == reverse("report_receipt", args=[flag.receipt])


def test_a_number_that_no_person_got_is_not_found(client, at):
    machine = make_flag(make_grant(), at=at)

    said = client.get(reverse("report"), {"receipt": machine.receipt}).content.decode()

    assert f"No report has the number {machine.receipt}" in said


def test_the_holder_reads_first_what_holds_since_when_and_what_can_be_done(client, at):
    sanction = make_sanction(at=at)
    client.force_login(sanction.grant.application.applicant)

    said = client.get(reverse("sanction", args=[sanction.number])).content.decode()

    standing = said[said.index('class="standing') : said.index("What was decided")]
    assert [
        words in standing
        for words in ("It is suspended", "no end of its own", "It is wrong: appeal", "is mended")
    ] == [True] * 4


def test_the_holder_reads_what_was_sent_against_it(client, at):
    appeal = make_sanction_appeal(make_sanction(at=at), at=at)
    client.force_login(appeal.filed_by)

    said = client.get(reverse("sanction", args=[appeal.sanction.number])).content.decode()

    assert said.index("What you sent") < said.index("4711")


def test_what_was_typed_is_still_there_when_ones_time_ran_out_and_is_decided_by_taking_it_again(client, at):
    bob = known("bob", make_reviewer)
    case = make_case(make_grant(), by=bob, at=at - timedelta(hours=3))
    flag_cases.release_run_out(at=at)
    client.force_login(bob)
    url = reverse("admin:flag_case_decide", args=[case.pk])
    typed = {"f-finding": "no_violation", "f-note": "A lesson about old bugs."}

    refused = client.post(url, typed)
    client.post(url, typed | {"take": "1"})

    case.refresh_from_db()
    said = refused.content.decode()
    assert (refused.status_code, "A lesson about old bugs." in said, "Take it again" in said, case.finding) == (
        409, True, True, "no_violation",
    )  # fmt: skip
