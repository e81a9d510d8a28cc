"""What the shipped guidelines map to exists in the public taxonomies they name.

AIR-2024 and the DSA's categories are read from the real files, where they are beside the project; the few ids of
MLCommons' hazards and of the EU AI Act stand here.
"""

import json
import re
from collections import defaultdict
from pathlib import Path

import pytest
from django.conf import settings

from policies.domain import guidelines

DATA = Path(settings.BASE_DIR).parent / "shared" / "data"
AIR, DSA = DATA / "air2024" / "risk_mapping.json", DATA / "dsa" / "dsa_statement_enums.json"
ABSENT = "the public taxonomies are not beside this project: ../shared/data"
LLAMA_GUARD = {f"S{number}" for number in range(1, 15)}
AILUMINATE = {"vcr", "ncr", "src", "cse", "dfm", "prv", "ipv", "iwp", "hte", "ssh", "sxc_prn"} | {
    f"spc_{part}" for part in ("fin", "hlt", "lgl", "ele")
}
# Article 5(1), with the two points added by Regulation 2026/1744; Annex III by point and letter; Article 50.
AI_ACT = re.compile(r"5\(1\)\((?:[a-h]|ba|bb)\)|50|Annex III [1-8](?:-[1-8])?(?:\([a-d]\))?")


def parts() -> list[dict]:
    source = guidelines.shipped()
    return [*source["prohibited"], *source["extra_scrutiny"]]


def named(taxonomy: str) -> dict[str, list[str]]:
    """Return the ids the shipped guidelines name, each with the categories that name it."""
    found = defaultdict(list)
    for part in parts():
        for each in part["maps"].get(taxonomy, []):
            found[each].append(part["id"])
    return dict(found)


def strange(taxonomy: str, known: set[str]) -> dict[str, list[str]]:
    return {each: by for each, by in named(taxonomy).items() if each not in known}


@pytest.mark.parametrize("part", parts(), ids=lambda part: part["id"])
def test_every_category_and_scrutiny_domain_maps_to_something(part):
    assert [name for name in ("air2024", "mlcommons", "eu_ai_act", "dsa") if part["maps"].get(name)]


@pytest.mark.skipif(not AIR.exists(), reason=ABSENT)
def test_every_id_of_air_2024_exists():
    known = set()
    for number, group in json.loads(AIR.read_text()).items():
        known.add(number)
        for node, inside in group["subcategories"].items():
            known |= {node, *(leaf["idx"] for leaf in inside["items"])}

    assert (len(named("air2024")) > 30, strange("air2024", known)) == (True, {})


@pytest.mark.skipif(not DSA.exists(), reason=ABSENT)
def test_every_category_of_the_dsa_exists():
    categories = json.loads(DSA.read_text())["STATEMENT_CATEGORY"]
    known = {name.removeprefix("STATEMENT_CATEGORY_") for name in categories}

    assert (len(named("dsa")) > 5, strange("dsa", known)) == (True, {})


def test_every_hazard_of_mlcommons_exists():
    assert strange("mlcommons", LLAMA_GUARD | AILUMINATE) == {}


def test_every_point_of_the_eu_ai_act_has_a_form_it_has():
    assert [each for each in named("eu_ai_act") if not AI_ACT.fullmatch(each)] == []
