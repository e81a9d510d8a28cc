"""The shape of a guidelines file, checked before anything of it is kept."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from accounts.languages import grouped
from policies.domain.marked import BadText, Marked
from policies.domain.marked import read as read_marked
from policies.domain.marked import written as dumped
from policies.states import Lane

NAME = r"[a-z][a-z0-9_]*"
WORDS = r"[^\s|]+(?:\|[^\s|]+)*"
CONDITION = rf"{NAME} (?:=|!=|>=|>|in|contains) {WORDS}"
LARGEST_FILE = 2_000_000  # bytes; the shipped guidelines have 25,000

TAKEN = {
    "accept",
    "consultation",
    "lanes",
    "prohibited",
    "scrutiny",
    "usual",
}  # addresses and places on the page already

Code = Annotated[str, StringConstraints(pattern=rf"^{NAME}$", max_length=60)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Markdown = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40_000)]
Paragraph = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000)]
Condition = Annotated[str, StringConstraints(pattern=rf"^{CONDITION}(?: and {CONDITION})*$", max_length=500)]


class BadGuidelines(Exception):
    """A file that cannot be loaded; `problems` name each place."""

    def __init__(self, problems: Iterable[str]):
        self.problems = list(problems)
        super().__init__(" ".join([_("These guidelines were not loaded."), *self.problems]))


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CategorySource(Part):
    """What a prohibited use and a scrutiny domain have in common."""

    id: Code
    name: Annotated[Line, StringConstraints(max_length=120)]
    definition: Paragraph
    lane: Lane
    severity: Annotated[int, Field(ge=0, le=3)] | None = None  # None: what `severities.usual` says
    triggers: list[Condition] = []
    example_allowed: Paragraph
    example_disallowed: Paragraph
    maps: dict[str, list[str] | dict[str, int]] = {}


class ProhibitedSource(CategorySource):
    pass


class ScrutinySource(CategorySource):
    triggers: Annotated[list[Condition], Field(min_length=1)]
    default_conditions: list[Line] = []
    approval_months: Annotated[int, Field(ge=1, le=120)] = 12


class SectionSource(Part):
    """A part of the running text, before the categories."""

    id: Code
    title: Annotated[Line, StringConstraints(max_length=120)]
    text: Markdown


class UsualSource(Part):
    id: Annotated[Code, StringConstraints(max_length=20)]
    text: Line
    lane: Lane = Lane.NOTIFY


class GuidelinesSource(Part):
    """The whole file; `effective_after_days` is the notice between publishing a version and its coming into force.

    `acknowledge_within_days`: how long after that the holders of access may take to acknowledge a material change.
    """

    version: Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$", max_length=20)]
    material: bool = True
    published_at: date | None = None
    effective_after_days: Annotated[int, Field(ge=0, le=365)] = 15
    acknowledge_within_days: Annotated[int, Field(ge=1, le=365)] = 30
    lane_modes: list[Lane] = list(Lane)
    sections: list[SectionSource] = []
    prohibited: Annotated[list[ProhibitedSource], Field(min_length=1)]
    extra_scrutiny: list[ScrutinySource] = []
    almost_always_approved: list[UsualSource] = []

    @model_validator(mode="after")
    def _each_id_once(self) -> "GuidelinesSource":
        parts = (self.sections, self.prohibited, self.extra_scrutiny, self.almost_always_approved)
        known = Counter(part.id for some in parts for part in some)
        if twice := [found for found, times in known.items() if times > 1]:
            raise ValueError(
                _("an id stands for one thing only; used more than once: %(ids)s")
                % {"ids": ", ".join(sorted(twice))}
            )
        if taken := sorted(TAKEN & set(known)):
            raise ValueError(
                _("these ids are places of the page already; choose others: %(ids)s")
                % {"ids": ", ".join(taken)}
            )
        return self


def check(source: Any, *, lines: Marked | None = None) -> GuidelinesSource:
    """Return the checked content of a loaded file. Raises BadGuidelines, which names every bad place.

    With `lines`, the text the content was read from, each place has its line.
    """
    if not isinstance(source, dict):
        raise BadGuidelines([_("The file must be a mapping with version, prohibited, extra_scrutiny.")])
    try:
        return GuidelinesSource.model_validate(source)
    except ValidationError as error:
        found = sorted((_line(one["loc"], lines), _sentence(one, source)) for one in error.errors())
        raise BadGuidelines(
            _("Line %(line)s: %(said)s") % {"line": line, "said": said} if line else said
            for line, said in found
        ) from None


def read(raw: bytes) -> Any:
    """Return what a YAML or JSON file holds. Raises BadGuidelines, which names line and column."""
    return _marked(raw).data


def checked(raw: bytes) -> dict[str, Any]:
    """Return what a YAML or JSON file holds, once it is right as a whole. Raises BadGuidelines, line by line."""
    marked = _marked(raw)
    check(marked.data, lines=marked)
    return marked.data


def written(source: dict[str, Any]) -> str:
    """Return loaded guidelines as YAML to write on: fields in the order of the shipped file, without comments."""
    return dumped(GuidelinesSource.model_validate(source).model_dump(mode="json", exclude_unset=True))


def _marked(raw: bytes) -> Marked:
    if len(raw) > LARGEST_FILE:
        raise BadGuidelines(
            [
                _("The file has %(has)s bytes; at most %(most)s are read.")
                % {"has": grouped(len(raw)), "most": grouped(LARGEST_FILE)}
            ]
        )
    try:
        return read_marked(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadGuidelines(
            [_("Byte %(byte)s is not UTF-8; save the file as UTF-8.") % {"byte": error.start}]
        ) from None
    except BadText as bad:
        raise BadGuidelines(bad.problems) from None


def _line(place: tuple[str | int, ...], lines: Marked | None) -> int:
    return lines.line(place) if lines else 0


def _sentence(found: Any, source: dict[str, Any]) -> str:
    """Say `prohibited[2] (weapons), lane: …` for one of pydantic's findings."""
    place, thing = "", source
    for step in found["loc"]:
        place += f"[{step}]" if isinstance(step, int) else (f", {step}" if place else str(step))
        thing = _inside(thing, step)
        if isinstance(step, int) and isinstance(thing, dict) and thing.get("id"):
            place += f" ({str(thing['id'])[:60]})"
    told = isinstance(found["input"], (str, int, float)) and found["type"] != "extra_forbidden"
    named = _(", not %(given)s") % {"given": repr(str(found["input"])[:60])} if told else ""
    problem = PROBLEMS.get(found["type"], found["msg"].removeprefix("Value error, "))
    return f"{place or _('The file')}: {problem}{named}."


def _inside(thing: Any, step: str | int) -> Any:
    try:
        return thing[step]
    except (KeyError, IndexError, TypeError):
        return None


PROBLEMS = {
    "missing": gettext_lazy("is missing"),
    "extra_forbidden": gettext_lazy("is not a field of this file"),
    "enum": format_lazy(gettext_lazy("must be one of {lanes}"), lanes=", ".join(Lane.values)),
    "string_pattern_mismatch": gettext_lazy("does not have the form asked for"),
    "string_type": gettext_lazy("must be text"),
    "list_type": gettext_lazy("must be a list"),
    "too_short": gettext_lazy("must not be empty"),
}
