"""Triage rules: written, edited, switched on and off, matched, measured, silent."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, InternalError, ProgrammingError, connection, transaction
from django.db.models import Q

from audit.models import LedgerEntry
from outbox.models import Letter
from reviews.domain import matches, rules, telling
from reviews.domain.proportions import Share
from reviews.domain.rules import Wording
from reviews.models import Case, RuleMatch, RuleVersion, TriageRule
from reviews.states import Expectation, Outcome, RuleState
from tests.factories import MONDAY, make_program, make_reviewer, make_senior, make_staff
from tests.reviews.making import make_case, make_decision, send_again

LEGAL = Wording(condition="areas contains legal", lane="hold", domains=("legal",), expects="scrutiny")
SENT = {"areas": ["legal"]}


def make_rule(wording: Wording = LEGAL, *, by=None, is_on: bool = True, **fields) -> TriageRule:
    by = by or make_senior(f"sam-{TriageRule.objects.count()}")
    version = rules.write(
        fields.pop("name", f"Rule {TriageRule.objects.count()}"),
        wording,
        program=fields.pop("program", None),
        by=by,
        at=MONDAY,
        reason="The last ten were all looked at twice.",
    )
    if is_on:
        rules.switch_on(version.rule, seen=1, by=by, at=MONDAY)
    version.rule.refresh_from_db()
    return version.rule


def suggested(case: Case) -> list[str]:
    return [one.rule for one in matches.on_case(Case.objects.get(pk=case.pk))]


def learn() -> None:
    telling.tell_owed(at=MONDAY)
    matches.match_owed(at=MONDAY)
    matches.settle_owed(at=MONDAY)


# --- writing


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("", "Write a condition on an answer"),
        ("areas has legal", "is not a condition"),
        ("colour = red", "asks no question “colour”"),
        ("summary contains weapon", "typed text: a rule reads set answers only, never words"),
        ("work_email_domain = gmail.com", "asks no question “work_email_domain”"),
        ("areas contains legl", "has no answer legl; it has:"),
        ("headcount > many", "many"),
        ("reach > setting", "do not name reach"),
        ("areas contains legal and users_under_18 = yes", ""),
    ],
)
def test_a_bad_condition_gets_a_sentence(condition, says):
    make_program()

    problem = rules.check_condition(condition)

    assert says in problem if says else problem == ""


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wording", "field"),
    [
        (Wording("areas contains legal"), "lane"),
        (Wording("areas contains legal", lane="loud"), "lane"),
        (Wording("areas contains legal", domains=("astrology",)), "domains"),
        (Wording("areas contains legal", lane="hold", expects="cited"), "expects"),
        (Wording("areas contains legal", lane="hold", least_precision=0), "least_precision"),
        (Wording("areas contains legal", lane="hold", approves=True, expects="approved"), "approves"),
        (Wording("areas contains legal", lane="notify", approves=True), "approves"),
        (Wording("areas contains legal", questions=("Why?",) * 6), "questions"),
        (Wording("areas contains legal", due_days=0), "due_days"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_at_its_field(wording, field):
    make_program()

    with pytest.raises(rules.BadRule) as refused:
        make_rule(wording)

    assert list(refused.value.problems) == [field]


@pytest.mark.django_db
def test_reviewers_write_no_rules():
    make_program()

    with pytest.raises(rules.NotYourRules):
        make_rule(by=make_reviewer())


@pytest.mark.django_db
def test_policy_editors_write_rules():
    make_program()

    rule = make_rule(by=make_staff("pia", "Policy editor"))

    assert (rule.state, rule.number) == (RuleState.ON, 1)


@pytest.mark.django_db
def test_a_rule_edited_keeps_what_its_old_version_said():
    make_program()
    rule, sam = make_rule(), make_senior()

    rules.edit(
        rule, Wording("decides = decides_alone", lane="refuse"), seen=1, by=sam, at=MONDAY, reason="Too wide"
    )

    rule.refresh_from_db()
    said = list(rule.versions.order_by("number").values_list("number", "condition", "lane"))
    assert (rule.state, rule.number, said) == (
        RuleState.DRAFT,
        2,
        [(1, "areas contains legal", "hold"), (2, "decides = decides_alone", "refuse")],
    )


@pytest.mark.django_db
def test_the_database_lets_nobody_rewrite_a_version():
    make_program()
    rule = make_rule()

    with pytest.raises((ProgrammingError, InternalError, IntegrityError)), transaction.atomic():
        RuleVersion.objects.filter(rule=rule).update(condition="areas contains medical")


@pytest.mark.django_db
def test_of_two_who_edit_the_second_is_told():
    make_program()
    rule, sam = make_rule(), make_senior()
    rules.edit(rule, LEGAL, seen=1, by=sam, at=MONDAY, reason="First")

    with pytest.raises(rules.EditedMeanwhile):
        rules.edit(rule, LEGAL, seen=1, by=sam, at=MONDAY, reason="Second")


@pytest.mark.django_db
def test_each_step_of_a_rule_is_in_the_ledger():
    make_program()
    sam = make_senior()
    rule = make_rule(by=sam)
    rules.switch_off(rule, by=sam, at=MONDAY)

    told = LedgerEntry.objects.filter(subject_type="reviews.triagerule").order_by("id")

    assert list(told.values_list("event", flat=True)) == [
        "rule.written",
        "rule.switched_on",
        "rule.switched_off",
    ]


# --- matching


@pytest.mark.django_db
def test_a_rule_suggests_on_cases_it_fits_and_on_no_other():
    rule, fits, not_ = make_program() and make_rule(), make_case(answers=SENT), make_case()

    matches.match_owed(at=MONDAY)

    assert (suggested(fits), suggested(not_)) == ([rule.name], [])


@pytest.mark.django_db
def test_a_rule_switched_on_looks_at_the_cases_there_are_already():
    case = make_case(answers=SENT)
    matches.match_owed(at=MONDAY)
    rule = make_rule()

    matches.match_owed(at=MONDAY)

    assert suggested(case) == [rule.name]


@pytest.mark.django_db
def test_a_rule_of_one_program_looks_at_no_other():
    make_program()
    make_rule(program=make_program())
    case = make_case(answers=SENT)

    matches.match_owed(at=MONDAY)

    assert suggested(case) == []


@pytest.mark.django_db
def test_matching_twice_is_once_and_takes_as_many_statements_for_three_cases_as_for_one(
    django_assert_max_num_queries,
):
    make_program()
    make_rule()
    program = make_program()
    make_case(program, answers=SENT)
    matches.match_owed(at=MONDAY)
    counted = []
    for number in (1, 3):
        for _ in range(number):
            make_case(program, answers=SENT)
        with django_assert_max_num_queries(20) as asked:
            matches.match_owed(at=MONDAY)
        counted.append(len(asked))
    matches.match_owed(at=MONDAY)

    assert (counted[0] == counted[1], RuleMatch.objects.count()) == (True, 5)


@pytest.mark.django_db
def test_a_rule_says_nothing_of_answers_that_were_changed_since():
    make_program()
    make_rule()
    case = make_case(answers=SENT)
    matches.match_owed(at=MONDAY)

    send_again(case, {"areas": ["none"]})

    assert suggested(case) == []


@pytest.mark.django_db
def test_a_silent_rule_suggests_nothing():
    make_program()
    rule, case = make_rule(), make_case(answers=SENT)
    matches.match_owed(at=MONDAY)

    rules.silence(rule, seen=1, at=MONDAY)
    later = make_case(answers=SENT)
    matches.match_owed(at=MONDAY)

    assert (suggested(case), suggested(later)) == ([], [])


@pytest.mark.django_db
def test_a_silent_rule_is_not_switched_on_before_it_was_edited():
    make_program()
    rule = make_rule()
    rules.silence(rule, seen=1, at=MONDAY)

    with pytest.raises(rules.NoSuchStep, match="Edit it first"):
        rules.switch_on(rule, seen=1, by=make_senior(), at=MONDAY)


@pytest.mark.django_db
def test_a_rule_changes_nothing_of_a_case():
    make_program()
    make_rule(Wording("areas contains legal", lane="refuse", due_days=1, domains=("legal",)))
    case = make_case(answers=SENT)
    before = Case.objects.filter(pk=case.pk).values("lane", "domains", "due_at", "risk_score", "state").get()

    matches.match_owed(at=MONDAY)

    assert Case.objects.filter(pk=case.pk).values(*before).get() == before


# --- measuring


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("expects", "outcome", "was_right"),
    [
        (Expectation.APPROVED, Outcome.APPROVED, True),
        (Expectation.APPROVED, Outcome.APPROVED_WITH_CONDITIONS, False),
        (Expectation.SCRUTINY, Outcome.APPROVED, False),
        (Expectation.SCRUTINY, Outcome.APPROVED_WITH_CONDITIONS, True),
        (Expectation.ASKED, Outcome.APPROVED, False),
        (Expectation.CITED, Outcome.APPROVED_WITH_CONDITIONS, True),
        (Expectation.CITED, Outcome.APPROVED, False),
    ],
)
def test_a_match_is_recorded_with_what_people_then_decided(expects, outcome, was_right):
    make_program()
    make_rule(Wording("areas contains legal", domains=("health",), expects=expects))
    decision = make_decision(outcome, answers=SENT)
    matches.match_owed(at=MONDAY)
    RuleMatch.objects.create(
        case=decision.case, version=RuleVersion.objects.get(), revision=decision.revision, matched_at=MONDAY
    )

    learn()

    match = RuleMatch.objects.get()
    assert (match.was_right, match.decision) == (was_right, decision)


@pytest.mark.django_db
def test_what_is_not_told_yet_is_not_learned_from():
    make_program()
    make_rule()
    decision = make_decision(answers=SENT, program=make_program(recall_minutes=30))
    RuleMatch.objects.create(
        case=decision.case, version=RuleVersion.objects.get(), revision=decision.revision, matched_at=MONDAY
    )

    learn()

    assert RuleMatch.objects.settled().count() == 0


def decide_against(rule: TriageRule, number: int) -> None:
    """Leave cases that fitted and were approved as they are, whatever the rule expects."""
    version = rule.versions.get(number=rule.number)
    by = make_reviewer()
    for _ in range(number):
        decision = make_decision(by=by, answers=SENT)
        RuleMatch.objects.create(
            case=decision.case, version=version, revision=decision.revision, matched_at=MONDAY
        )
    learn()


@pytest.mark.django_db
def test_a_rule_below_its_bound_falls_silent_and_seniors_are_told():
    make_program()
    rule = make_rule(
        Wording("areas contains legal", lane="hold", least_precision=60, least_decided=5), by=make_senior()
    )
    decide_against(rule, 5)

    silenced = matches.silence_owed(at=MONDAY), matches.silence_owed(at=MONDAY)

    rule.refresh_from_db()
    letters = Letter.objects.filter(kind="reviews/rule_silent").values_list("recipient", flat=True)
    told = LedgerEntry.objects.filter(event="rule.fell_silent").values_list("details", flat=True)
    assert (silenced, rule.state, list(letters), list(told)) == (
        (1, 0),
        RuleState.SILENT,
        ["sam@example.org"],
        [{"version": 1, "right": 0, "of": 5}],
    )


@pytest.mark.django_db
@pytest.mark.parametrize(("least_precision", "least_decided"), [(60, 6), (40, 5)])
def test_a_rule_that_may_yet_be_good_enough_goes_on(least_precision, least_decided):
    make_program()
    rule = make_rule(
        Wording(
            "areas contains legal",
            lane="hold",
            least_precision=least_precision,
            least_decided=least_decided,
        )
    )
    decide_against(rule, 5)

    assert matches.silence_owed(at=MONDAY) == 0


@pytest.mark.parametrize(
    ("share", "low", "high"),
    [(Share(0, 5), 0.0, 0.434), (Share(8, 10), 0.490, 0.943), (Share(0, 0), 0.0, 1.0)],
)
def test_an_interval_is_as_wide_as_few_cases_make_it(share, low, high):
    assert (round(share.low, 3), round(share.high, 3)) == (low, high)


# --- the dry run


def tables() -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables")
        return sorted(cursor.fetchall())


@pytest.mark.django_db
def test_a_dry_run_changes_nothing():
    make_decision(answers=SENT)
    make_case(answers=SENT)
    before = tables()

    matches.try_out(LEGAL, days=30, at=MONDAY + timedelta(days=1), hidden=Q(pk__in=[]))

    assert tables() == before


@pytest.mark.django_db
def test_a_dry_run_counts_what_fits_and_how_people_decided():
    program = make_program()
    by = make_reviewer()
    make_decision(Outcome.APPROVED_WITH_CONDITIONS, by=by, answers=SENT, program=program)
    make_decision(by=by, answers=SENT, program=program)
    make_decision(by=by, program=program)
    make_case(answers=SENT, program=program)
    telling.tell_owed(at=MONDAY)

    trial = matches.try_out(LEGAL, days=30, at=MONDAY + timedelta(days=1), hidden=Q(pk__in=[]))

    assert (trial.looked_at, trial.matched, trial.precision, trial.base) == (4, 3, Share(1, 2), Share(1, 3))


@pytest.mark.django_db
def test_a_dry_run_names_no_case_that_is_hidden_and_looks_back_so_far_only():
    old = make_case(answers=SENT)
    Case.objects.filter(pk=old.pk).update(opened_at=MONDAY - timedelta(days=90))
    hidden = make_case(answers=SENT)

    trial = matches.try_out(LEGAL, days=30, at=MONDAY, hidden=Q(pk=hidden.pk))

    assert (trial.matched, trial.shown) == (1, [])
