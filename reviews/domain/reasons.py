"""The shipped decision reasons: code, standard wording, who must sign, when one may apply again."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.utils.translation import gettext
from django.utils.translation import gettext as _

from reviews.states import Outcome

SHIPPED = Path(__file__).resolve().parent.parent / "content" / "reasons.yaml"
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
NEVER = "never"


class BadReasons(Exception):
    """The shipped file is not what this module expects; says which entry and why."""


class UnknownReason(Exception):
    def __init__(self, code: str):
        super().__init__(_("There is no decision reason %(code)s.") % {"code": f"{code!r}"})


class Unfilled(Exception):
    """A placeholder of the wording has no value; `names` are the ones left, in the order they are read."""

    def __init__(self, names: tuple[str, ...]):
        self.names = names
        blanks = ", ".join(f"{{{name}}}" for name in names)
        super().__init__(
            _("The wording still has %(blanks)s: write what belongs there.") % {"blanks": blanks}
        )


@dataclass(frozen=True)
class Reason:
    """One reason. Rejections, and they only, set `reapply_after_days` (from the telling) or `reapply_never`."""

    code: str
    name: str
    outcome: Outcome
    template: str
    second_person: bool
    reapply_after_days: int | None = None
    reapply_never: bool = False

    @property
    def placeholders(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(PLACEHOLDER.findall(self.template)))

    def begun(self, values: dict[str, str], *, text: str = "") -> str:
        """Return the wording (or `text`, somebody's change of it) with what is known filled in.

        The rest stays in braces for a person to write. Braces that are not this reason's own are left alone.
        """
        own = {name: values[name] for name in self.placeholders if values.get(name)}
        return PLACEHOLDER.sub(lambda found: own.get(found[1], found[0]), text or self.template)

    def read(self, kept: str) -> str:
        """Return a kept wording in the reader's language; what a person wrote instead stands as it is.

        Only the wording is looked up, never what was filled in.
        """
        pieces = PLACEHOLDER.split(self.template)  # every second one is a name
        pattern = "".join(f"(?P<{p}>.+?)" if i % 2 else re.escape(p) for i, p in enumerate(pieces))
        found = re.fullmatch(pattern, kept, re.DOTALL)
        if found is None:
            return kept
        return PLACEHOLDER.sub(lambda hole: found[hole[1]], gettext(self.template))

    def fill(self, values: dict[str, str], *, text: str = "") -> str:
        """Return the whole wording, or `text`, filled in; raises Unfilled."""
        filled = self.begun(values, text=text)
        written = PLACEHOLDER.findall(
            text or self.template
        )  # what values bring in may hold braces of its own
        left = tuple(name for name in self.placeholders if name in written and not values.get(name))
        if left:
            raise Unfilled(left)
        return filled


@dataclass(frozen=True)
class Reasons:
    """The reasons of one version, by code."""

    version: str
    by_code: dict[str, Reason]


@cache
def shipped() -> Reasons:
    """Return the shipped reasons, checked once a process. Raises BadReasons."""
    return parse(yaml.safe_load(SHIPPED.read_text(encoding="utf-8")))


def parse(source: dict[str, Any]) -> Reasons:
    """Return typed reasons from the file's content. Raises BadReasons."""
    found = [_reason(entry) for entry in source.get("reasons") or []]
    by_code = {reason.code: reason for reason in found}
    if len(by_code) != len(found):
        raise BadReasons(_("Two reasons share a code."))
    missing = [str(outcome.label) for outcome in Outcome if not any(r.outcome == outcome for r in found)]
    if missing:
        raise BadReasons(_("No reason for: %(outcomes)s.") % {"outcomes": ", ".join(missing)})
    return Reasons(version=str(source.get("version") or ""), by_code=by_code)


def get(code: str) -> Reason:
    """Return one reason; raises UnknownReason."""
    try:
        return shipped().by_code[code]
    except KeyError:
        raise UnknownReason(code) from None


def name_of(code: str) -> str:
    """Return a reason's name in the reader's language; a code of an older version stands for itself."""
    known = shipped().by_code.get(code)
    return gettext(known.name) if known else code


def read(code: str, kept: str) -> str:
    """Return a kept wording of a reason in the reader's language, see `Reason.read`."""
    known = shipped().by_code.get(code)
    return known.read(kept) if known else kept


def for_outcome(outcome: str) -> list[Reason]:
    """Return the reasons of one outcome, in the file's order."""
    return [reason for reason in shipped().by_code.values() if reason.outcome == outcome]


def _reason(entry: dict[str, Any]) -> Reason:
    known = {"code", "name", "outcome", "template", "second_person", "reapply"}
    code = str(entry.get("code") or "without a code")
    if strange := set(entry) - known:
        raise BadReasons(
            _("%(code)s: unknown %(fields)s.") % {"code": code, "fields": ", ".join(sorted(strange))}
        )
    try:
        outcome = Outcome(entry["outcome"])
        name, template, second = entry["name"], entry["template"], entry["second_person"]
    except (KeyError, ValueError) as error:
        raise BadReasons(
            _("%(code)s: %(field)s is missing or unknown.") % {"code": code, "field": error}
        ) from None
    reapply = entry.get("reapply")
    if (reapply is None) == (outcome == Outcome.REJECTED):
        raise BadReasons(
            _("%(code)s: every rejection, and nothing else, says when one may apply again.") % {"code": code}
        )
    if not isinstance(second, bool) or not (
        reapply in (None, NEVER) or (isinstance(reapply, int) and reapply >= 0)
    ):
        raise BadReasons(
            _("%(code)s: second_person is true or false, reapply a number of days or %(never)s.")
            % {"code": code, "never": NEVER}
        )
    return Reason(
        code=code,
        name=name,
        outcome=outcome,
        template=template,
        second_person=second,
        reapply_after_days=reapply if isinstance(reapply, int) else None,
        reapply_never=reapply == NEVER,
    )
