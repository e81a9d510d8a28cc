"""What the pages about one severe case show before its text is opened: a warning, and the way to open it."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import User
from policies.models import Category
from policies.states import Severity
from reviews.domain import care, exposure, severities
from reviews.models import Care, Case, Exposure


@dataclass(frozen=True)
class Warned:
    """One category the case may hold, in words."""

    name: str
    severity: str


@dataclass(frozen=True)
class Cover:
    """How the text of one case is before one person; `is_on`: nothing of it may be rendered."""

    case: Case
    is_on: bool
    warnings: list[Warned]
    why: str  # why it stays covered now, for this person
    opened: Exposure | None
    own: Care

    @property
    def title(self) -> str:
        return self.case.shown_title if self.is_on else self.case.application.title or _("Untitled")

    @property
    def classes(self) -> str:
        """Return how opened text looks, by this person's own settings; nothing for a case that is not severe."""
        if self.opened is None:
            return ""
        return f"blur-{self.own.blur}{' grey' if self.own.grey else ''}"


def of(case: Case, *, user: User, at: datetime) -> Cover:
    """Return the cover of a case; a case that is not severe costs no query."""
    if case.severity < severities.SEVERE:
        return Cover(case, False, [], "", None, Care(reviewer=user))
    opened = exposure.running(case, by=user, at=at)
    names = dict(
        Category.objects.filter(
            guidelines=case.revision.guidelines_id, code__in=list(case.severe)
        ).values_list("code", "name")
    )
    return Cover(
        case=case,
        is_on=opened is None,
        warnings=[
            Warned(names.get(code, code), Severity(severity).label)
            for code, severity in sorted(case.severe.items(), key=lambda known: -known[1])
        ],
        why="" if opened else care.spared(user, at=at, reading=case).why(case),
        opened=opened,
        own=care.own(user),
    )
