"""Changed guidelines: asked for, reminded of, trial limits after the date, whole again by acknowledging."""

from datetime import timedelta

import pytest

from audit.models import LedgerEntry
from onboarding import projection
from onboarding.domain import acknowledgements
from onboarding.models import Grant
from outbox.models import Letter
from policies.domain import acceptances, guidelines
from tests.factories import (
    MONDAY,
    accept_guidelines,
    make_grant,
    make_organisation,
    make_owner,
    make_program,
    make_secret,
    make_user,
    owners,
    publish_guidelines,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    person = make_user("alice")
    accept_guidelines(person)
    return person


def publish(version="2.0.0", *, material=True, at=MONDAY):
    """Publish a version that is in force after 15 days and acknowledged within 30 more."""
    loaded = guidelines.load(
        {**guidelines.shipped(), "version": version, "material": material}, by="test", at=at
    )
    return publish_guidelines(loaded, at=at)


def accept(person, version, *, at):
    acceptances.accept(
        person, document="guidelines", version=version.version, text_hash=version.text_hash, at=at
    )


def events(grant):
    rows = LedgerEntry.objects.filter(subject_type="onboarding.grant", subject_id=str(grant.pk))
    return list(rows.filter(event__in=["grant.limited", "grant.unlimited"]).values_list("event", flat=True))


def test_the_first_guidelines_of_a_site_ask_nobody(alice):
    make_grant(applicant=alice)

    assert (acknowledgements.asked_for(), acknowledgements.ask_owed(at=MONDAY)) == (None, 0)


def test_a_change_that_is_not_material_asks_nobody(alice):
    make_grant(applicant=alice)
    publish(material=False)

    assert acknowledgements.ask_owed(at=MONDAY) == 0


def test_holders_are_asked_once_and_reminded_twice_however_often_the_payer_runs(alice):
    make_grant(applicant=alice)
    version = publish()
    by = version.acknowledge_by
    assert by == MONDAY + timedelta(days=45)

    asked = [
        acknowledgements.ask_owed(at=at)
        for at in (
            MONDAY,
            MONDAY,
            by - timedelta(days=14),
            by - timedelta(days=13),
            by - timedelta(days=3),
            by,
        )
    ]

    assert asked == [1, 0, 1, 0, 1, 0]
    assert Letter.objects.filter(kind="onboarding/acknowledge").count() == 3


def test_a_payer_that_comes_late_writes_one_letter(alice):
    make_grant(applicant=alice)
    version = publish()

    asked = [acknowledgements.ask_owed(at=version.acknowledge_by - timedelta(days=2)) for _ in range(2)]

    assert (asked, Letter.objects.filter(kind="onboarding/acknowledge").count()) == ([1, 0], 1)


def test_every_member_is_written_to_and_one_acknowledgement_is_enough(alice):
    bea = make_user("bea")
    owner = make_owner(alice)
    organisation = make_organisation(alice, bea)
    from accounts.domain import owners

    owner = owners.of_organisation(organisation)
    grant = make_grant(applicant=alice, owner=owner)
    version = publish()
    acknowledgements.ask_owed(at=MONDAY)
    to = set(Letter.objects.filter(kind="onboarding/acknowledge").values_list("recipient", flat=True))

    accept(bea, version, at=MONDAY)

    assert to == {alice.email, bea.email}
    assert acknowledgements.waiting([grant.owner_id], version) == set()


def test_after_the_date_trial_limits_apply_and_an_acknowledgement_ends_them(alice):
    key, _ = make_secret(make_program("code"), applicant=alice)
    grant, version = key.grant, publish()
    acknowledgements.ask_owed(at=MONDAY)
    own = projection.state_of([key.pk])[key.pk]

    limited = [acknowledgements.limit_due(at=version.acknowledge_by) for _ in range(2)]
    under = projection.state_of([key.pk])[key.pk]
    accept(alice, version, at=version.acknowledge_by)
    restored = [acknowledgements.restore_for(alice, at=version.acknowledge_by) for _ in range(2)]
    again = projection.state_of([key.pk])[key.pk]

    assert (limited, restored, events(grant)) == ([1, 0], [1, 0], ["grant.limited", "grant.unlimited"])
    assert [(p.limits, p.state, p.accepted) for p in (own, under, again)] == [
        (("orm 60", "ord 1000"), "active", True),
        (("orm 5", "ord 100"), "active", True),
        (("orm 60", "ord 1000"), "active", True),
    ]
    assert own.version < under.version < again.version
    assert Letter.objects.filter(kind="onboarding/limited").count() == 1


def test_nobody_is_limited_before_they_had_fourteen_days_from_the_first_letter(alice):
    make_grant(applicant=alice)
    version = publish()
    late = version.acknowledge_by + timedelta(days=3)
    acknowledgements.ask_owed(at=late)

    limited = [acknowledgements.limit_due(at=late + timedelta(days=days)) for days in (0, 13, 14)]

    assert limited == [0, 0, 1]


def test_the_sweep_restores_who_acknowledged_elsewhere(alice):
    make_grant(applicant=alice)
    version = publish()
    acknowledgements.ask_owed(at=MONDAY)
    acknowledgements.limit_due(at=version.acknowledge_by)

    accept(alice, version, at=version.acknowledge_by)

    assert acknowledgements.restore_owed(at=version.acknowledge_by) == 1
    assert Grant.objects.get().limited_since is None


def test_accepting_a_later_version_counts_for_the_earlier_one(alice):
    make_grant(applicant=alice)
    publish()
    acknowledgements.ask_owed(at=MONDAY)
    later = publish("3.0.0", material=False, at=MONDAY + timedelta(days=1))

    accept(alice, later, at=MONDAY + timedelta(days=2))

    assert acknowledgements.limit_due(at=MONDAY + timedelta(days=200)) == 0


def test_who_accepted_it_before_being_asked_is_not_asked(alice):
    make_grant(applicant=alice)
    accept(alice, publish(), at=MONDAY)

    assert acknowledgements.ask_owed(at=MONDAY) == 0


def test_one_button_on_the_page_acknowledges_and_restores(client, alice, monkeypatch):
    from tests.factories import verified

    grant = make_grant(applicant=alice)
    version = publish()
    acknowledgements.ask_owed(at=MONDAY)
    late = version.acknowledge_by + timedelta(hours=1)
    acknowledgements.limit_due(at=late)
    monkeypatch.setattr("audit.clock.now", lambda: late)
    client.force_login(verified(alice))
    page = client.get("/access/").content.decode()

    answer = client.post(
        f"/guidelines/{version.version}/accept/", {"text_hash": version.text_hash, "next": "/access/"}
    )

    assert "Trial limits apply since" in page
    assert (answer.url, Grant.objects.get(pk=grant.pk).limited_since) == ("/access/", None)
    assert "Trial limits apply since" not in client.get("/access/").content.decode()


@pytest.fixture
def left(alice):
    """Guidelines that Bea acknowledged for the organisation which she has left by now; Alice has not."""
    bea = make_user("bea")
    team = make_organisation(alice, bea)
    make_grant(applicant=alice, owner=owners.of_organisation(team))
    version = publish()
    acknowledgements.ask_owed(at=MONDAY)
    accept(bea, version, at=MONDAY)
    kept = [acknowledgements.keep_owed(at=MONDAY) for _ in range(2)]
    assert kept == [1, 0]
    team.memberships.get(user=bea).delete()
    return version


def test_nobody_is_limited_because_who_acknowledged_has_left(left):
    limited = acknowledgements.limit_due(at=left.acknowledge_by + timedelta(days=1))

    assert (limited, Grant.objects.get().limited_since) == (0, None)


def test_nobody_is_asked_again_because_who_acknowledged_has_left(left):
    grant = Grant.objects.get()

    asked = acknowledgements.ask_owed(at=left.acknowledge_by - timedelta(days=2))

    assert (asked, acknowledgements.waiting([grant.owner_id], left)) == (0, set())


def test_the_next_change_is_asked_for_again(left):
    publish("3.0.0", at=MONDAY + timedelta(days=60))

    assert acknowledgements.ask_owed(at=MONDAY + timedelta(days=60)) == 1
