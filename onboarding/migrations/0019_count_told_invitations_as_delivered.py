import datetime
import django.db.models.deletion
import django.db.models.expressions
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


def count_as_delivered(apps, schema_editor):
    """Keep the deadlines people were told: their clocks ran from the writing of the letter."""
    invitations = apps.get_model("onboarding", "Invitation").objects
    invitations.filter(told_at__isnull=False, delivered_at=None).update(delivered_at=models.F("told_at"))


class Migration(migrations.Migration):
    dependencies = [
        ('onboarding', '0018_invitation_clock_columns'),
    ]

    operations = [
        migrations.RunPython(count_as_delivered, migrations.RunPython.noop),
    ]
