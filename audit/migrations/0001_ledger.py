import audit.models
import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
from django.db import migrations, models

from config.tables import Tables


class Migration(migrations.Migration):

    replaces = [
        ('audit', '0001_initial'),
        ('audit', '0002_name_events_by_function'),
    ]

    initial = True

    dependencies = [
    ]

    operations = [
        Tables([
            migrations.CreateModel(
                name='LedgerEntry',
                fields=[
                    ('id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('at', models.DateTimeField(help_text='When it happened, as the deciding function was told.')),
                    ('recorded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                    ('event', models.CharField(choices=audit.models.events, max_length=60)),
                    ('subject_type', models.CharField(max_length=60)),
                    ('subject_id', models.CharField(max_length=40)),
                    ('actor', models.CharField(help_text='user:<id> or system:<name>', max_length=60)),
                    ('reason', models.CharField(blank=True, help_text='A code, or a salted digest of a written reason.', max_length=80)),
                    ('details', models.JSONField(default=dict)),
                ],
                options={
                    'verbose_name': 'ledger entry',
                    'verbose_name_plural': 'ledger',
                    'default_permissions': (),
                    'indexes': [
                        models.Index(fields=['subject_type', 'subject_id', 'id'], name='ledger_subject'),
                        models.Index(fields=['event', 'at'], name='ledger_event'),
                        models.Index(fields=['actor', 'id'], name='ledger_actor'),
                        models.Index(fields=['at'], name='ledger_at'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='165e8e8601107c23e2b891446f2fcc819dcaaaf5', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_7f4e6', table='audit_ledgerentry', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION '% only grows: TRUNCATE is refused', TG_TABLE_NAME;", hash='36ab9a81af26ca194cbf41c472e1fb9400c01076', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_51df0', table='audit_ledgerentry', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Seal',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('number', models.BigIntegerField(unique=True)),
                    ('sealed_at', models.DateTimeField()),
                    ('entries', models.PositiveIntegerField()),
                    ('previous_hash', models.CharField(blank=True, max_length=64)),
                    ('hash', models.CharField(max_length=64, unique=True)),
                ],
                options={
                    'ordering': ['number'],
                    'default_permissions': (),
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='425da599b8e4cf7384a383a64e17697a9d08a345', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_4de12', table='audit_seal', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION '% only grows: TRUNCATE is refused', TG_TABLE_NAME;", hash='6f37db303389aa9109f130bd8c4b0c4af751496b', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_2e740', table='audit_seal', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='SealedEntry',
                fields=[
                    ('entry', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, primary_key=True, serialize=False, to='audit.ledgerentry')),
                    ('seal', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='members', to='audit.seal')),
                    ('hash', models.BinaryField(help_text="SHA-256 of the entry's canonical form.", max_length=32)),
                ],
                options={
                    'default_permissions': (),
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='67f8dc9adb40c28bacc1e31b3f580f087534402d', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_e5e59', table='audit_sealedentry', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION '% only grows: TRUNCATE is refused', TG_TABLE_NAME;", hash='01e729a9b3b50e217cf1ce4ef6e35474f6d6eca6', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_018cd', table='audit_sealedentry', when='BEFORE')),
                    ],
                },
            ),
        ]),
    ]
