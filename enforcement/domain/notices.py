"""Letters about appeals: to whoever filed and to the applicant while they are on that side, or else to its people."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.languages import spoken
from accounts.models import MemberRole, Membership, User
from enforcement.domain import remedies
from enforcement.domain.effects import stops_access
from enforcement.models import Appeal
from enforcement.states import AppealKind, AppealState
from onboarding.domain.notices import page
from onboarding.permissions import may_see
from onboarding.states import LIVE_GRANT_STATES, ApplicationState
from outbox import letters
from reviews.domain import rejections


def write(kind: str, appeal: Appeal, *, at: datetime) -> None:
    """Write the letter `enforcement/<kind>` about an appeal loaded with decision, case, program and application.

    About an appeal against a sanction it is one letter in four wordings: what such appeals say differs throughout.
    """
    for reader in _readers(appeal):
        with letters.read_in(spoken(reader.language), reader.time_zone):
            letters.write(
                f"enforcement/{kind}" if appeal.decision else "enforcement/sanction_appeal",
                to=reader.email,
                at=at,
                about=appeal,
                once=f"{kind}:{appeal.pk}:{reader.pk}",
                name=str(reader),
                **(_context(appeal, at) if appeal.decision else _about_sanction(appeal, at)),
            )


def _readers(appeal: Appeal) -> list[User]:
    """Return who is written to: nobody who left or was removed; an organisation's owners where neither is left."""
    application = appeal.application
    sides = dict.fromkeys(person for person in (appeal.filed_by, application.applicant) if person is not None)
    readers = [person for person in sides if may_see(person, application)]
    if readers:
        return readers
    members = Membership.objects.filter(organisation__owner=application.owner_id, user__is_active=True)
    people = list(members.select_related("user").order_by("pk"))
    owners = [member.user for member in people if member.role == MemberRole.OWNER]
    return owners or [member.user for member in people]


def _context(appeal: Appeal, at: datetime) -> dict[str, Any]:
    decision = appeal.decision
    assert decision is not None, "of an appeal against a sanction: _about_sanction"
    case = decision.case
    case.refresh_from_db(fields=["due_at"])  # a reopened case has another
    case.application.refresh_from_db(fields=["state"])
    decision.refresh_from_db(fields=["overturned_at", "reapply_allowed_at"])
    application, again = case.application, rejections.reapply_at(decision)
    left = remedies.of(decision, at=at)
    return {
        "is_appeal": appeal.kind == AppealKind.APPEAL,
        "title": application.title or _("Untitled"),
        "number": application.number,
        "program": case.program.name,
        "filed_at": appeal.filed_at,
        "due_at": appeal.due_at,
        "reason": appeal.get_outcome_reason_display(),
        "explanation": appeal.explanation,
        "answer_by": case.due_at,
        "access_ended": application.state == ApplicationState.WITHDRAWN,
        "never": again == rejections.NEVER,
        "again_at": again if again != rejections.NEVER and again > at else None,
        "may_appeal": left.appeal.is_open,
        "appeal_until": left.appeal.until,
        "may_reinstate": left.reinstatement.is_open,
        "url": page(appeal.kind, application.number),
        "application_url": page("application", application.number),
        "appeal_url": page("appeal", application.number),
        "reinstatement_url": page("reinstatement", application.number),
    }


def _about_sanction(appeal: Appeal, at: datetime) -> dict[str, Any]:
    sanction = appeal.sanction
    assert sanction is not None
    grant = sanction.grant
    grant.refresh_from_db(fields=["state", "expires_at"])  # a won appeal gave time back
    has_ended = grant.state not in LIVE_GRANT_STATES or grant.expires_at <= at
    won = (appeal.kind, appeal.state) == (AppealKind.APPEAL, AppealState.UPHELD)
    is_given_back = won and stops_access(sanction) and sanction.key_id is None and not has_ended
    return {
        "is_appeal": appeal.kind == AppealKind.APPEAL,
        "state": appeal.state,
        "sort": sanction.get_kind_display(),
        "program": sanction.grant.program.name,
        "due_at": appeal.due_at,
        "reason": appeal.get_outcome_reason_display(),
        "explanation": appeal.explanation,
        "has_ended": has_ended,
        "ends_at": grant.expires_at if is_given_back else None,
        "url": page("sanction", sanction.number),
    }
