"""What reviewers wrote about a person who deleted their account, and what that person answered: blanked by the payer.

Outcome, reason code, categories, dates and who decided stay: the public report counts them, and needs no text for it.
What was written about an organisation that goes on stays with it.
"""

from datetime import datetime

from django.db.models import Case, Q, Value, When

from accounts.domain import erasure, owners
from accounts.models import Part, User
from onboarding.domain.erasure import BLANKED, blank_conditions
from onboarding.states import ApplicationState
from outbox import erasure as letters
from reviews.domain import bars, cases, rejections
from reviews.models import (
    Care,
    CategoryChoice,
    Claim,
    Decision,
    FileOpening,
    Finding,
    InformationRequest,
    Interest,
    InterestOverride,
    Likeness,
    Note,
    Opinion,
    Question,
    Reconciliation,
    SavedView,
    Unsent,
)
from reviews.models import Case as ReviewCase
from reviews.states import Outcome


def erase_owed(*, at: datetime) -> int:
    """Blank decisions, questions and findings of people who deleted their account; drop bars that are over."""
    bars.drop_over(at=at)
    cases.close_withdrawn(at=at)  # nobody may write about it any more when it is blanked
    return erasure.pay(Part.REVIEWS, _forget, at=at)


def _forget(user: User, at: datetime) -> None:
    _keep_bars(user, at)
    _drop_likenesses(user)
    about = {"case__application__owner__in": list(owners.ending_with(user).values_list("pk", flat=True))}
    made = Decision.objects.filter(**about)
    letters.blank_about(made, at=at)
    blank_conditions(made)
    made.update(
        **_blanked(
            "explanation",
            "facts",
            "what_would_change",
            "return_reason",
            "why_different",
            "recall_reason",
            "emergency_reason",
        )
    )
    asked = InformationRequest.objects.filter(decision__in=made)
    letters.blank_about(asked, at=at)
    asked.update(video_url="", **_blanked("question", "answer"))
    Question.objects.filter(request__in=asked).update(**_blanked("question"))
    Opinion.objects.filter(**about).update(**_blanked("note"))
    remarks = Reconciliation.objects.filter(review__case__application__owner__in=owners.ending_with(user))
    remarks.update(**_blanked("remark"))
    Note.objects.filter(**about).update(**_blanked("text"))
    Unsent.objects.filter(Q(reviewer=user) | Q(**about)).delete()
    Finding.objects.filter(**about).update(**_blanked("note", "quote"))
    Claim.objects.filter(**about).update(**_blanked("held_reason", "handed_note", "release_reason"))
    InterestOverride.objects.filter(**about).update(**_blanked("reason"))
    _forget_reviewer(user)


def _forget_reviewer(user: User) -> None:
    """Delete what somebody who reviewed once had set for themselves, and which files they opened; their minutes go by
    themselves."""
    for model in (Interest, CategoryChoice, Care, SavedView, FileOpening):
        model.objects.filter(reviewer=user).delete()


def _drop_likenesses(user: User) -> None:
    """Drop what cases are compared by, and the person's address where the case stays an organisation's.

    The cases are locked first: a payer that is making one has read what is being erased.
    """
    ending = list(owners.ending_with(user).values_list("pk", flat=True))
    about = ReviewCase.objects.filter(application__owner__in=ending)
    locked = list(about.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    ReviewCase.objects.filter(pk__in=locked).update(likeness_owed=False)
    Likeness.objects.filter(case__in=locked).delete()
    Likeness.objects.filter(case__application__applicant=user).update(mail_key="", mail_domain="")


def _keep_bars(user: User, at: datetime) -> None:
    """Keep the person's own rejections that still hold for a keyed hash of their addresses."""
    made = Decision.objects.filter(
        case__application__owner__person=user,
        case__application__kind__in=rejections.BARRING,
        case__application__state=ApplicationState.REJECTED,
        outcome=Outcome.REJECTED,
        told_at__isnull=False,
        overturned_at=None,
    ).select_related("case")
    ends = [(rejection, rejections.reapply_at(rejection)) for rejection in made]
    bars.keep(
        [(rejection, None if end == rejections.NEVER else end) for rejection, end in ends if end > at],
        erasure.addresses(user),
    )


def _blanked(*fields: str) -> dict[str, Case]:
    """Return the update that blanks what is written in these fields and leaves what is empty."""
    return {field: Case(When(**{field: ""}, then=Value("")), default=Value(BLANKED)) for field in fields}
