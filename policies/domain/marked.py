"""YAML and JSON text, read together with the line each part of it stands on."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from django.utils.translation import gettext as _

DEEPEST = 12  # parts within parts; guidelines need 6
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
UNPAIRED = re.compile("[\ud800-\udfff]")
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, where libyaml is there
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class Dumper(_DUMPER):
    """Writes several lines as several lines, for people to write on."""


Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    ),
)


class BadText(Exception):
    """A text that is not YAML, or says one thing twice; `problems` begin with their line."""

    def __init__(self, *problems: str):
        self.problems = list(problems)
        super().__init__(" ".join(problems))


@dataclass(frozen=True)
class Marked:
    """What a text says, and where."""

    data: Any
    root: yaml.Node | None

    def line(self, place: tuple[str | int, ...]) -> int:
        """Return the line (from 1) of a part, or of what is nearest above it where the part is not there."""
        node, line = self.root, 1
        for step in place:
            found = _within(node, step)
            if found is None:
                break
            key, node = found
            line = key.start_mark.line + 1
        return line


def read(text: str) -> Marked:
    """Return what a text says. Raises BadText, which names line and column."""
    try:
        _shallow(text)  # before libyaml builds anything: it would overrun its stack
        loader = LOADER(text)
        try:
            root = loader.get_single_node()
            if root is None:
                return Marked(None, None)
            if twice := list(_twice(root)):
                raise BadText(*twice)
            return Marked(loader.construct_document(root), root)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark, problem = error.problem_mark, error.problem or "this is not YAML"
        where = (
            _("Line %(line)s, column %(column)s:") % {"line": mark.line + 1, "column": mark.column + 1}
            if mark
            else ""
        )
        raise BadText(f"{where} {problem}.".strip()) from None
    except (yaml.YAMLError, ValueError) as error:
        raise BadText(_("The file is not YAML: %(said)s.") % {"said": str(error).splitlines()[0]}) from None


def unkeepable(text: str) -> bool:
    """Return whether JSON holds what the database refuses: NUL, or half of a pair of surrogates."""
    return bool(NUL.search(text) or UNPAIRED.search(json.dumps(json.loads(text), ensure_ascii=False)))


def written(data: Any) -> str:
    """Return data as YAML, in its own order."""
    return yaml.dump(data, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100)


def _shallow(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise BadText(
                _("Line %(line)s: *%(name)s repeats another part; write it out instead.")
                % {"line": line, "name": event.anchor}
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise BadText(
                _("Line %(line)s: parts stand within parts more than %(most)s deep.")
                % {"line": line, "most": DEEPEST}
            )


def _twice(root: yaml.Node) -> Iterator[str]:
    """Yield a sentence for each name that stands twice in one place: YAML would quietly keep the last."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            known: dict[str, int] = {}
            for key, value in node.value:
                line, name = key.start_mark.line + 1, str(key.value)[:60]
                if name in known:
                    yield _(
                        "Line %(line)s: “%(name)s” stands here a second time, first in line %(first)s."
                    ) % {"line": line, "name": name, "first": known[name]}
                known.setdefault(name, line)
                waiting.append(value)


def _within(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """Return what a step leads to: where it begins, and the part itself."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == step), None)
    return None
