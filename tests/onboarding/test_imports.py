"""Importing an existing waiting list: what answers what, what is refused, what is kept."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Owner
from audit import ledger
from audit.events import Event
from audit.models import LedgerEntry
from onboarding.domain import imports, mappings, questions
from onboarding.domain.imports import Problem
from onboarding.models import Application, Revision
from onboarding.states import ApplicationState, Stage
from tests import processes
from tests.factories import MONDAY, make_program, make_user

REAL = Path(settings.BASE_DIR).parent / "shared" / "data" / "applications"
COMMAND = "import_applications"


def lines(*rows: object) -> bytes:
    """Return JSON lines; a row given as bytes is taken as it is."""
    return b"".join((row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n" for row in rows)


def imported(source: bytes, program=None, *, name: str = "list.jsonl", **how) -> imports.Outcome:
    return imports.import_list(
        io.BytesIO(source), name=name, program=program or make_program(), by="test", at=MONDAY, **how
    )


def run(*words: object) -> str:
    said = io.StringIO()
    call_command(COMMAND, *map(str, words), stdout=said)
    return said.getvalue()


# --- mapping


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("source", "says"),
    [
        (b"topic: no_such_question", "which the form does not have"),
        (b"detail: purpose", "write the file's field first"),
        (b"topic: ack_policy", "only the applicant"),
        (b"Human_Label: detail", "never imported"),
        (b"a: title\nb: title", "same question"),
        (b"a: [1]", "write `field: question`"),
        (b"- a", "one `field: question` a line"),
        (b"", "one `field: question` a line"),
        (b"a: 'x", "not readable YAML"),
        (b"\xff", "not UTF-8"),
        (b"a: !!python/object/apply:os.system [ls]", "not readable YAML"),
        (b"x" * 300_000, "longer than"),
    ],
)
def test_mapping_that_cannot_be_followed_is_refused(source, says):
    make_program()

    with pytest.raises(mappings.BadMapping, match=says):
        mappings.read(source, form=questions.of(questions.current()))


@pytest.mark.django_db
def test_mapping_answers_questions_with_checked_types():
    program = make_program("code")
    source = b"""
who: legal_name
nr: external_id
chars: max_input_chars
auto: auto_publish
sees: audience
mods: models
kind: areas"""
    mapping = mappings.read(source, form=questions.of(questions.current()))
    row = {"nr": 7, "title": "One", "Who": "Pygma", "chars": "120", "auto": True, "sees": "public"}
    row |= {"mods": ["code-1"], "kind": "legal, medical"}
    wrong = {"chars": -1, "auto": "maybe", "sees": "everyone", "mods": ["gpt"], "who": 5, "kind": [1]}

    outcome = imported(
        lines(row, *({"title": f"Wrong {field}", field: value} for field, value in wrong.items())),
        program,
        mapping=mapping,
    )

    kept = Application.objects.get()
    assert [error.line for error in outcome.errors] == [2, 3, 4, 5, 6, 7]
    assert (kept.external_id, kept.answers, kept.facts) == (
        "7",
        {
            "title": "One",
            "legal_name": "Pygma",
            "max_input_chars": 120,
            "auto_publish": "yes",
            "audience": "public",
            "models": ["code-1"],
            "areas": ["legal", "medical"],
        },
        {},
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("source", "mapping", "says"),
    [
        (b"id,label\n1,x\n", {}, "No column is called title"),
        (b"id,title\n1,x\n", {"purpose": "detail"}, "no such column"),
    ],
)
def test_csv_whose_every_row_would_fail_is_refused_at_once(source, mapping, says):
    with pytest.raises(mappings.BadMapping, match=says):
        imported(source, name="list.csv", mapping=mappings.Mapping(mapping))


# --- keeping


@pytest.mark.django_db
def test_row_becomes_a_submitted_application_that_waits_for_its_case():
    program = make_program()

    outcome = imported(
        lines(
            {
                "uid": "A-1",
                "Title": "Mock interviews",
                "purpose": "Short.",
                "agency": "DOT",
                "n": [1, {"x": None}],
            }
        ),
        program,
    )

    kept = Application.objects.get()
    revision = kept.revisions.get()
    assert (outcome.rows, outcome.imported, outcome.short) == (1, 1, 1)
    assert (kept.state, kept.case_owed, kept.lane, kept.submitted_at) == (
        ApplicationState.SUBMITTED,
        True,
        "hold",
        MONDAY,
    )
    assert kept.answers == {"title": "Mock interviews", "detail": "Short."}
    assert kept.facts == {"agency": "DOT", "n": [1, {"x": None}]}
    assert (kept.external_id, kept.applicant, str(kept.owner)) == ("A-1", None, "Mock interviews")
    assert (revision.number, revision.answers, revision.lane, revision.submitted_by) == (
        1,
        kept.answers,
        "hold",
        None,
    )
    assert [(e.event, e.details) for e in ledger.of(kept)] == [
        (Event.APPLICATION_IMPORTED, {"program": program.slug, "short": ["detail"]})
    ]


@pytest.mark.django_db
def test_fields_named_human_are_never_kept_whatever_their_case():
    imported(
        lines(
            {
                "title": "One",
                "human_label": "x1",
                "HUMAN_Note": "x2",
                " Human_z": "x3",
                "a": {"human_b": "x4", "c": 1},
            }
        )
    )

    kept = Application.objects.get()
    assert kept.facts == {"a": {"c": 1}}
    assert "x" not in json.dumps([kept.answers, kept.facts, kept.revisions.get().answers])


@pytest.mark.django_db
def test_name_stands_for_the_owner_where_there_is_a_title_too():
    imported(lines({"title": "Chess coach", "name": "Ana Ruiz"}))

    assert Owner.objects.get(imported_as__gt="").imported_as == "Ana Ruiz"


@pytest.mark.django_db
def test_second_run_skips_and_adds_only_what_is_new():
    program = make_program()
    first, second = {"id": 1, "title": "One"}, {"title": "No id"}
    imported(lines(first, second), program)

    again = imported(lines({"title": "No id"}, first, {"id": 3, "title": "Three"}), program)

    assert (again.rows, again.imported, again.skipped, again.failed) == (3, 1, 2, 0)
    assert (Application.objects.count(), Owner.objects.filter(imported_as__gt="").count()) == (3, 3)


@pytest.mark.django_db
def test_same_id_belongs_to_each_program_apart():
    source = lines({"id": "A", "title": "One"})

    assert [imported(source, make_program()).imported for _ in range(2)] == [1, 1]


@pytest.mark.django_db
@pytest.mark.parametrize("chunk", [1, 2, 1000])
def test_repeated_id_within_a_file_is_reported_and_the_first_one_kept(monkeypatch, chunk):
    monkeypatch.setattr(imports, "CHUNK", chunk)
    same = {"title": "Same"}

    outcome = imported(lines({"id": "A", "title": "First"}, same, {"id": "A", "title": "Second"}, same))

    assert outcome.errors == [
        Problem(3, "The id “A” is on line 1 already."),
        Problem(4, "The row is the same as the one on line 2."),
    ]
    assert sorted(Application.objects.values_list("title", flat=True)) == ["First", "Same"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "row",
    [
        {"description": "No title"},
        {"title": ""},
        {"title": None, "name": " "},
        {"title": 5},
        {"title": "x", "description": ["y"]},
        {"title": "x", "description": "y" * 20_001},
        {"title": "x", "other": "y" * 20_001},
        {"title": "x" * 2_001},
        {"title": "x", "id": 1.5},
        {"title": "x", "id": True},
        {"title": "x", "id": "y" * 201},
        {"title": "x"} | {f"f{n}": n for n in range(201)},
    ],
    ids=lambda row: str(row)[:30],
)
def test_row_of_the_wrong_kind_is_reported_and_nothing_of_it_kept(row):
    outcome = imported(lines({"id": 1, "title": "One"}, row, {"id": 3, "title": "Three"}))

    assert ([e.line for e in outcome.errors], outcome.imported) == ([2], 2)
    assert [Model.objects.count() for Model in (Application, Revision, Owner)] == [2, 2, 2]


@pytest.mark.django_db
def test_long_title_is_kept_whole_in_the_answers_and_cut_for_lists():
    imported(lines({"title": "t" * 236}))

    kept = Application.objects.get()
    assert (len(kept.title), len(kept.answers["title"])) == (200, 236)


@pytest.mark.django_db
def test_owner_gets_every_row_and_may_later_accept():
    alice = make_user("alice")

    imported(lines({"title": "One"}, {"title": "Two"}), owner=alice)

    kept = Application.objects.all()
    assert {(a.owner.person, a.applicant, a.revisions.get().submitted_by) for a in kept} == {
        (alice, alice, alice)
    }


@pytest.mark.django_db
def test_closed_program_takes_no_list():
    program = make_program(stage=Stage.CLOSED)

    with pytest.raises(imports.ClosedToImports):
        imported(lines({"title": "One"}), program)


@pytest.mark.django_db
def test_statements_do_not_grow_with_the_rows():
    program = make_program()
    imported(lines({"title": "warm"}), program)

    def queries(count: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            imported(lines(*({"title": f"{count} {n}"} for n in range(count))), program)
        return len(captured)

    assert queries(1) == queries(300)


@pytest.mark.django_db
def test_problems_beyond_the_limit_are_counted_but_not_listed(monkeypatch):
    monkeypatch.setattr(imports, "MOST_LISTED", 3)

    outcome = imported(lines(*({"n": n} for n in range(5)), {"title": "One"}))

    assert (outcome.rows, outcome.failed, [e.line for e in outcome.errors]) == (6, 5, [1, 2, 3])


# --- the command


@pytest.fixture
def listed(tmp_path):
    path = tmp_path / "list.jsonl"
    path.write_bytes(lines({"id": 1, "title": "One"}, b"{bad", {"id": 3, "title": "Three"}))
    return path


@pytest.mark.django_db
def test_command_ends_with_one_json_line(listed):
    program = make_program()

    said = json.loads(run(listed, "--program", program.slug, "--json").splitlines()[-1])

    assert {name: said[name] for name in ("rows", "imported", "skipped")} == {
        "rows": 3,
        "imported": 2,
        "skipped": 0,
    }
    assert [error["line"] for error in said["errors"]] == [2]


@pytest.mark.django_db
def test_command_tells_each_problem_and_the_sum(listed):
    said = run(listed, "--program", make_program().slug).splitlines()

    assert said[0].startswith("line 2: The line is not valid JSON")
    assert said[-1].startswith("3 rows: 2 imported")


@pytest.mark.django_db
def test_dry_run_counts_and_keeps_nothing(listed):
    before = LedgerEntry.objects.count(), make_program("code").slug, make_user("alice").email

    said = json.loads(run(listed, "--program", "code", "--owner", "ALICE@example.org", "--dry-run", "--json"))

    assert (said["imported"], Application.objects.count(), Owner.objects.count()) == (2, 0, 0)
    assert LedgerEntry.objects.filter(event=Event.APPLICATION_IMPORTED).count() == 0
    assert before


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["{file}", "--program", "nowhere"], "There is no program 'nowhere'. There is: code."),
        (["{dir}/none.csv", "--program", "code"], "There is no file"),
        (["{dir}", "--program", "code"], "is a directory"),
        (["{file}", "--program", "code", "--owner", "nobody@example.org"], "must sign up"),
        (["{file}", "--program", "code", "--mapping", "{dir}/none.yaml"], "There is no file"),
        (["{file}", "--program", "code", "--mapping", "{dir}"], "is a directory"),
        (["{file}", "--program", "code", "--mapping", "{file}"], "mapping"),
        (["{dir}/empty.csv", "--program", "code"], "empty"),
        (["{dir}/bad.jsonl", "--program", "code"], "Not one row"),
    ],
)
def test_command_refuses_with_a_sentence_and_changes_nothing(listed, words, says):
    make_program("code")
    (listed.parent / "empty.csv").touch()
    (listed.parent / "bad.jsonl").write_bytes(b"{bad\n")

    with pytest.raises(CommandError, match=says.replace(".", r"\.")):
        run(*(word.format(file=listed, dir=listed.parent) for word in words))

    assert Application.objects.count() == 0


@pytest.mark.django_db
def test_refusal_with_json_is_one_line_of_json(tmp_path, capsys):
    make_program("code")
    said = io.StringIO()

    with pytest.raises(CommandError):
        call_command(COMMAND, str(tmp_path / "none.csv"), program="code", json=True, stdout=said)

    assert json.loads(said.getvalue())["errors"][0]["problem"].startswith("There is no file")


# --- many rows, and real ones


@pytest.mark.django_db(transaction=True)
def test_memory_stays_flat_however_long_the_list_is(tmp_path):
    program = make_program()
    peaks = {}
    for count in (1_000, 8_000):
        path = tmp_path / f"{count}.csv"
        with path.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["id", "title", "description"])
            rows.writerows([f"{count}-{n}", f"Use {n}", "What it does. " * 40] for n in range(count))
        peaks[count] = _peak_of_the_command(path, program.slug)

    assert Application.objects.count() == 9_000
    assert peaks[8_000] < peaks[1_000] * 1.15, peaks


def _peak_of_the_command(path: Path, slug: str) -> int:
    """Run the command in a process of its own on the test database; return its peak memory in KiB."""
    code = (
        "import sys; from django.core.management import call_command; import django; django.setup();"
        "call_command(*sys.argv[1:]);"  # ru_maxrss would remember the process that forked this one
        "print(*(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, COMMAND, str(path), f"--program={slug}"],
        env=processes.environment(),
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout.splitlines()[-1])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "count"),
    [("federal_2025_dev", 2014), ("ai_products_dev", 669), ("ai_products_multilingual_dev", 1000)],
)
def test_real_list_is_imported_whole_with_a_broken_row_in_its_middle(name, count, tmp_path):
    source = REAL / f"{name}.jsonl"
    if not source.exists():
        pytest.skip(f"{source} is not here: real lists are never committed")
    rows = source.read_bytes().splitlines(keepends=True)
    broken = [
        b'{"title": "\xff"}\n',
        b'{"purpose": "no title"}\n',
        b'{"title": "' + b"x" * 1_000_000 + b'"}\n',
    ]
    path = tmp_path / "mended.jsonl"
    path.write_bytes(b"".join(rows[:300] + broken + rows[300:]))
    program = make_program()

    said = json.loads(run(path, "--program", program.slug, "--json"))

    assert (said["rows"], said["imported"], said["skipped"]) == (count + 3, count, 0)
    assert [error["line"] for error in said["errors"]] == [301, 302, 303]
    assert Application.objects.filter(state=ApplicationState.SUBMITTED, case_owed=True).count() == count
    assert not [
        n
        for facts in Application.objects.values_list("facts", flat=True)
        for n in facts
        if "human" in n.lower()
    ]
    assert json.loads(run(source, "--program", program.slug, "--json"))["skipped"] == count
