# ruff: noqa: E501 - the tables below have one mistake a line
"""Files that cannot be loaded: each is answered with the place and what is wrong there."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.core.management.base import CommandError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.domain import guidelines, source
from policies.domain.source import BadGuidelines
from policies.models import Category, GuidelineVersion

SHIPPED = guidelines.shipped()


def problems(content) -> list[str]:
    with pytest.raises(BadGuidelines) as caught:
        source.check(content)
    return caught.value.problems


def changed(*place, to) -> dict:
    copy = json.loads(json.dumps(SHIPPED))
    thing = copy
    for step in place[:-1]:
        thing = thing[step]
    thing[place[-1]] = to
    return copy


@pytest.mark.parametrize(
    ("place", "to", "says"),
    [
        (("version",), "one", "version: does not have the form asked for, not 'one'."),
        (("version",), 1.0, "version: must be text, not '1.0'."),
        (("prohibited", 2, "lane"), "block", "prohibited[2] (weapons), lane: must be one of refuse, hold, notify, monitor, not 'block'."),
        (("extra_scrutiny", 1, "triggers"), [], "extra_scrutiny[1] (legal), triggers: must not be empty."),
        (("extra_scrutiny", 1, "triggers"), ["areas has legal"], "extra_scrutiny[1] (legal), triggers[0]: does not have the form asked for, not 'areas has legal'."),
        (("extra_scrutiny", 0, "approval_months"), 0, "extra_scrutiny[0] (health), approval_months: Input should be greater than or equal to 1, not '0'."),
        (("colour",), "red", "colour: is not a field of this file."),
        (("prohibited",), [], "prohibited: must not be empty."),
        (("effective_after_days",), -1, "effective_after_days: Input should be greater than or equal to 0, not '-1'."),
        (("prohibited", 0, "id"), "weapons", "The file: an id stands for one thing only; used more than once: weapons."),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(place, to, says):
    assert problems(changed(*place, to=to)) == [says]


def test_what_is_missing_is_named():
    assert problems({"version": "1.0.0"}) == ["prohibited: is missing."]


@pytest.mark.parametrize("content", [None, [], "text", 7, [{"version": "1.0.0"}]])
def test_a_file_of_another_kind_is_refused(content):
    assert problems(content) == ["The file must be a mapping with version, prohibited, extra_scrutiny."]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"version: [1, 2\nprohibited: {", "Line 2, column 11"),
        (b"a:\n\t- b", "Line 2, column 1"),
        (b"\xff\xfe", "Byte 0 is not UTF-8"),
        (b"name: \x00", "The file is not YAML"),
        (b"!!python/object/apply:os.system ['true']", "Line 1, column 1: could not determine a constructor"),
        (b"x" * 2_000_001, "at most 2,000,000 are read"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(raw, says):
    with pytest.raises(BadGuidelines) as caught:
        source.read(raw)

    assert says in caught.value.problems[0]


@pytest.mark.django_db
@pytest.mark.parametrize("content", ["version: [", "version: 1.0.0\n", "prohibited: 3\n"])
def test_the_command_explains_and_loads_nothing(tmp_path, content):
    file = tmp_path / "guidelines.yaml"
    file.write_text(content)

    with pytest.raises(CommandError, match="nothing was loaded"):
        call_command("load_guidelines", file)

    assert (GuidelineVersion.objects.count(), Category.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_the_command_explains_a_file_that_is_not_there(tmp_path):
    with pytest.raises(CommandError, match=r"missing\.yaml cannot be read: No such file or directory\."):
        call_command("load_guidelines", tmp_path / "missing.yaml")


@pytest.mark.django_db
@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_the_command_loads_yaml_and_json_and_says_so(tmp_path, capsys, suffix):
    file = tmp_path / f"guidelines.{suffix}"
    file.write_text(json.dumps(SHIPPED) if suffix == "json" else yaml.safe_dump(SHIPPED))

    said = []
    for _ in range(2):
        call_command("load_guidelines", file)
        said.append(capsys.readouterr().out.strip())
    call_command("load_guidelines", file, "--json")

    assert said == [
        "Loaded guidelines 1.0.0: in force.",
        "This text is here already as guidelines 1.0.0; nothing changed.",
    ]
    assert json.loads(capsys.readouterr().out) == {"version": "1.0.0", "state": "effective", "new": False}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8) | st.sampled_from(list(SHIPPED)), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(JSON, st.sampled_from(sorted(SHIPPED)))
def test_whatever_stands_in_a_file_it_is_refused_in_words(anything, field):
    for content in (anything, SHIPPED | {field: anything}):
        assert all(problem.endswith(".") for problem in refusal(source.check, content))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=40))
def test_whatever_bytes_are_read_they_are_read_or_refused_in_words(raw):
    assert all(refusal(source.read, raw))


def refusal(read: Callable[[Any], Any], thing: object) -> list[str]:
    """Return the problems that are named; none where the thing is taken. Any other error is a defect."""
    try:
        read(thing)
    except BadGuidelines as refused:
        return refused.problems
    return []
