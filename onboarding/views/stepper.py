"""The sections of the form as steps: which are asked of this draft, which are complete, what comes next."""

import zlib
from dataclasses import dataclass

from onboarding.domain.answers import is_empty
from onboarding.domain.drafts import Draft
from onboarding.domain.questions import Section


@dataclass(frozen=True)
class Step:
    """`state` is done, wrong (something given must be mended) or open (something is still to be answered)."""

    section: Section
    state: str
    is_current: bool


def pages(draft: Draft) -> list[Section]:
    """Return the sections that ask this draft something, in order."""
    asked = {question.section for question in draft.reading.put()}
    return [section for section in draft.reading.paper.form.sections if section.key in asked]


def after(draft: Draft, key: str) -> Section | None:
    """Return the next section that asks something; None after the last."""
    return next(
        (section for section in pages(draft) if _place(draft, section.key) > _place(draft, key)), None
    )


def before(draft: Draft, key: str) -> Section | None:
    """Return the section before; None before the first."""
    earlier = [section for section in pages(draft) if _place(draft, section.key) < _place(draft, key)]
    return earlier[-1] if earlier else None


def steps(draft: Draft, *, at: str) -> list[Step]:
    return [Step(section, _state(draft, section.key), section.key == at) for section in pages(draft)]


def digest(draft: Draft) -> str:
    """Return what changes when a step comes, goes or changes its state."""
    said = " ".join(f"{step.section.key}:{step.state}" for step in steps(draft, at=""))
    return f"{zlib.crc32(said.encode()):08x}"


def problems(draft: Draft, key: str, *, given_only: bool = False) -> dict[str, str]:
    """Return what must be mended in one section; with `given_only`, only in what was answered."""
    return {
        question.key: draft.problems[question.key]
        for question in draft.reading.paper.form.of_section(key)
        if question.key in draft.problems
        and not (given_only and is_empty(draft.reading.answers.get(question.key)))
    }


def _state(draft: Draft, key: str) -> str:
    if not problems(draft, key):
        return "done"
    return "wrong" if problems(draft, key, given_only=True) else "open"


def _place(draft: Draft, key: str) -> int:
    return [section.key for section in draft.reading.paper.form.sections].index(key)
