"""What differs between two versions: told by part, and by word within a part."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.domain import changes, guidelines
from policies.models import GuidelineVersion
from tests.factories import MONDAY, make_guidelines, put_guidelines_in_force


def sides(pieces) -> tuple[str, str]:
    """Return what the pieces say before and after, without regard to white space."""
    before = "".join(text for kind, text in pieces if kind != "ins")
    after = "".join(text for kind, text in pieces if kind != "del")
    return "".join(before.split()), "".join(after.split())


TEXT = st.text(alphabet="ab c.\n,é’-", max_size=60) | st.lists(
    st.sampled_from(["weapon ", "or ", "harm. ", "People ", "decide, ", "never!\n"]), max_size=30
).map("".join)


@given(TEXT, TEXT)
def test_the_pieces_always_say_both_texts(before, after):
    assert sides(changes.words(before, after)) == ("".join(before.split()), "".join(after.split()))


@pytest.mark.parametrize(
    ("before", "after", "pieces"),
    [
        ("Same.", "Same.", [("same", "Same.")]),
        ("", "New.", [("ins", "New.")]),
        ("Old.", "", [("del", "Old.")]),
        (
            "People decide alone about loans.",
            "People decide together about loans.",
            [
                ("same", "People decide "),
                ("del", "alone "),
                ("ins", "together "),
                ("same", "about loans."),
            ],
        ),
        (
            "First. Second one.",
            "First. Between. Second one.",
            [("same", "First. "), ("ins", "Between. "), ("same", "Second one.")],
        ),
        ("Cats sleep.", "Rules bind everybody", [("del", "Cats sleep."), ("ins", "Rules bind everybody")]),
    ],
)
def test_a_difference_is_told_in_words(before, after, pieces):
    assert changes.words(before, after) == pieces


def between(**edited) -> changes.Changes:
    """Return what differs where these fields of the shipped text are others."""
    old = make_guidelines()
    new = guidelines.load(guidelines.shipped() | {"version": "1.1.0"} | edited, by="test", at=MONDAY)
    return changes.between(old, new)


def prohibited(**edits) -> list[dict]:
    """Return the shipped prohibited uses, some changed by id; None leaves one out."""
    parts = []
    for part in guidelines.shipped()["prohibited"]:
        edit = edits.get(part["id"], {})
        parts += [] if edit is None else [part | edit]
    return parts


@pytest.mark.django_db
def test_the_same_text_under_another_number_differs_in_nothing():
    assert not between()


@pytest.mark.django_db
def test_a_category_that_came_went_was_renamed_and_changed_lane():
    edited = prohibited(
        weapons={"lane": "hold"},
        self_harm=None,
        fraud_spam={"id": "scams", "name": "Scams and bulk mail"},
        sexual_content={"name": "Sexual content"},
    )
    new = {
        "id": "drones", "name": "Drones", "definition": "Steering swarms over borders.", "lane": "hold",
        "example_allowed": "A kite.", "example_disallowed": "Twelve hundred rotors.",
    }  # fmt: skip

    found = between(prohibited=[*edited, new]).categories

    told = {change.code: (str(change.kind), change.old_code, change.lanes) for change in found}
    assert told == {
        "weapons": ("changed", "weapons", ("refuse", "hold")),
        "scams": ("renamed", "fraud_spam", None),
        "sexual_content": ("renamed", "sexual_content", None),
        "drones": ("added", "", None),
        "self_harm": ("removed", "", None),
    }


@pytest.mark.django_db
def test_running_text_and_usual_uses_are_compared_too():
    usual = guidelines.shipped()["almost_always_approved"]
    found = between(
        sections=[{"id": "spirit", "title": "Spirit", "text": "Be kind."}], almost_always_approved=usual[1:]
    )

    assert ([str(c.kind) for c in found.sections], [str(c.kind) for c in found.usual]) == (
        ["added"], ["removed"],
    )  # fmt: skip


@pytest.mark.django_db
def test_what_came_before_a_version_is_what_was_published_before_it():
    first = make_guidelines()
    made = [
        put_guidelines_in_force(
            guidelines.load(guidelines.shipped() | {"version": number}, by="test", at=MONDAY),
            at=MONDAY + timedelta(days=day),
        )
        for number, day in (("1.1.0", 0), ("1.2.0", 1))
    ]
    coming = guidelines.load(guidelines.shipped() | {"version": "9.0.0"}, by="test", at=MONDAY)

    assert [guidelines.before(each) for each in (first, *made, coming)] == [None, first, made[0], made[1]]


@pytest.mark.django_db
def test_the_history_of_a_category_names_each_version_that_changed_it():
    make_guidelines()
    for day, (number, edits) in enumerate(
        [("1.1.0", {}), ("1.2.0", {"weapons": {"lane": "hold"}}), ("1.3.0", {"weapons": None})]
    ):
        source = guidelines.shipped() | {"version": number, "prohibited": prohibited(**edits)}
        put_guidelines_in_force(
            guidelines.load(source, by="test", at=MONDAY), at=MONDAY + timedelta(days=day)
        )
    told = list(GuidelineVersion.objects.told())
    found = {v.pk: part for v in told for part in v.categories.filter(code="weapons")}

    steps = changes.history(told, found)

    assert [(step["version"].version, str(step["kind"])) for step in steps] == [
        ("1.3.0", "removed"), ("1.2.0", "changed"), ("1.0.0", "added"),
    ]  # fmt: skip
