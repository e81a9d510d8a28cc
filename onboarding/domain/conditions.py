"""The language of conditions on answers, as form and guidelines write them.

    areas contains legal|medical        one of the ticked answers is among these
    users_under_18 != no                the answer is none of these
    impact_health >= moderate           at least this far down the question's list of options, or this number
    volume_per_day > setting            more than the number the question set's settings keep under this key
    decides = decides_alone and areas != none

Clauses are joined by ` and `; there is nothing else: no brackets, no functions, nothing that could run. A
clause on an answer that is not there is neither true nor false (None); `and` follows Kleene: false wins
over unknown.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from django.utils.translation import gettext as _

Answer = str | int | Sequence[str]
CLAUSE = re.compile(r"([a-z][a-z0-9_]*) (=|!=|>=|<=|>|<|in|contains) (\S+)")
SETTING = "setting"


class BadCondition(Exception):
    """A condition cannot be read; the sentence says which part."""


class Op(StrEnum):
    IS = "="
    IS_NOT = "!="
    AT_LEAST = ">="
    ABOVE = ">"
    AT_MOST = "<="
    BELOW = "<"
    IN = "in"
    CONTAINS = "contains"


class Hidden:
    """Stands for the answer to a question that is not asked: every clause on it is false."""


HIDDEN = Hidden()
COMPARES: dict[Op, Callable[[int, int], bool]] = {
    Op.AT_LEAST: operator.ge,
    Op.ABOVE: operator.gt,
    Op.AT_MOST: operator.le,
    Op.BELOW: operator.lt,
}
Given = Answer | Hidden | None


@dataclass(frozen=True)
class Clause:
    key: str
    op: Op
    values: tuple[str, ...]


@dataclass(frozen=True)
class Condition:
    text: str
    clauses: tuple[Clause, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The answers it reads, each once, in the order of the text."""
        return tuple(dict.fromkeys(clause.key for clause in self.clauses))


@dataclass(frozen=True)
class Context:
    """Where a condition finds what it reads: the answer to a key (None: missing), its options, settings."""

    answer: Callable[[str], Given]
    options: Callable[[str], Sequence[str]]
    settings: Mapping[str, object]


@lru_cache(maxsize=1024)
def parse(text: str) -> Condition:
    """Read a condition; raise BadCondition with a sentence that names the part."""
    return Condition(text=text, clauses=tuple(_clause(part) for part in text.split(" and ")))


def _clause(part: str) -> Clause:
    found = CLAUSE.fullmatch(part)
    if not found:
        raise BadCondition(
            _(
                "“%(part)s” is not a condition. Write a question, one of = != >= > <= < in contains, and "
                "a value, such as: areas contains legal."
            )
            % {"part": part}
        )
    key, op, raw = found.groups()
    values = tuple(raw.split("|"))
    if "" in values:
        raise BadCondition(_("“%(part)s” has an empty value between two bars.") % {"part": part})
    if len(values) > 1 and Op(op) in COMPARES:
        raise BadCondition(_("“%(part)s” compares with more than one value.") % {"part": part})
    return Clause(key, Op(op), values)


def evaluate(condition: Condition, context: Context) -> bool | None:
    """Return whether it holds; None when that hangs on an answer that is missing. Raises BadCondition."""
    results = [_holds(clause, context) for clause in condition.clauses]
    if False in results:
        return False
    return None if None in results else True


def missing(condition: Condition, context: Context) -> tuple[str, ...]:
    """Return the keys whose missing answers leave the condition undecided."""
    if evaluate(condition, context) is not None:
        return ()
    return tuple(key for key in condition.keys if context.answer(key) is None)


def _holds(clause: Clause, context: Context) -> bool | None:
    values = _settled(clause, context.settings)
    given = context.answer(clause.key)
    if isinstance(given, Hidden):
        return False
    if given is None:
        return None
    if clause.op in COMPARES:
        return _compares(clause, given, values[0], context.options(clause.key))
    said = [given] if isinstance(given, (str, int)) else given
    among = any(str(one) in values for one in said)
    return not among if clause.op == Op.IS_NOT else among


def _settled(clause: Clause, settings: Mapping[str, object]) -> tuple[str, ...]:
    """Return the clause's values with `setting` looked up."""
    if clause.values != (SETTING,):
        return clause.values
    if clause.key not in settings:
        raise BadCondition(
            _("“%(key)s %(op)s setting”: the question set's settings do not name %(key)s.")
            % {"key": clause.key, "op": clause.op}
        )
    value = settings[clause.key]
    return tuple(map(str, value)) if isinstance(value, (list, tuple)) else (str(value),)


def _compares(clause: Clause, given: Answer, value: str, options: Sequence[str]) -> bool | None:
    """Compare by place among the question's options, else as numbers; what cannot be read is missing."""
    place: int | None
    if value in options:
        place, bound = (options.index(given) if given in options else None), options.index(value)
    else:
        place, number = _number(given), _number(value)
        if number is None:
            raise BadCondition(
                _("“%(key)s %(op)s %(value)s”: %(value)s is neither an option nor a number.")
                % {"key": clause.key, "op": clause.op, "value": value}
            )
        bound = number
    if place is None:
        return None
    return COMPARES[clause.op](place, bound)


def _number(given: object) -> int | None:
    try:
        return int(str(given))
    except ValueError:
        return None
