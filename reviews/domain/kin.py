"""Other cases with the same people behind them or with the same words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet, TextChoices, Value
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from reviews.domain import addresses, likenesses
from reviews.models import Case

MOST = 8  # of each kind, the newest


class Kin(TextChoices):
    """In what two cases are kin. Those in EARLIER are shown with their outcomes, each case once; the others signal."""

    OWNER = "owner", _("Of the same owner")
    PERSON = "person", _("By the same person, for another owner")
    ORGANISATION = "organisation", _("By people of the same organisation")
    DOMAIN = "domain", _("From the same e-mail domain")
    MAILBOX = "mailbox", _("By another account with the same mailbox")
    TEXT = "text", _("With the same text")


EARLIER = (Kin.OWNER, Kin.PERSON, Kin.ORGANISATION, Kin.DOMAIN)


@dataclass(frozen=True)
class Group:
    """Cases of one kind of kinship, the newest first, each with its standing decisions."""

    kin: Kin
    cases: Sequence[Case]
    has_more: bool


@dataclass(frozen=True)
class Found:
    """The cases of each kind, by id, the newest first."""

    ids: Mapping[Kin, Sequence[int]]

    @property
    def shown(self) -> set[int]:
        return {pk for ids in self.ids.values() for pk in ids[:MOST]}


def find(case: Case, *, hidden: Q) -> Found:
    """Return other cases by kind of kinship. `hidden` is the condition on cases this person may not see.

    One statement.
    """
    found: dict[Kin, list[int]] = {kin: [] for kin in Kin}
    for name, pk in _ids(case, hidden):
        found[Kin(name)].append(pk)
    seen: set[int] = set()
    for kin, ids in found.items():
        found[kin] = sorted(set(ids) - (seen if kin in EARLIER else set()), reverse=True)
        seen.update(ids if kin in EARLIER else [])
    return Found({kin: ids for kin, ids in found.items() if ids})


def put_together(found: Found, cases: Mapping[int, Case]) -> dict[Kin, Group]:
    """Return what was found with the cases as `precedents.read` reads them."""
    return {
        kin: Group(kin, [cases[pk] for pk in ids[:MOST]], has_more=len(ids) > MOST)
        for kin, ids in found.ids.items()
    }


def earlier(groups: Mapping[Kin, Group]) -> list[Group]:
    """Return what is shown as earlier applications."""
    return [groups[kin] for kin in EARLIER if kin in groups]


def _ids(case: Case, hidden: Q) -> list[tuple[str, int]]:
    """Return (kind, case) of the newest of each kind, a few more than are shown, in one statement."""
    application, shown = case.application, Case.objects.exclude(hidden).exclude(pk=case.pk)
    others = shown.exclude(application__owner=application.owner_id)
    parts = [_part(Kin.OWNER, shown.filter(application__owner=application.owner_id))]
    if applicant := application.applicant:
        parts.append(_part(Kin.PERSON, others.filter(application__applicant=applicant)))
        if domain := addresses.own_domain(applicant.email):
            parts.append(_part(Kin.DOMAIN, others.filter(likeness__mail_domain=domain)))
        strangers = others.exclude(application__applicant=applicant)
        parts.append(_part(Kin.MAILBOX, strangers.filter(likeness__mail_key=addresses.key(applicant.email))))
    if organisation := application.owner.organisation_id:
        members = Membership.objects.filter(organisation=organisation).values("user")
        parts.append(_part(Kin.ORGANISATION, others.filter(application__applicant__in=members)))
    if text := likenesses.text_of(case.revision, application.title):
        same = others.filter(likeness__text_hash=likenesses.hash_of(text))
        parts.append(_part(Kin.TEXT, same))
    return list(parts[0].union(*parts[1:], all=True))


def _part(kin: Kin, cases: QuerySet[Case]) -> QuerySet:
    newest = cases.annotate(kin=Value(str(kin))).order_by("-pk").values_list("kin", "pk")
    return newest[: 2 * MOST]  # some of them are of a nearer kind
