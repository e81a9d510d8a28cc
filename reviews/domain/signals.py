"""Signals: what may be worth a look, and why it may mean nothing. None of them decides, sorts or scores anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db import connection
from django.utils.translation import gettext as _

from reviews.domain import addresses
from reviews.domain.kin import Group, Kin
from reviews.domain.precedents import Twin
from reviews.domain.proportions import Share
from reviews.models import Case
from reviews.states import SignalKind

WINDOW = timedelta(days=365)


@dataclass(frozen=True)
class Signal:
    """What was seen, and why it may mean nothing; `cases` are those it was seen beside."""

    kind: SignalKind
    saw: str
    but: str
    cases: Sequence[Case] = ()

    @property
    def name(self) -> str:
        return str(self.kind.label)


@dataclass(frozen=True)
class Heeded:
    """What people decided where something was seen: of `of` decisions so many approved as it is, asked, refused."""

    name: str
    of: int
    approved: int
    asked: int
    refused: int


# What people decided, questions among them; no corrections: they say the same again; nothing an appeal set aside.
HEEDED = """
    SELECT seen.kind, count(*), count(*) FILTER (WHERE decision.outcome = 'approved'),
        count(*) FILTER (WHERE decision.outcome = 'needs_information'),
        count(*) FILTER (WHERE decision.outcome = 'rejected')
    FROM reviews_decision decision
    CROSS JOIN LATERAL jsonb_array_elements_text(decision.beside -> 'signals') AS seen (kind)
    WHERE decision.told_at >= %s AND decision.overturned_at IS NULL AND decision.supersedes_id IS NULL
    GROUP BY seen.kind"""
FOLLOWED = """
    SELECT count(*) FILTER (WHERE (decision.outcome IN ('approved', 'approved_with_conditions'))
            = (2 * (decision.beside ->> 'approved')::int > (decision.beside ->> 'of')::int)), count(*)
    FROM reviews_decision decision
    WHERE decision.told_at >= %s AND decision.overturned_at IS NULL AND decision.outcome <> 'needs_information'
        AND decision.supersedes_id IS NULL AND decision.beside ? 'of'"""


def of(case: Case, *, kin: Mapping[Kin, Group], twins: Sequence[Twin]) -> list[Signal]:
    """Return what is to be seen of a case beside those it is compared with. No statement, nothing fetched."""
    applicant = case.application.applicant
    email = applicant.email if applicant else ""
    website = case.revision.answers.get("website")
    found = [
        _alias(email, kin.get(Kin.MAILBOX)),
        _disposable(email),
        _website(email, website if isinstance(website, str) else ""),
        _text(kin.get(Kin.TEXT), twins),
    ]
    return [signal for signal in found if signal]


def heeded(*, at: datetime) -> list[Heeded]:
    """Return what people decided in the last year where there was each signal, the most frequent first. One query."""
    with connection.cursor() as cursor:
        cursor.execute(HEEDED, [at - WINDOW])
        found = [Heeded(str(SignalKind(kind).label), *counts) for kind, *counts in cursor.fetchall()]
    return sorted(found, key=lambda one: (-one.of, one.name))


def followed(*, at: datetime) -> Share:
    """Return how often people decided as the nearest cases were, where those were clear, in the last year. One query.

    Who would differ has to say why, so it flatters the likeness of texts.
    """
    with connection.cursor() as cursor:
        cursor.execute(FOLLOWED, [at - WINDOW])
        return Share(*cursor.fetchone())


def _alias(email: str, others: Group | None) -> Signal | None:
    if others:
        return Signal(
            SignalKind.MAILBOX,
            _("Another account applied from an address that reaches the same mailbox."),
            _(
                "One person may keep one address for each project, or have lost an account; a mailbox may be a team's."
            ),
            others.cases,
        )
    if not addresses.is_alias(email):
        return None
    return Signal(
        SignalKind.ALIAS,
        _(
            "The address is one of several that reach the same mailbox; no other account here uses one of them."
        ),
        _("Many people sort their mail this way, and at Gmail dots in a name are ordinary."),
    )


def _disposable(email: str) -> Signal | None:
    if not email or not addresses.is_disposable(email):
        return None
    return Signal(
        SignalKind.DISPOSABLE,
        _("%(domain)s is on a public list of providers whose mailboxes last a day.")
        % {"domain": addresses.parts(email)[1]},
        _("The list is kept by volunteers and errs; some people protect their own address this way."),
    )


def _website(email: str, website: str) -> Signal | None:
    """Compare the domain of the declared website with that of the address; the site is never fetched."""
    host, domain = _host(website), addresses.own_domain(email)
    if not host or not domain or _is_of(host, domain) or _is_of(domain, host):
        return None
    return Signal(
        SignalKind.WEBSITE,
        _("The website is at %(host)s, the address at %(domain)s.") % {"host": host, "domain": domain},
        _(
            "Agencies, hosted sites and parent companies have addresses elsewhere. Nobody has opened the site."
        ),
    )


def _text(same: Group | None, twins: Sequence[Twin]) -> Signal | None:
    but = _(
        "Templates, courses and members of one team lead to the same text; the other one may be the copy."
    )
    if same:
        return Signal(SignalKind.TEXT, _("Somebody else sent the same text, word by word."), but, same.cases)
    if twins:
        saw = _("Somebody else sent nearly the same text (%(percent)s %% of its letter groups).") % {
            "percent": twins[0].percent
        }
        return Signal(SignalKind.NEAR_TEXT, saw, but, [twin.case for twin in twins])
    return None


def _host(website: str) -> str:
    try:
        return (urlsplit(website).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _is_of(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")
