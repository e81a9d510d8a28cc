"""Reports to start from, made by the verbs the product uses."""

from datetime import datetime, timedelta

from accounts.models import User
from accounts.roles import Role
from audit import seals
from audit.models import Seal
from tests.factories import MONDAY, make_application, make_staff
from transparency import jobs
from transparency.domain import days, quarters, reports
from transparency.models import Report

THIRD = quarters.named("2026Q3")
IN_IT = datetime.fromisoformat("2026-08-12T10:00:00+00:00")


def known(name: str, *roles: Role) -> User:
    return User.objects.filter(email=f"{name}@example.org").first() or make_staff(name, *roles)


def pia() -> User:
    return known("pia", Role.POLICY_EDITOR)


def paul() -> User:
    return known("paul", Role.POLICY_EDITOR)


def axel() -> User:
    return known("axel", Role.AUDITOR)


def seal_all(*, quarter: quarters.Quarter = THIRD, at: datetime = MONDAY) -> Seal | None:
    """Take the figures of each day up to the end of a quarter, and seal the ledger."""
    days.take_owed(at=quarter.until + timedelta(hours=1))
    return seals.seal(at=at)


def make_draft(*, by: User | None = None, why: str = "", at: datetime = MONDAY) -> Report:
    """Return a counted draft of the third quarter, with whatever the ledger has by now."""
    if not reports.published(THIRD.name).exists():
        make_application(at=IN_IT, state="submitted")
    seal_all(at=at)
    return jobs.build(reports.ask(THIRD, by=by, at=at, why=why).pk)


def make_published(*, why: str = "", at: datetime = MONDAY) -> Report:
    """Return a published report: counted for Pia, reviewed by Axel, published by Paul."""
    draft = make_draft(by=pia(), why=why, at=at)
    reviewed = reports.review(draft, by=axel(), at=at + timedelta(hours=1))
    return reports.publish(reviewed, by=paul(), at=at + timedelta(hours=2))
