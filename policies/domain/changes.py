"""What differs between two versions of the guidelines: part by part, and word by word within a part."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from policies.models import Category, GuidelineVersion, Section, UsualUse

SENTENCE = re.compile(r"[^.!?\n]*[.!?\n]+\s*|[^.!?\n]+\Z")
WORD = re.compile(r"\w+(?:['’\-]\w+)*\s*|[^\w\s]\s*|\s+")
MOST = 250_000  # pairs of words compared; above it two passages are taken to be different as wholes
ALIKE = 0.35  # share of words two passages have in common to be worth telling word by word
RENAMED = 0.5  # share of words a text that went and one that came have in common to be the same part, renamed

Pieces = list[tuple[str, str]]  # ("same" | "del" | "ins", text)


class Kind(TextChoices):
    ADDED = "added", gettext_lazy("added")
    REMOVED = "removed", gettext_lazy("removed")
    RENAMED = "renamed", gettext_lazy("renamed")
    CHANGED = "changed", gettext_lazy("changed")


@dataclass(frozen=True)
class Field:
    """One field of a part that differs, as pieces of text."""

    label: str | Promise
    pieces: Pieces


@dataclass(frozen=True)
class Change:
    """One part that differs."""

    kind: Kind
    code: str
    name: str
    fields: list[Field] = field(default_factory=list)
    old_code: str = ""
    old_name: str = ""
    lanes: tuple[str, str] | None = None


@dataclass(frozen=True)
class Changes:
    """All that differs between two versions; `sections` and `usual` are the running text and the usual uses."""

    categories: list[Change]
    sections: list[Change]
    usual: list[Change]

    def __bool__(self) -> bool:
        return bool(self.categories or self.sections or self.usual)

    @property
    def counts(self) -> list[tuple[Kind, int]]:
        kinds = [change.kind for change in [*self.categories, *self.sections, *self.usual]]
        return [(kind, kinds.count(kind)) for kind in Kind if kind in kinds]

    @property
    def lanes(self) -> list[Change]:
        return [change for change in self.categories if change.lanes]


def between(old: GuidelineVersion, new: GuidelineVersion) -> Changes:
    """Return what differs, from the text of `old` to that of `new`."""
    before, after = list(old.categories.all()), list(new.categories.all())
    return Changes(
        categories=list(_parts(before, after, _category_texts)),
        sections=list(_parts(list(old.sections.all()), list(new.sections.all()), _section_texts)),
        usual=list(_parts(list(old.usual_uses.all()), list(new.usual_uses.all()), _usual_texts)),
    )


def words(before: str, after: str) -> Pieces:
    """Return two texts as one, what stayed, what went and what came: by sentence, and by word within a sentence."""
    if before == after:
        return [("same", before)] if before else []
    pieces: Pieces = []
    one, two = SENTENCE.findall(before), SENTENCE.findall(after)
    for tag, i, j, k, m in SequenceMatcher(None, one, two, autojunk=False).get_opcodes():
        went, came = "".join(one[i:j]), "".join(two[k:m])
        if tag == "equal":
            pieces.append(("same", came))
        elif went and came:
            pieces += _within(went, came)
        else:
            pieces.append(("del", went) if went else ("ins", came))
    return _joined(pieces)


def _within(before: str, after: str) -> Pieces:
    one, two = WORD.findall(before), WORD.findall(after)
    if len(one) * len(two) > MOST:
        return [("del", before), ("ins", after)]
    matcher = SequenceMatcher(None, [w.strip() for w in one], [w.strip() for w in two], autojunk=False)
    if matcher.ratio() < ALIKE:
        return [("del", before), ("ins", after)]
    pieces: Pieces = []
    for tag, i, j, k, m in _readable(matcher.get_opcodes(), two):
        went, came = "".join(one[i:j]), "".join(two[k:m])
        if tag == "equal":
            pieces.append(("same", came))
            continue
        pieces += [("del", went)] if went else []
        pieces += [("ins", came)] if came else []
    return pieces


Opcode = tuple[str, int, int, int, int]


def _readable(codes: Sequence[Opcode], after: list[str]) -> Iterator[Opcode]:
    """Yield the steps with what stayed between two changes taken in where it is a single small word or a mark."""
    held: Opcode | None = None
    for place, (tag, i, j, k, m) in enumerate(codes):
        inside = 0 < place < len(codes) - 1
        small = tag == "equal" and inside and m - k == 1 and len(after[k].strip()) <= 3
        if tag == "equal" and not small:
            if held:
                yield held
            held = None
            yield tag, i, j, k, m
        else:
            held = ("replace", held[1], j, held[3], m) if held else ("replace", i, j, k, m)
    if held:
        yield held


def _joined(pieces: Pieces) -> Pieces:
    """Return the pieces with neighbours of one kind as one."""
    joined: Pieces = []
    for kind, text in pieces:
        if joined and joined[-1][0] == kind:
            joined[-1] = (kind, joined[-1][1] + text)
        else:
            joined.append((kind, text))
    return joined


Part = Category | Section | UsualUse
Texts = list[tuple[str | Promise, str]]  # (label, text), in the order they are read
TextsOf = Callable[[Any], Texts]  # of one sort of part


def _category_texts(part: Category) -> Texts:
    return [
        (gettext_lazy("Definition"), part.definition),
        (gettext_lazy("Fine, for example"), part.example_allowed),
        (gettext_lazy("Not fine, for example"), part.example_disallowed),
        (gettext_lazy("Approvals usually carry"), "\n".join(part.default_conditions)),
        (gettext_lazy("What triggers it"), "\n".join(part.triggers)),
        (gettext_lazy("Kind"), part.get_kind_display()),
        (gettext_lazy("Months an approval lasts"), str(part.approval_months)),
        (gettext_lazy("Public taxonomies"), "\n".join(taxonomies(part))),
    ]


def _section_texts(part: Section) -> Texts:
    return [(gettext_lazy("Text"), part.text)]


def _usual_texts(part: UsualUse) -> Texts:
    return [(gettext_lazy("Use"), part.text)]


# What the keys of `maps` stand for; proper names, the same in every language.
TAXONOMIES = {
    "air2024": "AIR-2024",
    "mlcommons": "MLCommons (AILuminate, Llama Guard)",
    "eu_ai_act": "EU AI Act",
    "dsa": "EU Digital Services Act",
    "aup_census": "Acceptable Use Policies for Foundation Models",
}


def taxonomies(part: Category) -> list[str]:
    """Return what a category maps to in public taxonomies, a line each."""
    return [
        f"{TAXONOMIES.get(name, name)}: "
        f"{', '.join(ids if isinstance(ids, list) else [f'{each} ({n})' for each, n in ids.items()])}"
        for name, ids in part.maps.items()
        if ids
    ]


def _parts(before: Sequence[Any], after: Sequence[Any], texts: TextsOf) -> Iterator[Change]:
    """Yield what differs, in the order of the newer text; what went stands at the end."""
    old, new = {part.code: part for part in before}, {part.code: part for part in after}
    gone = {code: part for code, part in old.items() if code not in new}
    renamed = _renamed(gone, [part for code, part in new.items() if code not in old], texts)
    for code, part in new.items():
        origin = old.get(code) or gone.get(renamed.get(code, ""))
        if origin is None:
            told = [Field(label, [("ins", text)]) for label, text in texts(part) if text]
            yield Change(Kind.ADDED, code, str(part), told, lanes=None)
        elif change := _change(origin, part, texts):
            yield change
    for code, part in gone.items():
        if code not in renamed.values():
            told = [Field(label, [("del", text)]) for label, text in texts(part) if text]
            yield Change(Kind.REMOVED, code, str(part), told)


def _change(old: Part, new: Part, texts: TextsOf) -> Change | None:
    fields = [
        Field(label, words(before, text))
        for (label, text), (_label, before) in zip(texts(new), texts(old), strict=True)
        if text != before
    ]
    lanes = (getattr(old, "lane", ""), getattr(new, "lane", ""))
    renamed = str(old) != str(new) or old.code != new.code
    if not fields and not renamed and lanes[0] == lanes[1]:
        return None
    return Change(
        Kind.RENAMED if renamed and not isinstance(new, UsualUse) else Kind.CHANGED,
        new.code,
        str(new),
        fields,
        old_code=old.code,
        old_name=str(old),
        lanes=lanes if lanes[0] != lanes[1] else None,
    )


def _renamed(gone: dict[str, Part], came: list[Part], texts: TextsOf) -> dict[str, str]:
    """Return new code -> old code of parts that came under another code with much the same words, the likest first."""
    bags = {code: _bag(part, texts) for code, part in gone.items()}
    likely = []
    for part in came:
        mine = _bag(part, texts)
        for code, bag in bags.items():
            common = len(mine & bag)
            if common and common >= RENAMED * max(len(mine), len(bag)):
                likely.append((common / max(len(mine), len(bag)), part.code, code))
    found: dict[str, str] = {}
    for _share, new, old in sorted(likely, key=lambda one: (-one[0], one[1:])):
        if new not in found and old not in found.values():
            found[new] = old
    return found


def _bag(part: Part, texts: TextsOf) -> frozenset[str]:
    said = " ".join([str(part), *(text for _label, text in texts(part)[:3])])
    return frozenset(re.findall(r"\w{3,}", said.lower()))


def history(told: Sequence[GuidelineVersion], found: dict[int, Category]) -> list[dict]:
    """Return in which published versions a category came, was changed and went, newest first.

    `told` newest first; `found`: the category by version, where it has it. Each step has the version before it, but
    for the first.
    """
    steps: list[dict] = []
    last: GuidelineVersion | None = None
    for version in reversed(told):
        part = found.get(version.pk)
        before, older = (found.get(last.pk), last) if last else (None, None)
        last = version
        if part is None and before is None:
            continue
        if part is None:
            kind = Kind.REMOVED
        elif before is None:
            kind = Kind.ADDED
        elif change := _change(before, part, _category_texts):
            kind = change.kind
        else:
            continue
        steps.append({"version": version, "kind": kind, "older": older})
    return steps[::-1]
