"""Letters to the applicant: who is written to, and what every letter names."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db import models
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy

from accounts.languages import spoken
from accounts.models import Membership, Owner, User
from onboarding.models import Application
from outbox import alike, letters

UNTITLED = gettext_lazy("Untitled")


def draft(
    kind: str,
    application: Application,
    *,
    about: models.Model | None = None,
    once: str | None = None,
    to: User | None = None,
    **more: Any,
) -> letters.Draft:
    """Return the letter `onboarding/<kind>` to whoever reads for the owner, about it unless `about` is another thing.

    `to` is another person of the owner.

    `url` is the application's page unless given. The application must have an applicant.
    """
    reader = to or reader_of(application)
    assert reader is not None, "a row nobody owns has nobody to write to"
    return letters.Draft(
        f"onboarding/{kind}",
        reader.email,
        _words(application, reader) | more,
        about or application,
        once,
        language=spoken(reader.language),
        zone=reader.time_zone,
    )


def write(kind: str, application: Application, *, at: datetime, once: str | None = None, **more: Any) -> None:
    """Write one letter to whoever reads for the owner; an imported row that nobody owns has nobody."""
    reader = reader_of(application)
    if reader is not None:
        letters.write_many([draft(kind, application, once=once, to=reader, **more)], at=at)


class Named(NamedTuple):
    """An application as its letters name it, read without loading it; `organisation` is its owner's, if that is one."""

    pk: int
    number: str
    title: str
    applicant: int
    organisation: int | None


def sheets(
    kind: str, applications: Sequence[Named], *, once: str, shared: dict[str, Any]
) -> list[alike.Sheet]:
    """Return the letter `onboarding/<kind>` to whoever reads for each application, one sheet a language.

    `once` and the application make each letter one; `shared` is what all of them say, the program among it.
    """
    readers = readers_of((each.applicant, each.organisation) for each in applications)
    copies: dict[str, list[alike.Copy]] = defaultdict(list)
    for each in applications:
        reader = readers[each.applicant, each.organisation]
        words = {
            "name": str(reader),
            "title": each.title or UNTITLED,
            "number": each.number,
            "url": page("application", each.number),
        }
        copies[spoken(reader.language)].append(alike.Copy(reader.email, each.pk, f"{once}:{each.pk}", words))
    return [
        alike.Sheet(f"onboarding/{kind}", Application, shared, language, some)
        for language, some in copies.items()
    ]


def write_plain(kind: str, application: Application, *, at: datetime, once: str) -> None:
    """Do as `write` for a letter whose templates print its words as they are: a process renders it once a language."""
    reader = reader_of(application)
    if reader is not None:
        copy = alike.Copy(reader.email, application.pk, once, _words(application, reader))
        sheet = alike.Sheet(f"onboarding/{kind}", Application, {}, spoken(reader.language), [copy])
        alike.write([sheet], at=at)


def _words(application: Application, reader: User) -> dict[str, Any]:
    return {
        "name": str(reader),
        "program": application.program.name,
        "title": application.title or UNTITLED,
        "number": application.number,
        "url": page("application", application.number),
    }


def reader_of(application: Application) -> User | None:
    """Return who reads letters about it: who applied; if they left the organisation, whoever `heirs` puts first.

    One query for an organisation's application, none for a person's whose owner is loaded. Nobody is left only
    while the last member deletes their account: those letters are theirs.
    """
    applicant, organisation = application.applicant, application.owner.organisation_id
    if applicant is None or organisation is None:
        return applicant
    staying = list(heirs(organisation).select_related("user"))
    if not staying or any(member.user_id == applicant.pk for member in staying):
        return applicant
    return staying[0].user


def readers_of(sent: Iterable[tuple[int, int | None]]) -> dict[tuple[int, int | None], User]:
    """Return who reads letters about applications, by applicant and organisation: `reader_of`, in two queries."""
    asked = set(sent)
    teams = {organisation for _, organisation in asked if organisation is not None}
    staying: dict[int, list[User]] = defaultdict(list)
    for member in _heirs(organisation__in=teams).select_related("user"):
        staying[member.organisation_id].append(member.user)
    wanted = User.objects.only("email", "full_name", "language", "time_zone", "erased_at")
    applicants = wanted.in_bulk([applicant for applicant, _ in asked])
    found = {}
    for applicant, organisation in asked:
        team = staying[organisation] if organisation is not None else []
        gone = team and all(user.pk != applicant for user in team)
        found[applicant, organisation] = team[0] if gone else applicants[applicant]
    return found


def heirs(organisation: int) -> QuerySet[Membership]:
    """Return who letters about an organisation's applications can go to: owners first, the longest member first."""
    return _heirs(organisation=organisation)


def _heirs(**of: Any) -> QuerySet[Membership]:
    members = Membership.objects.filter(user__is_active=True, **of)
    return members.order_by("-role", "since_at", "pk")  # "owner" is after "member"


def people_of(owners: Iterable[Owner]) -> dict[int, list[User]]:
    """Return who is written to about what an owner holds: the person, or every member; one query, by owner."""
    by_id = {owner.pk: owner for owner in owners}
    users = User.objects.filter(is_active=True)
    of_person = users.filter(owner__in=by_id).annotate(of_owner=F("owner__pk"))
    of_team = users.filter(memberships__organisation__owner__in=by_id).annotate(
        of_owner=F("memberships__organisation__owner__pk")
    )
    found: dict[int, list[User]] = {pk: [] for pk in by_id}
    for user in [*of_person, *of_team]:
        found[getattr(user, "of_owner")].append(user)  # noqa: B009 - annotated above, which mypy cannot follow
    return found


def page(name: str, *args: str) -> str:
    """Return the full address of a page, for a letter."""
    return settings.BASE_URL + reverse(name, args=args)
