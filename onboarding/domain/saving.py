"""Save a draft as its page sends it, by itself or by a button: never over somebody else's newer answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.models import User
from onboarding.domain import applications, drafts, merging, sealing
from onboarding.domain.merging import Seen
from onboarding.models import Application
from onboarding.states import ApplicationState


@dataclass(frozen=True)
class Saved:
    """`clashes`: keys where a person has to choose, not saved; `taken`: keys where the page shows an older answer."""

    application: Application
    clashes: list[str]
    taken: list[str]


@transaction.atomic
def save(
    application: Application, *, answers: Mapping[str, object], seen: Seen, by: User, at: datetime
) -> Saved:
    """Keep what was typed, right or wrong, answer by answer as `merging` says. Raises NotYours, IllegalMove."""
    application = applications.locked(application, by=by)
    if not application.takes_answers:
        raise applications.IllegalMove(application, ApplicationState.DRAFT)
    typed = sealing.keep(application, drafts.as_stored(application, answers), by=by, at=at)
    merged = merging.merge(application.answers, typed, seen=seen, version=application.answers_version)
    drafts.keep(application, merged.answers, at=at)
    return Saved(application, merged.clashes, merged.taken)
