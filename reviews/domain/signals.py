"""Signals: what may be worth a look, and why it may mean nothing. None of them decides, sorts or scores anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from reviews.domain import addresses
from reviews.domain.kin import Group, Kin
from reviews.domain.precedents import Twin
from reviews.models import Case


@dataclass(frozen=True)
class Signal:
    """What was seen, and why it may mean nothing; `cases` are those it was seen beside."""

    name: str
    saw: str
    but: str
    cases: Sequence[Case] = ()


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


def _alias(email: str, others: Group | None) -> Signal | None:
    if others:
        return Signal(
            "Same mailbox",
            "Another account applied from an address that reaches the same mailbox.",
            "One person may keep one address for each project, or have lost an account; a mailbox may be a team's.",
            others.cases,
        )
    if not addresses.is_alias(email):
        return None
    return Signal(
        "Alias address",
        "The address is one of several that reach the same mailbox; no other account here uses one of them.",
        "Many people sort their mail this way, and at Gmail dots in a name are ordinary.",
    )


def _disposable(email: str) -> Signal | None:
    if not email or not addresses.is_disposable(email):
        return None
    return Signal(
        "Address for a day",
        f"{addresses.parts(email)[1]} is on a public list of providers whose mailboxes last a day.",
        "The list is kept by volunteers and errs; some people protect their own address this way.",
    )


def _website(email: str, website: str) -> Signal | None:
    """Compare the domain of the declared website with that of the address; the site is never fetched."""
    host, domain = _host(website), addresses.own_domain(email)
    if not host or not domain or _is_of(host, domain) or _is_of(domain, host):
        return None
    return Signal(
        "Website elsewhere",
        f"The website is at {host}, the address at {domain}.",
        "Agencies, hosted sites and parent companies have addresses elsewhere. Nobody has opened the site.",
    )


def _text(same: Group | None, twins: Sequence[Twin]) -> Signal | None:
    but = "Templates, courses and members of one team lead to the same text; the other one may be the copy."
    if same:
        return Signal("Same text", "Somebody else sent the same text, word by word.", but, same.cases)
    if twins:
        saw = f"Somebody else sent nearly the same text ({twins[0].percent} % of its letter groups)."
        return Signal("Nearly the same text", saw, but, [twin.case for twin in twins])
    return None


def _host(website: str) -> str:
    try:
        return (urlsplit(website).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _is_of(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")
