"""How hard the cases of a category may be to read: given by the guidelines, else what is shipped; kept per version."""

import pytest

from policies.domain import guidelines, severities
from policies.models import Category
from tests.factories import MONDAY, make_guidelines


def severity_of(code, **fields):
    return dict(Category.objects.filter(**fields).values_list("code", "severity"))[code]


@pytest.mark.django_db
def test_guidelines_that_say_nothing_get_the_usual_severities():
    version = make_guidelines()

    assert [severity_of(code, guidelines=version) for code in ("child_safety", "self_harm", "weapons")] == [
        3,
        2,
        1,
    ]
    assert severity_of("legal", guidelines=version) == 0  # a domain that is not named


@pytest.mark.django_db
def test_a_version_keeps_its_own_severities():
    old = make_guidelines()
    source = guidelines.shipped() | {"version": "1.1.0"}
    source["prohibited"][6] |= {"severity": 1}

    new = guidelines.load(source, by="test", at=MONDAY)

    assert (source["prohibited"][6]["id"], severity_of("self_harm", guidelines=old)) == ("self_harm", 2)
    assert severity_of("self_harm", guidelines=new) == 1


@pytest.mark.django_db
def test_a_severity_beyond_the_scale_is_refused():
    source = guidelines.shipped() | {"version": "1.1.0"}
    source["prohibited"][0] |= {"severity": 4}

    with pytest.raises(guidelines.BadGuidelines, match="severity"):
        guidelines.load(source, by="test", at=MONDAY)


def test_a_prohibited_use_nobody_named_may_be_unpleasant_and_a_domain_is_not():
    assert (severities.usual("new_one", "prohibited"), severities.usual("new_one", "scrutiny")) == (1, 0)


@pytest.mark.django_db
def test_what_is_shipped_names_only_categories_that_are_shipped():
    named = set(severities._shipped()["categories"])

    assert (
        named - set(Category.objects.filter(guidelines=make_guidelines()).values_list("code", flat=True))
        == set()
    )
