"""Cases are decided by people, sanctions act on what the gateways read, appeals turn all of it back."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation

from accounts.models import User
from accounts.roles import Role
from audit import ledger
from enforcement.domain import against_sanctions, appeals, emergencies, flag_cases, sanctions
from enforcement.models import FlagCase, Sanction, Waiver
from enforcement.states import (
    FLAG_CASE_TRANSITIONS,
    FLAG_TRANSITIONS,
    SANCTION_TRANSITIONS,
    FlagState,
    SanctionState,
)
from onboarding import projection
from onboarding.domain import keys
from onboarding.models import Limit
from outbox import letters
from outbox.models import Letter
from tests.enforcement.appealing import WRONG, known
from tests.enforcement.flagging import (
    NOTHING,
    TUESDAY,
    VIOLATION,
    make_case,
    make_confirmed,
    make_emergency,
    make_flag,
    make_sanction,
    make_sanction_appeal,
    make_taken_appeal,
)
from tests.factories import (
    add_key,
    make_grant,
    make_manager,
    make_program,
    make_reviewer,
    make_secret,
    make_senior,
    make_staff,
    make_user,
)

pytestmark = pytest.mark.django_db
WEDNESDAY = TUESDAY + timedelta(days=1)
GRAVE = {"category": "cyber_abuse", "rule": "exploit", "severity": 3}
UPHOLD = {"reason_code": "facts_wrong", "explanation": "The code was a lesson, not an attack."}
DENY = {"reason_code": "decision_right", "explanation": "The code attacked named companies."}


@pytest.fixture
def key():
    return make_secret()[0]


@pytest.fixture
def grant(key):
    return key.grant


def state(key) -> str:
    """Return what the gateways are told of a key."""
    return projection.state_of([key.pk])[key.pk].state


def refreshed(thing):
    return type(thing).objects.get(pk=thing.pk)


# Cases


def test_a_confirmed_case_confirms_its_flags_and_a_dismissed_one_dismisses_them(grant):
    bob = make_reviewer()
    confirmed, dismissed = make_case(grant, by=bob), make_case(grant, by=bob, category="fraud_spam", rule="")

    flag_cases.decide(confirmed, by=bob, at=TUESDAY, **VIOLATION)
    flag_cases.decide(dismissed, by=bob, at=TUESDAY, **NOTHING)

    assert [case.flags.get().state for case in (confirmed, dismissed)] == ["confirmed", "dismissed"]


def test_a_case_is_decided_only_by_whoever_has_it(grant):
    case = make_flag(grant, **GRAVE).case

    with pytest.raises(flag_cases.NotHeld):
        flag_cases.decide(case, by=make_reviewer(), at=TUESDAY, **VIOLATION)


def test_what_somebody_has_is_not_taken_until_their_time_ran_out(grant):
    case, bea = make_case(grant), make_reviewer("bea")

    with pytest.raises(flag_cases.HeldBy):
        flag_cases.take(case, by=bea, at=TUESDAY)

    assert flag_cases.take(case, by=bea, at=TUESDAY + flag_cases.KEPT_FOR).taken_by == bea


def test_what_was_kept_too_long_is_given_back_once(grant):
    case, late = make_case(grant), TUESDAY + flag_cases.KEPT_FOR

    assert [flag_cases.release_run_out(at=late) for _ in "ab"] == [1, 0]
    assert refreshed(case).state == "open"


def test_giving_back_twice_is_once_and_nobody_else_gives_it_back(grant):
    case, bob = make_case(grant), known("bob", make_reviewer)

    with pytest.raises(flag_cases.NotHeld):
        flag_cases.release(case, by=make_reviewer("bea"), at=TUESDAY)

    assert [flag_cases.release(case, by=bob, at=TUESDAY).state for _ in "ab"] == ["open", "open"]


def test_the_same_finding_again_is_once_and_another_one_is_refused(grant):
    bob = make_reviewer()
    case = make_confirmed(grant, by=bob)

    again = flag_cases.decide(case, by=bob, at=WEDNESDAY, **VIOLATION)
    with pytest.raises(flag_cases.AlreadyDecided):
        flag_cases.decide(case, by=bob, at=WEDNESDAY, **NOTHING)

    assert again.decided_at == TUESDAY


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ({"finding": "violation", "note": "x"}, {"category"}),
        ({"finding": "violation", "category": "nonsense", "note": "x"}, {"category"}),
        ({"finding": "", "note": ""}, {"finding", "note"}),
        ({"finding": "no_violation", "note": "x" * 2001}, {"note"}),
        ({"finding": "no_violation", "note": "x", "severity": 4}, {"severity"}),
    ],
    ids=["no category", "unknown category", "nothing", "too many words", "no such severity"],
)
def test_a_finding_that_lacks_something_says_what(grant, said, missing):
    case, bob = make_case(grant), known("bob", make_reviewer)

    with pytest.raises(flag_cases.Incomplete) as refused:
        flag_cases.decide(case, by=bob, at=TUESDAY, **said)

    assert set(refused.value.problems) == missing


def test_nobody_works_on_flags_about_their_own_access():
    bob = make_reviewer()
    case = make_flag(make_grant(applicant=bob), **GRAVE).case

    with pytest.raises(flag_cases.NotForYou):
        flag_cases.take(case, by=bob, at=TUESDAY)


def test_nobody_decides_what_they_flagged_themselves(grant):
    bob = make_reviewer()
    case = make_flag(grant, source="reviewer", by=bob, **GRAVE).case

    with pytest.raises(flag_cases.NotForYou):
        flag_cases.take(case, by=bob, at=TUESDAY)


def test_nobody_works_on_a_category_they_do_not_take(grant):
    case = make_flag(grant, category="child_safety").case  # grave: only who chose it takes it

    with pytest.raises(flag_cases.NotForYou):
        flag_cases.take(case, by=make_reviewer(), at=TUESDAY)


def test_opening_what_was_quoted_is_recorded(grant):
    flag, bob = make_flag(grant, excerpt="How to break in", **GRAVE), make_reviewer()

    said = flag_cases.open_excerpt(flag, by=bob, at=TUESDAY)

    entry = ledger.of(flag.case).get(event="flag_case.read")
    assert (said, entry.actor, entry.details) == ("How to break in", f"user:{bob.pk}", {"flag": flag.receipt})


@pytest.mark.parametrize(("finding", "words"), [(VIOLATION, "we act on it"), (NOTHING, "no breach")])
def test_who_reported_it_and_said_where_is_answered_once_and_the_address_forgotten(finding, words):
    case = make_case(source="public", reply_to="reporter@example.net")
    bob = known("bob", make_reviewer)

    for _ in "ab":
        with translation.override("es"):  # the reviewer's; we do not know the reporter's
            flag_cases.decide(case, by=bob, at=TUESDAY, **finding)

    letter = Letter.objects.get(kind="enforcement/report_answered")
    assert (letter.recipient, words in letter.text, case.flags.get().reply_to) == (
        "reporter@example.net",
        True,
        "",
    )


# Sanctions


def test_nothing_follows_from_flags_before_a_person_found_a_violation(grant):
    with pytest.raises(sanctions.NotConfirmed):
        make_sanction(grant, case=make_case(grant))


def test_a_suspension_stops_every_key_and_lifting_it_gives_them_back(key, grant):
    sam = make_senior()
    suspended = make_sanction(grant, by=sam)
    stopped = state(key)

    sanctions.lift(suspended, by=sam, at=WEDNESDAY, reason="They have shown the contract.")

    assert (stopped, state(key)) == ("suspended", "active")


def test_of_two_suspensions_one_lifted_leaves_the_other(key, grant):
    sam = make_senior()
    first = make_sanction(grant, by=sam)
    make_sanction(grant, by=sam, case=first.case)

    sanctions.lift(first, by=sam, at=WEDNESDAY, reason="One was enough.")

    assert state(key) == "suspended"


def test_a_key_that_its_owner_stopped_stays_stopped_when_a_sanction_ends(key, grant):
    sam, suspended = make_senior(), make_sanction(grant)
    keys.suspend(key, by=grant.application.applicant, at=TUESDAY)

    sanctions.lift(suspended, by=sam, at=WEDNESDAY, reason="Clear now.")

    assert state(key) == "suspended"


def test_an_owner_cannot_resume_what_a_sanction_stops(key, grant):
    owner = grant.application.applicant
    make_sanction(grant, key=key, target="key")
    keys.suspend(key, by=owner, at=TUESDAY)

    keys.resume(key, by=owner, at=TUESDAY)

    assert state(key) == "suspended"


def test_a_sanction_on_one_key_leaves_the_others(key, grant):
    other = add_key(grant, environment="test", name="Second")
    keys.open(other, by=grant.application.applicant, at=TUESDAY)

    make_sanction(grant, key=key, target="key")

    assert (state(key), state(other)) == ("suspended", "active")


def test_a_warning_stops_nothing_and_stands_for_a_year(key, grant):
    warned = make_sanction(grant, kind="warn")

    assert (state(key), warned.state, warned.ends_at) == ("active", "active", TUESDAY + timedelta(days=365))


def in_force(grant):
    found = Limit.objects.in_force().filter(program=grant.program, source="sanction").order_by("pk")
    return [(limit.level, limit.per, limit.most) for limit in found]


def test_of_two_limits_the_least_counts_and_what_is_lifted_gives_the_other_back(key, grant):
    sam = make_senior()
    first = make_sanction(grant, by=sam, kind="limit", per_minute=5, per_day=100)
    second = make_sanction(grant, by=sam, case=first.case, kind="limit", per_minute=2)
    of_key = make_sanction(grant, by=sam, case=first.case, kind="limit", target="key", key=key, per_day=10)
    held = in_force(grant)

    for sanction in (second, of_key):
        sanctions.lift(sanction, by=sam, at=WEDNESDAY, reason="Too strict.")

    assert (held, in_force(grant)) == (
        [("owner", "day", 100), ("owner", "minute", 2), ("key", "day", 10)],
        [("owner", "day", 100), ("owner", "minute", 5)],
    )


def test_a_warning_about_an_end_user_names_them(grant):
    make_sanction(grant, kind="warn", target="end_user", end_user="h4sh")

    assert "It is about your end user h4sh" in Letter.objects.get(kind="enforcement/sanction_imposed").text


def test_a_suspension_ends_by_its_date_and_is_told(key, grant):
    make_sanction(grant, ends_at=WEDNESDAY)
    before = state(key)

    ended = [sanctions.settle_owed(at=WEDNESDAY) for _ in "ab"]

    told = Letter.objects.filter(kind="enforcement/sanction_ended").count()
    assert (before, ended, state(key), told) == ("suspended", [1, 0], "active", 1)


@pytest.mark.parametrize("said", [{"kind": "terminate"}, {"target": "owner"}], ids=str)
def test_what_is_for_good_or_for_all_waits_for_a_second_person(key, grant, said):
    sam, tess = make_senior(), make_senior("tess")
    proposed = make_sanction(grant, by=sam, **said)
    before = (proposed.state, state(key))

    with pytest.raises(sanctions.NotForYou):
        sanctions.sign(proposed, by=sam, at=TUESDAY)
    signed = sanctions.sign(proposed, by=tess, at=TUESDAY)

    assert (before, signed.state, state(key)) == (("proposed", "active"), "active", "suspended")


def test_the_database_refuses_one_person_where_two_are_needed(grant):
    proposed = make_sanction(grant, kind="terminate")

    with pytest.raises(IntegrityError, match="second person"), transaction.atomic():
        Sanction.objects.filter(pk=proposed.pk).update(state="active", active_at=TUESDAY)


def test_a_proposal_can_be_dropped_and_was_never_told(grant):
    proposed = make_sanction(grant, kind="terminate")

    dropped = sanctions.drop(proposed, by=make_senior("tess"), at=TUESDAY, reason="A warning is enough.")

    assert (dropped.state, Letter.objects.filter(kind="enforcement/sanction_imposed").count()) == (
        "dropped",
        0,
    )


def test_an_owner_wide_suspension_stops_all_of_theirs_also_what_is_given_later(key, grant):
    tess, holder = make_senior("tess"), grant.application.applicant
    sanctions.sign(make_sanction(grant, target="owner"), by=tess, at=TUESDAY)
    later, _ = make_secret(make_program(), owner=grant.owner, applicant=holder, at=TUESDAY)

    held = [sanctions.settle_owed(at=TUESDAY) for _ in "ab"]

    assert (state(key), held, state(later)) == ("suspended", [1, 0], "suspended")


def test_an_owner_wide_limit_holds_all_of_theirs_also_what_is_given_later(grant):
    wide = make_sanction(grant, target="owner", kind="limit", per_minute=5)
    sanctions.sign(wide, by=make_senior("tess"), at=TUESDAY)
    later = make_grant(make_program(), owner=grant.owner, applicant=grant.application.applicant)

    reached = [sanctions.settle_owed(at=TUESDAY) for _ in "ab"]

    assert (in_force(grant), reached, in_force(later)) == (
        [("owner", "minute", 5)],
        [1, 0],
        [("owner", "minute", 5)],
    )


def test_the_statement_of_reasons_says_what_on_which_clause_found_how_and_how_to_appeal(grant):
    sanction = make_sanction(grant, would_change="A contract with each of them.")

    text = " ".join(Letter.objects.get(kind="enforcement/sanction_imposed").text.split())

    said = [
        "Use that the guidelines forbid. Working exploits against named companies were asked for.",
        "of the guidelines, version", "It was found by automatic means.", "It was decided by people.",
        "It has no end of its own.", "A contract with each of them.",
        "You may appeal within 183 days after this letter was sent.", f"/access/sanctions/{sanction.number}/",
    ]  # fmt: skip
    assert [words for words in said if words not in text] == []


def test_a_reviewer_proposes_nothing_and_nobody_sanctions_their_own(grant):
    case = make_confirmed(grant)
    own = make_grant(applicant=make_senior("own"))

    for by, about in ((make_reviewer("bea"), case), (known("own", make_senior), make_confirmed(own))):
        with pytest.raises(sanctions.NotForYou):
            make_sanction(about.grant, case=about, by=by)


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ({"kind": "limit"}, {"per_minute"}),
        ({"facts": " "}, {"facts"}),
        ({"target": "key"}, {"target"}),
        ({"target": "end_user"}, {"end_user"}),
        ({"target": "end_user", "end_user": "h" * 129}, {"end_user"}),
        ({"target": "end_user", "end_user": "h", "kind": "limit", "per_day": 1}, {"kind"}),
        ({"ends_at": TUESDAY}, {"ends_at"}),
        ({"reason_code": "E9"}, {"reason_code"}),
    ],
    ids=lambda said: repr(sorted(said)) if isinstance(said, set) else str(said),
)
def test_a_sanction_that_lacks_something_says_what(grant, said, missing):
    with pytest.raises(sanctions.Incomplete) as refused:
        make_sanction(grant, **said)

    assert (set(refused.value.problems), Sanction.objects.count()) == (missing, 0)


# Emergencies


def test_a_named_category_suspends_at_once_with_a_case_due_in_a_day(key, grant):
    make_emergency()

    flag = make_flag(grant, **GRAVE)

    sanction = Sanction.objects.get()
    assert (state(key), sanction.is_automatic, flag.case.due_at - TUESDAY) == (
        "suspended",
        True,
        timedelta(hours=24),
    )


@pytest.mark.parametrize(
    ("source", "acts"),
    [("filter", True), ("partner", True), ("integrator", True), ("anomaly", False), ("public", False),
     ("holder", False), ("leak", False)],
)  # fmt: skip
def test_only_trusted_machines_suspend_at_once(key, grant, source, acts):
    make_emergency()

    make_flag(grant, source=source, **GRAVE)

    assert (state(key) == "suspended") == acts


@pytest.mark.parametrize("said", [{"severity": 2}, {"category": "fraud_spam"}, {"category": ""}], ids=str)
def test_what_is_lighter_or_not_named_waits_for_a_person(key, grant, said):
    make_emergency()

    make_flag(grant, **GRAVE | said)

    assert state(key) == "active"


def test_what_was_switched_off_does_not_act_and_both_rows_are_kept(key, grant):
    rule = make_emergency()
    emergencies.set_rule(
        "cyber_abuse", on=False, by=known("dora", make_manager), at=TUESDAY, reason="Too many errors."
    )

    make_flag(grant, **GRAVE)

    assert (state(key), type(rule).objects.count()) == ("active", 2)


def test_only_a_policy_editor_or_a_manager_names_categories_and_says_why():
    make_emergency()

    with pytest.raises(emergencies.NotYoursToSet):
        emergencies.set_rule("fraud_spam", on=True, by=make_senior(), at=TUESDAY, reason="x")
    with pytest.raises(emergencies.AlreadySo):
        emergencies.set_rule("fraud_spam", on=False, by=make_manager(), at=TUESDAY, reason="x")
    with pytest.raises(emergencies.BadRule):
        emergencies.set_rule("nonsense", on=True, by=known("dora", make_manager), at=TUESDAY, reason="x")


@pytest.mark.parametrize("finding", ["no_violation", "cannot_tell"])
def test_a_dismissed_flag_lifts_what_it_caused(key, grant, finding):
    make_emergency()
    case, bob = make_case(grant, severity=3), known("bob", make_reviewer)
    before = state(key)

    flag_cases.decide(case, by=bob, at=TUESDAY, **NOTHING | {"finding": finding})

    assert (before, state(key), Sanction.objects.get().state) == ("suspended", "active", "lifted")


def test_a_confirmed_flag_keeps_what_it_caused(key, grant):
    make_emergency()

    make_confirmed(grant, severity=3)

    assert state(key) == "suspended"


def test_a_second_flag_of_the_same_case_does_not_suspend_twice(grant):
    make_emergency()

    for _ in "ab":
        make_flag(grant, **GRAVE)

    assert Sanction.objects.count() == 1


def test_an_exception_keeps_a_rule_from_acting_and_taking_it_back_ends_that(grant):
    make_emergency()
    sam = make_senior()
    waiver = emergencies.waive(grant, category="cyber_abuse", by=sam, at=TUESDAY, reason="A test bench.")
    make_flag(grant, **GRAVE)
    with_it = Sanction.objects.count()

    emergencies.end_waiver(waiver, by=sam, at=TUESDAY)
    make_flag(grant, **GRAVE)

    assert (with_it, Sanction.objects.count()) == (0, 1)


# Appeals against sanctions


def test_a_won_appeal_reverses_the_sanction_and_gives_everything_back(key, grant):
    sanction = make_sanction(grant)
    appeal, tess = make_taken_appeal(sanction)
    before = state(key)

    appeals.uphold(appeal, by=tess, at=WEDNESDAY, **UPHOLD)

    assert (before, state(key), refreshed(sanction).state) == ("suspended", "active", "reversed")


def test_after_a_won_appeal_the_same_rule_does_not_act_on_the_same_facts_again(key, grant):
    make_emergency()
    make_flag(grant, **GRAVE)
    letters.send_owed(at=TUESDAY)
    appeal, tess = make_taken_appeal(Sanction.objects.get())
    with translation.override("es"):
        appeals.uphold(appeal, by=tess, at=WEDNESDAY, **UPHOLD)

    again, waiver = make_flag(grant, at=WEDNESDAY, **GRAVE), Waiver.objects.get()

    assert (state(key), again.state, waiver.rule) == ("active", "open", "exploit")
    assert waiver.reason == "An appeal was won."  # whoever decided; each reads it in their language


def test_a_denied_appeal_says_why_and_changes_nothing(key, grant):
    appeal, tess = make_taken_appeal(make_sanction(grant))

    appeals.deny(appeal, by=tess, at=WEDNESDAY, **DENY)

    letter = Letter.objects.filter(kind="enforcement/sanction_appeal").latest("pk")
    assert (state(key), "The code attacked named companies." in letter.text) == ("suspended", True)


def test_a_reinstatement_lifts_it_and_leaves_it_on_the_record(key, grant):
    sanction = make_sanction(grant)
    appeal, tess = make_taken_appeal(sanction, kind="reinstatement")

    appeals.uphold(appeal, by=tess, at=WEDNESDAY, reason_code="mended", explanation="The team was changed.")

    assert (state(key), refreshed(sanction).state, Waiver.objects.count()) == ("active", "lifted", 0)


@pytest.mark.parametrize("who", ["proposer", "case"])
def test_whoever_had_a_part_in_the_sanction_does_not_take_the_appeal(grant, who):
    bob = make_staff("bob", Role.SENIOR_REVIEWER)
    sam = make_senior()
    sanction = make_sanction(grant, case=make_confirmed(grant, by=bob), by=sam)

    with pytest.raises(appeals.NotForYou):
        make_taken_appeal(sanction, by={"proposer": sam, "case": bob}[who])


def test_the_database_refuses_them_too(grant):
    sam = make_senior()
    appeal = make_sanction_appeal(make_sanction(grant, by=sam))

    with pytest.raises(IntegrityError, match="whoever imposed"), transaction.atomic():
        type(appeal).objects.filter(pk=appeal.pk).update(
            state="in_review", taken_by=sam, taken_at=WEDNESDAY, taken_until=WEDNESDAY
        )


def test_an_appeal_is_against_one_thing(grant):
    appeal = make_sanction_appeal(make_sanction(grant))

    with pytest.raises(Exception, match="Cannot update"), transaction.atomic():
        type(appeal).objects.filter(pk=appeal.pk).update(sanction=None)


def test_the_window_opens_only_at_the_notice(grant):
    sanction = make_sanction(grant, sent=False)
    unsent = against_sanctions.window(sanction)
    letters.send_owed(at=WEDNESDAY)

    time = against_sanctions.window(sanction)

    assert (unsent.notice_at, time.notice_at, time.closes_at.date()) == (
        None,
        WEDNESDAY,
        (WEDNESDAY + timedelta(days=183)).date(),
    )


def test_after_the_window_nothing_can_be_filed(grant):
    sanction = make_sanction(grant)
    closes_at = against_sanctions.window(sanction).closes_at

    with pytest.raises(against_sanctions.WindowClosed):
        make_sanction_appeal(sanction, at=closes_at)


def test_a_stranger_files_nothing(grant):
    with pytest.raises(against_sanctions.NotYours):
        against_sanctions.file(
            make_sanction(grant), kind="appeal", statement=WRONG, by=make_user(), at=WEDNESDAY
        )


def test_the_same_words_again_are_the_same_appeal(grant):
    first = make_sanction_appeal(make_sanction(grant))

    assert make_sanction_appeal(first.sanction) == first


def test_access_ends_for_good_only_when_nobody_can_appeal_any_more(key, grant):
    sanction = sanctions.sign(make_sanction(grant, kind="terminate"), by=make_senior("tess"), at=TUESDAY)
    letters.send_owed(at=TUESDAY)
    closes_at = against_sanctions.window(sanction).closes_at
    early = against_sanctions.carry_out_owed(at=closes_at - timedelta(seconds=1))
    stopped = state(key)
    User.objects.filter(pk=grant.application.applicant_id).update(language="es")

    done = [against_sanctions.carry_out_owed(at=closes_at) for _ in "ab"]

    assert (early, stopped, done, refreshed(grant).state) == (0, "suspended", [1, 0], "revoked")
    assert "The time to appeal" not in Letter.objects.get(kind="onboarding/revoked").text


def test_an_open_appeal_holds_up_the_end_and_a_won_one_gives_the_same_keys_back(key, grant):
    sanction = sanctions.sign(make_sanction(grant, kind="terminate"), by=make_senior("tess"), at=TUESDAY)
    letters.send_owed(at=TUESDAY)
    appeal, third = make_taken_appeal(sanction, by=make_senior("uma"))
    closes_at = against_sanctions.window(sanction).closes_at
    held_up = against_sanctions.carry_out_owed(at=closes_at)

    appeals.take(appeal, by=third, at=closes_at)
    appeals.uphold(appeal, by=third, at=closes_at, **UPHOLD)

    assert (held_up, refreshed(sanction).state, refreshed(grant).state) == (0, "reversed", "active")


# The tables of states, each missing cell


def missing(table):
    return [(old, new) for old in table for new in table if new != old and new not in table[old]]


def as_case(case: FlagCase, to: str) -> None:
    at_by = {"taken_at": TUESDAY, "taken_by": known("bob", make_reviewer)}
    done = {"decided_at": TUESDAY, "decided_by": known("bob", make_reviewer), "finding": "no_violation",
            "found_severity": 1, "note": "x", "taken_until": None}  # fmt: skip
    empty = {"taken_at": None, "taken_by": None, "taken_until": None, "decided_at": None, "decided_by": None,
             "finding": "", "found_severity": None, "note": ""}  # fmt: skip
    merged = {"merged_into": case, "grant": case.grant, "attached_at": TUESDAY, "attached_by": at_by["taken_by"],
              "attach_reason": "x"}  # fmt: skip
    empty |= {"merged_into": None, "attached_at": None, "attached_by": None, "attach_reason": ""}
    fields = {
        "open": {},
        "taken": at_by | {"taken_until": TUESDAY},
        "decided": at_by | done,
        "merged": at_by | merged,
    }[to]
    FlagCase.objects.filter(pk=case.pk).update(state=to, **empty | fields)


@pytest.mark.parametrize(("old", "new"), missing(FLAG_CASE_TRANSITIONS))
def test_the_database_refuses_every_step_a_case_does_not_have(grant, old, new):
    case = make_flag(grant, **GRAVE).case
    for step in {"taken": ["taken"], "decided": ["taken", "decided"], "merged": ["taken", "merged"]}.get(
        old, []
    ):
        as_case(case, step)

    with pytest.raises(Exception, match="no step"), transaction.atomic():
        as_case(case, new)


@pytest.mark.parametrize(("old", "new"), missing(FLAG_TRANSITIONS))
def test_the_database_refuses_every_step_a_flag_does_not_have(grant, old, new):
    flag = make_flag(grant, **GRAVE)
    if old != FlagState.OPEN:
        type(flag).objects.filter(pk=flag.pk).update(state=old)

    with pytest.raises(IntegrityError, match="no step"), transaction.atomic():
        type(flag).objects.filter(pk=flag.pk).update(state=new)


@pytest.mark.parametrize(("old", "new"), missing(SANCTION_TRANSITIONS))
def test_the_database_refuses_every_step_a_sanction_does_not_have(grant, old, new):
    sanction = make_sanction(grant, kind="terminate")
    sam = known("sam", make_senior)
    for step in {"dropped": ["dropped"], "active": ["active"], "proposed": []}.get(old, ["active", old]):
        as_sanction(sanction, step, sam)

    with pytest.raises(IntegrityError, match="no step"), transaction.atomic():
        as_sanction(sanction, new, sam)


def as_sanction(sanction: Sanction, to: str, by) -> None:
    signed = {} if to in ("proposed", "dropped") else {"active_at": TUESDAY, "signed_at": TUESDAY,
                                                       "signed_by": known("tess", make_senior)}  # fmt: skip
    closed = {} if to in (SanctionState.PROPOSED, SanctionState.ACTIVE) else {"closed_at": TUESDAY}
    closed |= {"closed_by": by} if closed and to != SanctionState.ENDED else {}
    empty = {"active_at": None, "closed_at": None, "closed_by": None}
    Sanction.objects.filter(pk=sanction.pk).update(state=to, **empty | signed | closed)
