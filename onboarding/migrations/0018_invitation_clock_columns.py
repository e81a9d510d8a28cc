import datetime
import django.db.models.deletion
import django.db.models.expressions
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('onboarding', '0017_moves_and_holds'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='invitation',
            name='invitation_told_with_its_deadline',
        ),
        migrations.AddField(
            model_name='invitation',
            name='decline_reason',
            field=models.CharField(blank=True, help_text='Why, if they want to say.', max_length=500),
        ),
        migrations.AddField(
            model_name='invitation',
            name='delivered_at',
            field=models.DateTimeField(help_text='When the mail server took the letter: the clock starts then.', null=True),
        ),
        migrations.AddField(
            model_name='invitation',
            name='remind_at',
            field=models.DateTimeField(help_text='Half of the time; empty where it is too short.', null=True),
        ),
        migrations.AddField(
            model_name='invitation',
            name='reminded_at',
            field=models.DateTimeField(help_text='Promise: the reminder is in the outbox.', null=True),
        ),
        migrations.AddField(
            model_name='invitation',
            name='reminder_delivered_at',
            field=models.DateTimeField(help_text='When the mail server took it; the deadline is a day later at the earliest.', null=True),
        ),
        migrations.AlterField(
            model_name='invitation',
            name='expires_at',
            field=models.DateTimeField(help_text='Set when delivered: no notice, no clock.', null=True),
        ),
        migrations.AlterField(
            model_name='invitation',
            name='told_at',
            field=models.DateTimeField(help_text='Promise: the letter is in the outbox.', null=True),
        ),
        migrations.AddIndex(
            model_name='invitation',
            index=models.Index(condition=models.Q(('delivered_at', None), ('state', 'offered'), ('told_at__isnull', False)), fields=['id'], name='invitation_undelivered'),
        ),
        migrations.AddIndex(
            model_name='invitation',
            index=models.Index(condition=models.Q(('reminder_delivered_at', None), ('state', 'offered')), fields=['remind_at'], name='invitation_to_remind'),
        ),
    ]
