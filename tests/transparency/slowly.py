"""The figures of a quarter counted by plain Python, row by row, from what the definitions say."""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from typing import Any

from audit.models import LedgerEntry, Seal
from enforcement.models import Appeal, Sanction
from enforcement.models.usage import UsageDay, UsageSeal
from onboarding.models import Grant, Invitation, Key
from reviews.models import Case, Decision
from transparency.domain.quarters import Quarter
from transparency.models import DayFigures

Figures = dict[str, dict[str, dict[str, float]]]


def count(quarter: Quarter, seal: Seal) -> Figures:
    """Return {metric: {figure: {cell: value}}} as far as it is more than adding up what a person wrote down."""
    return Slowly(quarter, seal).count()


class Slowly:
    def __init__(self, quarter: Quarter, seal: Seal):
        self.start, self.until = quarter.start, quarter.until
        covered = set()
        for each in Seal.objects.filter(number__lte=seal.number):
            covered |= set(each.members.values_list("entry_id", flat=True))
        self.ledger = [entry for entry in LedgerEntry.objects.order_by("id") if entry.pk in covered]
        self.by_event: dict[str, list[LedgerEntry]] = defaultdict(list)
        for entry in self.ledger:
            self.by_event[entry.event].append(entry)
        self.found: dict[str, dict[str, Counter]] = defaultdict(lambda: defaultdict(Counter))

    def now(self, *events: str) -> list[LedgerEntry]:
        return [e for name in events for e in self.by_event[name] if self.start <= e.at < self.until]

    def before(self, *events: str) -> list[LedgerEntry]:
        return [e for name in events for e in self.by_event[name] if e.at < self.until]

    def add(self, metric: str, figure: str, cell: str, many: float = 1) -> None:
        self.found[metric][figure][cell] += many

    def count(self) -> Figures:
        for part in (
            self.applications, self.decisions, self.times, self.line, self.activation, self.keys, self.requests,
            self.flags, self.sanctions, self.appeals, self.rest,
        ):  # fmt: skip
            part()
        return {
            metric: {figure: dict(cells) for figure, cells in figures.items()}
            for metric, figures in self.found.items()
        }

    def applications(self) -> None:
        kinds = {
            (e.subject_type, e.subject_id): e.details.get("kind", "access")
            for e in self.by_event["application.started"]
        }
        sent = self.now("application.submitted")
        for e in sent:
            self.add("apps_received", "kind", kinds.get((e.subject_type, e.subject_id), "access"))
            self.add(
                "apps_received", "lane", e.details["lane"]
            )  # the copies are all there is in this quarter
            for domain in e.details["domains"]:
                self.add("apps_received", "domain", domain)
        for metric, table, figure in (
            ("apps_received", "type", "type"), ("apps_received", "country", "country"),
            ("languages", "language", "applications"),
        ):  # fmt: skip
            told = Counter()
            for figures in self.days():
                told.update(figures.get(table, {}))
            for cell, many in told.items():
                self.add(metric, figure, cell, many)
            self.add(metric, figure, "not_known", len(sent) - sum(told.values()))

    def days(self) -> list[dict[str, Any]]:
        known = {e.subject_id for e in self.by_event["figures.taken"]}
        rows = DayFigures.objects.filter(on__gte=self.start.date(), on__lt=self.until.date())
        return [row.figures for row in rows if str(row.pk) in known]

    def decisions(self) -> None:
        for e in self.now("decision.told"):
            self.add("decisions", "outcome", e.details["outcome"])
            self.add("decisions", f"reasons_{e.details['outcome']}", e.reason)

    def times(self) -> None:
        application_of = dict(Case.objects.values_list("pk", "application_id"))
        judged = dict(Decision.objects.values_list("pk", "revision__application_id"))
        sent: dict[int, tuple[datetime, str]] = {}
        for e in self.before("application.submitted"):
            key = int(e.subject_id)
            if key not in sent or e.at < sent[key][0]:
                sent[key] = (e.at, e.details.get("lane", "not_known"))
        acts = [(application_of.get(int(e.subject_id)), e.at) for e in self.before("case.claimed")]
        acts += [(judged.get(int(e.subject_id)), e.at) for e in self.before("decision.proposed")]
        first: dict[int, datetime] = {}
        for application, at in acts:
            if application in sent and at >= sent[application][0]:
                first[application] = min(at, first.get(application, at))
        took = [(sent[a][1], working(sent[a][0], at)) for a, at in first.items() if at >= self.start]
        self.spread("first_answer_days", took)
        asked: dict[str, datetime] = {}
        paused: dict[int, float] = defaultdict(float)
        events = self.before("case.awaits_applicant", "case.answered", "case.unanswered")
        for e in sorted(events, key=lambda e: e.pk):
            if e.event == "case.awaits_applicant":
                asked[e.subject_id] = e.at
            elif e.subject_id in asked:
                paused[application_of[int(e.subject_id)]] += working(asked.pop(e.subject_id), e.at)
        done: dict[int, datetime] = {}
        for e in self.now("decision.told"):
            if e.details["outcome"] != "needs_information":
                application = judged[int(e.subject_id)]
                done[application] = min(e.at, done.get(application, e.at))
        took = [
            (sent[a][1], max(working(sent[a][0], at) - paused[a], 0)) for a, at in done.items() if a in sent
        ]
        self.spread("decision_days", took)

    def spread(self, metric: str, took: list[tuple[str, float]]) -> None:
        for figure in {"all", *(lane for lane, _ in took)}:
            values = [days for lane, days in took if figure in ("all", lane)]
            self.add(metric, figure, "n", len(values))
            if values:
                self.add(metric, figure, "p50", at_percent(values, 0.5))
                self.add(metric, figure, "p90", at_percent(values, 0.9))

    def line(self) -> None:
        for cell, event in (
            ("joined", "entry.joined"), ("invited", "entry.seated"), ("admitted", "entry.admitted"),
            ("left", "entry.left"),
        ):  # fmt: skip
            self.add("waitlist", "line", cell, len(self.now(event)))
        waiting = len(self.before("entry.joined")) - len(self.before("entry.admitted", "entry.left"))
        self.add("waitlist", "end", "waiting_about", (waiting + 5) // 10 * 10)

    def activation(self) -> None:
        sealed = {e.subject_id for e in self.by_event["usage.sealed"]}
        parts = {(s.on, s.part) for s in UsageSeal.objects.all() if str(s.pk) in sealed}
        calls: dict[int, list[date]] = defaultdict(list)
        for key, on, part in UsageDay.objects.filter(ok__gt=0).values_list("key_id", "on", "part"):
            if (on, part) in parts:
                calls[key].append(on)
        seat_of = dict(Invitation.objects.values_list("pk", "seat_id"))
        grant_of = dict(Grant.objects.values_list("seat_id", "pk"))
        keys_of: dict[int, list[int]] = defaultdict(list)
        for key, grant in Key.objects.values_list("pk", "grant_id"):
            keys_of[grant].append(key)
        fortnight = timedelta(days=14)
        for e in self.by_event["invitation.offered"]:
            if self.start <= e.at + fortnight < self.until:
                grant, last = grant_of.get(seat_of[int(e.subject_id)]), e.at.date() + fortnight
                did = any(on < last for key in keys_of.get(grant, []) for on in calls[key])
                self.add("activation", "invited", "called" if did else "did_not")

    def keys(self) -> None:
        opened = {e.subject_id for e in self.before("key.opened")}
        opened -= {e.subject_id for e in self.before("key.revoked", "key.expired")}
        tiers = {}
        for e in sorted(self.before("grant.given", "grant.raised"), key=lambda e: e.pk):
            tiers[e.subject_id] = e.details["tier"]
        for e in self.by_event["key.issued"]:
            if e.subject_id in opened:
                self.add("keys_active", "tier", tiers.get(str(e.details["grant"]), "not_known"))

    def requests(self) -> None:
        rows = UsageDay.objects.filter(on__gte=self.start.date(), on__lt=self.until.date())
        sealed = {e.subject_id for e in self.by_event["usage.sealed"]}
        parts = {(s.on, s.part) for s in UsageSeal.objects.all() if str(s.pk) in sealed}
        names = (
            "rate_limited",
            "suspended",
            "outside_scope",
            "terms_not_accepted",
            "revoked_key",
            "expired_key",
        )
        for row in rows:
            if (row.on, row.part) in parts:
                self.add("requests", "answer", "served", row.ok)
                for name in names:
                    self.add("requests", "answer", name, getattr(row, name))
        for figures in self.days():
            for category, many in figures["filtered"].items():
                self.add("requests", "filtered", category, many)

    def flags(self) -> None:
        for e in self.now("flag.raised"):
            self.add("flags", "source", e.details["source"])
            self.add("flags", "category", e.details["category"] or "none_named")
            self.add("flags", "severity", str(e.details["severity"]))
        for e in self.now("flag.confirmed", "flag.dismissed"):
            self.add("flag_precision", "found", e.event.split(".")[1])

    def sanctions(self) -> None:
        rows = Sanction.objects.in_bulk()
        ends: dict[str, LedgerEntry] = {}
        for e in sorted(
            self.before("sanction.lifted", "sanction.reversed", "sanction.ended"), key=lambda e: e.pk
        ):
            ends.setdefault(e.subject_id, e)
        hours = []
        for e in self.now("sanction.imposed"):
            row = rows[int(e.subject_id)]
            self.add("enforcement", "kind", e.details["kind"])
            self.add("enforcement", "target", e.details["target"])
            self.add("enforcement", "ground", e.details["code"])
            self.add("enforcement", "category", row.category)
            self.add("enforcement", "duration", lasting(row.ends_at and row.ends_at - e.at))
            self.add("enforcement", "by", "people" if row.proposed_by_id else "automatic")
            if row.proposed_by_id is None:
                end = ends.get(e.subject_id)
                became = {None: "in_force", "sanction.ended": "ran_out"}.get(end and end.event, "lifted")
                self.add("auto_lifted", "holds", became)
                if became == "lifted":
                    hours.append((end.at - e.at).total_seconds() / 3600)
        self.add("auto_lifted", "hours", "n", len(hours))
        if hours:
            self.add("auto_lifted", "hours", "p50", at_percent(hours, 0.5))

    def appeals(self) -> None:
        rows, results = Appeal.objects.in_bulk(), {}
        for e in sorted(
            self.before("appeal.upheld", "appeal.denied", "appeal.withdrawn"), key=lambda e: e.pk
        ):
            results.setdefault(e.subject_id, e.event.split(".")[1])
        for e in self.now("appeal.filed"):
            late = rows[int(e.subject_id)].due_at < self.until
            self.add("appeals", "kind", e.details["kind"])
            self.add("appeals", "against", "sanction" if "sanction" in e.details else "decision")
            self.add("appeals", "result", results.get(e.subject_id, "past_due" if late else "open"))
        filed = {e.subject_id: e.at for e in self.by_event["appeal.filed"]}
        took, late = [], 0
        for e in self.now("appeal.upheld", "appeal.denied"):
            took.append((e.at - filed[e.subject_id]).total_seconds() / 86400)
            late += e.at > rows[int(e.subject_id)].due_at
        self.spread("appeal_days", [("all", days) for days in took])
        self.add("own_errors", "errors", "appeals_decided_late", late)
        self.add("own_errors", "errors", "sanctions_reversed", len(self.now("sanction.reversed")))
        self.add("own_errors", "errors", "decisions_overturned", len(self.now("decision.overturned")))

    def rest(self) -> None:
        for e in self.now("waiver.given"):
            self.add("exceptions", "what", "from_a_rule")
            self.add("exceptions", "category", e.details["category"])
            self.add("exceptions", "reason", "after_an_appeal")
        people = {
            e.actor for e in self.now("case.claimed", "decision.proposed", "flag_case.taken")
            if e.actor.startswith("user:")
        }  # fmt: skip
        self.add("reviewer_load", "team", "n", len(people))
        for name in ("severe_minutes", "caps_reached"):
            self.add("reviewer_load", "team", name, sum(figures["team"][name] for figures in self.days()))


def working(since: datetime, until: datetime) -> float:
    """Return working days between two moments, walked day by day."""
    if until < since:
        return -working(until, since)
    days, at = 0.0, since
    while at < until:
        midnight = (at + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        end = min(midnight, until)
        if at.weekday() < 5:
            days += (end - at).total_seconds() / 86_400
        at = end
    return days


def at_percent(values: list[float], share: float) -> float:
    """Return the percentile between the two nearest values, as PostgreSQL's percentile_cont defines it."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def lasting(length: timedelta | None) -> str:
    if length is None:
        return "no_end"
    bounds = ((1, "a_day"), (7, "a_week"), (31, "a_month"))
    return next((name for days, name in bounds if length <= timedelta(days=days)), "longer")
