"""The buttons of the queue, who has what, and what a case one may not know of tells nobody."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from audit import clock
from reviews.domain import claims, handing, ranking
from reviews.models import Case, Claim
from tests.factories import (
    make_manager,
    make_organisation,
    make_owner,
    make_program,
    make_reviewer,
    make_senior,
    owners,
)
from tests.reviews.making import make_case, make_claimed
from tests.reviews.test_workspace import REJECT

pytestmark = pytest.mark.django_db
DESK = "/admin/reviews/case/desk/"


def press(client, case, button, **typed):
    return client.post(f"/admin/reviews/case/{case.pk}/{button}/", typed)


def said(answer):
    return [str(message) for message in answer.context["messages"]] if answer.context else []


def test_next_opens_the_first_case_and_says_why_there_is_none(client, bob):
    case = make_case()

    taken, again = (client.post(f"{DESK}next/", follow=True) for _ in range(2))

    assert taken.redirect_chain[-1][0] == reverse("admin:case", args=[case.pk])
    assert said(again) == [
        "No case waits that you could take now: what is left is with others, or put aside."
    ]


def test_next_keeps_to_the_program_and_lane_of_the_filters(client, bob):
    make_case(make_program("codex"), risk_score=90)
    asked = make_case(make_program("images"), lane="hold")

    client.post(f"{DESK}next/", {"program": "images", "lane": "hold"})

    assert Claim.objects.get().case == asked


def test_next_takes_what_ran_out_before_the_sweep_came(client, bob):
    case, _ = make_claimed(make_reviewer("bea"), at=clock.now() - timedelta(minutes=16))

    client.post(f"{DESK}next/")

    assert claims.held(case, by=bob, at=clock.now()).reviewer == bob


def test_an_open_page_renews_and_is_told_when_somebody_else_has_the_case(client, bob):
    case, _ = make_claimed(bob, at=clock.now() - timedelta(minutes=10))

    renewed = press(client, case, "renew")
    Claim.objects.update(reviewer=make_reviewer("bea"))
    lost = press(client, case, "renew")

    assert (renewed.status_code, renewed.json()["says"][:12]) == (200, "yours until ")
    assert (lost.status_code, lost.json()["says"].startswith("Bea has this case until")) == (409, True)


def test_the_case_page_knows_where_to_renew(client, bob):
    case, _ = make_claimed(bob, at=clock.now())

    shown = client.get(reverse("admin:case", args=[case.pk])).content.decode()

    assert f'data-lease="{reverse("admin:case_renew", args=[case.pk])}"' in shown


def test_when_the_claim_expires_while_typing_what_was_typed_is_kept(client, bob):
    case, _ = make_claimed(bob, at=clock.now() - timedelta(minutes=16))
    claims.claim(case, by=make_reviewer("bea"), at=clock.now())

    answer = press(client, case, "decide", **REJECT)

    (facts,) = (typed for field, typed in REJECT.items() if field.endswith("facts"))
    assert (answer.status_code, facts in answer.content.decode()) == (409, True)


def test_a_hold_that_is_refused_keeps_what_was_typed(client, bob):
    case, _ = make_claimed(bob, at=clock.now())

    refused = press(client, case, "hold", until="2020-01-01T10:00", reason="Waits for the lawyer.")
    until = (clock.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    taken = press(client, case, "hold", until=until, reason="Waits for the lawyer.")

    assert (refused.status_code, "Waits for the lawyer." in refused.content.decode()) == (409, True)
    assert (taken.status_code, Claim.objects.get().held_reason) == (302, "Waits for the lawyer.")


def test_a_case_is_handed_over_on_its_page_to_reviewers_only(client, bob):
    case, _ = make_claimed(bob, at=clock.now())
    bea, dora = make_reviewer("bea"), make_manager()

    wrong = press(client, case, "hand-over", to=dora.pk, note="Yours.")
    right = press(client, case, "hand-over", to=bea.pk, note="Yours.")

    assert (wrong.status_code, right.status_code) == (422, 302)
    assert claims.held(case, by=bea, at=clock.now()).handed_note == "Yours."


def test_a_manager_sees_what_is_put_aside_and_why_and_takes_it_away(client):
    bob, dora = make_reviewer(), make_manager()
    case, _ = make_claimed(bob, at=clock.now(), title="Interview coach")
    until = clock.now() + timedelta(days=1)
    handing.hold(case, by=bob, at=clock.now(), until=until, reason="<b>Waits</b> for the lawyer.")
    client.force_login(dora)

    shown = client.get("/admin/reviews/case/claims/").content.decode()
    press(client, case, "take-away", reason="Bob is ill.")

    assert all(
        words in shown for words in ("Interview coach", "Bob", "&lt;b&gt;Waits&lt;/b&gt; for the lawyer.")
    )
    assert (Case.objects.get().state, Claim.objects.get().release_reason) == ("open", "Bob is ill.")


@pytest.mark.parametrize("rows", [1, 3])
def test_who_has_what_asks_the_database_as_often_for_three_as_for_one(
    client, rows, django_assert_num_queries
):
    for number in range(rows):
        make_claimed(make_reviewer(f"r{number}"), at=clock.now())
    client.force_login(make_senior())
    client.get("/admin/reviews/case/claims/")

    with django_assert_num_queries(8):
        client.get("/admin/reviews/case/claims/")


def test_the_parts_of_the_rank_stand_in_the_row(client, bob):
    make_case(lane="hold", risk_score=34, at=clock.now())

    shown = re.sub(r"\s+", " ", client.get(DESK).content.decode())

    assert "<li>due later <b>+0</b></li><li>hold lane <b>+400</b></li><li>risk score <b>+34</b></li>" in shown
    assert f"<li>rule {ranking.RULE}</li>" in shown


def test_the_live_counts_say_what_the_page_says(client, bob):
    make_case(), make_claimed(bob, at=clock.now())

    counts = client.get(f"{DESK}counts.json").json()

    assert counts == vars(client.get(DESK).context["counts"])
    assert (counts["waiting"], counts["mine"]) == ("2", "1")


# --- What one may not know is not told by any answer


def hidden_from(bob):
    return {"applicant": bob, "owner": make_owner(bob)}


def hidden_by_organisation(bob):
    alice = make_reviewer("alice")
    return {"applicant": alice, "owner": owners.of_organisation(make_organisation(alice, bob))}


ASKED = [
    "", "?show=mine", "?show=sign", "?lane=hold", "?lane=refuse", "?q=secret", "?q=coach", "?program=codex",
    "?after=9999~2020-01-01T00:00:00%2B00:00~1", "?before=0~2030-01-01T00:00:00%2B00:00~999999", "counts.json",
]  # fmt: skip
ELSEWHERE = ["/admin/reviews/case/?q=secret", "/admin/reviews/case/?q=coach&o=5"]


def everything(client):
    """Return what somebody is shown at each address, without what differs by itself from one answer to the next."""
    changing = r'name="csrfmiddlewaretoken" value="\w+"|nonce="[^"]*"'
    pages = [client.get(url) for url in [DESK + each for each in ASKED] + ELSEWHERE]
    return [(page.status_code, re.sub(changing, "", page.content.decode())) for page in pages]


@pytest.mark.parametrize("whose", [hidden_from, hidden_by_organisation])
def test_a_case_one_has_a_part_in_leaks_through_no_search_sort_filter_or_count(
    client, bob, monkeypatch, whose
):
    at = clock.now()
    monkeypatch.setattr("audit.clock.now", lambda: at)
    program = make_program("codex")
    part = whose(bob)
    make_case(program, title="Interview coach", lane="hold", at=at)
    without = everything(client)

    make_case(
        program, title="A secret coach", lane="hold", risk_score=100, at=at - timedelta(days=30), **part
    )

    assert everything(client) == without
    assert client.post(f"{DESK}next/", {"lane": "hold"}).status_code == 302
    assert Claim.objects.get().case.application.title == "Interview coach"


def test_a_case_one_has_a_part_in_is_not_under_who_has_what(client):
    sam = make_senior()
    make_claimed(at=clock.now(), title="A secret", applicant=sam, owner=make_owner(sam))
    client.force_login(sam)

    assert "A secret" not in client.get("/admin/reviews/case/claims/").content.decode()
