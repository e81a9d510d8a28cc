"""What is owed at this moment is the first key of its grant, as it was issued until now."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("onboarding", "0002_keys_owed_by_name")]

    operations = [
        migrations.RunSQL(
            """UPDATE onboarding_grant given SET key_environment = tier.environment, key_name = 'First key'
               FROM onboarding_tier tier WHERE tier.id = given.tier_id AND given.key_owed""",
            migrations.RunSQL.noop,
        )
    ]
