"""The public account: reports, the ledger's seals, the guarantees. Nothing here asks who reads it."""

import csv
import json
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from audit import spreadsheets
from policies import markdown
from transparency import drawing
from transparency.domain import guarantees as promises
from transparency.domain import reports
from transparency.domain import seals as chains
from transparency.domain import standards as rules
from transparency.models import Report

TEAM = ("reviewer_load", "double_review_agreement", "languages")
HIGHEST = 2**31 - 1
SPOKEN = {"name", "title", "says", "unit"}  # of a metric: what people read


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List what is published, the newest version of each quarter first."""
    found = list(reports.published().defer("body", "changes"))
    newest: dict[str, Report] = {}
    for each in found:
        newest.setdefault(each.quarter, each)
    return render(request, "transparency/index.html", {"reports": list(newest.values())})


@require_safe
def report(request: HttpRequest, quarter: str, version: int | None = None) -> HttpResponse:
    """Show a published report: its newest version, or the one that is named."""
    versions = list(reports.published(quarter).defer("body"))
    shown = _one(quarter, version)
    said = json.loads(shown.body)
    titles = {metric["id"]: metric["name"] for metric in said["metrics"]}
    return render(
        request,
        "transparency/report.html",
        {
            "report": shown,
            "said": said,
            "metrics": [drawn(metric) for metric in said["metrics"]],
            "versions": versions,
            "changes": [
                each | {"name": titles.get(each["metric"], each["metric"])} for each in shown.changes
            ],
            "is_newest": shown.version == versions[0].version,
        },
    )


@require_safe
def report_json(request: HttpRequest, quarter: str, version: int) -> HttpResponse:
    """Give the published file itself, byte for byte."""
    shown = _one(quarter, version)
    answer = HttpResponse(shown.body, content_type="application/json")
    answer.headers["Content-Disposition"] = f'inline; filename="{_file(shown)}.json"'
    answer.headers["ETag"] = f'"{shown.digest}"'
    return answer


@require_safe
def report_csv(request: HttpRequest, quarter: str, version: int) -> HttpResponse:
    """Give every figure in a row of its own; a hidden one is empty and says so."""
    shown = _one(quarter, version)
    said = json.loads(shown.body)
    units = {metric["id"]: (metric["name"], metric["unit"]) for metric in said["metrics"]}
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{_file(shown)}.csv"'
    rows = csv.writer(answer)
    rows.writerow(["quarter", "version", "metric", "name", "unit", "figure", "value", "shown"])
    for (metric, figure), value in reports.flat(said):
        is_shown = "yes" if value is not None else "no"
        rows.writerow(
            [quarter, shown.version, metric, *units[metric], _plain(figure), _plain(value), is_shown]
        )
    return answer


@require_safe
def seals(request: HttpRequest) -> HttpResponse:
    """Show the newest seals of the ledger, and how to check that it was not rewritten."""
    before = _number(request, "before")
    shown = chains.newest(before=before)
    older = shown[-1].number if shown and shown[-1].number > 1 else None
    context = {"seals": shown, "older_url": f"?before={older}" if older else "", "is_first": before is None}
    return render(request, "transparency/seals.html", context)


@require_safe
def seals_json(request: HttpRequest) -> HttpResponse:
    """Give the chain of seals from `?after=` on, oldest first, with the address of what follows."""
    shown = chains.chain(after=_number(request, "after") or 0)
    full = len(shown) == chains.A_PAGE
    following = f"{reverse('seals_json')}?after={shown[-1].number}" if full else None
    return JsonResponse(
        {"seals": [asdict(link) for link in shown], "next": following}, json_dumps_params={"indent": 1}
    )


@require_safe
def guarantees(request: HttpRequest) -> HttpResponse:
    """Show what is promised, how it is tested, and what came of the tests where they ran here."""
    try:
        results = promises.results(settings.TEST_RESULTS)
    except promises.NoResults:
        results = None
    rows = promises.read(settings.BASE_DIR / "docs" / "guarantees.md", results)
    shown = [(row, markdown.rendered(row.tests), markdown.rendered(row.proven)) for row in rows]
    context = {"rows": shown, "results": results, "held": sum(row.holds for row in rows)}
    context["not_run"] = sum(not row.has_run for row in rows)
    return render(request, "transparency/guarantees.html", context)


@require_safe
def standards(request: HttpRequest) -> HttpResponse:
    """Show how reviewers are treated, and the team's figures of the newest report beside it."""
    newest = reports.published().first()
    said = json.loads(newest.body) if newest else {"metrics": []}
    team = [drawn(metric) for metric in said["metrics"] if metric["id"] in TEAM]
    shown = rules.current()
    context = {
        "standards": shown,
        "html": markdown.rendered(shown.text) if shown else "",
        "report": newest,
        "metrics": team,
    }
    return render(request, "transparency/standards.html", context)


def _one(quarter: str, version: int | None) -> Report:
    found = reports.published(quarter).select_related("seal")
    shown = found.first() if version is None else found.filter(version=min(version, 32_767)).first()
    if shown is None:
        raise Http404(_("There is no such report."))
    return shown


def _file(report: Report) -> str:
    return f"report-{report.quarter}-v{report.version}"


def drawn(metric: dict[str, Any]) -> dict[str, Any]:
    """Return a metric with its drawings and with its rows in the order of its columns, as the template needs them.

    What a report froze is in the site's own language; its definitions are read in the reader's.
    """
    metric = _spoken(metric) | {"is_percent": metric["unit"] == "percent"}
    made = metric | {"tables": [table | {"bars": drawing.bars(table)} for table in metric["tables"]]}
    if listed := metric.get("list"):
        columns = [(column["id"], column["name"]) for column in listed["columns"]]
        rows = [[(title, row.get(name)) for name, title in columns] for row in listed["rows"]]
        made["list"] = {"heads": [title for _name, title in columns], "rows": rows}
    if measures := metric.get("measures"):
        heads = [column["name"] for column in measures["columns"]]
        rows = [row | {"cells": list(zip(heads, row["values"], strict=True))} for row in measures["rows"]]
        made["measures"] = {"heads": heads, "rows": rows}
    return made


def _spoken(part: Any) -> Any:
    if isinstance(part, list):
        return [_spoken(each) for each in part]
    if not isinstance(part, dict):
        return part
    said = {key: _spoken(value) for key, value in part.items()}
    return said | {
        key: _(said[key]) for key in SPOKEN & said.keys() if said[key] and isinstance(said[key], str)
    }


def _plain(value: Any) -> str:
    """Return text that no spreadsheet takes for a formula."""
    if isinstance(value, str):
        return spreadsheets.harmless(value)
    return "" if value is None else str(value)


def _number(request: HttpRequest, name: str) -> int | None:
    said = request.GET.get(name, "")
    return min(int(said), HIGHEST) if said.isascii() and said.isdigit() and len(said) < 12 else None
