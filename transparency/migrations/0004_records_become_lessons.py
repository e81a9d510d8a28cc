from django.db import migrations


def begin(apps, schema_editor):
    """Make a draft of each lesson that stands as a record, for a second person to review and publish as a post."""
    record, lesson = apps.get_model("transparency", "Record"), apps.get_model("transparency", "Lesson")
    entry = apps.get_model("audit", "LedgerEntry")
    replaced = record.objects.exclude(replaces=None).values("replaces")
    there = set(lesson.objects.values_list("slug", flat=True))  # going backwards deletes no draft
    for row in record.objects.filter(kind="lesson", is_taken_back=False).exclude(pk__in=replaced):
        if f"record-{row.pk}" in there:
            continue
        first = row.words.strip().splitlines()[0]
        made = lesson.objects.create(
            slug=f"record-{row.pk}", title=first if len(first) <= 150 else f"{first[:149]}…", on=row.on,
            happened="Written down for the public report.", changed=row.words, written_at=row.added_at,
            written_by_id=row.added_by_id,
        )  # fmt: skip
        entry.objects.create(
            at=row.added_at, event="lesson.written", subject_type="transparency.lesson", subject_id=str(made.pk),
            actor="system:migration", details={"slug": made.slug, "record": row.pk},
        )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [
        ("transparency", "0003_lessons"),
        ("audit", "0001_ledger"),
    ]

    operations = [migrations.RunPython(begin, migrations.RunPython.noop)]
