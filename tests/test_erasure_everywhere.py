"""Nothing of somebody who deleted their account is left anywhere, and nobody else's rows are touched.

Every column in which a model keeps what people typed or who they are is marked with its owner's name; then Alice's copy
is searched for what is not hers, and after her account is deleted the whole database is searched for her.
"""

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zipfile import ZipFile

import pgtrigger
import pytest
from django.apps import apps
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import JSONField, Q

from accounts.domain import erasure, organisations, owners, tokens
from accounts.models import User
from accounts.scopes import Scope
from enforcement.domain import archive, emergencies, flags, leaving, webhooks
from enforcement.domain import erasure as enforcement
from enforcement.models import LeakReport
from onboarding.domain import erasure as onboarding
from onboarding.domain import invitations, order, picks, showcase
from onboarding.domain.attachments import Checked
from onboarding.models import SealedAnswer
from onboarding.states import FileKind
from outbox import letters
from policies.domain import consultees, subscriptions
from policies.models import Consultation
from reviews.domain import erasure as reviews
from reviews.domain import findings, interests, likenesses, notes, questions, rejections, telling, unsent
from reviews.models import Bar, InformationRequest, Interest
from tests.enforcement.appealing import make_appeal
from tests.enforcement.filters.making import make_hit
from tests.enforcement.flagging import make_sanction
from tests.factories import (
    MONDAY,
    give_seats,
    make_application,
    make_entry,
    make_invitation,
    make_manager,
    make_program,
    make_rate,
    make_reviewer,
    make_secret,
    make_senior,
    make_showcase_entry,
    make_user,
    verified,
)
from tests.onboarding.picking import make_pick, make_picky
from tests.policies.consulting import make_comment, make_open
from tests.reviews.looking import make_card
from tests.reviews.making import make_claimed, make_decision

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(days=2)
OURS = ("audit", "outbox", "accounts", "policies", "onboarding", "reviews", "enforcement", "transparency")

# Which rows of a model are somebody's. Every model that says what it keeps of people has its line here or in APART.
THEIRS = {
    "outbox.Letter": "recipient",
    "accounts.User": "pk",
    "policies.Subscription": "email",
    "policies.Comment": "user",
    "policies.CommentRevision": "comment__user",
    "policies.ConsulteeInvitation": "email",
    "accounts.OrganisationInvitation": "email",
    "accounts.Token": "user",
    "onboarding.Application": "owner__person",
    "onboarding.Revision": "application__owner__person",
    "onboarding.Attachment": "application__owner__person",
    "onboarding.SealedAnswer": "application__owner__person",
    "onboarding.Pick": "taken_by",
    "onboarding.WaitlistEntry": "owner__person",
    "onboarding.Move": "entry__owner__person",
    "onboarding.Invitation": "seat__entry__owner__person",
    "onboarding.Grant": "owner__person",
    "onboarding.Key": "grant__owner__person",
    "onboarding.ShowcaseEntry": "grant__owner__person",
    "reviews.Claim": "case__application__owner__person",
    "reviews.Finding": "case__application__owner__person",
    "reviews.Decision": "case__application__owner__person",
    "reviews.Likeness": "case__application__owner__person",
    "reviews.Opinion": "case__application__owner__person",
    "reviews.Question": "request__decision__case__application__owner__person",
    "reviews.Reconciliation": "review__case__application__owner__person",
    "reviews.Note": "case__application__owner__person",
    "reviews.Unsent": "case__application__owner__person",
    "reviews.InformationRequest": "decision__case__application__owner__person",
    "reviews.Interest": "reviewer",
    "reviews.InterestOverride": "case__application__owner__person",
    "enforcement.Appeal": "decision__case__application__owner__person",
    "enforcement.Flag": "owner__person",
    "enforcement.FlagCase": "owner__person",
    "enforcement.Sanction": "owner__person",
    "enforcement.Waiver": "grant__owner__person",
    "enforcement.Webhook": "owner__person",
    "enforcement.LeakReport": "secret__key__grant__owner__person",
    "enforcement.FilterHit": "key__grant__owner__person",
}
APART = {
    "enforcement.FlagReport": "blanked within a minute, once it is a flag: test_flag_reports",
    "onboarding.PickList": "its rows go once the worker is done, or their account: test_picks",
    "accounts.Organisation": "keeps nothing of people; its own test: what nobody is left in loses its name",
    "reviews.SavedView": "a reviewer's own, deleted with the account: test_saved_views",
    "reviews.Bar": "made when an account is deleted; its own test below",
}
# Columns that nobody types into, and those a constraint or a trigger keeps in another form.
UNMARKED = {
    ("policies.Subscription", "email"), ("policies.Subscription", "language"), ("policies.Subscription", "token"),
    ("policies.Comment", "email"), ("policies.Comment", "language"), ("policies.Comment", "token"),
    ("policies.ConsulteeInvitation", "email"),
    ("outbox.Letter", "recipient"), ("accounts.User", "email"), ("accounts.User", "time_zone"),
    ("accounts.User", "language"), ("accounts.OrganisationInvitation", "email"),
    ("onboarding.Pick", "email"),
    ("onboarding.WaitlistEntry", "applicant_type"), ("onboarding.WaitlistEntry", "country"),
    ("onboarding.WaitlistEntry", "wave"),
    ("onboarding.Grant", "key_name"), ("onboarding.Grant", "suspend_reason"), ("reviews.Decision", "return_reason"),
    ("reviews.Decision", "recall_reason"),
    ("reviews.Claim", "held_reason"), ("reviews.Claim", "handed_note"), ("reviews.Claim", "release_reason"),
    ("enforcement.Appeal", "explanation"), ("enforcement.Appeal", "look_again"), ("enforcement.FlagCase", "note"),
    ("enforcement.FlagCase", "attach_reason"),
}  # fmt: skip
# What the staff wrote for each other, what is kept encrypted, and what the letters and the file do not repeat.
NOT_GIVEN = {
    ("enforcement.LeakReport", "place"),
    ("reviews.Finding", "note"), ("reviews.Finding", "quote"), ("onboarding.Move", "note"), ("onboarding.Pick", "note"),
    ("reviews.Decision", "why_different"), ("reviews.Decision", "emergency_reason"), ("reviews.Opinion", "note"),
    ("reviews.Likeness", "text"), ("reviews.Likeness", "mail_key"),
    ("reviews.Interest", "name"), ("reviews.InterestOverride", "reason"),
    ("reviews.Reconciliation", "remark"), ("reviews.Note", "text"), ("reviews.Unsent", "typed"),
    ("onboarding.SealedAnswer", "text"),
    ("enforcement.Flag", "excerpt"), ("enforcement.Waiver", "reason"),
    ("enforcement.FilterHit", "excerpt"),
    ("outbox.Letter", "html"), ("outbox.Letter", "problem"), ("outbox.Letter", "unsubscribe_url"),
}  # fmt: skip


def rows_of(label: str, user: User):
    value = user.email if THEIRS[label] in ("recipient", "email") else user.pk
    return apps.get_model(label).objects.filter(Q(**{THEIRS[label]: value}))


def mark(name: str, label: str, field: str) -> str:
    return f"{name}-{label}.{field}-é\"<b>'"


def fields_of(label: str) -> list[str]:
    return [field for field in apps.get_model(label).PERSONAL_FIELDS if (label, field) not in UNMARKED]


@pytest.fixture
def people(settings, tmp_path):
    """Alice, Charlie and Bob the reviewer, with a row of everything for the first two."""
    place = settings.STORAGES["default"] | {"OPTIONS": {"location": tmp_path, "base_url": None}}
    settings.STORAGES = settings.STORAGES | {"default": place}
    bob = make_reviewer("bob")
    alice, charlie = (verified(make_user(name)) for name in ("alice", "charlie"))
    for user, name in ((alice, "ALICE"), (charlie, "CHARLIE")):
        _fill(user, bob)
        for label in THEIRS:
            _mark(user, name, label)
        user.refresh_from_db()
    return alice, charlie, bob


def _fill(user: User, bob: User) -> None:
    subscriptions.ask(user.email, language="", at=MONDAY)
    asked = Consultation.objects.first() or make_open()
    make_comment(asked, user)
    consultees.invite(asked, email=user.email, affiliation_name="x", by=bob, at=MONDAY)
    key, _ = make_secret(make_program(), applicant=user)
    make_sanction(key.grant)
    senior = make_senior(f"s{user.pk}")
    emergencies.waive(key.grant, rule="exploit", by=senior, at=MONDAY, reason="A test bench.")
    flags.record(
        source="holder",
        owner=None,
        key=key,
        by=user,
        at=MONDAY,
        said="Odd.",
        excerpt="Odd",
        reply_to=user.email,
    )
    LeakReport.objects.create(
        secret=key.secrets.get(), reporter="x", place="x", place_digest="x", reported_at=MONDAY
    )
    quoted = {"quote": "x", "quoted": "x", "link": "https://x.example"}
    showcase.decline(make_showcase_entry(key.grant, **quoted), by=bob, at=MONDAY, reason="x")
    make_showcase_entry(key.grant, **quoted)
    webhooks.add("https://8.8.8.8/hooks", by=user, at=MONDAY, owner=key.grant.owner)
    make_hit(key)
    draft = make_application(make_program(), applicant=user, state="draft")
    SealedAnswer.objects.create(
        application=draft, key="test_login", text="sealed", saved_at=MONDAY, saved_by=user
    )
    tokens.make(
        user, name="board", scopes=[Scope.READ_KEYS], expires_at=LATER + timedelta(days=30), at=MONDAY
    )
    case, _ = make_claimed(bob, applicant=user)
    findings.record(case, by=bob, at=MONDAY, verdicts={"health": ("concern", "a note", "Docstrings")})
    manager = make_manager(f"m{user.pk}")
    interests.override(case, reviewer=bob, by=manager, at=MONDAY, reason="In case")
    Interest.objects.create(reviewer=user, kind="domain", name="x.org", declared_at=MONDAY)
    asked = make_decision("needs_information", by=bob, applicant=user)
    make_decision("approved_with_conditions", by=bob, applicant=user)
    telling.tell_owed(at=MONDAY)
    request = InformationRequest.objects.get(decision=asked)
    papers = [Checked(FileKind.PDF, f"{user}.pdf", f"%PDF of {user}".encode())]
    questions.answer(request, by=user, at=MONDAY, answer="People who read.", files=papers)
    make_appeal(by=bob, applicant=user)
    order.put_forward(
        make_entry(make_program(), applicant=user),
        by=manager,
        at=MONDAY,
        reason="A fair.",
        note="x",
    )
    likenesses.keep_owed()
    notes.write(case, by=bob, at=MONDAY, text="Between us.")
    unsent.keep(case, by=bob, at=MONDAY, typed={"d-facts": ["Half a sentence"]})
    make_card(applicant=user, closed=True)
    _decline(user)
    pick, _ = make_pick(make_picky(), user.email)
    picks.take(pick, by=user, at=MONDAY)
    other = organisations.found("Another one", "", by=make_user(), at=MONDAY)
    make_invitation(other, user.email)


def _decline(user: User) -> None:
    program = make_program()
    make_rate(program, 1)
    make_entry(program, applicant=user)
    (seat,) = give_seats(program)
    invitations.tell_owed(at=MONDAY)
    invitations.decline(seat.invitation, by=user, at=MONDAY, reason="Found another.")


def _mark(user: User, name: str, label: str) -> None:
    rows = rows_of(label, user)
    kept = ("onboarding.Revision:blanked_once", "onboarding.Attachment:content_never_changes")
    with pgtrigger.ignore(
        *kept, "policies.CommentRevision:blanked_once", "reviews.Decision:words_never_change"
    ):
        for field in fields_of(label):
            said, marked = mark(name, label, field), rows
            if isinstance(rows.model._meta.get_field(field), JSONField):
                said = [{"category": "health", "text": said}] if field == "conditions" else {"title": said}
            if (label, field) == ("onboarding.ShowcaseEntry", "link"):
                said = f"https://{said}"  # the database takes nothing else
            if (label, field) == ("reviews.Decision", "conditions"):
                marked = rows.filter(outcome="approved_with_conditions")
            if label == "reviews.InformationRequest" and field in ("answer", "video_url"):
                marked = rows.exclude(answered_at=None)
            if field in ("decline_reason", "priority_reason", "excerpt"):
                marked = rows.exclude(**{field: ""})
            assert marked.update(**{field: said}), f"the world has no {label} of {name} to mark"


def delete(user: User) -> None:
    leaving.ask(user, by=user, at=LATER)
    after = LATER + timedelta(minutes=2)
    letters.send_owed(at=after)
    for payer in (onboarding.erase_owed, reviews.erase_owed, enforcement.erase_owed, erasure.erase_owed):
        payer(at=after)
    user.refresh_from_db()
    assert user.erased_at == after


def database() -> Iterator[tuple[str, str]]:
    """Yield (table, text of a row) of everything."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT row::text FROM "{table}" row')
            yield from ((table, text) for (text,) in cursor.fetchall())


def words(value: object) -> Iterator[str]:
    """Yield every string in a piece of JSON."""
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from words(part)


def copy_of(user: User) -> set[str]:
    file = io.BytesIO()
    archive.write(user, file, by=user, at=LATER)
    return set(words(json.loads(ZipFile(file).read("mine.json"))))


def test_every_model_that_keeps_something_of_people_is_looked_at():
    keeping = {
        model._meta.label
        for app in OURS
        for model in apps.get_app_config(app).get_models()
        if hasattr(model, "PERSONAL_FIELDS")
    }

    assert keeping == set(THEIRS) | set(APART)


def test_the_copy_has_everything_the_person_may_have(people):
    alice, *_ = people

    copy = "\n".join(copy_of(alice))

    given = [
        (label, field) for label in THEIRS for field in fields_of(label) if (label, field) not in NOT_GIVEN
    ]
    assert [place for place in given if mark("ALICE", *place) not in copy] == []


def test_the_copy_has_nothing_of_others_and_not_what_reviewers_wrote_for_each_other(people):
    alice, *_ = people

    copy = "\n".join(copy_of(alice)).lower()

    hidden = [mark("ALICE", *place).lower() for place in NOT_GIVEN]
    assert [word for word in ("charlie", "bob", "secret_hash", *hidden) if word in copy] == []


def test_nothing_of_somebody_who_left_is_anywhere(people):
    alice, *_ = people

    delete(alice)

    assert [(table, text) for table, text in database() if "alice" in text.lower()] == []


def test_the_files_are_in_the_copy_and_gone_from_the_storage(people, django_capture_on_commit_callbacks):
    alice, *_ = people
    file = io.BytesIO()
    archive.write(alice, file, by=alice, at=LATER)
    packed = ZipFile(file)

    with django_capture_on_commit_callbacks(execute=True):
        delete(alice)

    assert [packed.read(name) for name in packed.namelist() if name != "mine.json"] == [b"%PDF of Alice"]
    stored = [path.read_bytes() for path in Path(default_storage.location).rglob("*") if path.is_file()]
    assert [content for content in stored if b"Alice" in content or b"Charlie" in content] == [
        b"%PDF of Charlie"
    ]


def test_nobody_elses_rows_are_touched(people):
    alice, charlie, _ = people

    def theirs():
        return {label: sorted(rows_of(label, charlie).values_list(), key=str) for label in THEIRS}

    letters.send_owed(at=LATER)
    before = theirs()
    delete(alice)

    assert theirs() == before


def test_a_rejection_that_holds_outlives_the_account_as_a_keyed_hash(people):
    alice, *_ = people
    rejection = alice.applications.get(state="rejected")

    delete(alice)
    again = verified(make_user("alice"))

    bar = Bar.objects.get(program=rejection.program)
    owner = owners.of_person(again)
    assert ("alice" in bar.address_hash, rejections.reapply_from(owner, rejection.program)) == (
        False,
        bar.until,
    )


def test_a_bar_is_gone_when_it_is_over(people):
    alice, *_ = people
    delete(alice)

    reviews.erase_owed(at=Bar.objects.get().until)

    assert not Bar.objects.exists()
