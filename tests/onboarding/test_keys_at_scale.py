"""Keys for many grants at once: the same rows whatever their number, to the right reader."""

import pytest

from accounts.domain import owners
from accounts.models import MemberRole, Membership
from onboarding.domain import keys, notices
from onboarding.models import Application, Key
from outbox.models import Letter
from tests.factories import MONDAY, make_application, make_grant, make_organisation, make_program, make_user

pytestmark = pytest.mark.django_db
STATEMENTS = 11  # of one chunk, its savepoints, and the question whether more are owed


def of_a_team(program, name):
    """Return a grant of an organisation whose applicant has left it, and who is left."""
    founder, applicant = make_user(f"founder-{name}"), make_user(f"applicant-{name}")
    team = make_organisation(founder, applicant, name=name)
    grant = make_grant(program, owner=owners.of_organisation(team), applicant=applicant)
    Membership.objects.filter(user=applicant).delete()
    return grant, founder


def test_a_chunk_costs_as_many_statements_for_teams_and_people_as_for_one(django_assert_num_queries):
    program = make_program()
    of_a_team(program, "first")
    with django_assert_num_queries(STATEMENTS):
        keys.issue_owed(at=MONDAY)
    for number in range(4):
        make_grant(program), of_a_team(program, f"team-{number}")

    with django_assert_num_queries(STATEMENTS):
        assert keys.issue_owed(at=MONDAY) == 8


def test_each_key_is_told_to_whoever_reads_for_its_owner_in_their_language():
    program = make_program()
    alone = make_grant(program, applicant=make_user("alice"))
    led, founder = of_a_team(program, "pygma")

    keys.issue_owed(at=MONDAY)

    told = Letter.objects.filter(kind="onboarding/key_ready")
    by_key = {letter.about_id: (letter.recipient, letter.text.splitlines()[0]) for letter in told}
    assert by_key == {
        str(alone.keys.get().pk): ("alice@example.org", "Hello Alice,"),
        str(led.keys.get().pk): (founder.email, f"Hello {founder.full_name},"),
    }


def test_the_readers_of_many_applications_are_those_of_each():
    program = make_program()
    for number in range(2):
        of_a_team(program, f"team-{number}")
    people = [make_user() for _ in range(3)]
    team = owners.of_organisation(make_organisation(*people, name="All here"))
    Membership.objects.filter(user=people[2]).update(role=MemberRole.OWNER)
    for person in people[:2]:
        make_application(owner=team, applicant=person)
    make_application(applicant=people[0])
    sent = Application.objects.select_related("owner", "applicant")

    found = notices.readers_of((each.applicant_id, each.owner.organisation_id) for each in sent)

    assert found == {(a.applicant_id, a.owner.organisation_id): notices.reader_of(a) for a in sent}


def test_an_issued_key_is_as_the_model_would_make_it():
    grant = make_grant()

    keys.issue_owed(at=MONDAY)

    key = grant.keys.get()
    fresh = Key(
        grant=grant, request=1, name="First key", environment="live", issued_at=MONDAY, open_by=key.open_by,
        expires_at=grant.expires_at, access_changed_at=MONDAY,
    )  # fmt: skip
    assert [getattr(key, f.attname) for f in Key._meta.concrete_fields if f.name not in ("id", "key_id")] == [
        getattr(fresh, f.attname) for f in Key._meta.concrete_fields if f.name not in ("id", "key_id")
    ]
    assert (len(key.key_id), (key.open_by - MONDAY).days) == (18, grant.program.unopened_key_days)
