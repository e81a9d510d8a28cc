import datetime
import django.db.models.deletion
import django.db.models.expressions
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('onboarding', '0019_count_told_invitations_as_delivered'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('delivered_at', None), ('expires_at', None), ('remind_at', None)), models.Q(('delivered_at__isnull', False), ('expires_at__gt', models.F('delivered_at')), ('expires_at__isnull', False), ('told_at__isnull', False)), _connector='OR'), name='invitation_clock_runs_from_its_letter'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('reminded_at', None), ('reminder_delivered_at', None)), models.Q(('remind_at__isnull', False), ('reminded_at__isnull', False)), _connector='OR'), name='invitation_reminded_in_order'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(('reminder_delivered_at', None), ('expires_at__gte', django.db.models.expressions.CombinedExpression(models.F('reminder_delivered_at'), '+', models.Value(datetime.timedelta(days=1)))), _connector='OR'), name='invitation_ends_a_day_after_its_reminder'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(('decline_reason', ''), ('state', 'declined'), _connector='OR'), name='decline_reason_when_declined'),
        ),
    ]
