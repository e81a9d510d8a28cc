from django.db import migrations, models


def as_before(apps, schema_editor):
    """Programs that are there keep the time they had: a manager changes it, no upgrade."""
    apps.get_model("onboarding", "Program").objects.update(refusal_recall_minutes=models.F("recall_minutes"))


class Migration(migrations.Migration):
    dependencies = [("onboarding", "0024_conditions_bound_grants")]
    operations = [migrations.RunPython(as_before, migrations.RunPython.noop)]
