from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("onboarding", "0003_fill_owed_keys")]

    operations = [
        migrations.AddConstraint(
            model_name='grant',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('key_environment', ''), ('key_name', ''), ('key_owed', False)), models.Q(('key_environment__in', ['test', 'live']), ('key_owed', True), models.Q(('key_name', ''), _negated=True)), _connector='OR'), name='owed_key_has_environment_and_name'),
        ),
    ]
