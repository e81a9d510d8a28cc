"""Records of AVID, the AI Vulnerability Database, as records of a program's weaknesses.

The shape is that of avidml/avid-db, data versions 0.1 and 0.2. AVID says neither how grave a weakness is for a program
nor which of its uses must read it: whoever imports says that.
"""

import json
from collections.abc import Iterable
from typing import Annotated, Any

from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from accounts.languages import grouped
from policies.domain import weakness_records
from policies.domain.marked import unkeepable
from policies.domain.weakness_records import BadRecord, Record

LARGEST_FILE = 2_000_000  # bytes; a record has about 2,000
MOST = 500  # records in one file

Text = Annotated[str, StringConstraints(strip_whitespace=True)]


class Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Said(Part):
    value: Text = ""


class Problem(Part):
    classof: Text = ""
    description: Said = Said()


class Artefact(Part):
    type: Text = ""
    name: Text = ""


class Affects(Part):
    developer: list[Text] | None = None
    deployer: list[Text] | None = None
    artifacts: list[Artefact] | None = None


class Link(Part):
    label: Text | None = ""
    url: Text | None = ""


class Views(Part):
    risk_domain: list[Text] | None = None
    sep_view: list[Text] | None = None
    lifecycle_view: list[Text] | None = None


class Impact(Part):
    avid: Views = Views()


class Metadata(Part):
    vuln_id: Annotated[Text, StringConstraints(min_length=1)]


class Vulnerability(Part):
    """The fields of an AVID record that are read; others stay in the source that is kept beside it."""

    metadata: Metadata
    problemtype: Problem = Problem()
    affects: Affects | None = None
    description: Said = Said()
    references: list[Link] | None = None
    impact: Impact | None = None
    credit: list[Said] | None = None
    published_date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}")] | None = None


def read(raw: bytes, *, severity: str, must_read: Iterable[str] = ()) -> list[tuple[Record, dict[str, Any]]]:
    """Return the records of a file, one or a list, each with its source. Raises BadRecord, naming every bad place."""
    if len(raw) > LARGEST_FILE:
        raise BadRecord(
            [
                _("The file has %(bytes)s bytes; at most %(most)s are read.")
                % {"bytes": grouped(len(raw)), "most": grouped(LARGEST_FILE)}
            ]
        )
    try:
        data = json.loads(raw.decode("utf-8-sig"))
        refused = unkeepable(json.dumps(data, allow_nan=False))
    except UnicodeDecodeError as error:
        raise BadRecord(
            [_("Byte %(place)s is not UTF-8; save the file as UTF-8.") % {"place": error.start}]
        ) from None
    except json.JSONDecodeError as error:
        raise BadRecord(
            [
                _("Line %(line)s, column %(column)s: this is not JSON (%(problem)s).")
                % {"line": error.lineno, "column": error.colno, "problem": error.msg}
            ]
        ) from None
    except (RecursionError, ValueError):
        raise BadRecord(
            [_("The file is not JSON of this kind: it is nested too deep, or a number is too long.")]
        ) from None
    if refused:
        raise BadRecord([_("A character of the file cannot be kept: NUL, or half of a pair. Take it out.")])
    rows = data if isinstance(data, list) else [data]
    if not rows or len(rows) > MOST:
        raise BadRecord(
            [
                _("The file has %(records)s records; from 1 to %(most)s are read.")
                % {"records": grouped(len(rows)), "most": MOST}
            ]
        )
    made, problems = [], []
    for place, row in enumerate(rows, start=1):
        try:
            made.append((_record(row, severity, list(must_read)), row))
        except BadRecord as bad:
            problems += [
                _("Record %(place)s: %(problem)s") % {"place": f"{place}{_name(row)}", "problem": problem}
                for problem in bad.problems
            ]
    if problems:
        raise BadRecord(problems)
    return made


def _record(row: Any, severity: str, must_read: list[str]) -> Record:
    if not isinstance(row, dict):
        raise BadRecord([_("must be an object, as AVID's files are.")])
    try:
        found = Vulnerability.model_validate(row)
    except ValidationError as error:
        raise BadRecord(
            f"{'.'.join(map(str, one['loc']))}: {one['msg'].lower()}." for one in error.errors()
        ) from None
    views = found.impact.avid if found.impact else Views()
    title = found.problemtype.description.value or found.metadata.vuln_id
    return weakness_records.checked(
        {
            "code": found.metadata.vuln_id.lower(),
            "title": title if len(title) <= 200 else f"{title[:199]}…",
            "problem_class": found.problemtype.classof,
            "risk_domains": views.risk_domain or [],
            "effects": views.sep_view or [],
            "lifecycle": views.lifecycle_view or [],
            "severity": severity,
            "affected": _affected(found.affects),
            "description": found.description.value or title,
            "must_read": must_read,
            "references": [
                {"label": (link.label or "")[:500], "url": link.url}
                for link in found.references or []
                if (link.url or "").startswith(("https://", "http://"))  # some name a picture beside the file
            ],
            "found_by": ", ".join(each.value for each in found.credit or [])[:200],
            "found_on": found.published_date[:10] if found.published_date else None,
        }
    )


def _affected(affects: Affects | None) -> str:
    if affects is None:
        return ""
    return "\n".join(
        f"{each.type}: {each.name}" if each.type else each.name for each in affects.artifacts or []
    )


def _name(row: Any) -> str:
    found = row.get("metadata") if isinstance(row, dict) else None
    name = found.get("vuln_id") if isinstance(found, dict) else None
    return f" ({str(name)[:60]})" if name else ""
