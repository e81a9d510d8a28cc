import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("onboarding", "0025_refusals_wait_as_before")]
    operations = [
        # Not TrigramExtension: taking that back would take the extension from reviews too, which uses it.
        migrations.RunSQL("CREATE EXTENSION IF NOT EXISTS pg_trgm", migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="application",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("title"), name="gin_trgm_ops"
                ),
                fastupdate=False,
                name="application_by_title",
            ),
        ),
        migrations.AddIndex(
            model_name="application",
            index=models.Index(django.db.models.functions.text.Upper("number"), name="application_by_number"),
        ),
    ]
