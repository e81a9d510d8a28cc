"""Things tests start from, made by the same domain functions the product uses wherever one exists.

Cast: Alice owns an application, Bob and Bea review, Sam is a senior reviewer, Charlie is a stranger, Dora manages.
"""

import re
from datetime import UTC, datetime, timedelta
from itertools import count

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from accounts.domain import joining, owners
from accounts.models import MemberRole, Membership, Organisation, Owner, User
from accounts.roles import DUTIES, Role
from audit import ledger
from audit.events import Event
from onboarding.domain import clocks, invitations, keys, programs, questions, rates, showcase, waitlist
from onboarding.domain.programs import Limits
from onboarding.models import (
    Application,
    Grant,
    Key,
    Program,
    QuestionSet,
    Revision,
    Seat,
    ShowcaseEntry,
    WaitlistEntry,
)
from onboarding.states import ApplicationState, Environment
from outbox import letters
from outbox.models import Letter
from policies.domain import acceptances, guidelines
from policies.models import GuidelineVersion
from reviews.models import Tenure
from tests import reviewed
from tests.processes import until

MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
_serial = count(1)


def make_user(name: str = "", **fields) -> User:
    name = name or f"person{next(_serial)}"
    return User.objects.create_user(
        f"{name.lower()}@example.org", "correct horse battery", full_name=name.title(), **fields
    )


def verified(user: User) -> User:
    """Mark the address as verified, as following the mail's link does."""
    from allauth.account.models import EmailAddress

    EmailAddress.objects.get_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )
    return user


def make_roles() -> None:
    """Make the groups again that a test with committed data has emptied with everything else."""
    for role, duties in DUTIES.items():
        group, is_new = Group.objects.get_or_create(name=str(role))
        if is_new:
            group.permissions.set(
                Permission.objects.filter(content_type__app_label="accounts", codename__in=duties)
            )


def make_staff(name: str, *roles: Role, newcomer: bool = False) -> User:
    make_roles()
    user = verified(make_user(name, is_staff=True))
    user.groups.set(Group.objects.filter(name__in=[str(role) for role in roles]))
    if Role.REVIEWER in roles and not newcomer:
        Tenure.objects.create(reviewer=user, since_at=MONDAY - timedelta(days=400))
    return user


def make_reviewer(name: str = "bob") -> User:
    return make_staff(name, Role.REVIEWER)


def make_senior(name: str = "sam") -> User:
    return make_staff(name, Role.SENIOR_REVIEWER)


def make_manager(name: str = "dora") -> User:
    return make_staff(name, Role.ONBOARDING_MANAGER)


def make_owner(user: User | None = None) -> Owner:
    return owners.of_person(user or make_user())


def make_organisation(*members: User, name: str = "Pygma Labs") -> Organisation:
    """Return an organisation of these people; the first one is its owner."""
    organisation = Organisation.objects.create(name=name)
    Membership.objects.bulk_create(
        Membership(
            organisation=organisation, user=user, role=MemberRole.MEMBER if number else MemberRole.OWNER
        )
        for number, user in enumerate(members)
    )
    return organisation


def make_invitation(organisation: Organisation, email: str, *, at: datetime = MONDAY, **options):
    """Return an invitation by the first owner, and the secret of the link in its letter."""
    by = options.pop("by", None) or organisation.memberships.filter(role=MemberRole.OWNER).first().user
    invitation = joining.invite(organisation, email=email, by=by, at=at, **options)
    return invitation, link_of(invitation)


def link_of(invitation) -> str:
    """Return the secret in the newest letter of an invitation, which has not been sent yet."""
    letter = Letter.objects.filter(kind="accounts/invitation", about_id=str(invitation.pk)).latest("pk")
    return re.search(r"/organisations/join/([\w-]+)/", letter.text)[1]


def make_member(organisation: Organisation, user: User, *, at: datetime = MONDAY, **options) -> Membership:
    """Return the membership of somebody who was invited and accepted."""
    invitation, _ = make_invitation(organisation, verified(user).email, at=at, **options)
    return joining.accept(invitation, by=user, at=at)


def make_guidelines() -> GuidelineVersion:
    """Return the shipped guidelines, in force."""
    return GuidelineVersion.objects.filter(state="effective").first() or guidelines.load(
        guidelines.shipped(), by="test", at=MONDAY - timedelta(days=60)
    )


def editor(name: str) -> User:
    """Return the policy editor of this name, the same one each time."""
    return User.objects.filter(email=f"{name}@example.org").first() or make_staff(name, Role.POLICY_EDITOR)


def publish_guidelines(
    version: GuidelineVersion, *, at: datetime = MONDAY, effective_at: datetime | None = None
) -> GuidelineVersion:
    """Publish a draft: Edith approves it, Peter publishes it."""
    edith, peter = editor("edith"), editor("peter")
    guidelines.approve(version, seen=version.text_hash, by=edith, at=at)
    return guidelines.publish(version, effective_at=effective_at, by=peter, at=at)


def put_guidelines_in_force(version: GuidelineVersion, *, at: datetime = MONDAY) -> GuidelineVersion:
    """Publish a draft in time to be in force at `at`, and put it in force then."""
    publish_guidelines(version, at=at - guidelines.notice(version), effective_at=at)
    guidelines.put_in_force(at=at)
    version.refresh_from_db()
    return version


def make_questions() -> QuestionSet:
    """Return the shipped question set, current."""
    return QuestionSet.objects.filter(current=True).first() or questions.load(
        questions.shipped(), by="test", at=MONDAY - timedelta(days=60)
    )


def make_program(slug: str = "", **settings) -> Program:
    make_guidelines(), make_questions()
    slug = slug or f"model-{next(_serial)}"
    settings.setdefault("recall_minutes", 0)  # decided is told, unless a test is about the time between
    settings.setdefault("refusal_recall_minutes", settings["recall_minutes"])
    return programs.open_program(
        slug,
        name=slug.replace("-", " ").capitalize(),
        summary="Writes code from plain words.",
        models={f"{slug}-1": "The first"},
        limits=[Limits("trial", Environment.TEST, 5, 100), Limits("standard", Environment.LIVE, 60, 1000)],
        by="test",
        at=MONDAY - timedelta(days=60),
        **settings,
    )


def make_rate(program: Program, per_week: int, *, from_at: datetime = MONDAY - timedelta(days=30)):
    """Set the rate so that it holds at MONDAY."""
    manager = User.objects.filter(groups__name=Role.ONBOARDING_MANAGER).first() or make_manager()
    return rates.set_rate(
        program, per_week=per_week, from_at=from_at, by=manager, at=from_at, reason="First plan"
    )


def make_application(
    program: Program | None = None,
    *,
    owner: Owner | None = None,
    applicant: User | None = None,
    state: str = ApplicationState.SUBMITTED,
    title: str = "Docstrings for a small team",
    at: datetime = MONDAY,
    **fields,
) -> Application:
    """Return an application moved to `state` step by step, with one revision, without walking through the form."""
    program = program or make_program()
    applicant = applicant or make_user()
    made = Application.objects.create(
        program=program,
        owner=owner or make_owner(applicant),
        applicant=applicant,
        title=title,
        question_set=make_questions(),
        answers={"title": title},
        started_at=at,
    )
    if state == ApplicationState.DRAFT:
        return made
    return _moved(made, state, at, fields)


STEPS_TO = {
    ApplicationState.SUBMITTED: ["submitted"],
    ApplicationState.IN_REVIEW: ["submitted", "in_review"],
    ApplicationState.INFORMATION_REQUESTED: ["submitted", "in_review", "information_requested"],
    ApplicationState.APPROVED: ["submitted", "in_review", "approved"],
    ApplicationState.REJECTED: ["submitted", "in_review", "rejected"],
    ApplicationState.WITHDRAWN: ["withdrawn"],
    ApplicationState.LAPSED: ["submitted", "in_review", "approved", "lapsed"],
}


def _moved(made: Application, state: str, at: datetime, fields: dict) -> Application:
    verdict = {"lane": "hold", "risk_score": 10, "risk_level": 1} | fields
    made.revisions.create(
        number=1,
        answers=made.answers,
        question_set=made.question_set,
        guidelines=make_guidelines(),
        lane_reasons=[],
        domains=verdict.pop("domains", []),
        risk_parts=[],
        submitted_at=at,
        submitted_by=made.applicant,
        **verdict,
    )
    for step in STEPS_TO[ApplicationState(state)]:
        changes = {"state": step}
        if step == "submitted":
            changes |= {"submitted_at": at, "case_owed": True, **verdict}
        Application.objects.filter(pk=made.pk).update(**changes)
        with transaction.atomic():
            ledger.record(Event(f"application.{step}"), subject=made, actor="test", at=at)
    made.refresh_from_db()
    if state in (ApplicationState.APPROVED, ApplicationState.LAPSED, ApplicationState.REJECTED):
        rejected = state == ApplicationState.REJECTED
        reviewed.leave_traces([made], at=at, outcome="rejected" if rejected else "approved")
    return made


def make_entry(program: Program | None = None, *, at: datetime = MONDAY, **fields) -> WaitlistEntry:
    """Return a place in line of an approved application."""
    return waitlist.join(
        make_application(program, state=ApplicationState.APPROVED, at=at, **fields), by="test", at=at
    )


def give_seats(program: Program, *, at: datetime = MONDAY) -> list[Seat]:
    """Admit, and return the seats given by that, in their order."""
    before = set(Seat.objects.values_list("pk", flat=True))
    waitlist.admit(program, by="beat", at=at)
    return list(Seat.objects.filter(week__program=program).exclude(pk__in=before).order_by("pk"))


def deliver(*, at: datetime = MONDAY) -> None:
    """Send every letter that is owed, and let the clocks of invitations run from those."""
    letters.send_owed(at=at)
    clocks.start_owed(at=at)
    clocks.count_reminders(at=at)


def make_grant(program: Program | None = None, *, at: datetime = MONDAY, **fields) -> Grant:
    """Return a grant: seated, told, accepted."""
    program = program or make_program()
    if not program.rate_steps.exists():
        make_rate(program, 1000)
    entry = make_entry(program, at=at, **fields)
    waitlist.admit(program, by="test", at=at)
    invitations.tell_owed(at=at)
    seat = entry.seats.get()
    return invitations.accept(seat.invitation, by=entry.application.applicant, at=at)


def make_key(program: Program | None = None, *, at: datetime = MONDAY, **fields) -> Key:
    """Return an issued, unopened key."""
    grant = make_grant(program, at=at, **fields)
    keys.issue_owed(at=at)
    until(grant.keys.exists, "the key to be issued", seconds=10)  # a live worker may be just at it
    return grant.keys.get()


def make_secret(program: Program | None = None, *, at: datetime = MONDAY, **fields) -> tuple[Key, str]:
    """Return an opened key and its secret."""
    key = make_key(program, at=at, **fields)
    secret = keys.open(key, by=key.grant.application.applicant, at=at)
    key.refresh_from_db()
    return key, secret


def accept_guidelines(user: User, *, at: datetime = MONDAY) -> None:
    version = make_guidelines()
    acceptances.accept(
        user, document="guidelines", version=version.version, text_hash=version.text_hash, at=at
    )


def make_long_line(program: Program, length: int, *, at: datetime = MONDAY) -> None:
    """Put `length` approved applications of as many people into the line, set-based, by the legal steps."""
    tag = next(_serial)
    people = User.objects.bulk_create(
        User(email=f"l{tag}-{i}@example.org", password="!") for i in range(length)
    )
    owned = Owner.objects.bulk_create(Owner(person=person) for person in people)
    made = Application.objects.bulk_create(
        Application(
            program=program,
            owner=owner,
            applicant=owner.person,
            title=f"Use {i}",
            question_set=make_questions(),
            started_at=at,
        )
        for i, owner in enumerate(owned)
    )
    version = make_guidelines()
    Revision.objects.bulk_create(
        Revision(
            application=each,
            number=1,
            answers={},
            question_set=each.question_set,
            guidelines=version,
            lane="notify",
            lane_reasons=[],
            risk_score=1,
            risk_level=1,
            risk_parts=[],
            submitted_at=at,
            submitted_by=each.applicant,
        )
        for each in made
    )
    rows = Application.objects.filter(pk__in=[each.pk for each in made])
    rows.update(state="submitted", submitted_at=at, lane="notify", risk_score=1, risk_level=1)
    rows.update(state="in_review")
    rows.update(state="approved")
    WaitlistEntry.objects.bulk_create(
        WaitlistEntry(
            program=program, owner_id=each.owner_id, application=each, joined_at=at + timedelta(seconds=i)
        )
        for i, each in enumerate(made)
    )
    with transaction.atomic():
        ledger.record_many(Event.APPLICATION_APPROVED, subjects=made, actor="test", at=at)
        ledger.record_many(Event.ENTRY_JOINED, subjects=program.entries.all(), actor="test", at=at)
    reviewed.leave_traces(made, at=at)


def add_key(
    grant: Grant, *, environment: str = Environment.LIVE, name: str = "", at: datetime = MONDAY
) -> Key:
    """Return one more issued, unopened key of a grant, asked for by whoever applied."""
    keys.ask(grant, environment=Environment(environment), name=name, by=grant.application.applicant, at=at)
    keys.issue_owed(at=at)
    return grant.keys.latest("request")


def make_showcase_entry(grant: Grant | None = None, *, at: datetime = MONDAY, **words) -> ShowcaseEntry:
    """Return a use offered by whoever holds the grant."""
    grant = grant or make_grant()
    said = {"title": "Review bot", "does": "Reads pull requests.", "uses": "Code review"} | words
    return showcase.offer(grant, showcase.Words(**said), agreed=True, by=grant.application.applicant, at=at)
