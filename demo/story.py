"""Play the stories in order of time: each step is one of the product's own commands with a past `at=`."""

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from accounts.domain import owners
from accounts.models import User
from demo import against, answers, consultation, people
from onboarding.domain import (
    applications,
    clocks,
    grants,
    guard_rules,
    invitations,
    keys,
    programs,
    questions,
    rates,
    requests,
    sealing,
    showcase,
    waitlist,
)
from onboarding.domain.programs import Limits
from onboarding.domain.showcase import Words
from onboarding.models import Application, Grant, Invitation, Key, Program, QuestionSet, ShowcaseEntry
from onboarding.states import ApplicationKind, Environment, InvitationState
from outbox import letters
from policies.domain import acceptances, guidelines, weaknesses
from policies.models import GuidelineVersion
from reviews.domain import cases, claims, decisions, findings, signatures, telling
from reviews.models import Case, Decision

DATA = yaml.safe_load(Path(__file__).with_name("stories.yaml").read_text())
TEXTS = DATA["programs"]  # slug -> description and known weaknesses
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
AT_ONCE = {"recall_minutes": 0, "refusal_recall_minutes": 0}  # so that a visitor sees what follows
DAYS = 70  # how far back the demo goes
# Calibrated on public figures: the image model let in 400 vetted people first, then 1,000 a week, and plans 10,000.
IMAGE_STEPS = ((70, 400, "First group, vetted by hand"), (49, 1000, "Review holds up: a thousand a week"))
CODE_STEPS = (
    (70, 2, "Two teams a week while we learn"),
    (34, 0, "Review is behind: nobody new until it has caught up"),
    (0.1, 1, "Review has caught up: one team a week to begin with"),
)


class Agenda:
    """What happens when: steps run in order of time and may add later ones."""

    def __init__(self, now: datetime):
        self.now, self._steps, self._serial = now, [], count()

    def add(self, at: datetime, step: Callable[..., Any], **kwargs: Any) -> None:
        if at <= self.now:
            heapq.heappush(self._steps, (at, next(self._serial), partial(step, **kwargs)))

    def play(self) -> None:
        while self._steps:
            at, _, step = heapq.heappop(self._steps)
            step(at=at)


class Story:
    """The demo's cast and programs, and the steps each path is made of."""

    def __init__(self, now: datetime):
        self.agenda = Agenda(now)
        self.start = now - DAYS * DAY
        self.people = {person["key"]: person for person in DATA["people"]}
        self.stories = DATA["stories"]
        self.users: dict[str, tuple[User, Any]] = {}

    def tell(self) -> None:
        """Play everything up to now, on the shipped guidelines and questions where the site has none yet."""
        if not GuidelineVersion.objects.exists():
            guidelines.load(guidelines.shipped(), by="demo", at=self.start)
        if not QuestionSet.objects.exists():
            questions.load(questions.shipped(), by="demo", at=self.start)
        self.staff = people.make_staff(self.start)
        self._open_programs()
        for day in range(DAYS * 2 + 1):  # the beat of the demo: twice a day
            self.agenda.add(self.start + day * 12 * HOUR, self.beat)
        for story in self.stories:
            self.agenda.add(self.agenda.now - story["days"] * DAY, self.apply, story=story)
        for at, step in consultation.steps(self.staff, self.agenda.now):
            self.agenda.add(at, step)
        self.agenda.play()

    def _open_programs(self) -> None:
        dora, pia = self.staff["dora"], self.staff["pia"]
        self.programs = {
            "code-model": programs.open_program(
                "code-model",
                name="Code model",
                summary="Writes and explains program code from plain words.",
                models={"gate-code-1": "Code 1", "gate-code-1-mini": "Code 1 mini"},
                limits=[Limits("trial", Environment.TEST, 5, 100), Limits("standard", Environment.LIVE, 60, 5000)],
                by=dora, at=self.start, time_zone="Europe/Madrid", description=TEXTS["code-model"]["description"],
                api_base_url="https://models.example/v1", **AT_ONCE,
            ),
            "image-model": programs.open_program(
                "image-model",
                name="Image model",
                summary="Draws pictures from a description.",
                models={"gate-image-1": "Image 1"},
                limits=[Limits("trial", Environment.TEST, 2, 50), Limits("standard", Environment.LIVE, 10, 500)],
                by=dora, at=self.start, time_zone="America/Los_Angeles", production_review=True,
                description=TEXTS["image-model"]["description"], **AT_ONCE,
            ),
        }  # fmt: skip
        for slug, texts in TEXTS.items():
            weaknesses.publish(slug, text=texts["weaknesses"], by=pia, at=self.start)
        for slug, steps in (("code-model", CODE_STEPS), ("image-model", IMAGE_STEPS)):
            for days, per_week, why in steps:
                self.agenda.add(
                    self.agenda.now - days * DAY,
                    self._set_rate,
                    program=self.programs[slug],
                    per_week=per_week,
                    why=why,
                )
            for guard, rule in guard_rules.FIRST.items():
                guard_rules.set_rule(
                    self.programs[slug],
                    guard,
                    rule,
                    by=dora,
                    at=self.start,
                    reason="As proposed, from the first day on.",
                )
        self.agenda.add(self.agenda.now, self._plan_ahead)

    def _set_rate(self, *, program: Program, per_week: int, why: str, at: datetime) -> None:
        rates.set_rate(program, per_week=per_week, from_at=at, by=self.staff["dora"], at=at, reason=why)

    def _plan_ahead(self, *, at: datetime) -> None:
        rates.set_rate(
            self.programs["image-model"], per_week=10_000, from_at=at + 28 * DAY, by=self.staff["dora"], at=at,
            reason="If the review keeps its promise until then",
        )  # fmt: skip

    def beat(self, *, at: datetime) -> None:
        """What Celery does: cases, decisions told, weeks, invitations, keys."""
        cases.open_owed(at=at)
        telling.tell_owed(at=at)
        claims.release_run_out(at=at)
        sealing.wipe_owed(at=at)
        for program in self.programs.values():
            waitlist.admit(program, by="beat", at=at)
        invitations.tell_owed(at=at)
        letters.send_owed(at=at)
        for run in (clocks.start_owed, clocks.remind_owed, clocks.count_reminders):
            run(at=at)
        invitations.expire_due(at=at)
        keys.issue_owed(at=at)

    # --- the applicant

    def apply(self, *, story: dict[str, Any], at: datetime) -> None:
        user, organisation = self._applicant(story["person"], at)
        program = self.programs[story["program"]]
        owner = owners.of_organisation(organisation) if organisation else owners.of_person(user)
        version = guidelines.in_force()
        acceptances.accept(
            user, document="guidelines", version=version.version, text_hash=version.text_hash, at=at
        )
        application = applications.start(program, owner=owner, by=user, at=at)
        given = answers.complete(
            self.people[story["person"]], story, list(program.models.values_list("code", flat=True))
        )
        applications.save_draft(
            application, answers=given, seen_version=application.answers_version, by=user, at=at + 5 * MINUTE
        )
        if story["path"] == "draft":
            return
        applications.submit(application, by=user, at=at + 10 * MINUTE)
        cases.open_owed(at=at + 11 * MINUTE)
        self.agenda.add(at + self._thinking(story), self.take_up, story=story, application=application)

    def _applicant(self, key: str, at: datetime) -> tuple[User, Any]:
        if key not in self.users:
            self.users[key] = people.make_applicant(self.people[key], at - HOUR)
        return self.users[key]

    def _thinking(self, story: dict[str, Any]) -> timedelta:
        return timedelta(minutes=10) if story["path"] == "claimed" else timedelta(hours=20)

    # --- the reviewers

    def take_up(self, *, story: dict[str, Any], application: Application, at: datetime) -> None:
        path, bob = story["path"], self.staff["bob"]
        if path == "submitted":
            return
        if path == "withdrawn":
            applications.withdraw(application, by=application.applicant, at=at)
            cases.close_withdrawn(at=at)
            return
        case = Case.objects.get(application=application)
        at = self.agenda.now - 5 * MINUTE if path == "claimed" else at
        claims.claim(case, by=bob, at=at)
        if path == "claimed":
            return
        verdicts = dict.fromkeys(case.domains, ("concern", "See the conditions."))
        findings.record(case, by=bob, at=at + 3 * MINUTE, verdicts=verdicts)
        decision = decisions.decide(case, by=bob, at=at + 8 * MINUTE, **self._outcome(story, case))
        if decision.second != "nobody" and path != "awaiting_second":
            signer = self.staff["sol" if path.startswith("rejected") else "sam"]  # Sam answers appeals
            signatures.sign(decision, by=signer, at=at + 3 * HOUR)
            self.agenda.add(at + 3 * HOUR + MINUTE, self.told, story=story, decision=decision)
        elif path != "awaiting_second":
            self.agenda.add(at + 9 * MINUTE, self.told, story=story, decision=decision)

    def _outcome(self, story: dict[str, Any], case: Case) -> dict[str, Any]:
        path = story["path"]
        if path == "asked":
            return ASK | {"categories": case.domains}
        if path == "rejected":
            return REJECT_NO_PERSON
        if path == "rejected_prohibited":
            return REJECT_PROHIBITED
        if case.domains:
            return approve_with_conditions(case)
        return APPROVE

    # --- after the decision

    def told(self, *, story: dict[str, Any], decision: Decision, at: datetime) -> None:
        telling.tell_owed(at=at)
        if planned := against.plan(story["path"], decision, now=self.agenda.now):
            when, step = planned
            self.agenda.add(when, step, senior=self.staff["sam"])
        if story["path"] in ("opened", "suspended", "declined", "invited", "expired"):
            self.agenda.add(at + HOUR, self.seat, story=story, application=decision.case.application)

    def seat(self, *, story: dict[str, Any], application: Application, at: datetime) -> None:
        """Wait for the weekly admission; answer the invitation a day after it."""
        self.beat(at=at)
        offered = Invitation.objects.filter(
            seat__entry__application=application, state=InvitationState.OFFERED
        ).first()
        if offered is None:
            self.agenda.add(at + 12 * HOUR, self.seat, story=story, application=application)
        elif story["path"] == "declined":
            self.agenda.add(at + 5 * HOUR, self.decline, invitation=offered)
        elif story["path"] in ("opened", "suspended"):
            self.agenda.add(at + 5 * HOUR, self.accept, story=story, invitation=offered)

    def decline(self, *, invitation: Invitation, at: datetime) -> None:
        invitations.decline(invitation, by=invitation.seat.entry.application.applicant, at=at)

    def accept(self, *, story: dict[str, Any], invitation: Invitation, at: datetime) -> None:
        grant = invitations.accept(invitation, by=invitation.seat.entry.application.applicant, at=at)
        keys.issue_owed(at=at + MINUTE)
        self.agenda.add(at + HOUR, self.open, story=story, grant=grant)

    def open(self, *, story: dict[str, Any], grant: Grant, at: datetime) -> None:
        key = Key.objects.get(grant=grant)
        keys.open(key, by=grant.application.applicant, at=at)  # nobody keeps this secret
        if "showcase" in story:
            self.agenda.add(at + 2 * HOUR, self.show, story=story, grant=grant)
        if "production" in story:
            self.agenda.add(at + 2 * DAY, self.ask_for_production, story=story, grant=grant)
        if story["path"] == "suspended":
            self.agenda.add(self.agenda.now - 2 * DAY, self.suspend, grant=grant)

    def show(self, *, story: dict[str, Any], grant: Grant, at: datetime) -> None:
        """Offer the use for the showcase; with `waits` nobody has read it yet."""
        said = story["showcase"]
        words = Words(title=story["title"], does=story["summary"], uses=said["uses"], quote=said.get("quote", ""),
                      quoted=said.get("quoted", ""), link=said.get("link", ""))  # fmt: skip
        entry = showcase.offer(grant, words, agreed=True, by=grant.application.applicant, at=at)
        if not said.get("waits"):
            self.agenda.add(at + 5 * HOUR, self.publish, entry=entry)

    def publish(self, *, entry: ShowcaseEntry, at: datetime) -> None:
        showcase.publish(entry, by=self.staff["bob"], at=at)

    def ask_for_production(self, *, story: dict[str, Any], grant: Grant, at: datetime) -> None:
        """Send the production review of a trial grant; with `production: approved` it is decided a day later."""
        person = grant.application.applicant
        request = requests.start(grant, kind=ApplicationKind.PRODUCTION, by=person, at=at)
        applications.save_draft(
            request, answers=answers.EVIDENCE, seen_version=request.answers_version, by=person, at=at + MINUTE
        )
        applications.submit(request, by=person, at=at + 5 * MINUTE)
        cases.open_owed(at=at + 6 * MINUTE)
        if story["production"] == "approved":
            self.agenda.add(at + 20 * HOUR, self.take_up, story={"path": "production"}, application=request)

    def suspend(self, *, grant: Grant, at: datetime) -> None:
        grants.suspend(
            grant, by=self.staff["sam"], at=at, reason="Commands were run without the user's confirmation."
        )


def approve_with_conditions(case: Case) -> dict[str, Any]:
    """Return an approval that carries the default conditions of the domains that apply."""
    version = case.revision.guidelines
    chosen = version.categories.filter(code__in=case.domains)
    conditions = [{"category": c.code, "text": text} for c in chosen for text in c.default_conditions[:2]]
    return {
        "outcome": "approved_with_conditions",
        "reason_code": "C3_human_review",
        "categories": case.domains,
        "explanation": "A qualified person must check output before anyone relies on it.",
        "conditions": conditions,
    }


APPROVE = {
    "outcome": "approved",
    "reason_code": "A1_notify_list",
    "categories": [],
    "explanation": "Your use is on the list of uses that we normally accept. The limits of tier standard apply.",
}
ASK = {
    "outcome": "needs_information",
    "reason_code": "I1_too_vague",
    "explanation": "We cannot tell what people will do with the output.",
    "question": "Who are the first twenty people who will use it, and what do they do with an answer?",
}
REJECT_NO_PERSON = {
    "outcome": "rejected",
    "reason_code": "R2_no_accountable_person",
    "categories": ["unsupervised_high_stakes", "employment"],
    "explanation": "Decisions on hiring would be taken with no accountable person.",
    "facts": "People below a line are refused at once, by a score that nobody reads.",
    "what_would_change": "A named recruiter reads every refusal before it is sent; a bias test is done before launch.",
    "reapply_after_days": 30,
}
REJECT_PROHIBITED = {
    "outcome": "rejected",
    "reason_code": "R1_prohibited",
    "categories": ["exploitative_economic"],
    "explanation": 'The described use falls under "Exploitative products" of policy 1.0.0.',
    "facts": "Cards are sent at the moment a player is about to stop, to bring them back to a casino.",
    "what_would_change": "Nothing about this use; another use of yours is welcome.",
    "reapply_after_days": 180,
}
