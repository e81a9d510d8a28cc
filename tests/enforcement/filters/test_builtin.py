"""The built-in rules: loaded once, on only where measured to beat a keyword list; and the measurement itself."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from enforcement.domain import filter_builtin, filter_rules
from enforcement.filters.builtin import shipped
from enforcement.models import FilterRuleVersion
from tests.enforcement.filters.making import WHY, editor
from tests.factories import MONDAY, make_guidelines
from tests.processes import ROOT

FOLDER = Path(os.environ.get("CONTENT_FILTER_DATA", ""))
FILES = ("openai_moderation_dev.jsonl", "xstest_dev.csv")


def states() -> dict[str, str]:
    found = FilterRuleVersion.objects.select_related("rule")
    return {f"{version.rule.code}.{version.number}": version.state for version in found}


@pytest.mark.django_db
def test_a_built_in_rule_is_on_only_where_it_was_measured_to_beat_a_keyword_list():
    make_guidelines()
    filter_builtin.load(at=MONDAY)

    assert states() == {f"{one.code}.1": "on" if one.beats_keywords else "shadow" for one in shipped()}
    assert {"on", "shadow"} == set(states().values())


@pytest.mark.django_db
def test_loading_again_changes_nothing(capsys):
    make_guidelines()
    call_command("load_filters")
    before = states()
    capsys.readouterr()
    call_command("load_filters", "--json")

    told = json.loads(capsys.readouterr().out)
    assert (states(), told["on"], told["unchanged"]) == (before, [], [one.code for one in shipped()])


@pytest.mark.django_db
def test_what_somebody_switched_here_stays_theirs():
    make_guidelines()
    filter_builtin.load(at=MONDAY)
    version = FilterRuleVersion.objects.get(rule__code="builtin-sexual")
    filter_rules.switch(version, to="off", by=editor(), at=MONDAY, reason=WHY)

    assert "builtin-sexual" in filter_builtin.load(at=MONDAY).left
    assert states()["builtin-sexual.1"] == "off"


@pytest.mark.skipif(
    any(not (FOLDER / name).is_file() for name in FILES),
    reason="The labelled texts are not here: CONTENT_FILTER_DATA names no folder with " + " and ".join(FILES),
)
def test_the_figures_in_the_page_are_the_ones_measured():
    bench = measuring()
    found = bench.measure(FOLDER)

    assert bench.paper(found) in (ROOT / "docs" / "filters.md").read_text("utf-8")
    beats = {code: bench.beats(rule, peer) for code, (_, rule, peer) in found.by_rule.items()}
    assert beats == {one.code: one.beats_keywords for one in shipped()}


def measuring():
    spec = importlib.util.spec_from_file_location("bench_filters", ROOT / "bench" / "filters.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_filters"] = module
    kept = sys.path[0]
    spec.loader.exec_module(module)
    sys.path[0] = kept
    return module


def test_without_the_files_the_bench_says_so():
    run = [sys.executable, "bench/filters.py", "--json"]
    told = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()

    assert (told[0].startswith("Nothing is measured"), json.loads(told[-1])["figures"]) == (True, {})
