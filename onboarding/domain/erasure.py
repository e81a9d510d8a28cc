"""What a person leaves behind in onboarding: ended at once when they delete their account, blanked by the payer.

What belongs to the person, or to an organisation nobody is left in, ends and is blanked. What belongs to an
organisation that goes on stays with it; only the person's own name and addresses are taken out of the answers.
"""

from collections.abc import Callable
from contextlib import suppress
from copy import copy
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Model, QuerySet

from accounts.domain import erasure, owners
from accounts.models import Part, User
from audit import ledger
from audit.events import Event
from audit.models import LedgerEntry
from onboarding.domain import (
    applications,
    attachments,
    grants,
    invitations,
    notices,
    picks,
    places,
    questions,
    sealing,
    showcase,
    waitlist,
)
from onboarding.models import (
    Application,
    Attachment,
    Grant,
    Invitation,
    Key,
    Move,
    QuestionSet,
    ShowcaseEntry,
    WaitlistEntry,
)
from onboarding.states import LIVE_GRANT_STATES, EntryState, InvitationState
from outbox import erasure as letters
from policies.domain import comments, subscriptions

MOVED_ON = (
    applications.IllegalMove, waitlist.IllegalMove, invitations.InvitationIsOver, grants.IllegalMove,
)  # fmt: skip
REASON = "account_deleted"
BLANKED = "(blanked)"

# The keys to take out of an organisation's answers: those that ask for the sender, and whatever holds their address.
NAMES = """(%(keys)s::text[] || ARRAY(
    SELECT said.key FROM jsonb_each_text(answers) AS said WHERE said.value = ANY(%(addresses)s::text[])))"""
# The digest proves what stood there to whoever still has the text; salted, so that it cannot be looked up in a list.
BLANK_REVISIONS = """
    UPDATE onboarding_revision SET erased_at = %(at)s,
        answers = CASE WHEN %(keys)s::text[] IS NULL THEN '{{}}'::jsonb ELSE answers - {names} END
            || jsonb_build_object('erased', true, 'digest', salted.salt || ':'
               || left(encode(sha256(convert_to(salted.salt || answers::text, 'UTF8')), 'hex'), 32))
    FROM (SELECT id AS salted_id, left(replace(gen_random_uuid()::text, '-', ''), 16) AS salt
          FROM onboarding_revision WHERE erased_at IS NULL AND {which}) AS salted
    WHERE id = salted.salted_id"""
BLANK_CONDITIONS = """
    UPDATE {table} SET conditions = (SELECT coalesce(jsonb_agg(
        said || jsonb_build_object('text', '')), '[]'::jsonb)
        FROM jsonb_array_elements(conditions) AS said)
    WHERE id = ANY(%s) AND conditions <> '[]'::jsonb"""


def let_go(user: User, *, at: datetime) -> None:
    """End what lives of this person, and hand on what their organisations keep; called in the transaction that asks.

    Each step is the person's own: withdraw, leave, decline, give up. What changed while we waited for its lock is
    found by the step after it.
    """
    acting = copy(user)
    acting.is_active = True  # whoever asked is shut out by now, or will be at the end of this transaction
    mine = Application.objects.filter(owner__in=_ending(user))
    for application in mine.open():
        _unless_changed(applications.withdraw, application, by=acting, at=at)
    places_kept = WaitlistEntry.objects.filter(state__in=[EntryState.WAITING, EntryState.HELD])
    for entry in places_kept.filter(application__in=mine).select_related("application"):
        _unless_changed(places.leave, entry, by=acting, at=at)
    offered = Invitation.objects.filter(state=InvitationState.OFFERED, seat__entry__application__in=mine)
    for invitation in offered:
        _unless_changed(invitations.decline, invitation, by=acting, at=at)
    for grant in Grant.objects.live().filter(owner__in=_ending(user)):
        _unless_changed(grants.give_up, grant, by=acting, at=at, reason=REASON)
    _hand_on(user, at)


def erase_owed(*, at: datetime) -> int:
    """Blank applications, places and access of people who deleted their account; return how many people."""
    return erasure.pay(Part.APPLICATIONS, _forget, at=at)


def blank_conditions(rows: QuerySet[Any]) -> None:
    """Blank the text of the conditions in these rows; categories, kinds and figures stay."""
    with connection.cursor() as cursor:
        cursor.execute(
            BLANK_CONDITIONS.format(table=rows.model._meta.db_table),
            [list(rows.values_list("pk", flat=True))],
        )


def _unless_changed(verb: Callable[..., Any], thing: Model, **how: Any) -> None:
    """Do it, unless it has moved on since it was looked up: then a later step, or the payer, meets it there."""
    with suppress(*MOVED_ON):
        verb(thing, **how)


def _ending(user: User) -> list[int]:
    return list(owners.ending_with(user).values_list("pk", flat=True))


def _hand_on(user: User, at: datetime) -> None:
    """Make an owner of the organisation, or its longest member, whom letters about its applications go to."""
    staying = Application.objects.filter(applicant=user, owner__organisation__isnull=False).exclude(
        owner__in=_ending(user)
    )
    for organisation in staying.order_by().values_list("owner__organisation", flat=True).distinct():
        heir = notices.heirs(organisation).exclude(user=user).first()
        if heir is None:
            continue
        handed = list(staying.filter(owner__organisation=organisation).only("pk"))
        Application.objects.filter(pk__in=[each.pk for each in handed]).update(applicant=heir.user_id)
        ledger.record_many(
            Event.APPLICATION_HANDED_ON, subjects=handed, actor=user, at=at, reason=REASON, to=heir.user_id
        )


def _forget(user: User, at: datetime) -> None:
    let_go(user, at=at)  # what a page that was being answered made after all
    subscriptions.forget(user, at=at)
    comments.forget(user, at=at)
    ending = _ending(user)
    mine = Application.objects.filter(owner__in=ending)
    _forget_letters(mine, at)
    attachments.erase(Attachment.objects.filter(application__in=mine), by="onboarding", at=at)
    sealing.forget(mine, by="onboarding", at=at)
    blank_conditions(mine)
    blank_conditions(Grant.objects.filter(owner__in=ending))
    how = {"at": at, "keys": None, "addresses": [], "ids": list(mine.values_list("pk", flat=True))}
    with connection.cursor() as cursor:
        cursor.execute(BLANK_REVISIONS.format(names=NAMES, which="application_id = ANY(%(ids)s)"), how)
    mine.update(answers={}, facts={}, title="", withdraw_reason="")
    WaitlistEntry.objects.filter(owner__in=ending).exclude(priority_reason="").update(priority_reason=BLANKED)
    WaitlistEntry.objects.filter(owner__in=ending).update(applicant_type="", country="", wave="")
    Move.objects.filter(entry__owner__in=ending).exclude(note="").update(note=BLANKED)
    declined = Invitation.objects.filter(seat__entry__owner__in=ending).exclude(decline_reason="")
    declined.update(decline_reason=BLANKED)
    Grant.objects.filter(owner__in=ending).exclude(key_name="").update(key_name=BLANKED)
    Grant.objects.filter(owner__in=ending).exclude(state__in=LIVE_GRANT_STATES).update(end_users_kept_out=[])
    Key.objects.filter(grant__owner__in=ending).update(name=BLANKED)
    picks.forget(user, erasure.addresses(user), at=at)
    showcase.forget(ShowcaseEntry.objects.filter(grant__owner__in=ending), by="onboarding", at=at)
    showcase.forget(showcase.naming(user, erasure.addresses(user)), by="onboarding", at=at)
    _take_name_out(user, ending, at)


def _forget_letters(mine: QuerySet[Application], at: datetime) -> None:
    for things in (
        mine,
        WaitlistEntry.objects.filter(application__in=mine),
        Invitation.objects.filter(seat__entry__application__in=mine),
        Grant.objects.filter(application__in=mine),
        Key.objects.filter(grant__application__in=mine),
    ):
        letters.blank_about(things, at=at)


def _take_name_out(user: User, ending: list[int], at: datetime) -> None:
    """Take the person out of the answers of organisations that go on, wherever they started or sent something."""
    touched = LedgerEntry.objects.filter(
        actor=ledger.name_of(user), subject_type=Application._meta.label_lower
    ).values_list("subject_id", flat=True)
    left = Application.objects.filter(pk__in=[int(pk) for pk in set(touched)]).exclude(owner__in=ending)
    known: dict[str, Any] = {
        "name": user.full_name,
        "addresses": sorted(erasure.addresses(user)),
        "user": user.pk,
        "at": at,
    }
    theirs = "(answers ->> 'work_email' = ANY(%(addresses)s) OR answers ->> 'full_name' = %(name)s"
    for question_set in QuestionSet.objects.filter(applications__in=left).distinct():
        keys = _about_the_sender(question_set)
        ids = list(left.filter(question_set=question_set).values_list("pk", flat=True))
        how = known | {"keys": keys, "ids": ids}
        with connection.cursor() as cursor:
            cursor.execute(
                f"""UPDATE onboarding_application SET answers = answers - {NAMES}
                    WHERE id = ANY(%(ids)s) AND ({theirs}) OR EXISTS (SELECT FROM onboarding_revision sent
                    WHERE sent.application_id = onboarding_application.id AND sent.submitted_by_id = %(user)s))""",
                how,
            )
            which = f"application_id = ANY(%(ids)s) AND ({theirs}) OR submitted_by_id = %(user)s)"
            cursor.execute(BLANK_REVISIONS.format(names=NAMES, which=which), how)


def _about_the_sender(question_set: QuestionSet) -> list[str]:
    """Return the questions that ask for a name or an address of a person."""
    form = questions.of(question_set)
    return [
        question.key
        for question in form.questions
        if question.type == "email" or (question.section == "you" and question.type == "text")
    ]
