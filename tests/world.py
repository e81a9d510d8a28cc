"""One small world for tests that go to every address: everybody signed in, and a thing for each address to be about."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import cache, cached_property
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.http import HttpResponse
from django.template.base import Template
from django.test import Client
from django.test.client import ClientHandler
from django.urls import URLResolver, get_resolver

from accounts.domain import domains, organisations, owners, ownership, tokens
from accounts.models import User
from accounts.roles import Role
from accounts.scopes import Scope
from audit import clock, seals
from enforcement.domain import (
    anomaly_rules,
    back_tests,
    emergencies,
    filter_back_tests,
    filter_rules,
    integrators,
    webhooks,
)
from enforcement.models import AnomalyFinding, AnomalyRule, LeakReport, Throttle
from onboarding.domain import attachments, import_jobs, line_bulks, question_drafts, questions, stages
from onboarding.domain.limits import Sort, set_limit
from onboarding.states import FileKind, LineVerb, Stage
from outbox.models import Letter
from policies.domain import (
    consultees,
    evaluations,
    guidelines,
    practices,
    program_rules,
    subscriptions,
    weakness_records,
    weaknesses,
)
from policies.models import Subscription
from reviews.domain import (
    bulk,
    calendars,
    claims,
    decisions,
    interests,
    queue_exports,
    rules,
    saved_views,
    telling,
)
from tests.enforcement.appealing import make_appeal, make_rejection
from tests.enforcement.flagging import make_confirmed, make_flag, make_sanction, make_sanction_appeal
from tests.factories import (
    MONDAY,
    accept_guidelines,
    make_application,
    make_entry,
    make_grant,
    make_invitation,
    make_key,
    make_manager,
    make_member,
    make_program,
    make_reviewer,
    make_secret,
    make_senior,
    make_showcase_entry,
    make_staff,
    make_user,
    verified,
)
from tests.onboarding.guarding import make_freeze
from tests.onboarding.picking import make_pick, make_picky
from tests.policies.consulting import make_comment, make_open
from tests.reviews.making import SAYS, make_case
from transparency import jobs as report_jobs
from transparency.domain import days, lessons, quarters, reports
from transparency.domain.lessons import Words

OURS = (
    "audit",
    "outbox",
    "accounts",
    "policies",
    "onboarding",
    "reviews",
    "enforcement",
    "transparency",
    "account",
)
PLACE = re.compile(r"<(?:\w+:)?(\w+)>")
ADMIN = re.compile(r"admin/([a-z]+)/([a-z]+)/<path:object_id>")
# Regular expressions among the addresses, and something each of them takes.
ODD = {
    r"accounts/^confirm-email/(?P<key>[-:\w]+)/$": "accounts/confirm-email/none/",
    r"accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "accounts/password/reset/key/1-none/",
    r"admin/jobs/^stats.json/?$": "admin/jobs/stats.json",
    r"admin/jobs/^stats.json/(?P<token>[\w]+)?/?$": "admin/jobs/stats.json/none",
    r"admin/jobs/^metrics/?$": "admin/jobs/metrics",
    r"admin/(?P<url>.*)$": "admin/nothing/",
}


def addresses(resolver: URLResolver | None = None, before: str = "") -> Iterator[str]:
    """Yield every pattern of config.urls as it is written there."""
    for pattern in (resolver or get_resolver()).url_patterns:
        here = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, here)
        else:
            yield here


@contextmanager
def made() -> Iterator["World"]:
    """Make a world that is gone afterwards; its doors read MONDAY."""
    with pytest.MonkeyPatch.context() as patch, transaction.atomic():
        patch.setattr("audit.clock.now", lambda: MONDAY)
        # As outside of tests: nobody here asks which templates a page was made of, and each part's context is copied.
        patch.setattr(Template, "_render", lambda template, context: template.nodelist.render(context))
        yield World()
        transaction.set_rollback(True)


class World:
    """Make it by `made`."""

    def __init__(self) -> None:
        self.people = {
            "alice": verified(make_user("alice-here")),
            "charlie": verified(make_user("charlie-here")),
            "bob": make_reviewer("bob-here"),
            "sam": make_senior("sam-here"),
            "dora": make_manager("dora-here"),
            "pia": make_staff("pia-here", Role.POLICY_EDITOR),
            "axel": make_staff("axel-here", Role.AUDITOR),
            "root": verified(make_user("root-here", is_staff=True, is_superuser=True)),
        }
        # One for all browsers: a handler of their own would load the middleware anew for each request.
        self._handlers = {strict: ClientHandler(enforce_csrf_checks=strict) for strict in (False, True)}
        self._sessions = {name: _session(user) for name, user in self.people.items()}
        self._make_applications()
        self._make_cases()
        self._make_bulk()
        self._make_appeals()
        self._make_sanctions()
        self._make_rules()
        self._make_anomalies()
        weaknesses.publish("gate", text="It invents names.", by=self.people["pia"], at=clock.now())
        self._make_guidelines()
        self._make_organisation()
        self.api_token, _ = tokens.make(
            self.people["alice"],
            name="board",
            scopes=[Scope.READ_APPLICATIONS],
            expires_at=clock.now() + timedelta(days=30),
            at=clock.now(),
        )
        self.showcase = make_showcase_entry(self.key.grant)
        sort = Sort("program", "requests", "day")
        self.limit = set_limit(self.program, sort, most=9000, by=self.people["dora"], at=clock.now())
        self.stage_change = stages.plan(
            self.program, to=Stage.OPEN, from_at=clock.now() + timedelta(days=30), by=self.people["dora"],
            at=clock.now(), reason="Everybody",
        )  # fmt: skip
        make_entry(self.program)
        asked = line_bulks.draft(
            self.program, verb=LineVerb.HOLD, by=self.people["dora"], at=clock.now(), reason="A question"
        )
        self.line_bulk = line_bulks.ask(asked)
        self.pick, self.pick_token = make_pick(make_picky("by-invitation"), "picked-here@example.org")
        self.integrator, _ = integrators.make(name="Proxy", by=self.people["dora"], at=clock.now())
        self.freeze = make_freeze(make_program(), at=clock.now())
        self._make_webhooks()
        self._make_leak()
        file = ContentFile(b"title\nx\n", name="a.csv")
        self.job = import_jobs.ask(
            self.program, file=file, owner=None, mapping=None, by=self.people["dora"], at=clock.now()
        )
        days._take(
            quarters.named("2026Q3").last_day, at=clock.now()
        )  # a report rests on its last day's figures
        seals.seal(at=clock.now())
        self._make_reports()
        Authenticator.objects.create(user=self.people["root"], type=Authenticator.Type.TOTP, data={})

    def _make_guidelines(self) -> None:
        """A draft that another policy editor approved, and somebody's letters about published versions."""
        at, source = clock.now(), guidelines.shipped() | {"version": "1.1.0"}
        self.guideline_draft = guidelines.load(source, by="test", at=at)
        guidelines.approve(
            self.guideline_draft, seen=self.guideline_draft.text_hash, by=self.people["root"], at=at
        )
        self._make_consultation()
        subscriptions.ask("reader@example.org", language="en-gb", at=at)
        self.subscription = Subscription.objects.get()
        record = weakness_records.checked(
            {"code": "w-1", "title": "Invents", "severity": "low", "description": "It invents names."}
        )
        self.weakness = weakness_records.publish(self.program.slug, record, by=self.people["pia"], at=at)
        self._make_known(at)
        self.program_rule = program_rules.publish(
            self.program.slug, title="No faces", text="None of real people.", from_at=at,
            acknowledge_by=at + timedelta(days=9), by=self.people["pia"], at=at,
        )  # fmt: skip

    def _make_consultation(self) -> None:
        """An open consultation: Alice commented, and somebody is invited to."""
        at, pia = clock.now(), self.people["pia"]
        self.consultation = make_open("1.2.0", at=at)
        self.comment = make_comment(self.consultation, self.people["alice"], at=at)
        asked = {"email": "expert@example.org", "affiliation_name": "University"}
        consultees.invite(self.consultation, **asked, by=pia, at=at)
        self.consultee_token = (
            Letter.objects.get(kind="policies/consultee").text.partition("/invited/")[2].partition("/")[0]
        )

    def _make_known(self, at: datetime) -> None:
        """A result is proposed, a practice published; a lesson is published, and a draft of one waits."""
        pia, words = self.people["pia"], Words("Eleven", at.date(), "A wide rule.", "Shadow first.")
        said = {
            "code": "e-1", "name": "Code", "measures": "Tests.", "model": "code-1", "evaluated_on": at.date(),
            "method": "Tasks.", "figure": "0.6", "limits": "Short.", "source_by": "Us",
        }  # fmt: skip
        self.evaluation = evaluations.propose(self.program.slug, evaluations.checked(said), by=pia, at=at)
        practices.publish(self.program.slug, "health", text="A clinician reads it.", by=pia, at=at)
        written = lessons.write("eleven", words, by=pia, at=at)
        reviewed = lessons.review(written, by=self.people["axel"], at=at)
        self.lesson = lessons.publish(reviewed, by=pia, at=at)
        self.lesson_draft = lessons.write("draft", words, by=pia, at=at)

    def _make_organisation(self) -> None:
        """Alice owns it, Mo belongs to it and is offered ownership, somebody is invited, a domain is proved."""
        alice, at = self.people["alice"], clock.now()
        self.question_draft = question_drafts.start(
            questions.current(), by=self.people["pia"], at=clock.now()
        )
        self.organisation = organisations.found("Alice and Co", "", by=alice, at=at)
        self.member = make_member(self.organisation, make_user("mo-here"))
        self._sessions["mo"] = _session(self.member.user)
        self.offer = ownership.offer(self.member, by=alice, at=at)
        self.invitation, self.token = make_invitation(self.organisation, "new-here@example.org")
        self.domain = domains.verify(self.organisation, "example.org", by=alice, at=at)

    def _make_applications(self) -> None:
        """Alice has a key to open, and a draft."""
        alice, at = self.people["alice"], clock.now()
        self.program = make_program("gate")
        accept_guidelines(alice, at=at)
        self.key = make_key(self.program, applicant=alice, at=at)
        self.draft = make_application(make_program("draft"), state="draft", applicant=alice, at=at)

    def _make_cases(self) -> None:
        """One case Bob holds, one whose question Alice has not answered, one that waits for a signature."""
        alice, sam, bob, at = self.people["alice"], self.people["sam"], self.people["bob"], clock.now()
        self.held = make_case(make_program("held"), at=at, applicant=alice)
        claims.claim(self.held, by=bob, at=at)
        self.interest = interests.declare("domain", "elsewhere.org", by=bob, at=at)
        sent = [attachments.Checked(FileKind.PNG, "plan.png", b"x")]
        (self.file,) = attachments.keep(self.held.application, sent, by=alice, at=at)
        self.asked, self.waiting = (
            make_case(make_program(slug), at=at, applicant=alice, domains=["health"])
            for slug in ("asked", "waiting")
        )
        for case, outcome in ((self.asked, "needs_information"), (self.waiting, "approved")):
            claims.claim(case, by=sam, at=at)
            says = SAYS[outcome] | {"explanation": "As the form says."}
            self.decision = decisions.decide(case, by=sam, at=at, outcome=outcome, **says)
        self.view = saved_views.save(bob, name="Mine", filters={"show": "mine"}, is_default=False, at=at)
        self.day_off = calendars.add(
            self.program, on=date(2026, 12, 25), name="Christmas", by=self.people["dora"], at=at
        )
        telling.tell_owed(at=at)

    def _make_rules(self) -> None:
        """One triage rule, switched on."""
        sam, at = self.people["sam"], clock.now()
        says = rules.Wording("areas contains legal", lane="hold")
        self.rule = rules.write("Legal", says, program=None, by=sam, at=at, reason="To try").rule
        rules.switch_on(self.rule, seen=1, by=sam, at=at)
        texts = filter_rules.Wording("words", "weapons", "bomb", hits=["A bomb."], passes=["A bath."])
        self.filter = filter_rules.write(
            "bombs", "Bombs", texts, by=self.people["pia"], at=at, reason="To try"
        ).rule
        self.filter_back_test = filter_back_tests.ask(
            self.filter.versions.get(), by=self.people["pia"], at=at
        )

    def _make_anomalies(self) -> None:
        """A rule about unusual use, a trial of it, and a throttle of Alice's access."""
        at = clock.now()
        anomaly_rules.put_in_place(at=at)
        self.anomaly_rule = AnomalyRule.objects.get(kind="volume")
        self.back_test = back_tests.ask(
            self.anomaly_rule, threshold=2, minimum=10, days=1, by=self.people["sam"], at=at
        )
        finding = AnomalyFinding.objects.create(
            rule=self.anomaly_rule, key=self.key, on=at.date(), hour=1, is_shadow=True, figures={}, says="Much.",
            found_at=at,
        )  # fmt: skip
        self.throttle = Throttle.objects.create(
            grant=self.key.grant, finding=finding, per_minute=5, began_at=at, ends_at=at + timedelta(hours=1)
        )

    def _make_bulk(self) -> None:
        """Bob decided one case in bulk, nobody was told yet; and he asked for the queue as a file."""
        bob, alike = self.people["bob"], make_case(make_program("alike"), at=clock.now())
        says = {"outcome": "approved", **SAYS["approved"]}
        seen = {alike.pk: alike.revision_id}
        self.export = queue_exports.ask(by=bob, at=clock.now(), query="")
        self.bulk = bulk.confirm([alike], by=bob, at=clock.now(), says=says, seen=seen, token=uuid4())

    def _make_appeals(self) -> None:
        """Against one rejection by Bob, Alice appeals; after another she asks for reinstatement."""
        alice, bob = self.people["alice"], self.people["bob"]
        self.appeal, self.reinstatement = (
            make_appeal(
                make_rejection(by=bob, applicant=alice, program=make_program(kind)), kind=kind, at=clock.now()
            )
            for kind in ("appeal", "reinstatement")
        )

    def _make_sanctions(self) -> None:
        """Alice's access was suspended for what a filter flagged, and she appeals; she reported something too."""
        alice, at = self.people["alice"], clock.now()
        held = make_grant(make_program("sanctioned"), applicant=alice, at=at)
        self.flag_case = make_flag(held, category="fraud_spam", at=at).case
        self.report = make_flag(held, source="holder", by=alice, said="Odd.", at=at)
        case = make_confirmed(held, by=make_reviewer("basil"), at=at)  # names that no other test makes beside
        self.sanction = make_sanction(held, by=make_senior("silas"), case=case, at=at)
        self.sanction_appeal = make_sanction_appeal(self.sanction, at=at)
        self.waiver = emergencies.waive(
            held, category="fraud_spam", by=self.sanction.proposed_by, at=at, reason="A test bench."
        )

    @cached_property
    def values(self) -> dict[str, object]:
        """Return what stands for each placeholder, by its name, where the address does not say otherwise."""
        return {
            "slug": self.program.slug,
            "number": self.key.grant.application.number,
            "key_id": self.key.key_id,
            "public_id": self.key.grant.public_id,
            "kind": "amendment",
            "section": "you",
            "version": self.held.revision.guidelines.version,
            "older": self.held.revision.guidelines.version,
            "code": "weapons",
            "verb": "suspend",
            "decision": self.decision.pk,
        }

    def _make_leak(self) -> None:
        key, _ = make_secret(at=clock.now())
        LeakReport.objects.create(
            secret=key.secrets.get(), reporter="scanner", place="https://x.example/", reported_at=clock.now()
        )

    def _make_reports(self) -> None:
        """One report is published, and Pia asked for a correction of it."""
        at, quarter = clock.now(), quarters.named("2026Q3")
        first = report_jobs.build(reports.ask(quarter, by=None, at=at).pk)
        reports.review(first, by=self.people["axel"], at=at)
        reports.publish(first, by=self.people["pia"], at=at)
        asked = reports.ask(quarter, by=self.people["pia"], at=at, why="A day was missing.")
        self.correction = report_jobs.build(asked.pk)

    def _make_webhooks(self) -> None:
        """Make an address of Alice's and one of the integrator's, each with a message that was given up."""
        at, dora, alice = clock.now(), self.people["dora"], self.people["alice"]
        url = "https://8.8.8.8/hooks"  # public, and nobody needs to resolve it
        self.webhook, _ = webhooks.add(url, by=alice, at=at, owner=owners.of_person(alice))
        self.integrators_webhook, _ = webhooks.add(url, by=dora, at=at, integrator=self.integrator)
        self.message, self.integrators_message = (
            each.deliveries.create(
                entry=1, message_id=f"msg_{each.pk}", type="grant.given", payload={}, owed_at=at, due_at=at,
                given_up_at=at,
            )
            for each in (self.webhook, self.integrators_webhook)
        )  # fmt: skip

    def path(self, address: str, **values: object) -> str:
        """Return the address with everything filled in; `values` stand for placeholders by name."""
        if address.startswith("admin/^(?P<app_label>"):
            return "/admin/onboarding/"
        known = self.values | self._own_values(address) | values
        return "/" + PLACE.sub(lambda place: str(known.get(place[1], 0)), ODD.get(address, address))

    def _own_values(self, address: str) -> dict[str, object]:
        if model := ADMIN.match(address):
            first = apps.get_model(*model.groups()).objects.order_by("pk").first()
            return {"object_id": first.pk if first else 0}
        fitting = (values for part, values in self._things.items() if part in address)
        return next(fitting, {"pk": self.job.pk})

    @cached_property
    def _things(self) -> dict[str, dict[str, object]]:
        """Return part of an address -> what its placeholders stand for; the first part that fits counts."""
        draft, ours = {"number": self.draft.number}, {"number": self.organisation.pk}
        return {
            "transparency/<quarter": {"quarter": "2026Q3", "version": 1},
            "transparency/report/reports/": {"pk": self.correction.pk, "verb": "drop"},
            "consultation/invited/": {"version": "1.2.0", "token": self.consultee_token},
            "guidelines/<version:version>/consultation/": {
                "version": "1.2.0",
                "token": self.comment.token,
                "number": self.comment.number,
            },
            "policies/consultation/": {
                "pk": self.consultation.pk,
                "number": self.comment.number,
                "verb": "open",
            },
            "transparency/lesson/lessons/": {"pk": self.lesson_draft.pk, "verb": "drop"},
            "transparency/lessons/": {"slug": self.lesson.slug},
            "policies/evaluation/records/": {"pk": self.evaluation.pk, "verb": "drop"},
            "/weaknesses/": {"code": self.weakness.code},
            "rules/<int:number>/acknowledge/": {"number": self.program_rule.number},
            "enforcement/webhook/": {
                "pk": self.integrators_webhook.pk,
                "message": self.integrators_message.pk,
            },
            "access/webhooks/": {"pk": self.webhook.pk, "message": self.message.pk},
            "/form/": draft,
            "/check/": draft,
            "access/sanctions/": {"number": self.sanction.number},
            "report/<slug:receipt>": {"receipt": self.report.receipt},
            "/submit/": draft,
            "<int:interest>": {"interest": self.interest.pk},
            "/files/": {
                "number": self.held.application.number,
                "pk": self.held.pk,
                "token": self.file.token,
            },
            "/answer/": {"number": self.asked.application.number},
            "number>/appeal/": {"number": self.appeal.decision.case.application.number},
            "number>/reinstatement/": {"number": self.reinstatement.decision.case.application.number},
            "/members/": ours | {"pk": self.member.pk, "verb": "owner"},
            "/invitations/": ours | {"pk": self.invitation.pk, "verb": "revoke"},
            "/ownership/": ours | {"pk": self.offer.pk, "verb": "withdraw"},
            "/domains/": ours | {"pk": self.domain.pk},
            "accounts/tokens/": {"pk": self.api_token.pk},
            "organisations/": ours | {"token": self.token},
            "guidelines/subscription/": {"token": self.subscription.token},
            "guidelineversion/": {"pk": self.guideline_draft.pk, "verb": "consult"},
            "<int:decision>": {"pk": self.waiting.pk},
            "questionset/drafts/": {"pk": self.question_draft.pk},
            "questionset/<int:pk>/": {"pk": self.question_draft.based_on_id},
            "anomalyrule/rules/": {"pk": self.anomaly_rule.pk},
            "anomalyrule/throttles/": {"pk": self.throttle.pk, "verb": "lift"},
            "anomalyrule/trials/": {"pk": self.back_test.pk},
            "filterrule/back-tests/": {"number": self.filter_back_test.pk},
            "filterrule/rules/": {"pk": self.filter.pk},
            "/rules/automatic/": {"program": self.program.pk},
            "/rules/": {"pk": self.rule.pk},
            "/views/": {"pk": self.view.pk},
            "/days-off/": {"pk": self.day_off.pk},
            "case/exports/": {"number": self.export.pk, "what": "line"},
            "/stuck/": {"group": "silent"},
            "/bulk/": {"number": self.bulk.pk},
            "/case/": {"pk": self.held.pk},
            "/line/": {"pk": self.key.grant.application.entry.pk, "verb": "hold"},
            "/grant/": {"pk": self.key.grant.pk},
            "onboarding/showcaseentry/": {"pk": self.showcase.pk, "verb": "publish"},
            "enforcement/appeal/": {"pk": self.appeal.pk},
            "waiver/give/": {"pk": self.key.grant.pk},
            "enforcement/waiver/": {"pk": self.waiver.pk},
            "flagcase/raise/": {"pk": self.key.grant.pk},
            "enforcement/flagcase/": {
                "pk": self.sanction.case_id,
                "flag": self.sanction.case.flags.get().pk,
                "sanction": self.sanction.pk,
                "appeal": self.sanction_appeal.pk,
                "verb": "take",
            },
            "enforcement/integrator/": {"pk": self.integrator.pk},
            "/freezes/": {"slug": self.freeze.program.slug, "pk": self.freeze.pk},
            "/guards/": {"slug": self.freeze.program.slug, "guard": self.freeze.guard},
            "onboarding/limit/": {"pk": self.limit.pk},
            "<slug:slug>/stage/": {"pk": self.stage_change.pk},
            "asked/<str:token>/": {"token": self.pick_token},
            "/picks/lists/": {
                "slug": self.pick.program.slug,
                "pk": self.pick.pick_list_id,
                "verb": "withdraw",
            },
            "/picks/": {"slug": self.pick.program.slug, "pk": self.pick.pk},
            "<slug:slug>/line-bulk/": {"pk": self.line_bulk.pk, "verb": "undo"},
        }

    def ask(
        self, who: str, method: str, path: str, data: dict | None = None, *, without_token: bool = False
    ) -> HttpResponse:
        """Return the answer somebody gets ("nobody" is not signed in); nothing of it is kept.

        With data, `answer.changed` holds the tables that were not as before when it was given.
        """
        client = self.client(who, without_token=without_token)
        with taken_back(look=data is not None) as changed:
            answer = client.get(path) if method == "GET" else client.post(path, data or {})
        answer.changed = changed
        return answer

    def client(self, who: str, *, without_token: bool = False) -> Client:
        """Return somebody's browser, signed in; what they do is kept until the caller takes it back."""
        client = Client(raise_request_exception=False)
        client.handler = self._handlers[without_token]
        if who != "nobody":
            client.cookies[settings.SESSION_COOKIE_NAME] = self._sessions[who]
        return client


@contextmanager
def taken_back(*, look: bool = True) -> Iterator[set[str]]:
    """Take back what is done inside; the set that is given holds afterwards which of our tables it had changed.

    A digest of all tables costs more than most requests: only those are looked at that were written to.
    """
    changed: set[str] = set()
    before = _written() if look else {}
    with transaction.atomic():
        yield changed
        touched = [table for table, rows in _written().items() if rows != before[table]] if look else []
        made = _digests(touched)
        transaction.set_rollback(True)
    undone = _digests(touched)  # what was before
    changed |= {table for table in touched if made[table] != undone[table]}


def _written() -> dict[str, tuple[int, ...]]:
    """Return how many rows of each of our tables this transaction wrote so far, also those that were taken back."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT relname, relfilenode, pg_stat_get_xact_tuples_inserted(oid),
                   pg_stat_get_xact_tuples_updated(oid), pg_stat_get_xact_tuples_deleted(oid)
               FROM pg_class WHERE relname = ANY(%s) AND relkind = 'r'""",
            [_tables()],
        )
        return {table: tuple(numbers) for table, *numbers in cursor.fetchall()}


@cache
def _tables() -> list[str]:
    models = [model for app in OURS for model in apps.get_app_config(app).get_models() if model._meta.managed]
    return [model._meta.db_table for model in models]


def _digests(tables: list[str]) -> dict[str, str]:
    """Return a digest of all rows of each of these tables."""
    if not tables:
        return {}
    each = "SELECT '{0}', coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {0} t"
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(each.format(table) for table in tables))
        return dict(cursor.fetchall())


def _session(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value
