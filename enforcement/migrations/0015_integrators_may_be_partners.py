from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('enforcement', '0014_networks_of_a_key'),
    ]

    operations = [
        migrations.AddField(
            model_name='integrator',
            name='is_partner',
            field=models.BooleanField(db_default=False, default=False, help_text='Trusted: what they flag is looked at within 24 hours.'),
        ),
    ]
