"""What a command of the desk is given to, in each state it can be in, brought there by the product's own verbs.

`by` is whose work it is: who holds the case, decided it, wrote the rule or asked for the file; `aide` is another.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from accounts.models import User
from onboarding.domain import applications, sealing
from reviews.admin.care_forms import CareForm
from reviews.domain import (
    bulk,
    calendars,
    care,
    cases,
    claims,
    decisions,
    drawing,
    exposure,
    interests,
    optouts,
    queue_exports,
    reconciling,
    rules,
    saved_views,
    second_reviews,
    signatures,
    telling,
)
from reviews.models import Case, Decision, QueueExport, Reconciliation, SecondReview
from reviews.states import CaseState, QueueExportState, RuleState
from tests.factories import MONDAY, make_program, make_reviewer
from tests.reviews.looking import look
from tests.reviews.making import SAYS, make_case

BEFORE = MONDAY - timedelta(minutes=1)  # the doors read MONDAY: who asks again holds longer
MOST_RECALL = 30  # minutes
LOGIN = {"test_account": "tester / hunter2hunter2"}


@dataclass(frozen=True)
class Thing:
    """What is asked about: how it is called in addresses and forms, and what the permission functions take."""

    called: dict[str, Any] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)  # what its form asks for beside
    case: Case | None = None
    decision: Decision | None = None
    card: Reconciliation | None = None


@dataclass(frozen=True)
class Standing:
    """A state, and whatever else of a thing the verbs ask for; `words` say it in the document."""

    words: str
    state: str
    make: Callable[[User, User], Thing] = field(compare=False)
    told: bool = False


# --- a case


def _fresh(by: User, *, domains: tuple[str, ...] = (), **fields: Any) -> Case:
    case = make_case(
        make_program(recall_minutes=fields.pop("recall_minutes", MOST_RECALL)),
        at=BEFORE,
        domains=list(domains),
        **fields,
    )
    sealing.keep(case.application, LOGIN, by=case.application.applicant, at=BEFORE)
    claims.claim(case, by=by, at=BEFORE)
    return case


def _decided(outcome: str, by: User, **fields: Any) -> Case:
    case = _fresh(by, **fields)
    says = SAYS[outcome] | {"explanation": "As the form says."}
    decisions.decide(case, by=by, at=BEFORE, outcome=outcome, **says)
    telling.tell_owed(at=BEFORE)
    return case


def _waiting(by: User, **fields: Any) -> Case:
    return _decided("approved", by, domains=("health",), **fields)


def _open(by: User, aide: User) -> Case:
    """Return it given back unsigned, so that a decision there has been is on it."""
    case = _waiting(by)
    signatures.give_back(case.decisions.get(), by=aide, at=BEFORE, reason="Not yet.")
    return case


def _claimed(by: User, aide: User) -> Case:
    case = _open(by, aide)
    claims.claim(case, by=by, at=BEFORE)
    return case


def _closed(by: User, aide: User) -> Case:
    case = _waiting(by)
    applications.withdraw(case.application, by=case.application.applicant, at=BEFORE)
    cases.close_withdrawn(at=BEFORE)
    return case


def _as_thing(make: Callable[[User, User], Case]) -> Callable[[User, User], Thing]:
    def made(by: User, aide: User) -> Thing:
        case = Case.objects.select_related("application").get(pk=make(by, aide).pk)
        decision = case.decisions.latest("pk")
        called = {
            "pk": case.pk, "decision": decision.pk, "revision": case.revision_id, "number": case.application.number,
            "other": aide.pk,
        }  # fmt: skip
        return Thing(called, case=case, decision=decision)

    return made


def _case(
    state: CaseState, make: Callable[[User, User], Case], words: str = "", *, told: bool = False
) -> Standing:
    return Standing(words or state.label.lower(), state, _as_thing(make), told)


DECIDED = _case(CaseState.DECIDED, lambda by, aide: _decided("approved", by), "decided, not told")
DECIDED_AND_TOLD = _case(
    CaseState.DECIDED,
    lambda by, aide: _decided("approved", by, recall_minutes=0),
    "decided and told",
    told=True,
)
ASKED_AND_TOLD = _case(
    CaseState.AWAITING_APPLICANT, lambda by, aide: _decided("needs_information", by, recall_minutes=0),
    "waits for the applicant, who was told", told=True,
)  # fmt: skip
CASES = [
    _case(CaseState.OPEN, _open),
    _case(CaseState.CLAIMED, _claimed),
    _case(CaseState.AWAITING_SECOND, lambda by, aide: _waiting(by)),
    _case(CaseState.AWAITING_SECOND, lambda by, aide: _waiting(by, risk_level=4), "waits for a senior reviewer"),
    _case(
        CaseState.AWAITING_APPLICANT, lambda by, aide: _decided("needs_information", by),
        "waits for the applicant, not told yet",
    ),
    ASKED_AND_TOLD,
    DECIDED,
    DECIDED_AND_TOLD,
    _case(CaseState.CLOSED, _closed),
]  # fmt: skip


# --- other things with a life of their own


def _rule(*, on: bool = False, silent: bool = False) -> Callable[[User, User], Thing]:
    def make(by: User, aide: User) -> Thing:
        says = rules.Wording("areas contains legal", lane="hold")
        rule = rules.write("Beside others", says, program=None, by=aide, at=BEFORE, reason="To try").rule
        if on:
            rules.switch_on(rule, seen=1, by=aide, at=BEFORE)
        if silent:
            rules.silence(rule, seen=1, at=BEFORE)
        return Thing({"pk": rule.pk})

    return make


RULES = [
    Standing("a draft", RuleState.DRAFT, _rule()),
    Standing("on", RuleState.ON, _rule(on=True)),
    Standing("silent", RuleState.SILENT, _rule(on=True, silent=True)),
]


def _export(state: QueueExportState) -> Callable[[User, User], Thing]:
    def make(by: User, aide: User) -> Thing:
        export = queue_exports.ask(by=by, at=BEFORE, query="")
        if state in (QueueExportState.DONE, QueueExportState.FAILED):
            queue_exports.begin(export.pk, by="test", at=BEFORE)
        if state == QueueExportState.DONE:
            done = {"state": state, "finished_at": BEFORE, "sha256": "0" * 64}
            QueueExport.objects.filter(pk=export.pk).update(**done)
        if state == QueueExportState.FAILED:
            queue_exports.fail(export, "The disk is full.", by="test", at=BEFORE)
        if state == QueueExportState.DROPPED:
            queue_exports.drop_old(at=BEFORE + queue_exports.KEPT)
        return Thing({"pk": export.pk})

    return make


EXPORTS = [
    Standing(state.label.lower(), state, _export(state))
    for state in QueueExportState
    if state != QueueExportState.RUNNING  # who asks about it finds its worker dead, and it failed
]


def _bulk(recall_minutes: int) -> Callable[[User, User], Thing]:
    def make(by: User, aide: User) -> Thing:
        case = make_case(make_program(recall_minutes=recall_minutes), at=BEFORE)
        says = {"outcome": "approved", **SAYS["approved"]}
        made = bulk.confirm(
            [case], by=by, at=BEFORE, says=says, seen={case.pk: case.revision_id}, token=uuid4()
        )
        telling.tell_owed(at=BEFORE)
        return Thing({"pk": made.pk})

    return make


UNTOLD_BULK = Standing("not told", "untold", _bulk(MOST_RECALL))
BULKS = [UNTOLD_BULK, Standing("told", "told", _bulk(0))]


def _text(*, is_open: bool) -> Callable[[User, User], Thing]:
    def make(by: User, aide: User) -> Thing:
        case = make_case(at=BEFORE, domains=["self_harm"])
        if is_open:
            exposure.begin(case, by=by, at=BEFORE)
        return Thing({"pk": case.pk}, case=Case.objects.select_related("application").get(pk=case.pk))

    return make


COVERED, OPENED = (
    Standing("covered", "covered", _text(is_open=False)),
    Standing("open", "open", _text(is_open=True)),
)
TEXTS = [COVERED, OPENED]


def _drawn() -> SecondReview:
    """Return the only second review there is: of what somebody decided who gives none of the commands."""
    decided = _decided("approved", make_reviewer("first"), recall_minutes=0)
    Decision.objects.to_draw().exclude(case=decided).update(draw_owed=False)
    drawing.draw_owed(at=BEFORE)
    return SecondReview.objects.get(decision__case=decided)


def _look(*, taken: bool = False, done: bool = False) -> Callable[[User, User], Thing]:
    def make(by: User, aide: User) -> Thing:
        review = _drawn()
        if taken:
            second_reviews.take_next(by=by, at=MONDAY)
        if done:
            second_reviews.give(review, by=by, at=MONDAY, outcome="approved")
        return Thing({"pk": review.pk})

    return make


DRAWN, TAKEN = Standing("drawn", "drawn", _look()), Standing("taken", "taken", _look(taken=True))
LOOKS = [DRAWN, TAKEN, Standing("done", "done", _look(taken=True, done=True))]


def _card(*, closed: bool) -> Callable[[User, User], Thing]:
    def make(by: User, aide: User) -> Thing:
        card = look(_drawn(), outcome="rejected").reconciliation
        if closed:
            reconciling.close(
                card, by=aide, at=MONDAY, ended="stands", category="fraud_spam", remark="Twofold."
            )
        return Thing({"pk": card.pk}, card=card)

    return make


OPEN_CARD = Standing("open", "open", _card(closed=False))
CARDS = [OPEN_CARD, Standing("closed", "closed", _card(closed=True))]


def _golden(*, retired: bool) -> Callable[[User, User], Thing]:
    def make(by: User, aide: User) -> Thing:
        decided = _decided("approved", make_reviewer("first"), recall_minutes=0)
        decision = decided.decisions.get()
        golden = reconciling.mark_golden(decision, by=aide, at=MONDAY, expected="approved")
        if retired:
            reconciling.retire_golden(golden, by=aide, at=MONDAY)
        return Thing({"pk": golden.pk}, decision=decision)

    return make


KEPT_GOLDEN = Standing("kept", "kept", _golden(retired=False))
GOLDEN = [KEPT_GOLDEN, Standing("retired", "retired", _golden(retired=True))]


def _break(*, on: bool) -> Callable[[User, User], Thing]:
    def make(by: User, aide: User) -> Thing:
        optouts.pause(by=by, at=BEFORE)
        optouts.reroute_owed(at=BEFORE, of=by)
        if not on:
            optouts.resume(by=by)
        return Thing()

    return make


AT_WORK, ON_A_BREAK = (
    Standing("at work", "off", _break(on=False)),
    Standing("on a break", "on", _break(on=True)),
)
BREAKS = [AT_WORK, ON_A_BREAK]


def _interest(*, ended: bool) -> Callable[[User, User], Thing]:
    def make(by: User, aide: User) -> Thing:
        made = interests.declare("domain", "far-away.org", by=by, at=BEFORE)
        if ended:
            interests.end(made, by=by, at=BEFORE)
        return Thing({"pk": made.pk})

    return make


DECLARED = Standing("declared", "live", _interest(ended=False))
INTERESTS = [DECLARED, Standing("ended", "ended", _interest(ended=True))]


def _anything(by: User, aide: User) -> Thing:
    """Return a view of theirs, a day off, a program: what has no states."""
    view = saved_views.save(by, name="Legal", filters={"lane": "hold"}, is_default=False, at=BEFORE)
    program = make_program()
    day = calendars.add(program, on=date(2026, 12, 24), name="Eve", by=aide, at=BEFORE)
    choices = {
        f"choice_{code}": "out" for code in CareForm(limits=care.known(by, at=BEFORE).limits).categories
    }
    called = {"view": view.pk, "day": day.pk, "program": program.slug, "program_pk": program.pk}
    return Thing(called, typed=choices)


ANY = [Standing("any time", "any", _anything)]
