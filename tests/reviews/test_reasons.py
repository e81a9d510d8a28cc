"""The shipped reasons: typed, complete, filled in or refused."""

import pytest

from reviews.domain import reasons
from reviews.domain.reasons import BadReasons, Unfilled, UnknownReason
from reviews.states import Outcome

GOOD = {
    "code": "R1",
    "name": "Why",
    "outcome": "rejected",
    "template": "Because {fact}.",
    "second_person": False,
    "reapply": 30,
}


def with_all_outcomes(**change):
    others = [
        GOOD | {"code": outcome, "outcome": outcome, "reapply": None}
        for outcome in Outcome
        if outcome != "rejected"
    ]
    return {"version": "1", "reasons": [GOOD | change, *others]}


def test_every_outcome_has_reasons_in_the_order_of_the_file():
    assert [reason.code for reason in reasons.for_outcome(Outcome.NEEDS_INFORMATION)] == [
        "I1_too_vague", "I2_website_differs", "I3_cannot_test", "I4_scope_too_wide",
    ]  # fmt: skip


def test_every_shipped_rejection_says_when_one_may_apply_again():
    silent = [
        reason.code
        for reason in reasons.for_outcome(Outcome.REJECTED)
        if reason.reapply_never == (reason.reapply_after_days is not None)
    ]

    assert silent == []


def test_fill_names_what_is_missing():
    reason = reasons.get("R1_prohibited")

    with pytest.raises(Unfilled) as caught:
        reason.fill({"category": "Weapons", "version": "1.0.0"})

    assert caught.value.names == ("fact",)


def test_fill_writes_the_whole_wording():
    filled = reasons.get("R2_no_accountable_person").fill({"area": "benefits"})

    assert filled == "Decisions on benefits would be taken with no accountable person."


def test_begun_keeps_in_braces_what_nobody_knows():
    begun = reasons.get("R1_prohibited").begun({"category": "Weapons"})

    assert begun == 'The described use falls under "Weapons" of the guidelines {version}: {fact}'


def test_an_unknown_code_is_refused():
    with pytest.raises(UnknownReason):
        reasons.get("Z9")


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "maybe"},
        {"second_person": "perhaps"},
        {"reapply": None},
        {"reapply": -1},
        {"reapply": "soon"},
        {"colour": "red"},
        {"code": "approved"},
    ],
)
def test_a_bad_file_is_refused_with_the_entry_that_is_wrong(change):
    with pytest.raises(BadReasons):
        reasons.parse(with_all_outcomes(**change))


def test_a_file_without_a_reason_for_an_outcome_is_refused():
    with pytest.raises(BadReasons):
        reasons.parse({"version": "1", "reasons": [GOOD]})


def test_a_kept_wording_is_read_in_the_readers_language(monkeypatch):
    template = reasons.get("R2_no_accountable_person").template
    monkeypatch.setattr(reasons, "gettext", {template: "Sobre {area} no decide nadie que responda."}.get)

    kept = "Decisions on benefits would be taken with no accountable person."

    assert reasons.read("R2_no_accountable_person", kept) == "Sobre benefits no decide nadie que responda."


@pytest.mark.parametrize("code", ["R2_no_accountable_person", "an older one"])
def test_what_a_person_wrote_instead_is_read_as_it_stands(code):
    assert reasons.read(code, "Nobody answers for {area} here.") == "Nobody answers for {area} here."
