"""The hashes stand in rows of their own now. Restart the gateways with this release: the ones before read here."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("onboarding", "0012_move_secrets")]

    operations = [
        migrations.RemoveField("key", "hint"),
        migrations.RemoveField("key", "pepper"),
        migrations.RemoveField("key", "secret_hash"),
    ]
