"""Conditions, what is asked, and what is wrong with an answer."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.domain import answers, conditions, wording
from onboarding.domain.conditions import HIDDEN, BadCondition, Context
from tests.onboarding.filled import DETAIL, GOOD, HELD, good, make_paper, problems, reading

LEVELS = ("none", "moderate", "high", "very_high")


def holds(text, given_answers, settings=None):
    context = Context(
        answer=given_answers.get,
        options=lambda key: LEVELS if key == "impact" else (),
        settings=settings or {},
    )
    return conditions.evaluate(conditions.parse(text), context)


# ---------------------------------------------------------------- conditions


@pytest.mark.parametrize(
    ("text", "said", "result"),
    [
        ("a = yes", {"a": "yes"}, True),
        ("a = yes", {"a": "no"}, False),
        ("a != yes", {"a": "no"}, True),
        ("a != yes", {"a": ["yes", "no"]}, False),
        ("a = yes", {"a": ["no", "yes"]}, True),
        ("a in x|y", {"a": "y"}, True),
        ("a in x|y", {"a": "z"}, False),
        ("a contains x|y", {"a": ["z", "x"]}, True),
        ("a contains x|y", {"a": ["z"]}, False),
        ("impact >= moderate", {"impact": "none"}, False),
        ("impact >= moderate", {"impact": "moderate"}, True),
        ("impact > moderate", {"impact": "moderate"}, False),
        ("impact >= moderate", {"impact": "very_high"}, True),
        ("n > 150", {"n": 150}, False),
        ("n > 150", {"n": 151}, True),
        ("n >= 150", {"n": 150}, True),
        ("n <= 150", {"n": 150}, True),
        ("n < 150", {"n": 150}, False),
        ("n > 150", {"n": "many"}, None),
        ("n > setting", {"n": 7}, True),
        ("a in setting", {"a": "gmail.com"}, True),
        ("a = yes and n > 3", {"a": "yes", "n": 4}, True),
        ("a = yes and n > 3", {"a": "yes", "n": 3}, False),
        ("a = yes", {}, None),
        ("a != yes", {}, None),
        ("a = yes and n > 3", {"a": "yes"}, None),
        ("a = yes and n > 3", {"a": "no"}, False),
        ("a != yes", {"a": HIDDEN}, False),
        ("a = yes and n > 3", {"a": HIDDEN}, False),
        ("reach = <=5", {"reach": "<=5"}, True),
    ],
)
def test_a_condition_holds_fails_or_hangs_on_a_missing_answer(text, said, result):
    assert holds(text, said, {"n": 5, "a": ["gmail.com", "web.de"]}) is result


@pytest.mark.parametrize(
    "text",
    ["", "a", "a =", "a = ", "= yes", "a == yes", "a is yes", "a = yes or b = no", "a = yes and ",
     " and a = yes", "A = yes",
     "a = x|", "a > 1|2", "a=yes", "a = yes  and b = no", "__import__('os') = yes", "a = b c"],
)  # fmt: skip
def test_what_is_not_a_condition_is_refused_with_a_sentence(text):
    with pytest.raises(BadCondition):
        conditions.parse(text)


def test_a_comparison_with_no_number_and_no_option_is_refused():
    with pytest.raises(BadCondition, match="neither an option nor a number"):
        holds("n > plenty", {"n": 5})


def test_a_setting_that_is_not_there_is_refused():
    with pytest.raises(BadCondition, match="settings do not name n"):
        holds("n > setting", {"n": 5})


KEYS = st.sampled_from(["a", "b", "c"])
VALUES = st.sampled_from(["x", "y", "z"])
CLAUSES = st.builds(
    lambda key, op, values: f"{key} {op} {'|'.join(values)}",
    KEYS,
    st.sampled_from(["=", "!=", "in", "contains"]),
    st.lists(VALUES, min_size=1, max_size=3),
)
SAID = st.dictionaries(KEYS, VALUES | st.lists(VALUES, min_size=1, max_size=3), max_size=3)


@given(st.lists(CLAUSES, min_size=1, max_size=4))
def test_a_condition_reads_back_as_it_was_written(clauses):
    text = " and ".join(clauses)

    parsed = conditions.parse(text)

    assert [f"{c.key} {c.op} {'|'.join(c.values)}" for c in parsed.clauses] == clauses


@given(CLAUSES, CLAUSES, SAID)
def test_and_is_the_weaker_of_its_parts(one, other, said):
    results = {holds(one, said), holds(other, said)}

    both = holds(f"{one} and {other}", said)

    assert both is (False if False in results else None if None in results else True)


@given(KEYS, st.lists(VALUES, min_size=1), SAID)
def test_is_not_is_the_opposite_of_is_wherever_there_is_an_answer(key, values, said):
    written = "|".join(values)
    is_, is_not = holds(f"{key} = {written}", said), holds(f"{key} != {written}", said)

    assert (is_ is None and is_not is None) if key not in said else is_not is (not is_)


@given(CLAUSES, SAID, KEYS, VALUES)
def test_an_answer_more_never_changes_what_was_decided_without_it(text, said, key, value):
    before = holds(text, said)

    after = holds(text, {key: value} | said)

    assert before is None or before is after


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    with suppress(BadCondition):
        assert conditions.parse(text).clauses


# ---------------------------------------------------------------- what is asked


def test_the_good_answers_are_complete():
    assert problems() == {}


def test_an_individual_is_not_asked_for_an_organisation():
    asked = {question.key for question in reading().asked()}

    assert not asked & {"legal_name", "website", "headcount"}


def test_an_organisation_is_asked_for_its_name():
    found = problems(applicant_type="company")

    assert list(found) == ["legal_name", "website", "headcount"]


def test_a_question_whose_condition_is_open_is_neither_asked_nor_ruled_out():
    assert reading(applicant_type=None).shown["website"] is None


def test_a_question_under_a_hidden_one_is_hidden():
    found = reading(personal_data="no", special_data=["health"], consent_basis="x" * 60)

    assert [found.shown[key] for key in ("special_data", "consent_basis")] == [False, False]


def test_hidden_answers_do_not_count():
    found = reading(personal_data="no", special_data=["health"], legal_name="Pygma Labs")

    assert not {"special_data", "legal_name"} & set(answers.counted(found))


def test_production_questions_are_asked_only_at_the_production_gate():
    assert "demo" not in problems()
    assert {"demo", "test_account", "tests_done"} <= set(problems(make_paper(production=True)))


def test_every_question_of_the_form_can_be_asked():
    seen = {
        question.key
        for changes in (
            {},
            HELD,
            {
                "applicant_type": "company",
                "personal_data": "yes",
                "audience": "public",
                "auto_publish": "yes",
                "areas": ["legal"],
            },
        )
        for question in reading(make_paper(production=True), **changes).asked()
    }

    assert seen == {q.key for q in make_paper().form.questions if not q.requests}


# ---------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    "key", [question.key for question in make_paper().form.questions if question.key in GOOD]
)
def test_each_required_answer_is_missed_when_it_is_not_there(key):
    assert key in problems(**{key: None})


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("full_name", "A", "at least 2"),
        ("full_name", "A" * 121, "at most 120"),
        ("work_email", "alice", "one e-mail address"),
        ("work_email", "alice@example.org, bob@example.org", "one e-mail address"),
        ("country", "XX", "on the list"),
        ("country", "Spain", "on the list"),
        ("applicant_type", "robot", "on the list"),
        ("summary", "Too short.", "at least 50"),
        ("detail", "Short.", "at least 200"),
        ("detail", "x" * 4001, "at most 4,000"),
        ("detail", "word " * 60, "repeats itself"),
        ("detail", "a" * 250, "repeats itself"),
        ("detail", "We write code for people. " * 10, "repeats itself"),
        ("detail", (DETAIL[:110] + ". ") * 2, "repeats itself"),
        ("detail", "Lorem ipsum dolor sit amet, " + DETAIL, "repeats itself"),
        ("max_input_chars", "many", "whole number"),
        ("max_input_chars", "-5", "whole number"),
        ("max_input_chars", "12.5", "whole number"),
        ("max_input_chars", "9" * 30, "whole number"),
        ("max_input_chars", 0, "from 1 to 200,000"),
        ("max_input_chars", 200_001, "from 1 to 200,000"),
        ("input_source", ["thin_air"], "on the list"),
        ("input_source", [], "Choose an answer"),
        ("areas", ["none", "legal"], "cannot go with other answers"),
        ("executes_code", "perhaps", "on the list"),
        ("models", ["code-9"], "on the list"),
        ("ack_truth", "off", "Tick this"),
    ],
)
def test_a_bad_answer_is_told_what_to_do(key, value, said):
    found = problems(**{key: value})

    assert said in found[key]


@pytest.mark.parametrize(
    "website", ["pygma.example", "http://pygma.example", "https://", "https://localhost",
    "https://127.0.0.1/", "https://10.0.0.3",
     "https://intranet", "https://wiki.internal", "https://ann:secret@pygma.example", "https://pygma.example/login",
     "https://pygma.example/app/sign-in/",
     "javascript:alert(1)", "https://[::1", "https://pygma.example and more",
     "ftp://x.org"],
)  # fmt: skip
def test_a_website_must_be_a_public_page(website):
    assert "website" in problems(applicant_type="company", website=website)


@pytest.mark.parametrize(
    "website", ["https://pygma.example", "https://www.pygma.example/about?x=1#y", "https://bücher.example/"]
)
def test_an_ordinary_website_is_taken(website):
    assert "website" not in problems(applicant_type="company", website=website)


@pytest.mark.parametrize(
    ("contact", "fine"),
    [
        ("abuse@pygma.example", True),
        ("https://pygma.example/report", True),
        ("ask around", False),
        ("http://pygma.example", False),
        ("@home", False),
    ],
)
def test_a_contact_is_an_address_that_can_be_used(contact, fine):
    found = problems(audience="public", report_contact=contact)

    assert ("report_contact" not in found) is fine


@pytest.mark.parametrize(
    "text",
    [
        DETAIL,
        DETAIL + " " + DETAIL[:60],  # a repeat on top of enough is no filler
        "Пользователь выделяет функцию в редакторе и нажимает клавишу. Редактор отправляет её на сервер, "
        "который просит у модели описание. Предложение показано серым. Разработчик читает его и принимает его.",
        "開発者は関数を選び、キーを押します。エディタはその関数だけを送り、モデルに説明文を求めます。"
        "提案は薄い色で表示され、開発者が読んで受け入れるか、直すか、捨てます。保存はその後だけです。"
        "利用者は社内の四人で、外の人には見えません。記録は二週間で消し、同僚が確認してから本流に入ります。",
    ],
)
def test_honest_text_is_no_filler(text):
    assert not wording.is_filler(text, least=min(200, len(text)))


def test_a_blocked_country_is_refused_with_a_reason():
    paper = make_paper()
    blocking = paper.form.model_copy(update={"settings": paper.form.settings | {"country": ["ES"]}})

    found = problems(answers.Paper(blocking, paper.gates, paper.models))

    assert found == {"country": "We may not offer access in Spain."}


@pytest.mark.parametrize(
    ("typed", "kept"), [("12,000", 12000), ("12 000", 12000), (" 7 ", 7), (7, 7), ("٣", "٣"), ("1e3", "1e3")]
)
def test_numbers_are_read_as_people_type_them(typed, kept):
    assert answers.clean(make_paper().form, {"max_input_chars": typed}) == {"max_input_chars": kept}


@given(
    st.dictionaries(
        st.sampled_from(make_paper().form.keys),
        st.text(max_size=50)
        | st.lists(st.text(max_size=9), max_size=3)
        | st.integers()
        | st.booleans()
        | st.none(),
    )
)
def test_cleaning_twice_is_cleaning_once_and_never_breaks_the_form(raw):
    paper = make_paper()

    once = answers.clean(paper.form, raw)

    assert answers.clean(paper.form, once) == once
    found = reading(paper, **once)
    assert set(answers.counted(found)) <= set(once) | set(good())
    assert all(answers.problems(found).values())


def test_cleaning_leaves_out_what_no_question_asks_and_what_cannot_be_stored():
    cleaned = answers.clean(
        make_paper().form, {"is_staff": "yes", "title": "A\x00B\ud800C\r\n", "summary": "  \n "}
    )

    assert cleaned == {"title": "ABC", "summary": None}


def test_an_overlong_answer_is_kept_long_enough_to_be_refused():
    cleaned = answers.clean(make_paper().form, {"detail": "x" * 1_000_000})

    assert len(cleaned["detail"]) == answers.CEILING
    assert "at most 4,000" in problems(detail=cleaned["detail"])["detail"]
