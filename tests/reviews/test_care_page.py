"""A reviewer's own page: only theirs, kept as typed, refused with a sentence."""

import pytest

from accounts.roles import Role
from reviews.models import Care, CategoryChoice, Interest
from tests.factories import MONDAY, make_reviewer, make_staff
from tests.reviews.caring import opt_out
from tests.reviews.making import make_case, make_claimed

pytestmark = pytest.mark.django_db
CARE = "/admin/reviews/case/care/"
CODES = ("child_safety", "hate_harassment", "self_harm", "sexual_content", "violence_extremism")


@pytest.fixture
def bob(client, monkeypatch):
    monkeypatch.setattr("audit.clock.now", lambda: MONDAY)
    make_case()  # with guidelines in force
    reviewer = make_reviewer()
    client.force_login(reviewer)
    return reviewer


def typed(**changes):
    usual = {f"choice_{code}": "out" if code == "child_safety" else "in" for code in CODES}
    return usual | {f"minutes_{code}": "" for code in CODES} | {"blur": "strong", "grey": "on"} | changes


def test_the_page_lists_every_severe_category_and_offers_all_but_the_gravest(client, bob):
    form = client.get(CARE).context["form"]

    assert {code: row.choice.value() for code, row in form.rows.items()} == {
        code: "out" if code == "child_safety" else "in" for code in CODES
    }


def test_what_is_kept_holds_and_is_shown_again(client, bob):
    answer = client.post(CARE, typed(choice_self_harm="out", minutes_sexual_content="20", last_hour="14"))

    assert (answer.status_code, answer.url) == (302, CARE)
    own = Care.objects.get(reviewer=bob)
    assert (own.last_hour, own.cool_down, own.blur, own.grey) == (14, None, "strong", True)
    form = client.get(CARE).context["form"]
    assert (form.rows["self_harm"].choice.value(), form.rows["sexual_content"].minutes.value()) == ("out", 20)


def test_opting_out_sends_back_what_one_holds_at_once(client, bob):
    case, _ = make_claimed(bob, domains=["self_harm"])

    answer = client.post(CARE, typed(choice_self_harm="out"), follow=True)

    case.refresh_from_db()
    assert (case.state, "1 case you held went back to the queue" in answer.content.decode()) == ("open", True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"minutes_self_harm": "500"},
        {"minutes_self_harm": "2"},
        {"last_hour": "23"},
        {"choice_self_harm": "x"},
    ],
)
def test_what_is_out_of_bounds_comes_back_with_a_sentence_and_changes_nothing(client, bob, wrong):
    answer = client.post(CARE, typed(**wrong))

    assert answer.status_code == 422
    assert answer.context["form"].errors
    assert not CategoryChoice.objects.exists()


@pytest.mark.parametrize("role", [Role.ONBOARDING_MANAGER, Role.POLICY_EDITOR, Role.AUDITOR])
@pytest.mark.parametrize("place", ["", "pause/", "resume/", "interests/"])
def test_a_manager_or_an_outsider_changes_nobodys_settings(client, bob, role, place):
    """roostorg/coop#504: a moderator from outside could change what protects others."""
    opt_out(bob)
    client.force_login(make_staff("outsider", role))

    answer = client.post(f"{CARE}{place}", typed(choice_self_harm="in", reviewer=bob.pk, user=bob.pk))

    assert answer.status_code == 403
    assert CategoryChoice.objects.get(reviewer=bob, category="self_harm").choice == "out"


def test_another_reviewer_changes_only_their_own(client, bob):
    opt_out(bob)
    bea = make_reviewer("bea")
    client.force_login(bea)

    client.post(CARE, typed(reviewer=bob.pk, user=bob.pk))

    assert CategoryChoice.objects.get(reviewer=bob, category="self_harm").choice == "out"
    assert CategoryChoice.objects.get(reviewer=bea, category="self_harm").choice == "in"


def test_the_break_button_pauses_and_ends_the_break(client, bob):
    case, _ = make_claimed(bob)

    client.post(f"{CARE}pause/")
    case.refresh_from_db()
    paused = (
        Care.objects.get().paused_at,
        case.state,
        "You are on a break" in client.get(CARE).content.decode(),
    )
    client.post(f"{CARE}resume/")

    assert (paused, Care.objects.get().paused_at) == ((MONDAY, "open", True), None)


def test_on_a_break_the_desk_says_so(client, bob):
    client.post(f"{CARE}pause/")

    assert "You are on a break since 12:00 UTC" in client.get("/admin/reviews/case/desk/").content.decode()


def test_interests_are_declared_and_ended_on_the_page(client, bob):
    client.post(f"{CARE}interests/", {"kind": "domain", "name": "Example.ORG"})
    declared = Interest.objects.get()
    shown = "example.org" in client.get(CARE).content.decode()

    client.post(f"{CARE}interests/{declared.pk}/end/")

    declared.refresh_from_db()
    assert (shown, declared.name, declared.ended_at) == (True, "example.org", MONDAY)


def test_a_bad_domain_comes_back_as_typed(client, bob):
    answer = client.post(f"{CARE}interests/", {"kind": "domain", "name": "no domain"})

    assert (answer.status_code, "no domain" in answer.content.decode()) == (422, True)


def test_another_persons_interest_is_not_found(client, bob):
    theirs = Interest.objects.create(
        reviewer=make_reviewer("bea"), kind="domain", name="x.org", declared_at=MONDAY
    )

    assert client.post(f"{CARE}interests/{theirs.pk}/end/").status_code == 404
