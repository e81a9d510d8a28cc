from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from audit.models import LedgerEntry
from onboarding.domain import conditions, questions
from policies.domain import guidelines
from policies.models import GuidelineVersion
from policies.states import TRANSITIONS, VersionState
from tests.factories import MONDAY, editor, make_user, publish_guidelines

pytestmark = pytest.mark.django_db


def text(version: str = "1.0.0", **changes) -> dict:
    """Return the shipped guidelines under another version number, so that they are another text."""
    return guidelines.shipped() | {"version": version} | changes


def load(version: str = "1.0.0", *, at=MONDAY, **changes) -> GuidelineVersion:
    return guidelines.load(text(version, **changes), by="test", at=at)


def states() -> dict[str, str]:
    return dict(GuidelineVersion.objects.values_list("version", "state"))


def told() -> list[tuple[str, str]]:
    return [(entry.event, entry.details["version"]) for entry in LedgerEntry.objects.order_by("id")]


def test_the_first_guidelines_of_a_fresh_site_are_in_force_at_once():
    version = load()

    assert (version.state, version.published_at, version.effective_at, guidelines.in_force()) == (
        "effective", MONDAY, MONDAY, version,
    )  # fmt: skip
    assert told() == [
        ("guidelines.loaded", "1.0.0"), ("guidelines.published", "1.0.0"), ("guidelines.effective", "1.0.0"),
    ]  # fmt: skip


def test_the_shipped_guidelines_have_sixteen_prohibitions_ten_domains_and_eight_usual_uses():
    version = load()

    kinds = list(version.categories.values_list("kind", flat=True))
    assert (kinds.count("prohibited"), kinds.count("scrutiny"), version.usual_uses.count()) == (16, 10, 8)


def test_without_guidelines_it_is_said_what_to_do():
    with pytest.raises(guidelines.NoGuidelines, match="load_guidelines"):
        guidelines.in_force()


def test_later_guidelines_become_a_draft():
    load()

    assert (load("1.1.0").state, guidelines.in_force().version) == ("draft", "1.0.0")


def test_the_same_text_again_changes_nothing():
    first, again = load(), load(at=MONDAY + timedelta(days=1))

    assert (first, GuidelineVersion.objects.count(), len(told())) == (again, 1, 3)


def test_another_text_needs_another_version():
    load()

    with pytest.raises(guidelines.VersionTaken, match="Give the new text a new version"):
        load(material=False)


def test_a_published_draft_comes_into_force_after_its_notice():
    load()
    version = publish_guidelines(load("1.1.0"))

    assert version.effective_at == MONDAY + timedelta(days=15)
    assert guidelines.put_in_force(at=version.effective_at - timedelta(seconds=1)) == []
    assert guidelines.put_in_force(at=version.effective_at) == [version]
    assert states() == {"1.0.0": "superseded", "1.1.0": "effective"}


def test_putting_in_force_twice_changes_nothing():
    load()
    version = publish_guidelines(load("1.1.0"))
    guidelines.put_in_force(at=version.effective_at)
    before = told()

    assert (guidelines.put_in_force(at=version.effective_at), told()) == ([], before)


def test_two_versions_due_at_once_follow_each_other_in_their_order():
    load()
    later, sooner = load("1.2.0"), load("1.1.0")
    publish_guidelines(later, effective_at=MONDAY + timedelta(days=22))
    publish_guidelines(sooner, effective_at=MONDAY + timedelta(days=21))

    guidelines.put_in_force(at=MONDAY + timedelta(days=29))

    assert states() == {"1.0.0": "superseded", "1.1.0": "superseded", "1.2.0": "effective"}


@pytest.mark.parametrize(
    "state", [state for state in VersionState if VersionState.PUBLISHED not in TRANSITIONS[state]]
)
def test_only_a_draft_or_a_consultation_is_published(state):
    version = load()
    if state == VersionState.SUPERSEDED:
        guidelines.put_in_force(at=publish_guidelines(load("1.1.0")).effective_at)
    if state == VersionState.PUBLISHED:
        version = publish_guidelines(load("1.1.0"))
    version.refresh_from_db()
    assert version.state == state

    with pytest.raises(guidelines.IllegalMove):
        guidelines.publish(version, by=make_user(), at=MONDAY)


@pytest.mark.parametrize(
    ("old", "new"),
    [(old, new) for old in VersionState for new in VersionState if new not in TRANSITIONS[old] | {old}],
)
def test_the_database_refuses_every_step_the_table_does_not_name(old, new):
    load()
    version = load("2.0.0")
    path = {
        "draft": [], "consultation": ["consultation"], "published": ["published"],
        "effective": ["published", "effective"], "superseded": ["published", "effective", "superseded"],
    }  # fmt: skip
    for step in path[old]:
        if step == "effective":
            supersede_the_first()
        move(version, step)

    with pytest.raises(DatabaseError, match="no step from state"), transaction.atomic():
        move(version, new)


def move(version: GuidelineVersion, state: str) -> None:
    """Walk around the domain, with the times and people that fit, so that only the step itself can be refused."""
    told = state not in ("draft", "consultation")
    editors = [editor(name) for name in ("edith", "peter")]
    GuidelineVersion.objects.filter(pk=version.pk).update(
        state=state,
        approved_at=MONDAY,
        approved_by=editors[0],
        published_at=MONDAY if told else None,
        published_by=editors[1] if told else None,
        effective_at=MONDAY + timedelta(days=15) if told else None,
        superseded_at=MONDAY if state == "superseded" else None,
    )


def supersede_the_first() -> None:
    GuidelineVersion.objects.filter(version="1.0.0").update(state="superseded", superseded_at=MONDAY)


@pytest.mark.parametrize("change", [{"version": "9.9.9"}, {"text_hash": "0" * 64}, {"source": {}}])
def test_the_database_refuses_to_change_a_text(change):
    load()

    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        GuidelineVersion.objects.update(**change)


@pytest.mark.parametrize("related", ["categories", "usual_uses"])
def test_the_database_refuses_to_change_a_category(related):
    version = load()

    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        getattr(version, related).update(lane="monitor")


def test_every_trigger_reads_a_question_of_the_form_and_can_be_met():
    """A trigger on a question nobody asks, or on an option it does not have, would never fire."""
    form = questions.read(questions.shipped())
    asked = {question.key: question for question in form.questions}
    wrong = []
    for category in load().categories.all():
        for trigger in category.triggers:
            for clause in conditions.parse(trigger).clauses:
                options = asked[clause.key].options if clause.key in asked else None
                if options is None or not (set(clause.values) <= set(options) or clause.values[0].isdigit()):
                    wrong.append((category.code, trigger))

    assert wrong == []


def test_every_scrutiny_domain_has_a_trigger():
    assert [
        category.code for category in load().categories.filter(kind="scrutiny") if not category.triggers
    ] == []


def test_deciding_alone_in_an_area_is_prohibited_and_the_trigger_names_every_area():
    form = questions.read(questions.shipped())
    (areas,) = [question for question in form.questions if question.key == "areas"]
    trigger = conditions.parse(load().categories.get(code="unsupervised_high_stakes").triggers[0])

    assert [(clause.key, set(clause.values)) for clause in trigger.clauses] == [
        ("decides", {"decides_alone"}), ("areas", set(areas.options) - {"none"}),
    ]  # fmt: skip
