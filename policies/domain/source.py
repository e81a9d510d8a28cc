"""The shape of a guidelines file, checked before anything of it is kept."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from policies.states import Lane

NAME = r"[a-z][a-z0-9_]*"
WORDS = r"[^\s|]+(?:\|[^\s|]+)*"
CONDITION = rf"{NAME} (?:=|!=|>=|>|in|contains) {WORDS}"
LARGEST_FILE = 2_000_000  # bytes; the shipped guidelines have 25,000

Code = Annotated[str, StringConstraints(pattern=rf"^{NAME}$", max_length=60)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Paragraph = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000)]
Condition = Annotated[str, StringConstraints(pattern=rf"^{CONDITION}(?: and {CONDITION})*$", max_length=500)]


class BadGuidelines(Exception):
    """A file that cannot be loaded; `problems` name each place."""

    def __init__(self, problems: Iterable[str]):
        self.problems = list(problems)
        super().__init__("These guidelines were not loaded. " + " ".join(self.problems))


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
    prohibited: Annotated[list[ProhibitedSource], Field(min_length=1)]
    extra_scrutiny: list[ScrutinySource] = []
    almost_always_approved: list[UsualSource] = []

    @model_validator(mode="after")
    def _each_id_once(self) -> "GuidelinesSource":
        categories = Counter(part.id for part in [*self.prohibited, *self.extra_scrutiny])
        usual = Counter(part.id for part in self.almost_always_approved)
        if twice := [found for found, times in (categories + usual).items() if times > 1]:
            raise ValueError(
                f"an id stands for one thing only; used more than once: {', '.join(sorted(twice))}"
            )
        return self


def check(source: Any) -> GuidelinesSource:
    """Return the checked content of a loaded file. Raises BadGuidelines, which names every bad place."""
    if not isinstance(source, dict):
        raise BadGuidelines(["The file must be a mapping with version, prohibited, extra_scrutiny."])
    try:
        return GuidelinesSource.model_validate(source)
    except ValidationError as error:
        raise BadGuidelines(_sentence(found, source) for found in error.errors()) from None


def read(raw: bytes) -> Any:
    """Return what a YAML or JSON file holds. Raises BadGuidelines, which names line and column."""
    if len(raw) > LARGEST_FILE:
        raise BadGuidelines([f"The file has {len(raw):,} bytes; at most {LARGEST_FILE:,} are read."])
    try:
        return yaml.safe_load(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadGuidelines([f"Byte {error.start} is not UTF-8; save the file as UTF-8."]) from None
    except yaml.MarkedYAMLError as error:
        mark, problem = error.problem_mark, error.problem or "not YAML"
        where = f"Line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise BadGuidelines([f"{where}{problem}."]) from None
    except yaml.YAMLError as error:
        raise BadGuidelines([f"The file is not YAML: {str(error).splitlines()[0]}."]) from None


def _sentence(found: Any, source: dict[str, Any]) -> str:
    """Say `prohibited[2] (weapons), lane: …` for one of pydantic's findings."""
    place, thing = "", source
    for step in found["loc"]:
        place += f"[{step}]" if isinstance(step, int) else (f", {step}" if place else str(step))
        thing = _inside(thing, step)
        if isinstance(step, int) and isinstance(thing, dict) and thing.get("id"):
            place += f" ({str(thing['id'])[:60]})"
    told = isinstance(found["input"], (str, int, float)) and found["type"] != "extra_forbidden"
    named = f", not {str(found['input'])[:60]!r}" if told else ""
    problem = PROBLEMS.get(found["type"], found["msg"].removeprefix("Value error, "))
    return f"{place or 'The file'}: {problem}{named}."


def _inside(thing: Any, step: str | int) -> Any:
    try:
        return thing[step]
    except (KeyError, IndexError, TypeError):
        return None


PROBLEMS = {
    "missing": "is missing",
    "extra_forbidden": "is not a field of this file",
    "enum": f"must be one of {', '.join(Lane.values)}",
    "string_pattern_mismatch": "does not have the form asked for",
    "string_type": "must be text",
    "list_type": "must be a list",
    "too_short": "must not be empty",
}
