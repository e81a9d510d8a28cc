"""Let addresses go that nothing is written to any more: of who commented, and of who was invited and did not answer."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from audit import ledger
from audit.events import Event
from outbox import erasure
from policies.domain.comment_rows import blank_invitations
from policies.models import Comment, ConsulteeInvitation
from policies.states import CommentState, ConsultationState

# After the summary is published and told. Nothing waited to be read then, so that the time to object is past by then.
KEPT_FOR = timedelta(days=30)
BATCH = 500


@transaction.atomic
def let_go(*, at: datetime) -> int:
    """Forget addresses kept for KEPT_FOR after the summary; return how many. A payer: may run twice, beside itself."""
    over = Q(consultation__state=ConsultationState.SUMMARISED, consultation__summarised_at__lte=at - KEPT_FOR)
    return _of_comments(over, at) + _of_invitations(over, at)


def _of_comments(over: Q, at: datetime) -> int:
    """Blank addresses; the link stays, so that a comment can be taken back at any time."""
    told = Comment.objects.received().filter(over, summary_told_at__lte=at - KEPT_FOR).exclude(email="")
    answered = told.exclude(state__in=(CommentState.WAITING, CommentState.TAKEN)).filter(
        decided_at__lte=at - KEPT_FOR
    )
    rows = list(answered.order_by("pk").select_for_update(of=("self",), skip_locked=True)[:BATCH])
    of_rows = Comment.objects.filter(pk__in=[row.pk for row in rows])
    erasure.blank_about(of_rows, at=at)
    of_rows.update(email="", language="")
    for row in rows:
        ledger.record(Event.COMMENT_ERASED, subject=row, actor="policies", at=at, reason="kept_long_enough")
    return len(rows)


def _of_invitations(over: Q, at: datetime) -> int:
    """Blank who was invited, and did not answer or answered with a comment whose address is gone."""
    asked = ConsulteeInvitation.objects.filter(over, erased_at=None)
    rows = asked.filter(Q(comment=None) | Q(comment__email="")).order_by("pk").values("pk")[:BATCH]
    return blank_invitations(
        ConsulteeInvitation.objects.filter(pk__in=list(rows.values_list("pk", flat=True))), at=at
    )
