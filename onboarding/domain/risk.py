"""The risk score: a deterministic sum of answer weights, shown with all its parts.

After the Government of Canada's Algorithmic Impact Assessment (canada-ca/aia-eia-js, MIT): impact answers
add up to the raw score; safeguards that reach 80 % of what they could cut it by 15 %; levels I-IV end at
25, 50, 75 and 100 % of the raw maximum. It orders the queue and says how many people look; it never chooses
a lane and never refuses anything.
"""

from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext as _

from onboarding.domain.answers import Reading, in_words
from onboarding.domain.conditions import HIDDEN
from onboarding.domain.questions import Question

ENOUGH_SAFEGUARDS = 80  # percent of their maximum, from which on they count
CUT = 15  # percent of the raw score
LEVELS_END_AT = (25, 50, 75)  # percent of the raw maximum

Part = dict[str, Any]


@dataclass(frozen=True)
class Risk:
    """`score` 0-100 and `level` 1-4.

    `parts` are {kind, question, name, answer, points, maximum}. The points of kinds impact, missing,
    not_asked and cut add up to the score before it is set against the sum of their maxima; parts of kind
    safeguard say why there is a cut.
    """

    score: int
    level: int
    parts: list[Part]


def assess(reading: Reading) -> Risk:
    """Return the risk of these answers. A missing answer adds nothing and is shown as missing."""
    impact, top = _side(reading, "impact")
    safeguards, possible = _side(reading, "safeguard")
    raw = sum(part["points"] for part in impact)
    reached = sum(part["points"] for part in safeguards) * 100 >= possible * ENOUGH_SAFEGUARDS
    percent = 100 - CUT if possible and reached else 100
    parts = impact + safeguards
    if percent < 100 and raw:
        cut = round(-raw * CUT / 100, 2)
        parts.append(
            _part("cut", answer=_("Safeguards take off %(cut)d %%") % {"cut": CUT}, points=cut, maximum=0)
        )
    return Risk(score_of(raw * percent, top), level_of(raw * percent, top), parts)


def score_of(hundredths: int, top: int) -> int:
    """Return the share of the raw maximum in whole percent; `hundredths` is the score times 100."""
    return min(100, (2 * hundredths + top) // (2 * top)) if top else 0


def level_of(hundredths: int, top: int) -> int:
    """Return 1-4: levels end at exactly 25, 50 and 75 % of the raw maximum."""
    return 1 + sum(hundredths > bound * top for bound in LEVELS_END_AT)


def _side(reading: Reading, side: Literal["impact", "safeguard"]) -> tuple[list[Part], int]:
    """Return one side's parts and its maximum.

    Impact counts what is not asked in its maximum; safeguards do not: a measure needs an object.
    """
    parts: list[Part] = []
    left: dict[str, list[int]] = {"missing": [], "not_asked": []}
    for question in reading.paper.form.questions:
        if question.weighs != side or not reading.paper.counts(question):
            continue
        given, maximum = reading.given(question.key), _maximum(question)
        if given is None:
            left["missing"].append(maximum)
        elif given is HIDDEN:
            left["not_asked"].append(maximum)
        else:
            points = _points(question, given)
            parts.append(
                _part(side, question, answer=_shown(reading, question, given), points=points, maximum=maximum)
            )
    if side == "safeguard":
        return parts, sum(part["maximum"] for part in parts) + sum(left["missing"])
    for kind, maxima in left.items():
        if maxima:
            said = _("%(count)d not answered") if kind == "missing" else _("%(count)d not asked")
            answer = said % {"count": len(maxima)}
            parts.append(_part(kind, answer=answer, points=0, maximum=sum(maxima)))
    return parts, sum(part["maximum"] for part in parts)


def _part(kind: str, question: Question | None = None, *, answer: str, points: float, maximum: int) -> Part:
    return {
        "kind": kind,
        "question": question.key if question else "",
        "name": question.name if question else "",
        "answer": answer,
        "points": points,
        "maximum": maximum,
    }


def _shown(reading: Reading, question: Question, given: Any) -> str:
    """Return the answer in words; of typed text only that it is there: parts outlive the answers."""
    return "answered" if question.type in ("text", "long") else in_words(reading.paper, question, given)


def _points(question: Question, given: Any) -> int:
    if question.bands:
        return next((band.points for band in question.bands if band.from_ <= given <= band.to), 0)
    if "answered" in question.weights:
        return question.weights["answered"]
    weights = [question.weights[one] for one in (given if isinstance(given, list) else [given])]
    return sum(weights) if question.adds_up else max(weights)


def _maximum(question: Question) -> int:
    weights = [band.points for band in question.bands] or list(question.weights.values())
    return sum(weights) if question.adds_up else max(weights)
