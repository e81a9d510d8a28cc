"""Drafts: what is known before anything is typed, and how near a draft is to being sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.utils.translation import gettext as _

from accounts.models import Owner, User
from onboarding.domain import answers, declarations, questions, triage
from onboarding.domain.answers import Reading
from onboarding.models import Application
from onboarding.states import ApplicationState
from policies.domain import guidelines
from policies.states import Lane


@dataclass(frozen=True)
class Draft:
    """A draft looked at as if it were sent now.

    `problems` holds a sentence for each question that stands in the way, in the form's order; `counted` the
    answers that would be sent; `texts` what each tick stands for.
    """

    reading: Reading
    judgement: triage.Judgement
    problems: dict[str, str]
    counted: dict[str, Any]
    texts: dict[str, declarations.Text]

    @property
    def title(self) -> str:
        return title_of(self.counted)


class NotSeen(Exception):
    """The answers were changed after the page was shown from which they are sent and declared."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "The answers were changed since you opened this page, so nothing was sent. Read them again, then send."
            )
        )


def must_be_seen(application: Application, seen: int | None) -> None:
    """Refuse to send what the page did not show; `seen` is its `answers_version`, None where no page was shown."""
    if seen is not None and seen != application.answers_version:
        raise NotSeen


def known(owner: Owner, by: User) -> dict[str, Any]:
    """Return the answers we know already, for a new draft."""
    found = {"full_name": by.full_name, "work_email": by.email}
    if owner.organisation:
        found |= {"legal_name": owner.organisation.name, "website": owner.organisation.website}
    return {key: value for key, value in found.items() if value}


def title_of(given: Mapping[str, Any]) -> str:
    """Return the application's name for lists, as far as its column holds it."""
    return str(given.get("title", ""))[:200]


def as_stored(application: Application, typed: Mapping[str, object]) -> dict[str, Any]:
    """Return what was typed as a draft keeps it: emptied answers None, ticks with the version of their text."""
    form = questions.of(application.question_set)
    cleaned = answers.clean(form, typed)
    if any(cleaned.get(tick.key) == declarations.YES for tick in form.questions if tick.type == "tick"):
        paper = answers.paper(form, application.program)
        cleaned = declarations.settled(cleaned, declarations.texts(paper, application.program))
    return cleaned


def keep(application: Application, given: Mapping[str, Any], *, at: datetime) -> None:
    """Write a locked draft's answers; the same ones again change nothing, not even the time."""
    if given == application.answers:
        return
    application.answers, application.saved_at = dict(given), at
    application.answers_version += 1
    if (
        application.state == ApplicationState.DRAFT
    ):  # of what was sent, reviewers read the title that was sent
        application.title = title_of(given)
    application.save(update_fields=["answers", "answers_version", "saved_at", "title"])


def read(application: Application) -> Reading:
    """Return the draft's answers read against its own question set."""
    paper = answers.paper(
        questions.of(application.question_set),
        application.program,
        application.kind,
        in_production=application.is_about_production,
    )
    return Reading(paper, application.answers)


def first_section(application: Application) -> str:
    """Return the section a draft begins with: not every kind of application is asked every section."""
    return next(question.section for question in read(application).put())


def look_at(application: Application, *, by: User) -> Draft:
    """Return what sending the draft now would come to. Raises NoGuidelines."""
    reading = read(application)
    judgement = triage.judge_reading(reading, guidelines=guidelines.in_force())
    texts = declarations.texts(reading.paper, application.program)
    found = answers.problems(reading) | declarations.outdated(reading.answers, texts)
    found |= _for_a_person(reading, judgement.lane) | _unverified(reading, application, by)
    return Draft(
        reading=reading,
        judgement=judgement,
        problems={question.key: found[question.key] for question in reading.put() if question.key in found},
        counted=declarations.settled(answers.counted(reading), texts),
        texts=texts,
    )


def _for_a_person(reading: Reading, lane: str) -> dict[str, str]:
    """Return what only those must answer whose application a person looks at before it gets access."""
    if lane not in (Lane.HOLD, Lane.REFUSE):
        return {}
    return {
        question.key: _("Please answer this: a person decides before you get access.")
        for question in reading.asked()
        if question.rules.required == "hold" and answers.is_empty(reading.answers.get(question.key))
    }


def _unverified(reading: Reading, application: Application, by: User) -> dict[str, str]:
    """Return a sentence about a work e-mail that is neither the sender's nor the applicant's verified one."""
    email = reading.given("work_email")
    people = [person for person in (by, application.applicant) if person is not None]
    if not isinstance(email, str) or any(person.email == email for person in people):
        return {}  # missing or wrong is said elsewhere; nobody signs in without having verified their own
    if EmailAddress.objects.filter(user__in=people, email__iexact=email, verified=True).exists():
        return {}
    return {"work_email": _("Verify this address in your account first, or use the one you sign in with.")}
