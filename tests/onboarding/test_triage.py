"""Lanes and the risk score."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onboarding.domain import risk, triage
from onboarding.models import QuestionSet
from policies.domain import guidelines
from policies.models import Category, GuidelineVersion
from policies.states import STRICTEST_FIRST, Lane
from tests.factories import MONDAY, make_guidelines, make_program, make_questions
from tests.onboarding.filled import HELD, good, make_paper, reading

pytestmark = pytest.mark.django_db
relaxed = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
PAPER = make_paper(production=False)


@pytest.fixture
def rules():
    return make_guidelines()


def judged(rules, **changes):
    return triage.judge_reading(reading(**changes), guidelines=rules)


# ---------------------------------------------------------------- the lane


def test_a_usual_use_and_nothing_else_is_notify(rules):
    found = judged(rules)

    assert (found.lane, found.domains) == (Lane.NOTIFY, [])
    assert found.lane_reasons[0]["trigger"] == "usual_use = n01"


def test_no_usual_use_and_nothing_triggered_is_hold(rules):
    found = judged(rules, usual_use="none")

    assert (found.lane, found.domains) == (Lane.HOLD, [])
    assert "not on the list of usual uses" in found.lane_reasons[0]["says"]


@pytest.mark.parametrize(
    ("changes", "domain"),
    [
        ({"areas": ["medical"]}, "health"),
        (HELD | {"impact_health": "moderate"}, "health"),
        ({"areas": ["legal"]}, "legal"),
        ({"areas": ["finance"]}, "finance_housing_insurance"),
        ({"areas": ["credit", "insurance"]}, "finance_housing_insurance"),
        (HELD | {"impact_money": "high"}, "finance_housing_insurance"),
        ({"areas": ["employment"]}, "employment"),
        ({"users_under_18": "possibly"}, "education_minors"),
        ({"areas": ["education"]}, "education_minors"),
        ({"government_user": "is"}, "government_justice"),
        ({"areas": ["migration"]}, "government_justice"),
        ({"controls_physical": "yes"}, "critical_systems"),
        ({"areas": ["product_safety"]}, "critical_systems"),
        ({"output_scope": "open"}, "open_ended_personas"),
        ({"persona": "yes"}, "open_ended_personas"),
        ({"likeness": "yes"}, "open_ended_personas"),
        ({"auto_publish": "yes", "volume_per_day": 5}, "mass_content"),
        ({"executes_code": "yes"}, "security_autonomy"),
        ({"acts_on_behalf": "yes"}, "security_autonomy"),
        ({"areas": ["security"]}, "security_autonomy"),
    ],
)
def test_each_trigger_of_a_scrutiny_domain_means_hold(rules, changes, domain):
    found = judged(rules, **changes)

    assert found.lane == Lane.HOLD
    assert domain in found.domains
    reason = next(reason for reason in found.lane_reasons if reason["domain"] == domain)
    assert reason["says"].startswith(Category.objects.get(guidelines=rules, code=domain).name)


def test_deciding_alone_in_an_area_is_the_refuse_lane(rules):
    found = judged(rules, **HELD | {"decides": "decides_alone", "areas": ["essential_public_services"]})

    assert found.lane == Lane.REFUSE
    assert found.lane_reasons[0]["domain"] == "unsupervised_high_stakes"
    assert "It decides and no person looks" in found.lane_reasons[0]["says"]


def test_deciding_alone_in_no_area_is_not_refused(rules):
    assert judged(rules, **HELD | {"decides": "decides_alone"}).lane != Lane.REFUSE


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"work_email": "alice@gmail.com"}, "free-mail"),
        ({"output_scope": "open", "max_output_tokens": 151}, "longer than 150 tokens"),
        ({"usual_use": "n07", "max_output_tokens": 151}, "longer than 150 tokens"),
        ({"usual_use": "n08", "reach": "<=100"}, "more than five people"),
        ({"usual_use": "n04", "personal_data": "not_sure", "special_data": ["none"]}, "not about people"),
    ],
)
def test_the_rules_of_the_form_mean_hold(rules, changes, said):
    found = judged(rules, **changes)

    assert found.lane == Lane.HOLD
    assert any(said in reason["says"] for reason in found.lane_reasons)


@pytest.mark.parametrize(
    "key",
    [
        "areas",
        "users_under_18",
        "government_user",
        "controls_physical",
        "output_scope",
        "persona",
        "likeness",
        "auto_publish",
        "executes_code",
        "acts_on_behalf",
        "decides",
        "usual_use",
        "work_email",
    ],
)
def test_a_missing_answer_that_a_trigger_reads_means_hold_and_is_named(rules, key):
    found = judged(rules, **{key: None})

    assert found.lane == Lane.HOLD
    assert key in next(reason["missing"] for reason in found.lane_reasons if reason["missing"])


def test_an_answer_that_is_no_option_counts_as_missing(rules):
    found = judged(rules, users_under_18="who knows")

    assert found.lane_reasons[0]["missing"] == ["users_under_18"]


def test_a_question_that_may_be_asked_hangs_on_the_one_above_it(rules):
    found = judged(rules, decides=None)

    assert found.lane_reasons[0]["missing"] == ["decides"]


def test_a_missing_answer_to_a_question_that_is_not_asked_changes_nothing(rules):
    assert judged(rules, decides="none", impact_health=None).lane == Lane.NOTIFY


def test_a_hidden_answer_triggers_nothing(rules):
    assert judged(rules, decides="none", impact_health="very_high").lane == Lane.NOTIFY


def test_an_imported_row_with_no_answers_is_held(rules):
    found = triage.judge({}, question_set=make_questions(), guidelines=rules, program=make_program())

    assert (found.lane, found.domains, found.risk_score, found.risk_level) == (Lane.HOLD, [], 0, 1)
    assert {"areas", "decides", "usual_use", "work_email"} <= set(found.lane_reasons[0]["missing"])
    assert [part["kind"] for part in found.risk_parts] == ["missing"]


def test_text_never_chooses_a_lane(rules):
    bad_words = "weapons malware casino undress suicide bomb porn fraud " * 5

    assert judged(rules, summary=bad_words, detail=bad_words, title="Weapons").lane == Lane.NOTIFY


def test_the_reasons_stand_strictest_first(rules):
    found = judged(rules, **HELD | {"decides": "decides_alone", "areas": ["medical"], "users_under_18": None})

    lanes = [STRICTEST_FIRST.index(reason["lane"]) for reason in found.lane_reasons]
    assert lanes == sorted(lanes)
    assert lanes[0] == STRICTEST_FIRST.index(Lane.REFUSE)


@pytest.mark.parametrize(
    "trigger", ["unknown_question = yes", "volume_per_day > setting", "areas contains legal or worse"]
)
def test_a_trigger_this_form_cannot_answer_never_lets_anybody_through(trigger):
    source = guidelines.shipped()
    source["extra_scrutiny"][0]["triggers"] = [trigger.replace(" or worse", "")]
    version = guidelines.load(source, by="test", at=MONDAY)
    if trigger.endswith("worse"):  # as an older release might have stored it
        version = _with_trigger(version, trigger)

    expected = Lane.NOTIFY if trigger == "volume_per_day > setting" else Lane.HOLD
    assert judged(version).lane == expected


def _with_trigger(version: GuidelineVersion, trigger: str) -> GuidelineVersion:
    copy = GuidelineVersion.objects.create(version="9.0.0", text_hash="9", source={}, loaded_at=MONDAY)
    Category.objects.create(
        guidelines=copy,
        code="odd",
        kind="scrutiny",
        position=1,
        name="Odd",
        definition="x",
        lane="hold",
        triggers=[trigger],
    )
    copy.usual_uses.create(code="n01", text="x")
    return copy


ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        question.key: (
            st.lists(st.sampled_from(question.options), min_size=1, max_size=3, unique=True)
            if question.type == "multi"
            else st.sampled_from(question.options)
        )
        for question in PAPER.form.questions
        if question.options and question.type != "country"
    }
    | {
        "rate_limit_per_user": st.integers(0, 1000),
        "logging_days": st.integers(0, 3650),
        "max_output_tokens": st.integers(1, 32000),
    },
)


@relaxed
@given(changes=ANSWERS)
def test_the_lane_is_the_strictest_of_its_reasons_and_scores_have_no_say(rules, changes):
    found = judged(rules, **changes)

    assert found.lane == min((reason["lane"] for reason in found.lane_reasons), key=STRICTEST_FIRST.index)
    assert triage.judge_reading(reading(**changes, tests_done=None), guidelines=rules).lane == found.lane


@relaxed
@given(
    changes=ANSWERS, key=st.sampled_from(["areas", "decides", "users_under_18", "persona", "government_user"])
)
def test_leaving_an_answer_out_never_makes_the_lane_milder_than_hold(rules, changes, key):
    found = judged(rules, **changes | {key: None})

    assert found.lane in (Lane.REFUSE, Lane.HOLD)


@relaxed
@given(changes=ANSWERS)
def test_one_more_area_never_makes_the_lane_milder(rules, changes):
    areas = [area for area in changes.get("areas", []) if area != "none"] or ["legal"]
    before = judged(rules, **changes | {"areas": areas})

    after = judged(rules, **changes | {"areas": [*areas, "medical"]})

    assert STRICTEST_FIRST.index(after.lane) <= STRICTEST_FIRST.index(before.lane)


# ---------------------------------------------------------------- the risk score


def assessed(**changes):
    return risk.assess(reading(**changes))


def total(found):
    return sum(part["points"] for part in found.parts if part["kind"] != "safeguard")


def top(found):
    return sum(part["maximum"] for part in found.parts if part["kind"] != "safeguard")


@relaxed
@given(changes=ANSWERS)
def test_the_score_is_the_sum_of_its_parts_against_their_maximum(changes):
    found = assessed(**changes)

    assert abs(found.score - 100 * total(found) / top(found)) <= 0.5 + 1e-9
    assert 0 <= found.score <= 100
    assert all(0 <= part["points"] <= part["maximum"] for part in found.parts if part["kind"] != "cut")


@relaxed
@given(changes=ANSWERS)
def test_the_maximum_does_not_hang_on_the_answers(changes):
    assert top(assessed(**changes)) == top(assessed())


@relaxed
@given(changes=ANSWERS)
def test_levels_end_at_a_quarter_a_half_and_three_quarters(changes):
    found = assessed(**changes)
    share = total(found) / top(found)

    assert found.level == 1 + (share > 0.25) + (share > 0.5) + (share > 0.75)


@pytest.mark.parametrize(
    ("hundredths", "level"),
    [(0, 1), (2500, 1), (2501, 2), (5000, 2), (5001, 3), (7500, 3), (7501, 4), (10000, 4)],
)
def test_a_level_holds_up_to_its_bound(hundredths, level):
    assert risk.level_of(hundredths, 100) == level


IMPACT = [
    question for question in PAPER.form.questions if question.weighs == "impact" and question.type != "multi"
]


@relaxed
@given(changes=ANSWERS, question=st.sampled_from(IMPACT), data=st.data())
def test_a_worse_impact_answer_never_lowers_the_score(changes, question, data):
    if question.key in ("decides", "audience", "personal_data", "auto_publish"):
        return  # these change what is asked; the others are compared like with like
    worse_last = sorted(question.options, key=lambda option: question.weights[option])
    low, high = sorted(data.draw(st.tuples(*[st.integers(0, len(worse_last) - 1)] * 2)))
    base = HELD | changes | {"decides": "informs"}

    assert (
        assessed(**base | {question.key: worse_last[low]}).score
        <= assessed(**base | {question.key: worse_last[high]}).score
    )


SAFEGUARDS = {
    "filters": ["provider_filter", "own_filter", "word_list"],
    "rate_limit_per_user": 6,
    "logging_days": 90,
    "tests_done": "Two colleagues tried for a day to get harmful text out of it; three prompts worked.",
    "incident_plan": HELD["incident_plan"],
}


@relaxed
@given(changes=ANSWERS, key=st.sampled_from(list(SAFEGUARDS)))
def test_one_more_safeguard_never_raises_the_score(changes, key):
    assert assessed(**changes | {key: SAFEGUARDS[key]}).score <= assessed(**changes | {key: None}).score


def test_safeguards_of_four_fifths_take_off_fifteen_percent():
    without = assessed(output_scope="open", acts_on_behalf="yes", filters=["none"])
    with_them = assessed(output_scope="open", acts_on_behalf="yes", **SAFEGUARDS)

    raw = total(without)
    assert [part["points"] for part in with_them.parts if part["kind"] == "cut"] == [round(-0.15 * raw, 2)]
    assert total(with_them) == pytest.approx(0.85 * raw)


def test_safeguards_below_four_fifths_take_off_nothing():
    found = assessed(output_scope="open", **SAFEGUARDS | {"filters": ["none"]})

    assert not [part for part in found.parts if part["kind"] == "cut"]


def test_the_worst_answers_are_level_four():
    worst = {
        question.key: max(question.options, key=lambda option: question.weights[option])
        for question in PAPER.form.questions
        if question.weighs == "impact" and question.type != "multi"
    }
    multi = {"input_source": ["sensors_or_media"], "special_data": ["health"], "areas": ["medical"]}

    found = assessed(**HELD | worst | multi, filters=["none"])

    assert (found.score, found.level) == (100, 4)


def test_parts_hold_no_typed_text():
    found = assessed(**HELD, detail="Secret words of the applicant. " * 9)

    assert {part["answer"] for part in found.parts if part["question"] == "incident_plan"} == {"answered"}


def test_judging_reads_the_models_and_the_guidelines_once(rules, django_assert_num_queries):
    program, row = make_program(), QuestionSet.objects.get(pk=make_questions().pk)
    triage.judge(good(), question_set=row, guidelines=rules, program=program)

    with django_assert_num_queries(0):
        triage.judge(good(), question_set=row, guidelines=rules, program=program)


def test_a_judgement_is_the_same_each_time(rules):
    assert judged(rules, **HELD) == replace(judged(rules, **HELD))
