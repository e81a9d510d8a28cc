"""Known weaknesses as records: revisions that never change, AVID's files, the form, letters to those they touch."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, transaction
from django.urls import reverse

from audit.models import LedgerEntry
from onboarding.domain import weakness_notices
from onboarding.models import Grant, Program
from outbox.models import Letter
from policies.domain import avid, avid_import, weakness_records
from policies.domain.weakness_records import BadRecord
from policies.models import WeaknessRecord
from policies.states import WeaknessStatus
from tests.factories import MONDAY, editor, make_application, make_grant, make_program, make_user, verified
from tests.onboarding.filled import GOOD

pytestmark = pytest.mark.django_db
REAL = Path(settings.BASE_DIR).parent / "shared" / "data" / "avid"
SAID = {
    "code": "w-1", "title": "Invents sources", "severity": "high", "description": "It *invents* sources.",
    "workaround": "Open each source.",
}  # fmt: skip
# In AVID's shape, in our own words.
VULNERABILITY = {
    "data_type": "AVID",
    "data_version": "0.2",
    "metadata": {"vuln_id": "AVID-2099-V001"},
    "affects": {"developer": ["We"], "deployer": [], "artifacts": [{"type": "Model", "name": "code-1"}]},
    "problemtype": {
        "classof": "LLM Evaluation",
        "type": "Measurement",
        "description": {"lang": "eng", "value": "Bias"},
    },
    "references": [{"type": "source", "label": "A note", "url": "https://example.org/note"}],
    "description": {"lang": "eng", "value": "It prefers some names."},
    "impact": {
        "avid": {
            "risk_domain": ["Ethics"],
            "sep_view": ["E0101: Group fairness"],
            "lifecycle_view": ["L05: Evaluation"],
        }
    },
    "reports": None,
    "credit": [{"lang": "eng", "value": "Edith"}],
    "published_date": "2099-01-31",
    "last_modified_date": "2099-02-01",
}


def make_record(program: str = "code", *, at=MONDAY, **changes) -> WeaknessRecord:
    return weakness_records.publish(
        program, weakness_records.checked(SAID | changes), by=editor("edith"), at=at
    )


def holder(name: str, *domains: str) -> Grant:
    """Return access to `code` whose use is in these scrutiny domains."""
    program = Program.objects.filter(slug="code").first() or make_program("code")
    grant = make_grant(program, applicant=verified(make_user(name)))
    revision = grant.revision or grant.application.revisions.get()
    if domains:
        made = grant.application.revisions.create(
            number=9, answers={}, question_set=revision.question_set, guidelines=revision.guidelines, lane="hold",
            lane_reasons=[], domains=list(domains), risk_score=0, risk_level=1, risk_parts=[], submitted_at=MONDAY,
        )  # fmt: skip
        Grant.objects.filter(pk=grant.pk).update(revision=made)
    return grant


def written() -> list[str]:
    rows = Letter.objects.filter(kind="onboarding/weakness").order_by("id")
    return list(rows.values_list("recipient", flat=True))


# --- records


def test_what_is_said_anew_is_the_next_revision_and_the_same_again_is_none():
    rows = [make_record(), make_record(), make_record(status="mitigated")]

    assert [row.revision for row in rows] == [1, 1, 2]
    assert list(LedgerEntry.objects.filter(event="weakness.recorded").values_list("details__revision", flat=True)) == [
        1, 2,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"severity": "awful"}, "severity"),
        ({"code": "Ü"}, "code: does not have the form asked for."),
        ({"description": " "}, "description: must not be empty."),
        ({"references": [{"label": "x", "url": "javascript:alert(1)"}]}, "references.0.url"),
        ({"colour": "red"}, "colour: is not a field of a record."),
        ({"title": "a\0b"}, "NUL"),
    ],
)
def test_a_record_that_cannot_be_published_is_refused_with_its_place(wrong, says):
    with pytest.raises(BadRecord, match=says):
        weakness_records.checked(SAID | wrong)


@pytest.mark.parametrize(
    "change", [{"title": "x"}, {"severity": "low"}, {"status": "fixed"}, {"source": {"a": 1}}]
)
def test_the_database_refuses_to_change_a_revision(change):
    make_record()

    with pytest.raises(DatabaseError, match="Cannot update a record"), transaction.atomic():
        WeaknessRecord.objects.update(**change)


def test_the_database_refuses_to_delete_a_revision():
    make_record()

    with pytest.raises(DatabaseError, match="Cannot delete"), transaction.atomic():
        WeaknessRecord.objects.all().delete()


def test_a_use_reads_what_is_for_all_and_for_its_domains_and_nothing_that_is_fixed():
    make_record(code="all")
    make_record(code="legal", must_read=["legal"])
    make_record(code="health", must_read=["health", "legal"], severity="critical")
    make_record(code="fixed", status="fixed")
    make_record(code="gone"), make_record(code="gone", status="withdrawn")

    read = {
        domains: [row.code for row in weakness_records.touching("code", domains)]
        for domains in ((), ("legal",), ("finance",))
    }

    assert read == {(): ["all"], ("legal",): ["health", "all", "legal"], ("finance",): ["all"]}


# --- AVID


def raw(*rows: object) -> bytes:
    return json.dumps(rows[0] if len(rows) == 1 else rows).encode()


def test_a_file_of_avid_becomes_a_record():
    ((record, source),) = avid.read(raw(VULNERABILITY), severity="moderate", must_read=["legal"])

    assert (record.code, record.title, record.problem_class, record.affected, record.found_by) == (
        "avid-2099-v001", "Bias", "LLM Evaluation", "Model: code-1", "Edith",
    )  # fmt: skip
    assert (record.effects, record.risk_domains, record.must_read, str(record.found_on)) == (
        ["E0101: Group fairness"], ["Ethics"], ["legal"], "2099-01-31",
    )  # fmt: skip
    assert source == VULNERABILITY


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "Line 1, column 1: this is not JSON"),
        (b"{\n  x", "Line 2, column 3: this is not JSON"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"[" * 100_000, "nested too deep"),
        (b"[]", "from 1 to 500 are read"),
        (b"7", "must be an object"),
        (b'{"metadata": {"vuln_id": "a", "x": NaN}}', "number is too long"),
        (b"{}", "metadata: field required."),
        (raw(VULNERABILITY, VULNERABILITY | {"metadata": {}}), "Record 2: metadata.vuln_id: field required."),
        (raw(VULNERABILITY | {"description": {"value": "a\0b"}}), "NUL"),
        (raw(VULNERABILITY | {"references": [{"url": "https://x y"}]}), "references.0.url"),
        (raw(VULNERABILITY | {"published_date": "soon"}), "(AVID-2099-V001): published_date"),
        (b" " * (avid.LARGEST_FILE + 1), "at most 2,000,000 are read"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_place(content, says):
    with pytest.raises(BadRecord) as caught:
        avid.read(content, severity="low")

    assert says in " ".join(caught.value.problems)


def test_a_reference_that_leads_nowhere_on_the_web_is_left_out():
    """One real record names a picture beside its file; what it says is kept in the source."""
    links = [{"label": "Picture", "url": "../img/one.png"}, {"url": "javascript:alert(1)"}, {"url": None}]

    ((record, source),) = avid.read(raw(VULNERABILITY | {"references": links}), severity="low")

    assert (record.references, source["references"]) == ([], links)


UPSTREAM = VULNERABILITY | {
    "problemtype": VULNERABILITY["problemtype"] | {"description": {"value": "Bias by name"}}
}


def read_of(*rows: dict) -> list:
    return avid.read(raw(*rows), severity="moderate")


def test_the_same_file_again_does_not_reopen_what_an_editor_called_fixed():
    ((record, _),) = read_of(VULNERABILITY)
    avid_import.take("code", [(record, VULNERABILITY)], by="command", at=MONDAY)
    fixed = record.model_copy(update={"status": WeaknessStatus.FIXED, "workaround": "Ask twice."})
    weakness_records.publish("code", fixed, by=editor("edith"), at=MONDAY)

    (found,) = avid_import.take("code", read_of(VULNERABILITY), by="command", at=MONDAY)

    assert (found.taken, found.row.revision, found.row.status) == ("known", 2, "fixed")


def test_what_changed_at_avid_keeps_what_editors_said():
    ((record, _),) = read_of(VULNERABILITY)
    avid_import.take("code", [(record, VULNERABILITY)], by="command", at=MONDAY)
    edited = {
        "status": "mitigated",
        "severity": "high",
        "workaround": "Ask twice.",
        "description": "Our words.",
    }
    weakness_records.publish(
        "code", weakness_records.checked(record.model_dump() | edited), by=editor("edith"), at=MONDAY
    )

    (found,) = avid_import.take("code", read_of(UPSTREAM), by="command", at=MONDAY)
    again = avid_import.take("code", read_of(UPSTREAM), by="command", at=MONDAY)

    assert (found.taken, found.row.revision, found.row.title) == ("changed", 3, "Bias by name")
    assert {name: getattr(found.row, name) for name in edited} == edited
    assert [one.taken for one in again] == ["known"]


@pytest.mark.skipif(not REAL.exists(), reason="the real records are not beside this project: ../shared/data")
def test_every_real_record_of_avid_is_imported(capsys):
    make_program("code")
    files = sorted(REAL.glob("AVID-*.json"))

    call_command("import_weaknesses", *files, "--program", "code", "--json")
    first = json.loads(capsys.readouterr().out)
    call_command("import_weaknesses", *files, "--program", "code", "--json")

    assert first == {"read": len(files), "new": len(files), "imported": len(files)}
    assert json.loads(capsys.readouterr().out) == {"read": len(files), "new": 0, "imported": 0}


def test_a_dry_run_says_what_it_would_do_and_does_nothing(tmp_path, capsys):
    make_program("code")
    file = tmp_path / "one.json"
    file.write_bytes(raw(VULNERABILITY))

    call_command("import_weaknesses", file, "--program", "code", "--dry-run")

    said = capsys.readouterr().out
    assert ("1 records read, 1 say something new; nothing was imported." in said, WeaknessRecord.objects.count()) == (
        True, 0,
    )  # fmt: skip


@pytest.mark.parametrize("program", ["nowhere", "code"])
def test_the_command_imports_nothing_where_anything_is_wrong(tmp_path, program):
    make_program("code")
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_bytes(raw(VULNERABILITY)), bad.write_text("{")

    with pytest.raises(CommandError, match=r"No program|Nothing was imported"):
        call_command("import_weaknesses", good, bad, "--program", program)
    assert not WeaknessRecord.objects.exists()


# --- pages


def test_the_programs_page_lists_what_stands_and_leads_to_it(client):
    make_program("code")
    make_record(), make_record(code="w-2", status="withdrawn")

    page = client.get("/programs/code/").content.decode()
    detail = client.get("/programs/code/weaknesses/w-1/").content.decode()

    assert ("/programs/code/weaknesses/w-1/" in page, "w-2" in page, "<em>invents</em>" in detail) == (
        True, False, True,
    )  # fmt: skip


@pytest.mark.parametrize("address", ["code/weaknesses/none/", "nowhere/weaknesses/w-1/"])
def test_what_is_not_there_is_not_found(client, address):
    make_program("code"), make_record()

    assert client.get(f"/programs/{address}").status_code == 404


@pytest.mark.parametrize(("areas", "seen"), [(["legal"], True), (["none"], False)])
def test_the_form_shows_what_touches_the_chosen_domain_and_asks_how_it_is_handled(client, areas, seen):
    alice = verified(make_user("alice"))
    draft = make_application(make_program("code"), state="draft", applicant=alice)
    answers = GOOD | {"decides": "recommends", "areas": areas, "models": ["code-1"]}
    type(draft).objects.filter(pk=draft.pk).update(answers=answers)
    make_record(must_read=["legal"])
    client.force_login(alice)

    page = client.get(reverse("apply_section", args=[draft.number, "safeguards"])).content.decode()

    assert ("Invents sources" in page, "How do you handle the known weaknesses" in page) == (seen, seen)


def test_a_policy_editor_writes_a_record_and_its_next_revision(client):
    make_program("code")
    client.force_login(editor("edith"))
    said = SAID | {"program": "code", "status": "open", "effects": "E0101: Group fairness\nS0403: Adversarial Example",
                   "references": "A note | https://example.org/x"}  # fmt: skip

    client.post(reverse("admin:policies_weaknessrecord_add"), said)
    page = client.get(
        reverse("admin:policies_weaknessrecord_add") + "?program=code&code=w-1"
    ).content.decode()
    client.post(reverse("admin:policies_weaknessrecord_add"), said | {"status": "fixed"})

    assert "A note | https://example.org/x" in page
    rows = WeaknessRecord.objects.order_by("revision")
    assert [(row.status, row.effects, row.published_by) for row in rows] == [
        (status, ["E0101: Group fairness", "S0403: Adversarial Example"], editor("edith"))
        for status in ("open", "fixed")
    ]


def test_what_is_wrong_stands_on_the_form(client):
    make_program("code")
    client.force_login(editor("edith"))
    said = SAID | {"program": "code", "status": "open", "references": "no address"}

    answer = client.post(reverse("admin:policies_weaknessrecord_add"), said)

    assert (answer.status_code, "references.0.url" in answer.content.decode()) == (200, True)


def test_the_import_page_looks_first_and_imports_then(client):
    make_program("code")
    client.force_login(editor("edith"))
    page, seen = reverse("admin:weaknesses_import"), []
    for more in ({"dry_run": "on"}, {}):
        file = SimpleUploadedFile("one.json", raw(VULNERABILITY))
        answer = client.post(page, {"program": "code", "severity": "low", "file": file} | more, follow=True)
        seen.append(("avid-2099-v001" in answer.content.decode(), WeaknessRecord.objects.count()))
    wrong = client.post(
        page, {"program": "code", "severity": "low", "file": SimpleUploadedFile("x.json", b"{")}
    )

    assert seen == [(True, 0), (True, 1)]
    assert WeaknessRecord.objects.get().holders_told_at is None
    assert (wrong.status_code, "this is not JSON" in wrong.content.decode()) == (422, True)


def test_the_import_page_says_what_changed_upstream_and_may_tell_nobody(client):
    make_program("code")
    client.force_login(editor("edith"))
    avid_import.take("code", read_of(VULNERABILITY), by="command", at=MONDAY)
    page, said = reverse("admin:weaknesses_import"), {"program": "code", "severity": "low", "tell": "nobody"}

    looked = client.post(page, said | {"file": SimpleUploadedFile("a.json", raw(UPSTREAM)), "dry_run": "on"})
    client.post(page, said | {"file": SimpleUploadedFile("a.json", raw(UPSTREAM))})

    assert "changed upstream, revision 2, open" in looked.content.decode()
    assert WeaknessRecord.objects.latest("revision").holders_told_at is not None


# --- letters


def test_holders_whose_use_it_touches_are_written_to_once():
    holder("alice", "legal"), holder("charlie", "health")
    make_record(must_read=["legal"])

    told = [weakness_notices.tell_owed(at=MONDAY) for _ in range(2)]

    assert (told, written()) == ([1, 0], ["alice@example.org"])


def test_all_that_an_import_brings_is_one_letter_to_each_holder_with_the_gravest_first():
    alice = holder("alice", "legal")
    holder("charlie", "health")
    for number in range(12):
        make_record(code=f"w-{number}", title=f"Weakness {number}", must_read=["legal"])
    make_record(code="worst", title="The worst", severity="critical")

    told = [weakness_notices.tell_owed(at=MONDAY) for _ in range(2)]

    letters = {letter.recipient: letter for letter in Letter.objects.filter(kind="onboarding/weakness")}
    mine, other = letters["alice@example.org"], letters["charlie@example.org"]
    assert (told, len(letters), "The worst" in other.subject, "Weakness" in other.text) == (
        [2, 0], 2, True, False,
    )  # fmt: skip
    assert ("13 records" in mine.subject, mine.about_id) == (True, str(alice.pk))
    assert mine.text.index("The worst") < mine.text.index("Weakness 0") < mine.text.index("And 3 more.")


def test_an_import_may_tell_nobody_and_the_ledger_says_so():
    holder("alice")
    avid_import.take("code", read_of(VULNERABILITY), by="command", at=MONDAY, tell=False)

    assert (weakness_notices.tell_owed(at=MONDAY), written()) == (0, [])
    assert LedgerEntry.objects.get(event="weakness.recorded").details["told"] == "nobody"


def test_what_is_owed_is_told_as_it_is_known_now_though_a_later_import_told_nobody():
    holder("alice")
    avid_import.take("code", read_of(VULNERABILITY), by="command", at=MONDAY)
    avid_import.take("code", read_of(UPSTREAM), by="command", at=MONDAY, tell=False)

    assert weakness_notices.tell_owed(at=MONDAY) == 1
    assert "Bias by name" in Letter.objects.get(kind="onboarding/weakness").text


def test_a_change_is_told_and_of_several_only_the_last():
    holder("alice")
    make_record()
    weakness_notices.tell_owed(at=MONDAY)
    make_record(status="mitigated"), make_record(status="fixed")

    told = weakness_notices.tell_owed(at=MONDAY + timedelta(days=1))

    letter = Letter.objects.filter(kind="onboarding/weakness").latest("id")
    assert (told, "Status: fixed" in letter.text, len(written())) == (1, True, 2)
    assert not WeaknessRecord.objects.filter(holders_told_at=None).exists()
