"""Who gets what at every address: a table, and a walk over the resolver that fails where the table has no row.

A row names an address and a method, then what each of PEOPLE is answered. The things in it are Alice's, unless
the address is the staff's. Every request is rolled back, so each row stands for itself.
"""

import uuid
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.db import transaction
from django.test import Client
from django.urls import URLResolver, get_resolver

from accounts.models import Organisation, User
from accounts.roles import Role
from audit import clock, seals
from audit.models import LedgerEntry, Seal
from onboarding.domain import import_jobs
from onboarding.models import (
    Application,
    Grant,
    ImportJob,
    Invitation,
    Key,
    Program,
    QuestionSet,
    RateStep,
    WaitlistEntry,
    Week,
)
from outbox.models import Letter
from policies.domain import weaknesses
from policies.models import GuidelineVersion, KnownWeakness
from reviews.domain import claims, decisions
from reviews.models import Case, Decision
from tests.factories import (
    MONDAY,
    accept_guidelines,
    make_application,
    make_key,
    make_manager,
    make_organisation,
    make_program,
    make_reviewer,
    make_senior,
    make_staff,
    make_user,
    verified,
)
from tests.permissions import TABLE
from tests.reviews.making import SAYS, make_case

PEOPLE = ("nobody", "alice", "charlie", "bob", "sam", "dora", "pia", "axel")
METHODS = ("GET", "POST")


def addresses(resolver: URLResolver | None = None, before: str = "") -> Iterator[str]:
    """Yield every pattern of config.urls as it is written there."""
    for pattern in (resolver or get_resolver()).url_patterns:
        here = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, here)
        else:
            yield here


ADDRESSES = list(dict.fromkeys(addresses()))


class World:
    """Everybody, signed in, and one thing for each address to be about."""

    def __init__(self) -> None:
        self.people = self._people()
        self.root = make_user("root", is_staff=True, is_superuser=True)
        self.sessions = {name: self._session(user) for name, user in [*self.people.items(), ("root", self.root)]}
        self.program = make_program("gate")
        accept_guidelines(self.people["alice"])
        self.values = self._things()
        self.objects = self._objects()

    def _people(self) -> dict[str, User]:
        return {
            "alice": verified(make_user("alice")), "charlie": verified(make_user("charlie")), "bob": make_reviewer("bob"),
            "sam": make_senior("sam"), "dora": make_manager("dora"), "pia": make_staff("pia", Role.POLICY_EDITOR),
            "axel": make_staff("axel", Role.AUDITOR),
        }  # fmt: skip

    def _session(self, user: User) -> str:
        client = Client()
        client.force_login(user)
        return client.cookies[settings.SESSION_COOKIE_NAME].value

    def _things(self) -> dict[str, object]:
        alice, dora = self.people["alice"], self.people["dora"]
        key = make_key(self.program, applicant=alice, at=clock.now())
        held, asked, waiting = (make_case(make_program(slug), at=MONDAY, applicant=alice, **fields) for slug, fields in
                                (("held", {}), ("asked", {}), ("waiting", {"domains": ["health"]})))  # fmt: skip
        claims.claim(asked, by=self.people["sam"], at=MONDAY)
        decisions.decide(asked, by=self.people["sam"], at=MONDAY, outcome="needs_information", **SAYS["needs_information"])
        decisions.tell_owed(at=MONDAY)
        claims.claim(waiting, by=self.people["sam"], at=MONDAY)
        proposed = decisions.decide(waiting, by=self.people["sam"], at=MONDAY, outcome="approved", reason_code="A1_notify_list",
                                    categories=["health"], explanation="x")  # fmt: skip
        draft = make_application(make_program("draft"), state="draft", applicant=alice)
        job = import_jobs.ask(self.program, file=ContentFile(b"title\nx\n", name="a.csv"), owner=None, mapping=None,
                              by=dora, at=MONDAY)  # fmt: skip
        weaknesses.publish("gate", text="It invents names.", by=self.people["pia"], at=MONDAY)
        seals.seal(at=clock.now())
        organisation = make_organisation()
        from accounts.domain import organisations
        organisation = organisations.found("Alice and Co", "", by=alice, at=MONDAY)
        return {
            "key": key, "held": held, "asked": asked.application.number, "waiting": waiting, "decision": proposed,
            "draft": draft.number, "application": key.grant.application.number, "job": job, "organisation": organisation,
        }  # fmt: skip

    def _objects(self) -> dict[str, object]:
        return {}
