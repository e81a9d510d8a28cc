"""Everything of enforcement with something in it, as ugly as people and machines type it, and where it is seen."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

from django.db import transaction
from django.urls import reverse

from accounts.domain import owners
from accounts.models import User
from audit import clock
from enforcement.domain import (
    against_sanctions,
    anomaly_rules,
    appeals,
    back_tests,
    emergencies,
    filter_back_tests,
    filter_rules,
    flag_cases,
    flags,
    integrators,
    leaks,
    sanctions,
    throttles,
    webhooks,
)
from enforcement.models import AnomalyFinding, AnomalyRule, Appeal, Flag, FlagCase, Sanction, UsageHour
from onboarding.domain.limits import Sort, set_limit
from onboarding.models import Grant, Key
from outbox import letters
from tests.browser.conftest import newcomer, person
from tests.browser.pages import BOB, DORA, NOBODY, Page
from tests.enforcement.appealing import make_rejection
from tests.enforcement.flagging import VIOLATION
from tests.factories import accept_guidelines, make_program, make_secret

WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
RTL = "مساعد يكتب الشيفرة \u202eללא סוף\u202c"
MARKUP = '<script>alert("here")</script><b onmouseover=alert(1)>"&amp;\''
PICTURES = "👩🏽‍🚀🏳️‍🌈🇪🇸🧑‍🧑‍🧒‍🧒"
UGLY = f"{WORD} {RTL} {PICTURES} {MARKUP}"
LONG = f"{UGLY} {'x' * 200}\n\n{'Asked for how to break into what is not theirs. ' * 60}"[:1990]
HASH = "u-" + "9f86d081884c7d65" * 7
ADDRESS = f"https://8.8.8.8/{WORD.lower().replace('ä', 'ae')}/{'hooks' * 40}"  # public, and nobody needs to resolve it
SOURCES = ("filter", "anomaly", "integrator", "partner", "holder", "public", "reviewer", "leak")
HOUR = timedelta(hours=1)
_serial = count(1)


class Hostile:
    """Make it once; `pages()` says where all of it is seen, and by whom."""

    def __init__(self, *, flags_more: int = 0) -> None:
        self.at = clock.now()
        self.program = make_program(f"hostile-{next(_serial)}")
        self.people = {name: person(name) for name in ("bob", "bea", "sam", "sol", "dora", "pia")}
        self.owner = newcomer("ugly")
        self.owner.full_name = f"{WORD} {MARKUP}"[:120]
        self.owner.save()
        self.key = self.access()
        self.grant = self.key.grant
        self.used(self.key)
        self.merged = self.many_flags()
        self.sanctions = dict(self.all_sanctions())
        self.appeal = self.appealed()
        self.nobodys = self.flag(None, source="public", said=LONG, reply_to="who@example.org")
        self.queue(flags_more)
        self.rules_about_use()
        self.filter_rule()
        self.webhooks()
        self.limits_and_leaks()

    def access(self, user: User | None = None, title: str = UGLY) -> Key:
        user = user or self.owner
        accept_guidelines(user)
        began = self.at - timedelta(days=2)
        said = {"applicant": user, "title": title[:80], "domains": ["security_autonomy"]}
        with transaction.atomic():  # out of sight of the worker beside us, until all of it is there
            return make_secret(self.program, at=began, **said)[0]

    def used(self, key: Key) -> None:
        hour = int(self.at.timestamp() // 3600)
        UsageHour.objects.bulk_create(
            UsageHour(key=key, hour=hour - back, epoch=1, ok=1_234_567, rate_limited=99_999, outside_scope=12_345,
                      suspended=7, tokens_in=9_876_543_210, tokens_out=1_234_567_890)
            for back in range(1, 60)
        )  # fmt: skip

    def flag(
        self, grant: Grant | None, *, source: str = "filter", at: datetime | None = None, **said
    ) -> Flag:
        by = self.people["bea"] if source == "reviewer" else self.owner if source == "holder" else source
        owner = grant.owner if grant else None
        return flags.record(source=source, owner=owner, grant=grant, by=by, at=at or self.at - HOUR, **said)

    def many_flags(self) -> FlagCase:
        """A case in which each source says the same, twice, in full length."""
        for number in range(8):
            flag = self.flag(
                self.grant, source=SOURCES[number % 8], category="cyber_abuse", rule=f"exploit-{WORD.lower()}"[:100],
                rule_version=number, key=self.key if number % 2 else None, end_user=HASH if number % 3 else "",
                excerpt=UGLY * 4 if number % 2 else "", said=LONG if number % 4 else "", severity=2,
                figures={"hits": 1_234_567, "usual_per_hour": 0.123456789, "threshold_of_the_rule_with_a_long_name": 5,
                         "place": ADDRESS[:200]} if number % 2 else {},
            )  # fmt: skip
        return flag.case

    def queue(self, many: int) -> None:
        """As many cases of four categories, due in turn, some late."""
        categories = ("fraud_spam", "cyber_abuse", "mass_content", "")
        for number in range(many):
            if number % 4 == 0:
                title = UGLY if number % 8 else f"Tutor for the exams of {number} schools"
                grant = self.access(newcomer("many"), title).grant
            self.flag(
                grant, source=SOURCES[number % 7], category=categories[number % 4], rule="" if number % 4 else "sold",
                severity=number % 4, at=self.at - number * 2 * HOUR, figures={"hits": number},
            )  # fmt: skip

    def confirmed(self, key: Key) -> FlagCase:
        case = self.flag(key.grant, category="fraud_spam", rule="sold", excerpt=UGLY, key=key).case
        flag_cases.take(case, by=self.people["bob"], at=self.at - HOUR)
        note = VIOLATION | {"category": "fraud_spam", "note": LONG}
        return flag_cases.decide(case, by=self.people["bob"], at=self.at - HOUR / 2, **note)

    def all_sanctions(self) -> Iterator[tuple[str, Sanction]]:
        """One of each kind in each state its holder can meet, each about an access of its own."""
        ahead = self.at + timedelta(days=30)
        for name, words in {
            "suspended": {"kind": "suspend", "would_change": LONG},
            "limited": {"kind": "limit", "per_minute": 1, "per_day": 100, "ends_at": ahead},
            "one end user": {"kind": "warn", "target": "end_user", "end_user": HASH},
            "to sign": {"kind": "terminate"},
            "appealed": {"kind": "suspend"},
            "denied": {"kind": "suspend"},
        }.items():
            key = self.access(newcomer("held")) if name not in ("suspended", "one end user") else self.key
            yield name, self.sanctioned(name, key, {"target": "grant"} | words)
        emergencies_on = {"on": True, "reason": LONG[:480], "covered_by": ("health",)}
        emergencies.set_rule("child_safety", by=self.people["pia"], at=self.at, **emergencies_on)
        by_machine = self.flag(self.access(newcomer("held")).grant, category="child_safety", excerpt=UGLY)
        yield "by a machine", by_machine.case.sanctions.get()

    def sanctioned(self, name: str, key: Key, words: dict) -> Sanction:
        said = {"reason_code": "E1_policy_breach", "facts": LONG} | words
        made = sanctions.impose(
            self.confirmed(key), sanctions.Said(**said), grant=key.grant, by=self.people["sam"], at=self.at - HOUR / 2,
            key=key if words["target"] == "key" else None,
        )  # fmt: skip
        if name != "suspended":  # of that one the letter is on its way
            letters.send_owed(at=self.at - HOUR / 3)
        if name in ("appealed", "denied"):
            self.against(name, made)
        return made

    def against(self, name: str, sanction: Sanction) -> None:
        """File against it now, for the worker may have sent its letter a moment ago."""
        holder, sol, at = sanction.grant.application.applicant, self.people["sol"], clock.now()
        appeal = against_sanctions.file(sanction, kind="appeal", statement=LONG, by=holder, at=at)
        appeal = appeals.take(appeal, by=sol, at=at)
        if name == "denied":
            said = {"reason_code": "decision_right", "explanation": LONG[:1900]}
            appeals.deny(appeal, by=sol, at=at, **said)

    def appealed(self) -> Appeal:
        """An appeal against a rejection by Bob."""
        at = self.at - timedelta(hours=5)
        says = {
            "why_different": "It is somebody else's.",
            "explanation": LONG[:900],
            "facts": LONG[:900],
            "what_would_change": LONG[:900],
        }
        with transaction.atomic():
            decision = make_rejection(
                by=self.people["bob"], applicant=newcomer("ugly"), at=at, title=UGLY[:80], says=says,
                program=make_program(f"hostile-{next(_serial)}"),
            )  # fmt: skip
        by = decision.case.application.applicant
        return appeals.file(decision, kind="appeal", statement=LONG, by=by, at=self.at - HOUR)

    def rules_about_use(self) -> None:
        """A rule that is on with flags and a throttle, with trials that ended well and badly, findings in shadow."""
        anomaly_rules.put_in_place(at=self.at)
        sam = self.people["sam"]
        rule = AnomalyRule.objects.filter(kind="growth").order_by("-version")[0]
        numbers = {"threshold": rule.threshold + 0.5, "minimum": 12_345, "throttle_to": 5}
        rule = anomaly_rules.rewrite(rule, by=sam, at=self.at, reason=UGLY[:480], **numbers)
        self.rule = anomaly_rules.switch(rule, to="on", by=sam, at=self.at, reason=UGLY[:480])
        says = f"1,234,567 requests in an hour, 8,765 as a rule in the weeks before. {UGLY}"[:400]
        for number, key in enumerate(Key.objects.filter(grant__program=self.program)[:6]):
            flag = None
            if number % 2 == 0:
                flag = self.flag(
                    key.grant, source="anomaly", rule=rule.code, figures={"hour": 1_234_567, "usual": 8765}
                )
            AnomalyFinding.objects.create(
                rule=rule, key=key, on=self.at.date(), hour=1, is_shadow=flag is None, flag=flag, figures={}, says=says,
                found_at=self.at,
            )  # fmt: skip
        throttles.begin_owed(at=self.at)
        asked = {"threshold": 2.5, "minimum": 10_000, "days": 14, "by": sam, "at": self.at}
        done, failed = back_tests.ask(rule, **asked), back_tests.ask(rule, **asked)
        back_tests.run(back_tests.begin(done.pk), at=self.at)
        back_tests.fail(back_tests.begin(failed.pk), "It took longer than half an hour.", at=self.at)
        back_tests.ask(rule, **asked)

    def filter_rule(self) -> None:
        pia = self.people["pia"]
        texts = filter_rules.Wording(
            "words",
            "cyber_abuse",
            f"bomb\n{WORD.lower()}",
            hits=[f"A bomb. {UGLY}"],
            passes=[f"A bath. {RTL} {MARKUP}"],
        )
        name = f"hostile-{next(_serial)}-{WORD.lower().replace('ä', 'ae')}"[:60]
        version = filter_rules.write(name, UGLY[:100], texts, by=pia, at=self.at, reason=LONG[:480])
        self.filter = version.rule
        filter_rules.switch(version, to="shadow", by=pia, at=self.at, reason="To count")
        filter_rules.switch(version, to="on", by=pia, at=self.at, reason=UGLY[:480])
        test = filter_back_tests.begin(filter_back_tests.ask(version, by=pia, at=self.at).pk, at=self.at)
        self.tested = filter_back_tests.finish(test, filter_back_tests.run(test), at=self.at)

    def webhooks(self) -> None:
        at, dora = self.at, self.people["dora"]
        self.integrator, _ = integrators.make(name=f"{next(_serial)}{UGLY}"[:80], by=dora, at=at)
        integrators.revoke(
            integrators.make(name=f"{WORD[:70]}{next(_serial)}", by=dora, at=at)[0], by=dora, at=at
        )
        self.mine, _ = webhooks.add(ADDRESS, by=self.owner, at=at, owner=owners.of_person(self.owner))
        stopped, _ = webhooks.add(ADDRESS, by=self.owner, at=at, owner=owners.of_person(self.owner))
        webhooks.stop(stopped, by=self.owner, at=at)
        self.theirs, _ = webhooks.add(ADDRESS, by=dora, at=at, integrator=self.integrator)
        far = at + timedelta(days=300)  # the worker beside us sends none of them
        for number, each in enumerate([self.mine, self.theirs] * 4):
            ended = [{"delivered_at": at}, {"given_up_at": at}, {}][number // 2 % 3]
            message = each.deliveries.create(
                entry=number + 1, message_id=f"msg_{each.pk}_{number}_{'x' * 20}", type="grant.suspended", payload={},
                owed_at=at, due_at=far, **ended,
            )  # fmt: skip
            for try_ in range(3):
                message.log.create(
                    at=at, status=None if try_ else 500, problem=UGLY[:200] if try_ else "", milliseconds=9876
                )

    def limits_and_leaks(self) -> None:
        dora, at = self.people["dora"], self.at
        set_limit(self.program, Sort("program", "tokens", "day"), most=123_456_789, by=dora, at=at)
        set_limit(
            self.program, Sort("key", "requests", "minute", "live"), most=7, by=dora, at=at, key=self.key
        )
        shadow = Sort("owner", "requests", "day", is_shadow=True)
        set_limit(self.program, shadow, most=70_000, by=dora, at=at, grant=self.grant)
        set_limit(self.program, shadow, most=None, by=dora, at=at, grant=self.grant)
        leaks.set_rule("end_secret", by=dora, at=at, reason=UGLY[:290])
        with transaction.atomic():
            leaky = make_secret(self.program, applicant=newcomer("leaky"), at=at - timedelta(days=1))[1]
        leaks.report(
            [leaks.Found(token=leaky, kind="gatehouse_key", place=ADDRESS, source="content")],
            reporter="scanner",
            at=at,
        )

    def pages(self) -> Iterator[Page]:
        """Where it is seen, of each kind of page the ugliest and the emptiest."""
        yield from self._of_staff()
        yield from self._of_holders()

    def _of_staff(self) -> Iterator[Page]:
        yield Page("flags", reverse("admin:flags"), "sol")
        yield Page("appeals", reverse("admin:appeals"), "sol")
        for name in ("to sign", "appealed"):
            yield Page(f"case of {name}", _case(self.sanctions[name].case), "sol")
        yield Page("merged flags", _case(self.merged), BOB)
        yield Page("emergencies", reverse("admin:emergencies"), "pia")
        yield Page("unusual use", reverse("admin:anomaly_rules"), "pia")
        yield Page("rule about use", reverse("admin:anomaly_rule", args=[self.rule.pk]), "pia")
        yield Page("filters", reverse("admin:filters"), "pia")
        yield Page("filter", reverse("admin:filter", args=[self.filter.pk]), "pia")
        for name in ("leaks", "integrators", "limits"):
            yield Page(name, reverse(f"admin:{name}"), DORA)
        yield Page("webhook of an integrator", reverse("admin:webhook", args=[self.theirs.pk]), DORA)

    def _of_holders(self) -> Iterator[Page]:
        held = self.sanctions["suspended"]
        yield Page("sanction", reverse("sanction", args=[held.number]), _holder(held))
        yield Page("access under sanction", reverse("grant", args=[self.grant.public_id]), _holder(held))
        yield Page("my webhook", reverse("webhook", args=[self.mine.pk]), _holder(held))
        yield Page("receipt", reverse("report_receipt", args=[self.nobodys.receipt]), NOBODY)
        number, who = self.appeal.decision.case.application.number, _name(self.appeal.filed_by)
        yield Page("appeal", reverse("appeal", args=[number]), who)


def _case(case: FlagCase) -> str:
    return reverse("admin:flag_case", args=[case.pk])


def _holder(sanction: Sanction) -> str:
    return _name(sanction.grant.application.applicant)


def _name(user: User) -> str:
    return user.email.partition("@")[0]
