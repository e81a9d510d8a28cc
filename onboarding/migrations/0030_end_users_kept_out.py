from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('onboarding', '0029_sanctions_stop_grants_and_keys'),
    ]

    operations = [
        migrations.AddField(
            model_name='grant',
            name='end_users_kept_out',
            field=models.JSONField(db_default=[], default=list, help_text='As the caller hashes them, in order; the gateways refuse them, see `domain.holds`.'),
        ),
    ]
