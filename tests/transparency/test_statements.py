"""Statements of reasons: one for each restriction, in words and codes the DSA's database knows."""

import csv
import json
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from tests.enforcement.flagging import make_sanction
from tests.factories import MONDAY
from transparency.domain import quarters, statements

pytestmark = pytest.mark.django_db
FOURTH = quarters.of(MONDAY)
LISTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "dsa" / "dsa_statement_enums.json"
OF = {
    "decision_provision": "DECISION_PROVISION", "decision_account": "DECISION_ACCOUNT",
    "account_type": "ACCOUNT_TYPE", "decision_ground": "DECISION_GROUND", "category": "STATEMENT_CATEGORY",
    "content_type": "CONTENT_TYPE", "source_type": "SOURCE", "automated_detection": "AUTOMATED_DETECTION",
    "automated_decision": "AUTOMATED_DECISION",
}  # fmt: skip


def test_a_suspension_is_told_with_its_ground_and_without_anybodys_words():
    sanction = make_sanction()

    (told,) = statements.of(FOURTH)

    assert (told.decision_provision, told.decision_account) == ("DECISION_PROVISION_TOTAL_SUSPENSION", "")
    assert (told.category, told.source_type) == (
        "STATEMENT_CATEGORY_SCAMS_AND_FRAUD", "SOURCE_VOLUNTARY",
    )  # fmt: skip
    assert told.automated_decision == "AUTOMATED_DECISION_NOT_AUTOMATED"
    assert sanction.facts not in str(told)
    assert sanction.number not in str(told)


def test_a_warning_restricts_nothing():
    make_sanction(kind="warn")

    assert list(statements.of(FOURTH)) == []


def test_a_limit_is_a_part_and_has_its_end():
    make_sanction(kind="limit", per_minute=1, ends_at=MONDAY + timedelta(days=9))

    (told,) = statements.of(FOURTH)

    assert told.decision_provision == "DECISION_PROVISION_PARTIAL_SUSPENSION"
    assert told.end_date_service_restriction == "2026-12-02"


def test_what_took_effect_in_another_quarter_is_left_out():
    make_sanction()

    assert list(statements.of(quarters.named("2026Q3"))) == []


def test_every_code_is_one_the_database_knows():
    if not LISTS.exists():
        pytest.skip("The lists of the DSA's database are not here: shared/data/dsa.")
    known = json.loads(LISTS.read_text())
    make_sanction()

    (told,) = statements.of(FOURTH)

    wrong = {
        field: value
        for field, name in OF.items()
        if (value := getattr(told, field)) and value not in known[name]
    }
    categories = {*statements.PROVISION.values(), *statements.PARTS.values()}
    assert (wrong, categories - set(known["DECISION_PROVISION"])) == ({}, set())
    assert set(statements.ACCOUNT.values()) <= set(known["DECISION_ACCOUNT"])
    assert set(statements.NOTIFIED.values()) <= set(known["SOURCE"])


def test_the_command_writes_csv_and_json():
    make_sanction()
    as_csv, as_json = StringIO(), StringIO()

    call_command("export_statements", FOURTH.name, stdout=as_csv)
    call_command("export_statements", FOURTH.name, json=True, stdout=as_json)

    (row,) = csv.DictReader(StringIO(as_csv.getvalue()))
    assert row == json.loads(as_json.getvalue())


def test_the_command_says_what_is_no_quarter():
    with pytest.raises(CommandError, match="is no quarter"):
        call_command("export_statements", "soon")


def test_the_statements_are_the_same_whoever_asks_for_them():
    make_sanction()

    with translation.override("es"):
        told = list(statements.of(FOURTH))

    assert told == list(statements.of(FOURTH))
