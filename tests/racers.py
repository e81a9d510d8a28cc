"""The racers: `python -m tests.racers '[["<verb>", "<arg>", …], …]'`, each a process of its own.

Each waits at the start line and does one thing; the last line printed is what they did, as JSON, in their order. They
are forked from one process that has imported everything: eight imports at once would take longer than any race.
"""

import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context
from random import Random
from uuid import uuid4

import django

django.setup()

from django.db import IntegrityError, connection  # noqa: E402

from accounts.domain import joining, memberships, organisations  # noqa: E402
from accounts.models import MemberRole, Membership, OrganisationInvitation, User  # noqa: E402
from audit import clock  # noqa: E402
from onboarding import projection  # noqa: E402
from onboarding.domain import (  # noqa: E402
    amending,
    counts,
    freezes,
    invitations,
    keys,
    limits,
    line_bulks,
    picks,
    programs,
    rates,
    stages,
    waitlist,
)
from onboarding.models import Application, Grant, Invitation, Key, Pick, Program  # noqa: E402
from onboarding.states import Environment, Overlap  # noqa: E402
from policies.domain import comments, subscriptions  # noqa: E402
from policies.domain.comment_words import Words  # noqa: E402
from policies.models import Comment, Consultation  # noqa: E402
from reviews.domain import (  # noqa: E402
    bulk,
    cases,
    claims,
    decisions,
    exposure,
    handing,
    optouts,
    signatures,
    slots,
    telling,
)
from reviews.models import Case, Decision  # noqa: E402
from tests.enforcement import racers as enforcing  # noqa: E402
from tests.processes import START_LINE  # noqa: E402


def admit(program: str, at: str) -> int:
    return waitlist.admit(Program.objects.get(pk=program), by="racer", at=datetime.fromisoformat(at))


def join(application: str, at: str) -> int:
    found = Application.objects.select_related("program", "owner").get(pk=application)
    return waitlist.join(found, by="racer", at=datetime.fromisoformat(at)).pk


def fold() -> str:
    """Fold the counts of the line, again and again."""
    for _ in range(25):
        counts.fold_owed()
    return "folded"


def admit_one_by_one(program: str) -> int:
    """Admit one after the other, each at its own moment, until nobody is admitted twice in a row."""
    found, given, idle = Program.objects.get(pk=program), 0, 0
    while idle < 2:
        one = waitlist.admit(found, by="racer", at=clock.now(), most=1)
        given, idle = given + one, 0 if one else idle + 1
    return given


def freeze(program: str) -> int:
    """Let the rules of a program do what its readings ask for, a moment after the others began."""
    time.sleep(0.1)
    return freezes.settle(Program.objects.get(pk=program), at=clock.now())


def issue(at: str) -> int:
    return keys.issue_owed(at=datetime.fromisoformat(at))


def open_key(key: str, at: str) -> str:
    found = Key.objects.select_related("grant__application__applicant").get(pk=key)
    try:
        keys.open(found, by=found.grant.application.applicant, at=datetime.fromisoformat(at))
    except (keys.AlreadyOpened, keys.CannotOpen):
        return "refused"
    return "opened"


def rotate(key: str, seen: str, at: str) -> str:
    found = Key.objects.select_related("grant__application__applicant").get(pk=key)
    try:
        keys.rotate(
            found, overlap=Overlap.DAY, seen=int(seen), by=found.grant.application.applicant,
            at=datetime.fromisoformat(at),
        )  # fmt: skip
    except (keys.RotatedMeanwhile, keys.CannotRotate) as error:
        return type(error).__name__
    return "rotated"


def revoke_key(key: str, at: str) -> str:
    found = Key.objects.select_related("grant__application__applicant").get(pk=key)
    return keys.revoke(found, by=found.grant.application.applicant, at=datetime.fromisoformat(at)).state


def ask_key(grant: str, at: str) -> str:
    found = Grant.objects.select_related("application__applicant").get(pk=grant)
    by, at_ = found.application.applicant, datetime.fromisoformat(at)
    try:
        keys.ask(found, environment=Environment.LIVE, name="", by=by, at=at_)
    except keys.KeyBeingMade:
        return "refused"
    return "asked"


def accept(invitation: str, at: str) -> int:
    found = Invitation.objects.select_related("seat__entry__application__applicant").get(pk=invitation)
    applicant = found.seat.entry.application.applicant
    return invitations.accept(found, by=applicant, at=datetime.fromisoformat(at)).pk


def claim(case: str, reviewer: str, at: str, seen: str = "") -> str:
    by, found = User.objects.get(pk=reviewer), Case.objects.get(pk=case)
    try:
        claims.claim(found, by=by, at=datetime.fromisoformat(at), seen=int(seen) if seen else None)
    except (claims.HeldBy, claims.NotForYou, claims.ChangedMeanwhile, slots.TooMany) as error:
        return "refused" if not isinstance(error, claims.ChangedMeanwhile) else str(error)
    return "claimed"


def open_text(case: str, reviewer: str, at: str) -> str:
    by, found = User.objects.get(pk=reviewer), Case.objects.get(pk=case)
    try:
        exposure.begin(found, by=by, at=datetime.fromisoformat(at))
    except exposure.StaysCovered:
        return "refused"
    return "opened"


def opt_out(reviewer: str, at: str, choice: str = "out") -> int:
    by, at_ = User.objects.get(pk=reviewer), datetime.fromisoformat(at)
    optouts.settle(by=by, at=at_, choices={"self_harm": (choice, None)})
    return optouts.reroute_owed(at=at_, of=by)


def hand_over(case: str, to: str, by: str, at: str) -> str:
    found, other = Case.objects.get(pk=case), User.objects.get(pk=to)
    try:
        handing.hand_over(found, to=other, by=User.objects.get(pk=by), at=datetime.fromisoformat(at))
    except handing.CannotBeGiven:
        return "refused"
    return "handed"


def take_next(reviewer: str, at: str) -> str:
    try:
        claims.take_next(by=User.objects.get(pk=reviewer), at=datetime.fromisoformat(at))
    except (slots.TooMany, claims.NothingWaits) as error:
        return type(error).__name__
    return "claimed"


def empty_queue(reviewer: str) -> str:
    """Pull until nothing is left: decide four of five, give the fifth back."""
    by, dice = User.objects.get(pk=reviewer), Random(int(reviewer))
    decided, released, took = [], 0, []
    while Case.objects.filter(state__in=["open", "claimed"]).exists():
        began = time.perf_counter()
        try:
            taken = claims.take_next(by=by, at=clock.now())
        except claims.NothingWaits:  # what is left is with others, who may still give it back
            time.sleep(0.02)
            continue
        took.append(round((time.perf_counter() - began) * 1000, 1))
        if dice.random() < 0.2:
            claims.release(taken.case, by=by, at=clock.now())
            released += 1
        else:
            says = {"outcome": "approved", "reason_code": "A1_notify_list"}
            decisions.decide(taken.case, by=by, at=clock.now(), **says)
            decided.append(taken.case_id)
    return json.dumps({"decided": decided, "released": released, "took": took})


def keep_open(case: str, reviewer: str) -> str:
    """Claim a case and renew it, as an open page does, until killed."""
    by, found = User.objects.get(pk=reviewer), Case.objects.get(pk=case)
    claims.claim(found, by=by, at=clock.now())
    while True:
        claims.renew(found, by=by, at=clock.now())
        time.sleep(0.2)


def amend(application: str, at: str) -> str:
    found = Application.objects.select_related("applicant").get(pk=application)
    try:
        amending.send(found, by=found.applicant, at=datetime.fromisoformat(at))
    except amending.TooLate as error:
        return str(error)
    return "amended"


def decide(case: str, reviewer: str, at: str, outcome: str, code: str) -> str:
    by, at_, found = User.objects.get(pk=reviewer), datetime.fromisoformat(at), Case.objects.get(pk=case)
    try:
        return str(decisions.decide(found, by=by, at=at_, outcome=outcome, reason_code=code).pk)
    except (decisions.AlreadyDecided, claims.NotHeld, claims.HeldBy) as error:
        return type(error).__name__


def confirm_bulk(cases: str, reviewer: str, at: str) -> int:
    """Approve these cases in bulk, in the order they are named in."""
    known = Case.objects.select_related("program", "revision").in_bulk(
        [int(case) for case in cases.split(",")]
    )
    chosen = [known[int(case)] for case in cases.split(",")]
    says = {"outcome": "approved", "reason_code": "A1_notify_list"}
    return bulk.confirm(
        chosen, by=User.objects.get(pk=reviewer), at=datetime.fromisoformat(at), says=says,
        seen={case.pk: case.revision_id for case in chosen}, token=uuid4(),
    ).pk  # fmt: skip


def sign(decision: str, reviewer: str, at: str) -> str:
    by, found = User.objects.get(pk=reviewer), Decision.objects.get(pk=decision)
    try:
        return str(signatures.sign(found, by=by, at=datetime.fromisoformat(at)).signed_by_id)
    except signatures.NothingToSign:
        return "refused"


def open_cases(at: str) -> int:
    return cases.open_owed(at=datetime.fromisoformat(at))


def tell_subscribers(at: str) -> int:
    return subscriptions.tell_owed(at=datetime.fromisoformat(at))


def confirm_comment(token: str, at: str) -> int:
    return comments.confirm(token, at=datetime.fromisoformat(at)).pk


def send_comment(user: str, consultation: str, at: str) -> int:
    asked, by = Consultation.objects.get(pk=consultation), User.objects.get(pk=user)
    return comments.send(asked, Words({"": "Again."}), by=by, at=datetime.fromisoformat(at)).pk


def withdraw_comment(comment: str, at: str) -> int:
    return comments.withdraw(Comment.objects.get(pk=comment), at=datetime.fromisoformat(at)).pk


def tell(at: str) -> int:
    return telling.tell_owed(at=datetime.fromisoformat(at))


def demote(membership: str, by: str, at: str) -> str:
    found = Membership.objects.select_related("organisation").get(pk=membership)
    try:
        memberships.change_role(
            found, to=MemberRole.MEMBER, by=User.objects.get(pk=by), at=datetime.fromisoformat(at)
        )
    except (memberships.LastOwner, organisations.NotAnOwner) as error:
        return type(error).__name__
    return "demoted"


def demote_by_hand(membership: str) -> str:
    try:
        Membership.objects.filter(pk=membership).update(role=MemberRole.MEMBER)
    except IntegrityError:
        return "refused"
    return "demoted"


def answer_joining(verb: str, invitation: str, by: str, at: str) -> str:
    found = OrganisationInvitation.objects.select_related("organisation").get(pk=invitation)
    try:
        getattr(joining, verb)(found, by=User.objects.get(pk=by), at=datetime.fromisoformat(at))
    except joining.InvitationIsOver:
        return "over"
    return verb


def limit_program(program: str, manager: str, at: str) -> str:
    """Limit the keys of all of a program, again and again."""
    found, by, when = (
        Program.objects.get(pk=program),
        User.objects.get(pk=manager),
        datetime.fromisoformat(at),
    )
    for most in range(1, 31):
        limits.set_limit(found, limits.Sort("key", "tokens", "minute"), most=most, by=by, at=when)
    return "limited"


def limit_own_key(key: str, at: str) -> str:
    """Hold one's own key to less, again and again."""
    found, when = (
        Key.objects.select_related("grant__application__applicant").get(pk=key),
        datetime.fromisoformat(at),
    )
    for turn in range(keys.MOST_AN_HOUR):
        most = 1 + turn % 8  # below what the sanction leaves meanwhile
        limits.limit_key(
            found, kind="requests", per="day", most=most, by=found.grant.application.applicant, at=when
        )
    return "limited"


def project(at: str) -> str:
    """Bring Redis up to date, again and again."""
    for _ in range(15):
        projection.write_owed()
    return "projected"


def take_stages(at: str) -> int:
    when = datetime.fromisoformat(at)
    taken = stages.take_due(at=when)
    stages.tell_owed(at=when)
    return taken


def run_line_bulk(bulk: str, at: str) -> str:
    while line_bulks.change_chunk(int(bulk), at=datetime.fromisoformat(at)):
        pass
    return "done"


def run_pick_list(asked: str, at: str) -> str:
    while picks.ask_chunk(int(asked), at=datetime.fromisoformat(at)):
        pass
    return "done"


def take_pick(pick: str, by: str, at: str) -> str:
    try:
        return picks.take(
            Pick.objects.get(pk=pick), by=User.objects.get(pk=by), at=datetime.fromisoformat(at)
        ).state
    except picks.IsOver:
        return "over"


def withdraw_pick(pick: str, by: str, at: str) -> str:
    found, manager = Pick.objects.get(pk=pick), User.objects.get(pk=by)
    try:
        picks.withdraw(found, by=manager, at=datetime.fromisoformat(at), reason="A slip")
    except picks.CannotWithdraw:
        return "over"
    return "withdrawn"


def pause(program: str, manager: str) -> str:
    """Pause a program, a moment after the others began."""
    time.sleep(0.1)
    programs.pause(
        Program.objects.get(pk=program), by=User.objects.get(pk=manager), at=clock.now(), reason="Stop"
    )
    return "paused"


def pause_and_go_on(program: str, manager: str) -> int:
    """Pause a program and let it go on, again and again."""
    found, by = Program.objects.get(pk=program), User.objects.get(pk=manager)
    for _ in range(20):
        programs.pause(found, by=by, at=clock.now(), reason="Stop")
        programs.resume(found, by=by, at=clock.now(), reason="Go")
    return 20


def set_rates(program: str, manager: str) -> int:
    """Set another weekly rate from now on, again and again: the running week is changed with it."""
    found, by = Program.objects.get(pk=program), User.objects.get(pk=manager)
    for turn in range(10):
        at = clock.now()
        rates.set_rate(found, per_week=900 + turn, from_at=at, by=by, at=at, reason="Slower")
    return 10


def run(command: list[str]) -> str:
    verb, *arguments = command
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock_shared(%s)", [START_LINE])
        cursor.execute("SELECT pg_advisory_unlock_shared(%s)", [START_LINE])
    does = getattr(enforcing, verb, None) or globals()[verb]
    return str(does(*arguments))


if __name__ == "__main__":
    commands = json.loads(sys.argv[1])
    with ProcessPoolExecutor(len(commands), mp_context=get_context("fork")) as pool:
        print(json.dumps(list(pool.map(run, commands))))
