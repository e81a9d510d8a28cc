"""Kin and signals: who else applied, what may be worth a look, and nothing of what the reviewer may not see."""

from datetime import timedelta

import pytest

from accounts.domain import owners
from onboarding.permissions import conflicts
from reviews.domain import addresses, comparing, kin, likenesses, signals, telling
from reviews.models import Case
from reviews.states import Outcome
from tests.factories import MONDAY, make_organisation, make_reviewer, make_user
from tests.reviews.making import make_case, make_decision


def seen(case, user):
    case = Case.objects.select_related("application__owner", "application__applicant").get(pk=case.pk)
    beside = comparing.of(case, hidden=conflicts(user, to="application__"))
    return beside.kin, signals.of(case, kin=beside.kin, twins=beside.near.twins)


def named(groups):
    return {group.kin: [case.application.title for case in group.cases] for group in kin.earlier(groups)}


def somebody(email):
    user = make_user()
    type(user).objects.filter(pk=user.pk).update(email=email)
    user.refresh_from_db()
    return user


def case_of(email, **fields):
    case = make_case(applicant=somebody(email), **fields)
    likenesses.keep_owed()
    return case


@pytest.mark.django_db
def test_each_earlier_application_stands_once_in_the_nearest_kind():
    alice, ann = somebody("alice@pygma.example"), somebody("ann@pygma.example")
    pygma = owners.of_organisation(make_organisation(alice, ann))
    case = make_case(owner=pygma, applicant=alice, title="now")
    make_case(owner=pygma, applicant=ann, title="owner")
    make_case(applicant=alice, title="person")
    make_case(applicant=ann, title="organisation")
    make_case(applicant=somebody("zoe@pygma.example"), title="domain")
    make_case(applicant=somebody("zoe@elsewhere.example"), title="nobody's")
    likenesses.keep_owed()

    groups, _ = seen(case, make_reviewer())

    assert named(groups) == {word: [word] for word in ("owner", "person", "organisation", "domain")}


@pytest.mark.django_db
def test_a_domain_of_mailboxes_for_everybody_relates_nobody():
    case_of("zoe@gmail.com", title="another")

    assert named(seen(case_of("alice@gmail.com"), make_reviewer())[0]) == {}


@pytest.mark.django_db
def test_earlier_applications_in_which_the_reviewer_has_a_part_are_not_shown():
    bea = make_reviewer("bea")
    zoe = somebody("zoe@pygma.example")
    make_organisation(zoe, bea)
    hidden = make_case(applicant=zoe, title="hidden", answers={"summary": "the very same words"})
    case = case_of("alice@pygma.example", title="hidden", answers={"summary": "the very same words"})

    groups, found = seen(case, bea)

    assert (groups, found, Case.objects.filter(pk=hidden.pk).exists()) == ({}, [], True)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("email", "answers", "names"),
    [
        ("alice@pygma.example", {}, []),
        ("alice+two@pygma.example", {}, ["Alias address"]),
        ("a.lice@gmail.com", {}, ["Alias address"]),
        ("a.lice@pygma.example", {}, []),
        ("alice@mailinator.com", {}, ["Address for a day"]),
        ("alice@pygma.example", {"website": "https://www.pygma.example/x"}, []),
        ("alice@mail.pygma.example", {"website": "https://pygma.example"}, []),
        ("alice@pygma.example", {"website": "https://other.example"}, ["Website elsewhere"]),
        ("alice@gmail.com", {"website": "https://other.example"}, []),
        ("alice@pygma.example", {"website": "https://[broken"}, []),
        ("alice@pygma.example", {"website": ["no", "text"]}, []),
    ],
)
def test_signals_say_what_was_seen_and_why_it_may_mean_nothing(email, answers, names):
    _, found = seen(case_of(email, answers=answers), make_reviewer())

    assert [signal.name for signal in found] == names
    assert all(signal.saw and signal.but for signal in found)


@pytest.mark.django_db
def test_another_account_with_the_same_mailbox_is_named():
    other = case_of("alice@gmail.com")

    _, (signal,) = seen(case_of("a.lice+x@googlemail.com", title="something else"), make_reviewer())

    assert (signal.name, list(signal.cases)) == ("Same mailbox", [other])


@pytest.mark.django_db
def test_the_same_text_by_somebody_else_is_named_whatever_its_blanks():
    other = case_of("zoe@a.example", title="t", answers={"summary": "The  same\nWORDS"})

    _, (signal,) = seen(
        case_of("alice@b.example", title="t", answers={"summary": "the same words"}), make_reviewer()
    )

    assert (signal.name, list(signal.cases)) == ("Same text", [other])


@pytest.mark.parametrize(
    ("email", "key"),
    [("A.B+c@Gmail.com", "ab@gmail.com"), ("a.b@x.example", "a.b@x.example"), ("", ""), ("+x@y.example", "")],
)
def test_aliases_have_one_key(email, key):
    assert addresses.key(email) == key


# --- What people decided then


def told(outcome, number):
    applicant = somebody(f"al.{number}+gate@gmail.com")
    make_decision(outcome, by=make_reviewer(f"rev{number}"), applicant=applicant, title=f"Case {number}")
    telling.tell_owed(at=MONDAY + timedelta(days=2))


@pytest.mark.django_db
def test_what_people_decide_is_kept_with_the_signals_they_saw():
    told(Outcome.APPROVED, 1)
    told(Outcome.NEEDS_INFORMATION, 2)

    alias = next(one for one in signals.heeded(at=MONDAY) if one.name == "Alias address")

    assert (alias.of, alias.approved, alias.asked, alias.refused) == (2, 1, 1, 0)


@pytest.mark.django_db
def test_where_nothing_was_seen_nothing_is_counted():
    make_decision(by=make_reviewer())

    assert signals.heeded(at=MONDAY) == []
