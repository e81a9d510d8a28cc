import datetime
import django.db.models.deletion
import django.db.models.expressions
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('onboarding', '0016_fill_revision_in_force'),
        ('accounts', '0007_erasure_in_parts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Move',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('was', models.SmallIntegerField()),
                ('now', models.SmallIntegerField()),
                ('moved_at', models.DateTimeField()),
                ('reason', models.CharField(max_length=500)),
                ('note', models.CharField(blank=True, help_text='For the staff only.', max_length=1000)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.AddField(
            model_name='waitlistentry',
            name='held_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='waitlistentry',
            name='held_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='waitlistentry',
            name='hold_reason',
            field=models.CharField(blank=True, help_text='The applicant reads it.', max_length=500),
        ),
        migrations.AddConstraint(
            model_name='waitlistentry',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('held_at__isnull', False), ('held_by__isnull', False), ('state', 'held'), models.Q(('hold_reason', ''), _negated=True)), models.Q(models.Q(('state', 'held'), _negated=True), ('held_at', None), ('held_by', None), ('hold_reason', '')), _connector='OR'), name='entry_held_at_by_reason'),
        ),
        migrations.AddField(
            model_name='move',
            name='entry',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='moves', to='onboarding.waitlistentry'),
        ),
        migrations.AddField(
            model_name='move',
            name='moved_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='move',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='move_has_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='move',
            constraint=models.CheckConstraint(condition=models.Q(('was', models.F('now')), _negated=True), name='move_moves'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='move',
            trigger=pgtrigger.compiler.Trigger(name='move_stays', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='d36a8627b86a5b39b74b35623b9dd29afa813fbd', operation='DELETE', pgid='pgtrigger_move_stays_7e8e2', table='onboarding_move', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='move',
            trigger=pgtrigger.compiler.Trigger(name='move_is_written_once', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."entry_id" IS DISTINCT FROM (NEW."entry_id") OR OLD."was" IS DISTINCT FROM (NEW."was") OR OLD."now" IS DISTINCT FROM (NEW."now") OR OLD."moved_at" IS DISTINCT FROM (NEW."moved_at") OR OLD."moved_by_id" IS DISTINCT FROM (NEW."moved_by_id") OR OLD."reason" IS DISTINCT FROM (NEW."reason"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='1b31210e28984a2ae6b002ae0a6d9c49c9976366', operation='UPDATE', pgid='pgtrigger_move_is_written_once_8d282', table='onboarding_move', when='BEFORE')),
        ),
    ]
