"""Two people publish, and what is published stays as it is by every path there is."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import F, ProtectedError

from audit.models import LedgerEntry
from policies.domain import guidelines
from policies.models import Category, GuidelineVersion, Section, UsualUse
from tests.factories import MONDAY, editor, make_guidelines, publish_guidelines, put_guidelines_in_force

pytestmark = pytest.mark.django_db
SPIRIT = {"id": "spirit", "title": "Spirit", "text": "Be kind."}
PARTS = ("policies_category", "policies_section", "policies_usualuse")


def draft(version: str = "1.1.0", **changes) -> GuidelineVersion:
    make_guidelines()
    source = guidelines.shipped() | {"version": version, "sections": [SPIRIT]} | changes
    return guidelines.load(source, by="test", at=MONDAY)


def edit(version: GuidelineVersion, /, by: str = "edith", **changes) -> GuidelineVersion:
    source = version.source | changes
    return guidelines.edit(version, source=source, seen=version.text_hash, by=editor(by), at=MONDAY)


def approve(version: GuidelineVersion, by: str = "edith") -> GuidelineVersion:
    return guidelines.approve(version, seen=version.text_hash, by=editor(by), at=MONDAY)


def told(version: GuidelineVersion) -> list[str]:
    rows = LedgerEntry.objects.filter(subject_type="policies.guidelineversion", subject_id=str(version.pk))
    return list(rows.order_by("id").values_list("event", flat=True))


def sql(statement: str, *values) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def test_each_step_has_its_row_in_the_ledger():
    version = edit(draft(), material=False)
    guidelines.consult(version, by=editor("edith"), at=MONDAY)
    guidelines.redraft(version, by=editor("edith"), at=MONDAY)
    put_guidelines_in_force(version)
    put_guidelines_in_force(draft("1.2.0"))

    assert told(version) == [
        "guidelines.loaded", "guidelines.edited", "guidelines.consulted", "guidelines.redrafted",
        "guidelines.approved", "guidelines.published", "guidelines.effective", "guidelines.superseded",
    ]  # fmt: skip


def test_an_edit_takes_the_place_of_the_whole_text():
    version = edit(draft(), prohibited=guidelines.shipped()["prohibited"][:2], sections=[])

    kinds = list(version.categories.values_list("kind", flat=True))
    assert (kinds.count("prohibited"), kinds.count("scrutiny"), version.sections.count()) == (2, 10, 0)


def test_the_same_text_again_keeps_the_approval():
    version = approve(draft())

    assert (edit(version).approved_by, told(version)[-1]) == (editor("edith"), "guidelines.approved")


def test_an_edit_voids_the_approval():
    version = edit(approve(draft()), material=False)

    row = LedgerEntry.objects.filter(event="guidelines.edited").get()
    assert (version.approved_by, row.details["approval_voided"]) == (None, True)
    with pytest.raises(guidelines.NotApproved):
        guidelines.publish(version, by=editor("peter"), at=MONDAY)


def test_a_text_that_was_changed_since_it_was_read_is_not_approved():
    version = draft()
    seen = version.text_hash
    edit(version, material=False)

    with pytest.raises(guidelines.Stale):
        guidelines.approve(version, seen=seen, by=editor("peter"), at=MONDAY)


def test_nobody_publishes_what_they_approved():
    with pytest.raises(guidelines.SamePerson):
        guidelines.publish(approve(draft()), by=editor("edith"), at=MONDAY)


def test_a_text_is_not_in_force_before_its_notice_is_over():
    version = approve(draft())

    with pytest.raises(guidelines.TooSoon, match="15 days' notice"):
        guidelines.publish(version, effective_at=MONDAY + timedelta(days=14), by=editor("peter"), at=MONDAY)


def test_an_older_text_never_comes_into_force_over_a_newer_one():
    later = approve(draft("1.1.0"))
    guidelines.publish(later, effective_at=MONDAY + timedelta(days=60), by=editor("peter"), at=MONDAY)

    with pytest.raises(guidelines.OutOfTurn, match="is published already"):
        guidelines.publish(approve(draft("1.2.0")), by=editor("peter"), at=MONDAY + timedelta(days=1))


def test_a_date_beyond_the_calendar_is_refused():
    with pytest.raises(guidelines.OutOfTurn, match="before the year 2101"):
        guidelines.publish(
            approve(draft()), effective_at=MONDAY.replace(year=9999), by=editor("peter"), at=MONDAY
        )


def test_without_any_notice_it_is_still_published_before_it_is_in_force():
    version = publish_guidelines(draft(effective_after_days=0))

    assert version.effective_at == MONDAY + timedelta(minutes=1)


def test_a_version_number_is_not_taken_twice():
    draft("1.2.0")

    with pytest.raises(guidelines.VersionTaken):
        edit(draft("1.1.0"), version="1.2.0")


def published_by(**people) -> dict:
    return {
        "state": "published", "published_at": MONDAY, "effective_at": MONDAY + timedelta(days=15), **people,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("approver", "publisher"), [("edith", "edith"), (None, "edith"), (None, None), ("edith", None)]
)
def test_the_database_refuses_to_publish_without_two_people(approver, publisher):
    version = draft()
    people = {"approved_by": approver and editor(approver), "published_by": publisher and editor(publisher)}

    with pytest.raises(DatabaseError), transaction.atomic():
        GuidelineVersion.objects.filter(pk=version.pk).update(
            approved_at=approver and MONDAY, **published_by(**people)
        )


def test_the_database_refuses_what_is_in_force_as_soon_as_it_is_published():
    version = approve(draft())

    with pytest.raises(DatabaseError, match="guideline_published_by_another"), transaction.atomic():
        GuidelineVersion.objects.filter(pk=version.pk).update(
            **published_by(published_by=editor("peter")) | {"effective_at": MONDAY}
        )


def test_the_database_refuses_an_edit_that_keeps_the_approval():
    version = approve(draft())

    with pytest.raises(DatabaseError, match="An edit voids the approval"), transaction.atomic():
        GuidelineVersion.objects.filter(pk=version.pk).update(material=False)


@pytest.fixture(params=["consultation", "published", "effective", "superseded"])
def frozen(request) -> GuidelineVersion:
    """A version in each state in which nobody may touch its text."""
    version = draft()
    if request.param == "consultation":
        guidelines.consult(version, by=editor("edith"), at=MONDAY)
    elif request.param == "published":
        publish_guidelines(version)
    else:
        put_guidelines_in_force(version)
    if request.param == "superseded":
        put_guidelines_in_force(draft("1.2.0"), at=MONDAY + timedelta(days=1))
    version.refresh_from_db()
    assert version.state == request.param
    return version


@pytest.mark.parametrize(
    "change",
    [
        {"version": "9.9.9"},
        {"text_hash": "0" * 64},
        {"source": {}},
        {"material": False},
        {"loaded_at": MONDAY},
    ],
    ids=lambda change: next(iter(change)),
)
def test_no_update_changes_the_text(frozen, change):
    change = {
        field: MONDAY + timedelta(days=9) if value == MONDAY else value for field, value in change.items()
    }

    with pytest.raises(DatabaseError, match="Cannot update the text"), transaction.atomic():
        GuidelineVersion.objects.filter(pk=frozen.pk).update(**change)


def test_no_save_changes_the_text(frozen):
    frozen.source = {}

    with pytest.raises(DatabaseError, match="Cannot update the text"), transaction.atomic():
        frozen.save()


@pytest.mark.parametrize("field", ["published_at", "effective_at", "approved_at", "acknowledge_by"])
def test_no_update_changes_when_a_version_was_published(frozen, field):
    if frozen.published_at is None:
        return

    with pytest.raises(DatabaseError, match="Cannot update when"), transaction.atomic():
        GuidelineVersion.objects.filter(pk=frozen.pk).update(**{field: F(field) + timedelta(days=1)})


def test_no_version_is_deleted(frozen):
    with pytest.raises((DatabaseError, ProtectedError)), transaction.atomic():
        frozen.delete()
    with pytest.raises(DatabaseError, match="Cannot delete"):
        sql("DELETE FROM policies_guidelineversion WHERE id = %s", frozen.pk)


@pytest.mark.parametrize("part", [Category, Section, UsualUse])
def test_no_part_of_it_is_changed_deleted_or_added(frozen, part):
    row = part.objects.filter(guidelines=frozen).first()
    another = part(**{f.name: getattr(row, f.name) for f in part._meta.concrete_fields if f.name != "id"})
    another.code = "another"

    for attempt, refusal in (
        (lambda: part.objects.filter(guidelines=frozen).update(code="other"), "Cannot update"),
        (row.delete, "Cannot insert or delete parts"),
        (lambda: part.objects.filter(guidelines=frozen).delete(), "Cannot insert or delete parts"),
        (another.save, "Cannot insert or delete parts"),
        (lambda: part.objects.bulk_create([another]), "Cannot insert or delete parts"),
    ):
        with pytest.raises(DatabaseError, match=refusal), transaction.atomic():
            attempt()


def test_no_part_of_a_draft_is_moved_into_it(frozen):
    other = guidelines.load(
        guidelines.shipped() | {"version": "7.0.0", "sections": [SPIRIT]}, by="test", at=MONDAY
    )

    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Section.objects.filter(guidelines=other).update(guidelines=frozen)


@pytest.mark.parametrize("table", [*PARTS, "policies_guidelineversion"])
def test_no_truncate_empties_a_table_of_it(table):
    """The test database has these triggers switched off to be cleaned up: here they are on."""
    draft()
    trigger = (
        "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname LIKE 'pgtrigger_no_truncate%%'"
    )
    with connection.cursor() as cursor:
        cursor.execute(trigger, [table])
        (name,) = cursor.fetchone()
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # so that no check is left waiting for the commit
        cursor.execute(f'ALTER TABLE {table} ENABLE TRIGGER "{name}"')

    with pytest.raises(DatabaseError, match="TRUNCATE is refused"):
        sql(f"TRUNCATE {table} CASCADE")


def test_the_parts_of_an_approved_draft_rest_too():
    version = approve(draft())

    with pytest.raises(DatabaseError, match="no open draft"), transaction.atomic():
        version.categories.all().delete()


def test_the_parts_of_a_draft_are_taken_out_and_put_in():
    version = draft()

    version.sections.all().delete()
    Section.objects.create(guidelines=version, code="a", position=1, title="A", text="B")

    assert list(version.sections.values_list("code", flat=True)) == ["a"]
