"""One small world for tests that go to every address: everybody signed in, and a thing for each address to be about."""

import re
from collections.abc import Iterator
from functools import cached_property

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLResolver, get_resolver

from accounts.domain import organisations
from accounts.models import User
from accounts.roles import Role
from audit import clock, seals
from onboarding.domain import import_jobs
from policies.domain import weaknesses
from reviews.domain import claims, decisions
from tests.factories import (
    accept_guidelines,
    make_application,
    make_key,
    make_manager,
    make_program,
    make_reviewer,
    make_senior,
    make_staff,
    make_user,
    verified,
)
from tests.reviews.making import SAYS, make_case

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


class World:
    """Make it inside a transaction that is rolled back."""

    def __init__(self) -> None:
        self.people = {
            "alice": verified(make_user("alice")),
            "charlie": verified(make_user("charlie")),
            "bob": make_reviewer("bob"),
            "sam": make_senior("sam"),
            "dora": make_manager("dora"),
            "pia": make_staff("pia", Role.POLICY_EDITOR),
            "axel": make_staff("axel", Role.AUDITOR),
            "root": verified(make_user("root", is_staff=True, is_superuser=True)),
        }
        self._sessions = {name: _session(user) for name, user in self.people.items()}
        self._make_applications()
        self._make_cases()
        weaknesses.publish("gate", text="It invents names.", by=self.people["pia"], at=clock.now())
        self.organisation = organisations.found("Alice and Co", "", by=self.people["alice"], at=clock.now())
        file = ContentFile(b"title\nx\n", name="a.csv")
        self.job = import_jobs.ask(
            self.program, file=file, owner=None, mapping=None, by=self.people["dora"], at=clock.now()
        )
        seals.seal(at=clock.now())
        Authenticator.objects.create(user=self.people["root"], type=Authenticator.Type.TOTP, data={})

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
        self.asked, self.waiting = (
            make_case(make_program(slug), at=at, applicant=alice, domains=["health"]) for slug in ("asked", "waiting")
        )
        for case, outcome in ((self.asked, "needs_information"), (self.waiting, "approved")):
            claims.claim(case, by=sam, at=at)
            says = SAYS[outcome] | {"explanation": "As the form says."}
            self.decision = decisions.decide(case, by=sam, at=at, outcome=outcome, **says)
        decisions.tell_owed(at=at)

    @cached_property
    def values(self) -> dict[str, object]:
        """Return what stands for each placeholder, by its name, where the address does not say otherwise."""
        return {
            "slug": self.program.slug,
            "number": self.key.grant.application.number,
            "key_id": self.key.key_id,
            "section": "you",
            "version": self.held.revision.guidelines.version,
            "verb": "suspend",
            "decision": self.decision.pk,
        }

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
        if "/form/" in address or address.endswith(("/check/", "/submit/")):
            return {"number": self.draft.number}
        if address.endswith("/answer/"):
            return {"number": self.asked.application.number}
        if address.startswith("organisations/"):
            return {"number": self.organisation.pk}
        if "/case/" in address:
            return {"pk": (self.waiting if "decision" in address else self.held).pk}
        return {"pk": self.key.grant.pk if "/grant/" in address else self.job.pk}

    def ask(self, who: str, method: str, path: str, data: dict | None = None, **more: object) -> HttpResponse:
        """Return the answer somebody gets ("nobody" is not signed in); nothing of it is kept."""
        client = Client(raise_request_exception=False, enforce_csrf_checks=bool(more.pop("without_token", False)))
        if who != "nobody":
            client.cookies[settings.SESSION_COOKIE_NAME] = self._sessions[who]
        with transaction.atomic():
            answer = client.generic("GET", path) if method == "GET" else client.post(path, data or {}, **more)
            transaction.set_rollback(True)
        return answer


def _session(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value
