"""Who is on the demo site: staff in every role, applicants, one password for all."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group

from accounts.domain import organisations, people
from accounts.models import MemberRole, User
from accounts.roles import DUTIES, Duty, Role
from demo import PASSWORD
from reviews.domain import tenures

LONG_HERE = timedelta(days=400)  # so that nobody on the demo is a newcomer


@dataclass(frozen=True)
class SignIn:
    email: str
    name: str
    role: str


STAFF = (
    SignIn("bob@gatehouse.example", "Bob Okoro", Role.REVIEWER),
    SignIn("bea@gatehouse.example", "Bea Lindholm", Role.REVIEWER),
    SignIn("sam@gatehouse.example", "Sam Okafor", Role.SENIOR_REVIEWER),
    SignIn("sol@gatehouse.example", "Sol Marin", Role.SENIOR_REVIEWER),
    SignIn("dora@gatehouse.example", "Dora Haddad", Role.ONBOARDING_MANAGER),
    SignIn("pia@gatehouse.example", "Pia Vermeer", Role.POLICY_EDITOR),
    SignIn("petra@gatehouse.example", "Petra Lind", Role.POLICY_EDITOR),
    SignIn("axel@gatehouse.example", "Axel Brun", Role.AUDITOR),
    SignIn("root@gatehouse.example", "Root", "Superuser"),
)
APPLICANTS = (
    SignIn("ana@pygma.example", "Ana Ruiz", "Applicant with a working key"),
    SignIn("mila@machinet.example", "Mila Novak", "Applicant with an open invitation"),
    SignIn("joao@aldeia.example", "João Pires", "Applicant in line"),
    SignIn("tom@hireflow.example", "Tom Adler", "Applicant who was not approved and has appealed"),
    SignIn("paul@castspin.example", "Paul Weber", "Applicant whose appeal was denied"),
    SignIn("nora@gmail.com", "Nora Quinn", "Applicant who was asked a question"),
    SignIn("wes@warp.example", "Wes Carter", "Applicant whose access is suspended"),
)


def make_staff(at: datetime) -> dict[str, User]:
    """Return first name in lower case -> user, for every row of STAFF."""
    made = {}
    for row in STAFF:
        user = make(row.email, row.name, at=at, is_staff=True, is_superuser=row.role == "Superuser")
        user.groups.set(Group.objects.filter(name=row.role))
        if Duty.REVIEW_CASES in DUTIES.get(row.role, ()):
            tenures.begin(user, at=at - LONG_HERE)
        made[row.name.split()[0].lower()] = user
    return made


def make(email: str, name: str, *, at: datetime, zone: str = "Europe/Madrid", **flags: bool) -> User:
    """Return a user with a verified address and the demo password."""
    user = User.objects.create_user(email, PASSWORD, full_name=name, time_zone=zone, joined_at=at, **flags)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    people.join(user, at=at)
    return user


def make_applicant(person: dict, at: datetime) -> tuple[User, object]:
    """Return the user and, where the person has one, their organisation."""
    user = make(person["email"], person["name"], at=at, zone=person.get("zone", "UTC"))
    name = person.get("organisation")
    if name is None:
        return user, None
    organisation = organisations.found(name, f"https://www.{user.email.partition('@')[2]}", by=user, at=at)
    assert organisation.memberships.filter(user=user, role=MemberRole.OWNER).exists()
    return user, organisation
