"""The pages of a bulk: chosen on the desk, every letter read, confirmed once, reported, taken back."""

from datetime import timedelta

import pytest

from audit import clock
from demo.visitor import FormReader
from reviews.domain import claims
from reviews.models import Bulk, Case, Decision
from tests.factories import make_organisation, make_program, make_reviewer, make_user
from tests.reviews.making import make_case

pytestmark = pytest.mark.django_db
DESK, BULK = "/admin/reviews/case/desk/", "/admin/reviews/case/bulk/"
SAYS = {
    "reason": "R4_identity",
    "category": "fraud_spam",
    "facts": "The website belongs to <b>somebody</b> else.",
    "what_would_change": "A website in your own name.",
}


@pytest.fixture
def cases(bob):
    program = make_program()
    return [make_case(program, title=f"Use {n}", at=clock.now() - timedelta(hours=1)) for n in range(3)]


def form_of(page, action):
    reader = FormReader()
    reader.feed(page.content.decode())
    return next(form for form in reader.forms if form.action == action)


def previewed(client, cases, **says):
    return client.post(BULK, SAYS | says | {"case": [case.pk for case in cases]})


def confirm(client, page, cases):
    """Send the page of letters as a browser would: its hidden fields, and the ticks."""
    context = page.context
    sent = {name: context["form"].data.get(name, "") for name in SAYS} | {"token": context["token"]}
    sent |= {f"seen-{one.case.pk}": one.case.revision_id for one in context["shown"] if not one.problem}
    return client.post(f"{BULK}confirm/", sent | {"case": [case.pk for case in cases]})


def test_cases_are_ticked_on_the_desk_without_a_script(client, cases):
    page = client.get(DESK).content.decode()

    assert [f'name="case" value="{case.pk}"' in page for case in cases] == [True] * 3
    assert client.get(BULK, {"case": [case.pk for case in cases]}).status_code == 200


def test_from_the_ticks_to_the_report(client, cases):
    letters = previewed(client, cases)
    answer = confirm(client, letters, cases)
    report = client.get(answer.url).content.decode()

    assert letters.content.decode().count('<pre class="letter"') == 3
    assert "The website belongs to &lt;b&gt;somebody&lt;/b&gt; else." in letters.content.decode()
    assert "3 of 3 decided" in report
    assert Decision.objects.filter(outcome="rejected").count() == 3


def test_the_page_of_letters_carries_what_confirming_needs(client, cases):
    form = form_of(previewed(client, cases), f"{BULK}confirm/")

    assert {"token", "reason", "facts", "case", *(f"seen-{case.pk}" for case in cases)} <= set(form.fields)


def test_nothing_is_decided_before_the_confirmation(client, cases):
    previewed(client, cases)

    assert (Decision.objects.exists(), set(Case.objects.values_list("state", flat=True))) == (False, {"open"})


def test_confirming_twice_leads_to_the_same_report(client, cases):
    letters = previewed(client, cases)

    answers = [confirm(client, letters, cases).url for _ in range(2)]

    assert (answers[0] == answers[1], Bulk.objects.count(), Decision.objects.count()) == (True, 1, 3)


def test_what_is_not_ticked_any_more_is_not_decided(client, cases):
    confirm(client, previewed(client, cases), cases[:1])

    assert [d.case_id for d in Decision.objects.all()] == [cases[0].pk]


def test_the_report_says_who_has_what_was_refused(client, cases):
    letters = previewed(client, cases)
    claims.claim(cases[0], by=make_reviewer("bea"), at=clock.now())

    report = client.get(confirm(client, letters, cases).url).content.decode()

    assert ("2 of 3 decided" in report, "Somebody else has it: Bea" in report) == (True, True)


def test_what_lacks_something_keeps_what_was_typed(client, cases):
    answer = previewed(client, cases, what_would_change="")

    page = answer.content.decode()
    assert (answer.status_code, "Write what would change" in page) == (422, True)
    assert "The website belongs to" in page


def test_sets_that_are_not_alike_lead_back_to_the_desk_with_a_sentence(client, cases):
    other = make_case(title="Another program's")

    answer = client.get(BULK, {"case": [cases[0].pk, other.pk]}, follow=True)

    assert "not of one program" in answer.content.decode()


def test_a_case_one_may_not_see_is_as_if_it_were_not_there(client, bob, cases):
    alice = make_user("alice")
    mine = make_case(cases[0].program, applicant=alice, title="Mine", at=clock.now())
    make_organisation(alice, bob)

    pages = [
        client.get(BULK, {"case": [cases[0].pk, number]}).content.decode() for number in (mine.pk, 10**9)
    ]

    assert ("Mine" in pages[0], pages[0].count('name="case"'), pages[1].count('name="case"')) == (False, 1, 1)


def test_taking_back_wants_a_reason_and_says_how_many(client, cases):
    report = confirm(client, previewed(client, cases), cases).url

    refused = client.post(f"{report}undo/", {"reason": ""})
    undone = client.post(f"{report}undo/", {"reason": "The wrong set."}, follow=True)

    assert (refused.status_code, "3 taken back" in undone.content.decode()) == (422, True)
    assert Decision.objects.filter(recalled_at=None).count() == 0


def test_a_report_is_its_makers_alone(client, cases):
    report = confirm(client, previewed(client, cases), cases).url
    client.force_login(make_reviewer("bea"))

    assert client.get(report).status_code == 404
