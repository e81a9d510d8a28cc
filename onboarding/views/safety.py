"""What was measured of a program's models, and what is asked of builders by the kind of use: for everybody to read."""

from itertools import groupby

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from onboarding.models import Program
from policies import markdown
from policies.domain import evaluations, practices, weakness_records
from policies.models import Category, Evaluation, Practice
from policies.states import VersionState

IN_FILE = (
    "code", "revision", "name", "measures", "model", "model_version", "evaluated_on", "method", "figure", "unit",
    "interval", "sample", "limits", "source_url", "source_by", "weaknesses", "published_at",
)  # fmt: skip


@require_safe
def evaluation_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Show every published result with its method and limits, and what it said before a correction."""
    program = _program(slug)
    titles = {row.code: row.title for row in weakness_records.of(slug)}
    found = [list(rows) for _code, rows in groupby(evaluations.published(slug), key=lambda row: row.code)]
    shown = [
        {
            "row": rows[0],
            "earlier": rows[1:],
            "measures": markdown.rendered(rows[0].measures),
            "method": markdown.rendered(rows[0].method),
            "limits": markdown.rendered(rows[0].limits),
            "weaknesses": [(code, titles[code]) for code in rows[0].weaknesses if code in titles],
        }
        for rows in found
    ]
    return render(request, "onboarding/evaluations.html", {"program": program, "shown": shown})


@require_safe
def evaluation_file(request: HttpRequest, slug: str) -> JsonResponse:
    """Give the published results as JSON, every revision, the last of each first."""
    _program(slug)
    place = request.build_absolute_uri(reverse("evaluations", args=[slug]))
    rows = [_plain(row) | {"url": f"{place}#{row.code}"} for row in evaluations.published(slug)]
    return JsonResponse({"program": slug, "evaluations": rows}, json_dumps_params={"indent": 1})


@require_safe
def practice_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what is asked in each kind of use, as it is asked now and since when."""
    program, rows = _program(slug), practices.of(slug)
    shown = [{"row": row, "name": name, "text": markdown.rendered(row.text)} for row, name in named(rows)]
    return render(request, "onboarding/practices.html", {"program": program, "shown": shown})


def named(rows: list[Practice]) -> list[tuple[Practice, str]]:
    """Return practices with the names of their kinds of use, in the order of the guidelines in force."""
    if not rows:
        return []
    of = Category.objects.filter(
        guidelines__state=VersionState.EFFECTIVE, code__in=[row.domain for row in rows]
    )
    names = dict(of.order_by("kind", "position").values_list("code", "name"))
    place = {code: number for number, code in enumerate(names)}
    found = [(row, names.get(row.domain, row.domain)) for row in rows]
    return sorted(found, key=lambda pair: place.get(pair[0].domain, len(place)))


def _plain(row: Evaluation) -> dict[str, object]:
    return {name: getattr(row, name) for name in IN_FILE}


def _program(slug: str) -> Program:
    found = Program.objects.filter(slug=slug).first()
    if found is None:
        raise Http404
    return found
