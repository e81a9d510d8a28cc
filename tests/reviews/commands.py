"""Every command of the desk: who may give it by the permission functions, and in which states of what it is given to.

What each is posted with is legal: where the answer is a refusal, the person or the state is the reason.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from accounts.models import User
from accounts.roles import Duty, may
from reviews import permissions
from reviews.models import Case
from reviews.states import (
    CASE_TRANSITIONS,
    QUEUE_EXPORT_TRANSITIONS,
    RULE_TRANSITIONS,
    CaseState,
    QueueExportState,
    RuleState,
)
from tests.reviews.standings import (
    ANY,
    ASKED_AND_TOLD,
    AT_WORK,
    BREAKS,
    BULKS,
    CARDS,
    CASES,
    COVERED,
    DECIDED_AND_TOLD,
    DECLARED,
    DRAWN,
    EXPORTS,
    GOLDEN,
    INTERESTS,
    KEPT_GOLDEN,
    LOOKS,
    ON_A_BREAK,
    OPEN_CARD,
    OPENED,
    RULES,
    TAKEN,
    TEXTS,
    UNTOLD_BULK,
    Standing,
    Thing,
)

May = Callable[[User, Thing], bool]
OWN, ANOTHERS = "own", "another's"  # whose work brought the thing into its state


@dataclass(frozen=True)
class Command:
    """Something a person posts; `{…}` in `path` and `data` stand for what its thing is called there."""

    says: str
    may: May
    path: str  # under admin/reviews/case/
    states: Sequence[Standing]  # in which it is accepted
    data: Mapping[str, str] = field(default_factory=dict)
    whose: str = OWN
    writes: str = ""  # a table that is not as before when it was accepted; "": any
    changes: bool = True  # False: it shows something


def leading_to(*states: str, table: Mapping[str, set[str]], of: Sequence[Standing]) -> list[Standing]:
    """Return the standings from which the table of transitions leads to one of these states."""
    return [standing for standing in of if table[standing.state] & set(states)]


def to(*states: CaseState) -> list[Standing]:
    return leading_to(*states, table=CASE_TRANSITIONS, of=CASES)


def within(*states: CaseState) -> list[Standing]:
    return [standing for standing in CASES if standing.state in states]


def on_case(question: Callable[[User, Case], bool]) -> May:
    return lambda user, thing: question(user, thing.case)


def on_decision(question: Callable[[User, Any], bool]) -> May:
    return lambda user, thing: question(user, thing.decision)


def has(duty: Duty) -> May:
    return lambda user, thing: may(user, duty)


def asks(question: Callable[[User], bool]) -> May:
    return lambda user, thing: question(user)


SEES, DECIDES = on_case(permissions.may_see_case), on_case(permissions.may_decide)
RECALLS, CORRECTS = on_decision(permissions.may_recall), on_decision(permissions.may_correct)
SIGNS, REVIEWS = on_decision(permissions.may_sign), has(Duty.REVIEW_CASES)
KEEPS_QUEUE, WRITES_RULES = has(Duty.MANAGE_QUEUE), asks(permissions.may_write_rules)

HELD = within(CaseState.CLAIMED)
WAITING = within(CaseState.AWAITING_SECOND)
UNTOLD = [one for one in to(CaseState.OPEN) if one.state != CaseState.CLAIMED and not one.told]
APPROVED = {"d-outcome": "approved", "d-reason_approved": "A1_notify_list", "d-why_different": "It is small."}
REJECTED = {
    "d-outcome": "rejected", "d-reason_rejected": "R4_identity", "d-main_category": "fraud_spam",
    "d-facts": "The website belongs to somebody else.", "d-what_would_change": "A website in your own name.",
    "d-why_different": "It is not theirs.",
}  # fmt: skip
ASKED = {
    "d-outcome": "needs_information", "d-reason_needs_information": "I1_too_vague",
    "d-main_category": "mass_content", "d-question": "Who reads the text?", "d-why_different": "It is vague.",
}  # fmt: skip
WITH_CONDITIONS = {
    "d-outcome": "approved_with_conditions", "d-reason_approved_with_conditions": "C3_human_review",
    "d-main_category": "health", "d-own_conditions": "no diagnosis to lay users", "d-why_different": "It is grave.",
}  # fmt: skip
IN_BULK = {"case": "{pk}", "reason": "A1_notify_list"}
RULE = {
    "condition": "areas contains legal", "lane": "hold", "expects": "scrutiny", "least_precision": "50",
    "least_decided": "30", "why": "To try it.", "days": "90",
}  # fmt: skip
WHY = {"reason": "Somebody has to."}
MINUTES = {
    "minutes": "60", "grave_minutes": "30", "most_minutes": "120", "cool_down": "15", "least_cool_down": "5",
    "last_hour": "16", "latest_hour": "19",
}  # fmt: skip
SHARES = {"refuse": "20", "hold": "10", "notify": "5", "monitor": "5", "first_cases": "3"}
SWITCHED_ON = leading_to(RuleState.ON, table=RULE_TRANSITIONS, of=RULES)

ON_CASES = [
    Command("Claim, or hold longer", on_case(permissions.may_claim), "{pk}/claim/", [*to(CaseState.CLAIMED), *HELD]),
    Command("Pull the next", REVIEWS, "desk/next/", to(CaseState.CLAIMED)),
    Command("Hold longer, as an open page does", DECIDES, "{pk}/renew/", HELD),
    Command("Put aside", SEES, "{pk}/hold/", HELD, WHY | {"until": "2026-11-24T12:00"}),
    Command("Hand over", SEES, "{pk}/hand-over/", HELD, {"to": "{other}", "note": "Ask them."}),
    Command("Give back to the queue", SEES, "{pk}/release/", HELD),
    Command(
        "Take away from whoever has it", on_case(permissions.may_take_away), "{pk}/take-away/", HELD, WHY,
        whose=ANOTHERS,
    ),
    Command("Let somebody in, whatever they declared", on_case(permissions.may_override), "team/override/", CASES,
        WHY | {"number": "{number}", "reviewer": "{other}"}),
    Command("Record findings", DECIDES, "{pk}/findings/", HELD, {"f-health-verdict": "concern"},
        writes="reviews_finding"),
    Command("Write a note", SEES, "{pk}/notes/", CASES, {"note": "They called."}),
    Command("Keep what is typed and not sent", SEES, "{pk}/unsent/", CASES, {"note": "Half a sent"}),
    Command("Preview the letter", DECIDES, "{pk}/preview/", HELD, APPROVED, changes=False),
    Command("Approve", DECIDES, "{pk}/decide/", [one for one in to(CaseState.DECIDED) if one in HELD], APPROVED),
    Command("Reject", DECIDES, "{pk}/decide/", [one for one in to(CaseState.DECIDED) if one in HELD], REJECTED),
    Command("Ask the applicant", DECIDES, "{pk}/decide/", to(CaseState.AWAITING_APPLICANT), ASKED),
    Command("Preview a bulk", REVIEWS, "bulk/", [*to(CaseState.CLAIMED), *HELD], IN_BULK, changes=False),
    Command("Decide in bulk", REVIEWS, "bulk/confirm/", [*to(CaseState.CLAIMED), *HELD],
        IN_BULK | {"seen-{pk}": "{revision}", "token": "8f14e45f-ceea-467f-a83f-1cd1cf9a0c8e"},
        writes="reviews_decision"),
    Command("Give an opinion of what another proposed", SIGNS, "{pk}/opinion/{decision}/", WAITING,
        {"o-outcome": "approved"}, whose=ANOTHERS),
    Command("Sign what another proposed", SIGNS, "{pk}/sign/{decision}/", WAITING, whose=ANOTHERS),
    Command("Change what another proposed", SIGNS, "{pk}/change/{decision}/", WAITING, APPROVED | WHY, whose=ANOTHERS),
    Command("Give back what another proposed", SIGNS, "{pk}/give-back/{decision}/", WAITING, WHY, whose=ANOTHERS),
    Command("Take back one's own decision", RECALLS, "{pk}/take-back/{decision}/", UNTOLD, WHY),
    Command("Take back another's decision", RECALLS, "{pk}/take-back/{decision}/", UNTOLD, WHY,
        whose=ANOTHERS),
    Command("Correct one's own decision", CORRECTS, "{pk}/correct/{decision}/",
        [DECIDED_AND_TOLD], APPROVED),
    Command("Correct another's decision", CORRECTS, "{pk}/correct/{decision}/",
        [DECIDED_AND_TOLD], APPROVED, whose=ANOTHERS),
    Command("Keep the case as a golden one", on_decision(permissions.may_mark_golden), "quality/golden/",
        [ASKED_AND_TOLD, DECIDED_AND_TOLD], {"number": "{number}", "expected": "approved"}),
    Command("Show the test login", DECIDES, "{pk}/test-login/", HELD),
    Command("Take the case file", SEES, "{pk}/case-file/", CASES),
]  # fmt: skip
ON_TEXTS = [
    Command("Open a severe text", SEES, "{pk}/open-text/", [COVERED]),
    Command("Cover it again", SEES, "{pk}/cover-text/", [OPENED]),
]
ON_RULES = [
    Command("Try an edit of a triage rule out", WRITES_RULES, "rules/{pk}/", RULES, RULE | {"do": "try"},
        changes=False),
    Command("Edit a triage rule", WRITES_RULES, "rules/{pk}/", RULES, RULE | {"seen": "1"}),
    Command("Switch a triage rule on", WRITES_RULES, "rules/{pk}/switch/", SWITCHED_ON, {"to": "on", "seen": "1"}),
    Command("Switch a triage rule off", WRITES_RULES, "rules/{pk}/switch/",
        [rule for rule in RULES if rule.state == RuleState.ON], {"to": "off"}),
]  # fmt: skip
ON_LOOKS = [
    Command("Take the next second look", REVIEWS, "second-look/next/", [DRAWN]),
    Command("Give one's own view of it", REVIEWS, "second-look/", [TAKEN], {"outcome": "approved"}),
]
ON_CARDS = [
    Command("Say what comes of two views that differ", lambda user, thing: permissions.may_reconcile(user, thing.card),
        "quality/cards/{pk}/", [OPEN_CARD],
        {"ended": "stands", "category": "fraud_spam", "remark": "It can be read in two ways."}),
]  # fmt: skip
ON_GOLDEN = [
    Command("Bring a golden case back no more", on_decision(permissions.may_mark_golden),
        "quality/golden/{pk}/retire/", [KEPT_GOLDEN]),
]  # fmt: skip
ON_BULKS = [Command("Undo one's own bulk", REVIEWS, "bulk/{pk}/undo/", [UNTOLD_BULK], WHY)]
ON_EXPORTS = [
    Command("Ask for one's own CSV once more", REVIEWS, "exports/{pk}/again/",
        leading_to(QueueExportState.WAITING, table=QUEUE_EXPORT_TRANSITIONS, of=EXPORTS)),
]  # fmt: skip
ON_BREAKS = [
    Command("Take a break", REVIEWS, "care/pause/", [AT_WORK]),
    Command("Be back", REVIEWS, "care/resume/", [ON_A_BREAK]),
]
ON_INTERESTS = [Command("End one's own interest", REVIEWS, "care/interests/{pk}/end/", [DECLARED])]
AT_ANY_TIME = [
    Command("Write the queue as CSV", REVIEWS, "exports/", ANY, {"query": ""}),
    Command("Save a view of the queue", REVIEWS, "desk/views/", ANY, {"name": "Mine alone", "lane": "hold"}),
    Command("Open the desk with one's own view", REVIEWS, "desk/views/{view}/default/", ANY),
    Command("Delete one's own view", REVIEWS, "desk/views/{view}/delete/", ANY),
    Command("Keep one's own care settings", REVIEWS, "care/", ANY, {"blur": "strong", "cool_down": "20"}),
    Command("Declare an interest", REVIEWS, "care/interests/", ANY, {"kind": "domain", "name": "near-by.org"}),
    Command("Set the care rule for everybody", asks(permissions.may_set_care_rule), "team/rule/", ANY, MINUTES | WHY),
    Command("Set the share of second looks", asks(permissions.may_set_shares), "quality/shares/{program}/", ANY,
        SHARES | WHY),
    Command("Try a share of second looks out", asks(permissions.may_set_shares), "quality/shares/{program}/", ANY,
        SHARES | {"preview": "1"}, changes=False),
    Command("Let rules approve by themselves in a program", asks(permissions.may_switch_automatic),
        "rules/automatic/{program_pk}/", ANY, WHY | {"on": "on", "sample": "20"}),
    Command("Add a day off", KEEPS_QUEUE, "days-off/", ANY,
        {"program": "{program}", "on": "2026-12-31", "name": "New Year's Eve"}),
    Command("Drop a day off", KEEPS_QUEUE, "days-off/{day}/drop/", ANY),
    Command("Write a triage rule", WRITES_RULES, "rules/new/", ANY, RULE | {"name": "A rule of one's own"}),
    Command("Try a new triage rule out", WRITES_RULES, "rules/new/", ANY, RULE | {"name": "x", "do": "try"},
        changes=False),
]  # fmt: skip
BESIDE = {
    "A severe text": (TEXTS, ON_TEXTS),
    "A triage rule": (RULES, ON_RULES),
    "A second look": (LOOKS, ON_LOOKS),
    "A card to reconcile": (CARDS, ON_CARDS),
    "A golden case": (GOLDEN, ON_GOLDEN),
    "A bulk": (BULKS, ON_BULKS),
    "A CSV of the queue": (EXPORTS, ON_EXPORTS),
    "A reviewer": (BREAKS, ON_BREAKS),
    "An interest": (INTERESTS, ON_INTERESTS),
    "Whatever has no states": (ANY, AT_ANY_TIME),
}
