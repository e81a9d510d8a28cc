"""What nobody should send: numbers that are none, forms full of rubbish, verbs that do not fit the state.

The answer is a sentence, never a server error; and nothing has changed.
"""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import transaction
from django.http import HttpResponse

from accounts.models import User
from audit.events import Event
from demo.visitor import Form, FormReader
from onboarding.domain import applications, grants, keys, programs, renewals
from onboarding.models import Application, Grant, Invitation, Key, WaitlistEntry
from onboarding.states import (
    APPLICATION_TRANSITIONS,
    ENTRY_TRANSITIONS,
    GRANT_TRANSITIONS,
    INVITATION_TRANSITIONS,
    KEY_TRANSITIONS,
    ApplicationState,
    EntryState,
    GrantState,
    InvitationState,
    KeyState,
)
from reviews.admin.forms import ASKS, BOUNDS, DecisionForm
from reviews.domain import cases, claims, decisions
from reviews.models import Case
from reviews.states import CaseState
from tests.factories import MONDAY, make_grant, make_key, make_program, make_secret, make_senior
from tests.onboarding import standings
from tests.reviews.commands import ANOTHERS, APPROVED, ASKED, ON_CASES, REJECTED, WITH_CONDITIONS, Command
from tests.reviews.making import SAYS, make_case
from tests.world import World, addresses, made

pytestmark = pytest.mark.django_db
SENTENCE = (400, 403, 404, 405, 409, 422)  # statuses whose page says what is wrong
STOCK = re.compile(r"admin/.*<path:object_id>/(history/|delete/)?")  # they look a thing up as change/ does
WITH_PLACES = [
    address
    for address in dict.fromkeys(addresses())
    if "<" in address and "P<" not in address and not STOCK.fullmatch(address)
]
NUMBERS = ("0", "-1", "9" * 40, "%00", "%ff", "x'--", quote("ключ/../1"), "x" * 2000)


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker) -> Iterator[World]:
    with django_db_blocker.unblock(), made() as world:
        yield world


def is_refused(answer: HttpResponse) -> bool:
    """Return whether the answer says something: on its own page, or by a message on the next one."""
    return answer.status_code in SENTENCE or bool(
        answer.status_code == 302 and answer.cookies.get("messages")
    )


# --- addresses


@pytest.mark.parametrize("address", WITH_PLACES)
def test_a_made_up_number_is_not_found_and_breaks_nothing(world, address):
    who = "root" if address.startswith("admin/") else "alice"
    got = {}
    for number in NUMBERS:
        path = world.path(
            address, **dict.fromkeys((*world.values, "pk", "object_id", "job_id", "key"), number)
        )
        for method in ("GET", "POST"):
            answer = world.ask(who, method, path)
            got[method, number[:20]] = answer.status_code

    assert {sent: status for sent, status in got.items() if status >= 500} == {}


# --- forms

PAGES = {  # every page with a form that has fields
    "nobody": ["guidelines/subscribe/", "/accounts/signup/", "/accounts/login/", "/accounts/password/reset/"],
    "charlie": ["apply/<slug:slug>/"],
    "alice": [
        "applications/<slug:number>/form/<slug:section>/",
        "applications/<slug:number>/answer/",
        "organisations/",
        "organisations/<int:number>/",
    ],
    "bob": ["admin/reviews/case/<int:pk>/", "admin/reviews/case/care/", "guidelines/"],
    "sam": [
        "admin/onboarding/grant/<path:object_id>/change/",
        "admin/reviews/case/quality/",
        "admin/reviews/case/quality/shares/<slug:slug>/",
        "admin/enforcement/waiver/give/<int:pk>/",
    ],
    "dora": [
        "admin/onboarding/program/board/",
        "admin/onboarding/program/<slug:slug>/review-rules/",
        "admin/onboarding/program/<slug:slug>/plan/",
        "admin/onboarding/program/<slug:slug>/stage/",
        "admin/onboarding/program/<slug:slug>/line-bulk/",
        "admin/reviews/case/team/",
        "admin/onboarding/importjob/upload/",
        "admin/outbox/letter/",
    ],
    "pia": [
        "admin/enforcement/filterrule/rules/new/",
        "admin/enforcement/filterrule/rules/<int:pk>/",
        "admin/reviews/case/rules/new/",
        "admin/reviews/case/rules/<int:pk>/",
        "admin/policies/knownweakness/add/",
        "admin/policies/programrule/add/",
        "admin/policies/weaknessrecord/add/",
        "admin/policies/weaknessrecord/import/",
        "admin/policies/guidelineversion/new/",
        "admin/policies/guidelineversion/<int:pk>/draft/",
    ],
    "root": ["admin/accounts/user/<path:object_id>/change/"],
}
RUBBISH: dict[str, Callable[[int], Any]] = {
    "a NUL": lambda fields: "a\0b",
    "a megabyte": lambda fields: "x" * (1_000_000 // fields),
    "signs": lambda fields: "🦄<script>'\"--\u202e\u0301",
    "a list": lambda fields: ["1", "2", "[]"],
    "no number": lambda fields: "1e999",
    "a negative number": lambda fields: "-99999999999999999999",
    "nothing": lambda fields: "",
}


def forms_on(page: HttpResponse) -> list[Form]:
    reader = FormReader()
    reader.feed(page.content.decode())
    return [
        form
        for form in reader.forms
        if form.method == "post" and _names(form) and "logout" not in form.action
    ]


def _names(form: Form) -> list[str]:
    return [name for name in (*form.fields, *form.buttons) if name != "csrfmiddlewaretoken"]


def sent_as(form: Form, rubbish: Callable[[int], Any]) -> dict[str, Any]:
    return {name: rubbish(len(_names(form))) for name in _names(form)}


@pytest.mark.parametrize(("who", "address"), [(who, page) for who, pages in PAGES.items() for page in pages])
def test_a_form_full_of_rubbish_is_refused_and_keeps_nothing(world, who, address):
    path = address if address.startswith("/") else world.path(address)
    shown = world.ask(who, "GET", path)
    forms = forms_on(shown)

    assert (shown.status_code, bool(forms)) == (200, True)
    for form in forms:
        for what, rubbish in {**RUBBISH, "no field at all": None}.items():
            data = sent_as(form, rubbish) if rubbish else {"none": ""}
            answer = world.ask(who, "POST", form.action or path, data)
            assert answer.status_code < 500, (form.action, what)
            if (
                answer.status_code != 302
            ):  # what was taken leads on; a draft keeps what was typed, right or wrong
                assert answer.changed <= kept_on_purpose(path, form.action or ""), (form.action, what)


def kept_on_purpose(path: str, action: str) -> set[str]:
    """Return the tables that a form writes to without leading on: a draft, and the record that a file was taken."""
    if "/form/" in path:
        return {"onboarding_application"}
    return {"audit_ledgerentry"} if action.endswith("/case-file/") else set()


# --- verbs that do not fit the state

AS_APPLICANT = {
    "submit": lambda a: a.state == ApplicationState.DRAFT,
    "withdraw": lambda a: ApplicationState.WITHDRAWN in APPLICATION_TRANSITIONS[a.state],
    "leave": lambda a: _entry(a) == EntryState.WAITING and EntryState.LEFT in ENTRY_TRANSITIONS[_entry(a)],
    "accept": lambda a: InvitationState.ACCEPTED in INVITATION_TRANSITIONS.get(_invitation(a), ()),
    "decline": lambda a: InvitationState.DECLINED in INVITATION_TRANSITIONS.get(_invitation(a), ()),
    "answer": lambda a: a.state == ApplicationState.INFORMATION_REQUESTED,
    "form/you": lambda a: a.state == ApplicationState.DRAFT,
}


def _entry(application: Application) -> str | None:
    return WaitlistEntry.objects.filter(application=application).values_list("state", flat=True).first()


def _invitation(application: Application) -> str | None:
    found = Invitation.objects.filter(seat__entry__application=application).order_by("-pk")
    return found.values_list("state", flat=True).first()


@pytest.mark.parametrize("verb", AS_APPLICANT)
@pytest.mark.parametrize("standing", standings.MAKERS)
def test_an_applicants_verb_does_only_what_the_tables_allow(world, standing, verb):
    with transaction.atomic():
        application = standings.MAKERS[standing](world.people["alice"])
        application.refresh_from_db()
        path = {"accept": "invitation", "decline": "invitation"}.get(verb, verb)
        data = {"answer": verb if path == "invitation" else "We read it.", "summary": "x", "seen": "0"}

        answer = world.ask("alice", "POST", f"/applications/{application.number}/{path}/", data)

        legal = AS_APPLICANT[verb](application)
        assert (bool(answer.changed), legal or is_refused(answer)) == (legal, True), (
            answer.status_code,
            answer.changed,
        )
        transaction.set_rollback(True)


def key_in(state: str, alice: User) -> Key:
    """Return a key of Alice's in this state, brought there by the product's verbs."""
    if state == KeyState.ISSUED:
        return make_key(applicant=alice)
    key, _ = make_secret(applicant=alice)
    if state in (KeyState.REVOKED, KeyState.EXPIRED):
        keys.end_all(key.grant, event=Event[f"KEY_{state.upper()}"], by="test", at=MONDAY)
    if state == KeyState.SUSPENDED:
        keys.suspend(key, by=alice, at=MONDAY)
    return Key.objects.get(pk=key.pk)


@pytest.mark.parametrize("state", KeyState.values)
def test_only_an_issued_key_opens(world, state):
    with transaction.atomic():
        key = key_in(state, world.people["alice"])

        answer = world.ask("alice", "POST", f"/access/keys/{key.key_id}/open/", {"x": ""})

        legal = state == KeyState.ISSUED and KeyState.ACTIVE in KEY_TRANSITIONS[state]
        assert (answer.status_code, bool(answer.changed)) == ((200, True) if legal else (409, False))
        transaction.set_rollback(True)


def grant_in(state: str, by: User) -> Grant:
    grant = make_grant()
    if state == GrantState.EXPIRED:
        renewals.expire_due(at=grant.expires_at)
    elif state != GrantState.ACTIVE:
        {GrantState.SUSPENDED: grants.suspend, GrantState.REVOKED: grants.revoke}[state](
            grant, by=by, at=MONDAY, reason="x"
        )
    return Grant.objects.get(pk=grant.pk)


LEADS_TO = {
    "suspend": GrantState.SUSPENDED,
    "resume": GrantState.ACTIVE,
    "revoke": GrantState.REVOKED,
    "burn": None,
}


@pytest.mark.parametrize("verb", LEADS_TO)
@pytest.mark.parametrize("state", GrantState.values)
def test_a_grant_moves_only_as_its_table_allows(world, state, verb):
    with transaction.atomic():
        grant = grant_in(state, world.people["sam"])

        answer = world.ask(
            "sam", "POST", f"/admin/onboarding/grant/{grant.pk}/access/{verb}/", {"reason": "Bad input."}
        )

        legal = LEADS_TO[verb] in GRANT_TRANSITIONS[state]
        assert (bool(answer.changed), legal or is_refused(answer)) == (legal, True)
        transaction.set_rollback(True)


def case_in(state: str, world: World) -> Case:
    """Return a case in this state; a claimed one is Bob's, and what Bob decided waits for a second person."""
    bob, domains = world.people["bob"], ["health"] if state == CaseState.AWAITING_SECOND else []
    case = make_case(applicant=world.people["charlie"], domains=domains)
    if state == CaseState.CLOSED:
        applications.withdraw(case.application, by=world.people["charlie"], at=MONDAY)
        cases.close_withdrawn(at=MONDAY)
    elif state != CaseState.OPEN:
        claims.claim(case, by=bob, at=MONDAY - timedelta(minutes=1))
    outcome = {CaseState.AWAITING_APPLICANT: "needs_information"}.get(state, "approved")
    if state in (CaseState.AWAITING_SECOND, CaseState.AWAITING_APPLICANT, CaseState.DECIDED):
        decisions.decide(
            case, by=bob, at=MONDAY, outcome=outcome, **SAYS[outcome] | {"explanation": "As the form says."}
        )
    return Case.objects.get(pk=case.pk)


DECISION = APPROVED | {"reason": "No.", "o-outcome": "approved"}
LEGAL_ON_CASE = {  # for Bob; who signs or gives back is another
    "claim": {CaseState.OPEN, CaseState.CLAIMED},
    "release": {CaseState.CLAIMED},
    "decide": {CaseState.CLAIMED},
    "sign": set(),
    "give-back": set(),
    "change": set(),
    "opinion": set(),
    "take-back": {CaseState.AWAITING_SECOND, CaseState.AWAITING_APPLICANT, CaseState.DECIDED},
    "correct": set(),  # nobody was told yet
}
ABOUT_A_DECISION = ("sign", "give-back", "change", "opinion", "take-back", "correct")
IS_THAT_ALREADY = "release"  # giving back what one does not hold leads to the desk without a word


@pytest.mark.parametrize("verb", LEGAL_ON_CASE)
@pytest.mark.parametrize("state", CaseState.values)
def test_a_reviewers_verb_does_only_what_the_table_of_cases_allows(world, state, verb):
    with transaction.atomic():
        case = case_in(state, world)
        latest = case.decisions.order_by("-pk").first()
        decision = f"{latest.pk if latest else 0}/" if verb in ABOUT_A_DECISION else ""

        answer = world.ask("bob", "POST", f"/admin/reviews/case/{case.pk}/{verb}/{decision}", DECISION)

        legal = state in LEGAL_ON_CASE[verb]
        said = legal or is_refused(answer) or verb == IS_THAT_ALREADY
        assert (bool(answer.changed), said) == (legal, True), (
            answer.status_code,
            answer.changed,
        )
        transaction.set_rollback(True)


# --- forms on a case, one wrong field at a time

TYPED = {  # each form once; of two that post to one address the first of the list
    command.path: command
    for command in reversed(ON_CASES)
    if command.data and command.path.startswith("{pk}/")
}
BELONGS_TO = {  # fields that count only for one outcome
    **dict.fromkeys(ASKS, ASKED),
    **dict.fromkeys(("what_would_change", "reapply_after_days", "reapply_never", "facts"), REJECTED),
    **dict.fromkeys((*BOUNDS, "conditions", "own_conditions"), WITH_CONDITIONS),
}
HELD_LONGER = "reviews_claim"  # whoever types on holds the case longer, whatever it is
WRONG = ("a NUL", "signs", "a list", "a negative number")


def one_wrong_field(command: Command) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield field, rubbish and the form that is legal but for it; another rubbish for each form and field."""
    decision = [f"d-{name}" for name in DecisionForm.base_fields] if "d-outcome" in command.data else []
    fields = dict.fromkeys([*command.data, *decision, "version", "revision", "token"])
    for number, name in enumerate(fields, start=len(command.path)):
        what = WRONG[number % len(WRONG)]
        legal = command.data | BELONGS_TO.get(name.removeprefix("d-"), {})
        yield name, what, legal | {name: RUBBISH[what](1)}


@pytest.mark.parametrize("command", TYPED.values(), ids=lambda command: command.says)
def test_one_wrong_field_of_a_form_on_a_case_is_a_sentence_or_is_left_out(world, command):
    with transaction.atomic():
        who, by = ("sam", make_senior("sue")) if command.whose == ANOTHERS else ("bob", world.people["bob"])
        thing = command.states[0].make(by, world.people["sam"])
        path = f"/admin/reviews/case/{command.path.format(**thing.called)}"
        found = {}
        for name, what, data in one_wrong_field(command):
            sent = {key: v.format(**thing.called) if key != name else v for key, v in data.items()}
            answer = world.ask(who, "POST", path, sent)
            kept = set() if answer.status_code in (200, 302) else answer.changed - {HELD_LONGER}
            if answer.status_code not in (200, 302, *SENTENCE) or kept:
                found[name, what] = (answer.status_code, kept)
        transaction.set_rollback(True)

    assert found == {}


@pytest.mark.parametrize("verb", ["pause", "resume"])
@pytest.mark.parametrize("paused", [False, True])
def test_a_brake_is_pulled_once(world, paused, verb):
    with transaction.atomic():
        program = make_program()
        if paused:
            programs.pause(program, by=world.people["dora"], at=MONDAY, reason="x")

        answer = world.ask(
            "dora", "POST", f"/admin/onboarding/program/{program.slug}/{verb}/", {"reason": "Bad input."}
        )

        legal = paused == (verb == "resume")
        assert (bool(answer.changed), legal or is_refused(answer)) == (legal, True)
        transaction.set_rollback(True)
