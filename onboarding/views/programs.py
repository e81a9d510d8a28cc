"""The programs: what can be applied for, how long the line is, by which rule it moves."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import Owner, User
from audit import clock
from onboarding.domain import backtests, freezes, line_rule, order, picks, plans
from onboarding.models import Application, Freeze, LineCount, Program, RateStep
from onboarding.states import ApplicationState
from onboarding.views import safety
from policies import markdown
from policies.domain import evaluations, practices, program_rules, weakness_records, weaknesses
from policies.models import Category, WeaknessRecord
from policies.states import VersionState

STANDING = (
    ApplicationState.DRAFT,
    ApplicationState.SUBMITTED,
    ApplicationState.IN_REVIEW,
    ApplicationState.INFORMATION_REQUESTED,
    ApplicationState.APPROVED,
)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the programs with stage, pace and the length of the line."""
    found = _with_line(Program.objects.public(), clock.now())
    return render(request, "onboarding/program_list.html", {"programs": found})


@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one program: models, limits, the rule of the line, known weaknesses, how to apply or why not."""
    at = clock.now()
    program = _with_line(Program.objects.prefetch_related("models", "tiers"), at).filter(slug=slug).first()
    if program is None:
        raise Http404
    known = weaknesses.current(program.slug)
    owners = list(Owner.objects.of(request.user)) if request.user.is_authenticated else []
    ours = _ours(program, owners)
    context = {
        "program": program,
        "ours": ours,
        "takes": _takes(program, request.user),
        "may_apply": not ours or len({each.owner_id for each in ours}) < len(owners),
        "tiers": [
            tier for tier in program.tiers.all() if program.production_review or tier.environment == "live"
        ],
        "frozen": freezes.in_words(program) if program.is_frozen else [],
        "rule": line_rule.in_words(
            program,
            per_week=program.per_week,
            is_frozen=program.is_frozen,
            rules=plans.rules_of(plans.in_force(program, at)),
        ),
        "moved": order.moved_ahead(program),
        "hit_rate": backtests.hit_rate(program),
        "rules": [
            {"rule": each, "shown": markdown.rendered(each.text)} for each in program_rules.of(program.slug)
        ],
        "at": at,
        "records": weakness_records.of(program.slug),
        "evaluations": evaluations.of(program.slug),
        "practices": safety.named(practices.of(program.slug)),
        "weaknesses": known,
        "weaknesses_text": markdown.rendered(known.text) if known else "",
    }
    return render(request, "onboarding/program_detail.html", context)


def _takes(program: Program, user: User | AnonymousUser) -> bool:
    """Return whether this person may apply now, or anybody may."""
    asked = picks.of(user, program) if user.is_authenticated and not program.accepts_applications else None
    return program.takes_from(asked)


@require_safe
def weakness(request: HttpRequest, slug: str, code: str) -> HttpResponse:
    """Show what is known of one weakness of a program's models, and when it was said."""
    program = Program.objects.filter(slug=slug).first()
    revisions = list(
        WeaknessRecord.objects.filter(program=slug, code=code).order_by("-revision").defer("source")
    )
    if program is None or not revisions:
        raise Http404
    row = revisions[0]
    domains = Category.objects.filter(guidelines__state=VersionState.EFFECTIVE, code__in=row.must_read)
    context = {
        "program": program,
        "row": row,
        "revisions": revisions,
        "domains": list(domains.order_by("position")),
        "evaluations": [one for one in evaluations.of(slug) if code in one.weaknesses],
        "parts": [
            (name, markdown.rendered(text))
            for name, text in (
                ("", row.description),
                (_("Examples"), row.examples),
                (_("What you can do about it"), row.workaround),
            )
            if text
        ],
    }
    return render(request, "onboarding/weakness_detail.html", context)


def _ours(program: Program, owners: list[Owner]) -> list[Application]:
    """Return what these owners have under way in a program, or were let in by, one for each, the latest."""
    if not owners:
        return []
    found = Application.objects.for_access().filter(program=program, owner__in=owners, state__in=STANDING)
    return list(found.order_by("owner", "-started_at").distinct("owner").defer("answers", "facts"))


def _with_line(programs: QuerySet[Program], at) -> QuerySet[Program]:
    """Add `per_week`, the rate in force (None without one), `waiting`, the length of the line, and `is_frozen`."""
    steps = RateStep.objects.filter(program=OuterRef("pk"), from_at__lte=at).order_by("-from_at", "-id")
    line = LineCount.objects.filter(program=OuterRef("pk")).order_by().values("program")
    return programs.annotate(
        is_frozen=Exists(Freeze.objects.open().filter(program=OuterRef("pk"))),
        per_week=Subquery(steps.values("per_week")[:1]),
        waiting=Coalesce(
            Subquery(line.annotate(length=Sum("waiting")).values("length"), output_field=IntegerField()), 0
        ),
    )
