"""The page before the form: for whom to apply, what is there already, which guidelines to accept."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.domain import owners
from accounts.models import Organisation, Owner, User
from onboarding.domain import acknowledgements, applications, picks
from onboarding.domain.applications import AlreadyApplied, TooEarly
from onboarding.models import Application, Program
from policies.domain import acceptances, guidelines
from policies.domain.guidelines import NoGuidelines
from policies.models import GuidelineVersion
from reviews.domain import rejections

ME = "me"


@dataclass(frozen=True)
class Choice:
    """One owner to apply for: with a draft, with something that stands in the way, or free."""

    value: str
    name: str
    draft: Application | None = None
    taken: Application | None = None
    why_not: str = ""

    @property
    def is_free(self) -> bool:
        return not self.why_not and not self.draft

    @property
    def label(self) -> str:
        return _("Myself, %(name)s") % {"name": self.name} if self.value == ME else self.name


@dataclass(frozen=True)
class Start:
    """What the page knows. `version` is None while no guidelines are in force; `takes` is whether one may apply."""

    program: Program
    choices: list[Choice]
    version: GuidelineVersion | None
    accepted: bool
    takes: bool

    @property
    def free(self) -> list[Choice]:
        return [choice for choice in self.choices if choice.is_free]

    @property
    def has_draft(self) -> bool:
        return any(choice.draft for choice in self.choices)

    def problem(self, owner: str, text_hash: str) -> str:
        """Return what is wrong with the posted page; empty when nothing is."""
        if not self.takes:
            return str(applications.ProgramIsClosed(self.program))
        if self.version is None:
            return str(NoGuidelines())
        if owner not in [choice.value for choice in self.choices]:
            return _("Choose for whom you apply.")
        if not self.accepted and text_hash != self.version.text_hash:
            return _("Accept the usage guidelines, version %(version)s, to go on.") % {
                "version": self.version.version
            }
        return ""


def look(program: Program, user: User, *, at: datetime) -> Start:
    """Return what stands at the start for this person; nothing is written."""
    choices = [_choice(program, Owner.objects.filter(person=user).first(), ME, str(user), at)]
    for organisation in Organisation.objects.filter(members=user).select_related("owner").order_by("name"):
        owner = getattr(organisation, "owner", None)
        choices.append(_choice(program, owner, _value(organisation), organisation.name, at))
    takes = program.takes_from(picks.of(user, program))
    try:
        version = guidelines.in_force()
    except NoGuidelines:
        return Start(program, choices, None, accepted=False, takes=takes)
    return Start(program, choices, version, accepted=acceptances.accepted(user, version), takes=takes)


def begin(start: Start, user: User, value: str, *, at: datetime) -> Application:
    """Accept the guidelines where still to do, and open the draft. Raises like `applications.start`."""
    if start.version and not start.accepted:
        accept(user, start.version, at=at)
    owner = _owner(user, value)
    not_before = rejections.reapply_from(owner, start.program)
    return applications.start(start.program, owner=owner, by=user, at=at, not_before=not_before)


def accept(user: User, version: GuidelineVersion, *, at: datetime) -> None:
    acceptances.accept(
        user, document=acceptances.GUIDELINES, version=version.version, text_hash=version.text_hash, at=at
    )
    acknowledgements.restore_for(user, at=at)


def _choice(program: Program, owner: Owner | None, value: str, name: str, at: datetime) -> Choice:
    if owner is None:
        return Choice(value, name)
    if draft := applications.draft_of(program, owner):
        return Choice(value, name, draft=draft)
    try:
        applications.must_be_free(program, owner, at=at, not_before=rejections.reapply_from(owner, program))
    except AlreadyApplied as refused:
        return Choice(value, name, taken=refused.application, why_not=str(refused))
    except TooEarly as refused:
        return Choice(value, name, why_not=str(refused))
    return Choice(value, name)


def _owner(user: User, value: str) -> Owner:
    if value == ME:
        return owners.of_person(user)
    organisations = {
        _value(organisation): organisation for organisation in Organisation.objects.filter(members=user)
    }
    return owners.of_organisation(organisations[value])


def _value(organisation: Organisation) -> str:
    return f"organisation-{organisation.pk}"
