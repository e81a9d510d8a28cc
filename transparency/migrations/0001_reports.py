import django.db.models.deletion
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

from config.tables import Tables


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('audit', '0001_ledger'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        Tables([
            migrations.CreateModel(
                name='DayFigures',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('on', models.DateField(unique=True)),
                    ('figures', models.JSONField(help_text='{table: {cell: count}}')),
                    ('digest', models.CharField(help_text='SHA-256 of the figures, canonical JSON.', max_length=64)),
                    ('taken_at', models.DateTimeField()),
                ],
                options={
                    'verbose_name_plural': 'figures of days',
                    'ordering': ['on'],
                    'default_permissions': (),
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='113bb73fd1596b1ae4db107afcf0e91c22cdb18f', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_d1857', table='transparency_dayfigures', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION '% only grows: TRUNCATE is refused', TG_TABLE_NAME;", hash='abf509255b7e0573361eba62d0755c94ee8bc4e0', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_ecffe', table='transparency_dayfigures', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Record',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('kind', models.CharField(choices=[('authority_request', 'An authority asked us for something'), ('authority_report', 'We reported something to an authority'), ('incident', 'A mistake or an outage of our own'), ('reviewer_languages', 'Languages our reviewers work in'), ('lesson', 'What changed because of this quarter')], max_length=20)),
                    ('on', models.DateField(help_text='The day it is about; it decides the quarter.')),
                    ('counts', models.JSONField(blank=True, default=dict, help_text='{what: how many}')),
                    ('words', models.TextField(blank=True, help_text='Published as written; names nobody.', max_length=4000)),
                    ('replaces', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaced_by', to='transparency.record')),
                    ('is_taken_back', models.BooleanField(default=False, help_text='What it replaces was wrong altogether.')),
                    ('added_at', models.DateTimeField()),
                    ('added_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'ordering': ['-on', '-id'],
                    'default_permissions': (),
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('kind__in', ['authority_request', 'authority_report', 'incident', 'reviewer_languages', 'lesson'])), name='record_kind_known'),
                        models.CheckConstraint(condition=models.Q(models.Q(('is_taken_back', True), ('replaces__isnull', False)), models.Q(('kind__in', ['authority_request', 'authority_report', 'reviewer_languages']), models.Q(('counts', {}), _negated=True)), models.Q(('counts', {}), ('kind__in', ['incident', 'lesson']), models.Q(('words', ''), _negated=True)), _connector='OR'), name='record_says_what_its_kind_needs'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='59d0439c725df4456e601d5c5afcb65eb2a1c287', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_a447b', table='transparency_record', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION '% only grows: TRUNCATE is refused', TG_TABLE_NAME;", hash='26714533187519e024dd702f777b2a6c26ded9ad', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_841ad', table='transparency_record', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Standards',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('version', models.PositiveSmallIntegerField(unique=True)),
                    ('text', models.TextField()),
                    ('published_at', models.DateTimeField()),
                    ('published_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'verbose_name_plural': 'standards',
                    'ordering': ['-version'],
                    'default_permissions': (),
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='standards_say_something'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='dd037cd7db8abfa621403eb9160b36461e091a84', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_c9602', table='transparency_standards', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION '% only grows: TRUNCATE is refused', TG_TABLE_NAME;", hash='587e1ebe4e038e42d5373eaf49003ac4791726b5', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_3dc68', table='transparency_standards', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Report',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('quarter', models.CharField(help_text='Such as 2026Q3.', max_length=6)),
                    ('version', models.PositiveSmallIntegerField(help_text='Counted within the quarter once it is published.', null=True)),
                    ('state', models.CharField(choices=[('waiting', 'Waits to be counted'), ('running', 'Being counted'), ('draft', 'Draft'), ('reviewed', 'Reviewed'), ('published', 'Published'), ('dropped', 'Dropped'), ('failed', 'Stopped by a problem')], default='waiting', max_length=9)),
                    ('seal', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='audit.seal')),
                    ('why', models.CharField(blank=True, help_text='Of a correction: why. Published.', max_length=1000)),
                    ('done', models.PositiveSmallIntegerField(default=0, help_text='Figures counted.')),
                    ('total', models.PositiveSmallIntegerField(default=0)),
                    ('problem', models.CharField(blank=True, max_length=300)),
                    ('body', models.TextField(blank=True)),
                    ('digest', models.CharField(blank=True, max_length=64)),
                    ('changes', models.JSONField(default=list, help_text='[{metric, figure, was, now}] against the version before.')),
                    ('asked_at', models.DateTimeField()),
                    ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('built_at', models.DateTimeField(null=True)),
                    ('reviewed_at', models.DateTimeField(null=True)),
                    ('reviewed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('published_at', models.DateTimeField(null=True)),
                    ('published_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'ordering': ['-id'],
                    'default_permissions': (),
                    'constraints': [
                        models.UniqueConstraint(fields=('quarter', 'version'), name='one_report_per_version'),
                        models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'running', 'draft', 'reviewed', 'published', 'dropped', 'failed'])), name='report_state_known'),
                        models.CheckConstraint(condition=models.Q(('quarter__regex', '^20[0-9][0-9]Q[1-4]$')), name='report_quarter_sane'),
                        models.CheckConstraint(condition=models.Q(models.Q(('built_at__isnull', False), ('state__in', ['draft', 'reviewed', 'published']), models.Q(('body', ''), _negated=True), models.Q(('digest', ''), _negated=True)), models.Q(('state__in', ['draft', 'reviewed', 'published']), _negated=True), _connector='OR'), name='report_built_has_figures'),
                        models.CheckConstraint(condition=models.Q(models.Q(('reviewed_at', None), ('reviewed_by', None)), models.Q(('reviewed_at__isnull', False), ('reviewed_by__isnull', False), models.Q(('asked_by', None), models.Q(('reviewed_by', models.F('asked_by')), _negated=True), _connector='OR')), _connector='OR'), name='report_reviewed_by_a_second_person'),
                        models.CheckConstraint(condition=models.Q(models.Q(('published_at', None), ('published_by', None), ('version', None), models.Q(('state', 'published'), _negated=True)), models.Q(('published_at__isnull', False), ('published_by__isnull', False), ('reviewed_by__isnull', False), ('state', 'published'), ('version__gte', 1), models.Q(('published_by', models.F('reviewed_by')), _negated=True)), _connector='OR'), name='report_published_by_another_than_its_reviewer'),
                        models.CheckConstraint(condition=models.Q(('version', None), ('version', 1), models.Q(('why', ''), _negated=True), _connector='OR'), name='report_correction_says_why'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='state_moves_by_the_table', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.state IS DISTINCT FROM NEW.state)', func="IF NOT ((OLD.state = 'waiting' AND NEW.state IN ('dropped', 'running')) OR (OLD.state = 'running' AND NEW.state IN ('draft', 'failed')) OR (OLD.state = 'draft' AND NEW.state IN ('dropped', 'reviewed')) OR (OLD.state = 'reviewed' AND NEW.state IN ('dropped', 'published'))) THEN\n                RAISE EXCEPTION '%: no step from state % to %', TG_TABLE_NAME, OLD.state, NEW.state\n                USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='ce144d778c0d73a2c372ee14657eae0aa408fae3', operation='UPDATE', pgid='pgtrigger_state_moves_by_the_table_da852', table='transparency_report', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='state_starts_at_the_start', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (NEW.state NOT IN ('waiting'))", func="RAISE EXCEPTION '%: a new row cannot start in state %', TG_TABLE_NAME, NEW.state\n                USING ERRCODE = 'check_violation';", hash='917e140b905b927418d498b8e5f04034c3eeed9f', operation='INSERT', pgid='pgtrigger_state_starts_at_the_start_2bb78', table='transparency_report', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION '% only grows: TRUNCATE is refused', TG_TABLE_NAME;", hash='22400259d252d454d5e7369a7e35aa2604712e3f', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_79ea1', table='transparency_report', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='04f429476fe969639dfaeb247962861bf295c6dd', operation='DELETE', pgid='pgtrigger_kept_c5aff', table='transparency_report', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='published_for_good', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."state" = \'published\')', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='62b240024956309dc5960d677096dfc98d5f6592', operation='UPDATE', pgid='pgtrigger_published_for_good_cc1f2', table='transparency_report', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='counted_once', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN ((OLD."built_at" IS NOT NULL AND (OLD."body" IS DISTINCT FROM (NEW."body") OR OLD."digest" IS DISTINCT FROM (NEW."digest") OR OLD."built_at" IS DISTINCT FROM (NEW."built_at"))) OR OLD."quarter" IS DISTINCT FROM (NEW."quarter") OR OLD."seal_id" IS DISTINCT FROM (NEW."seal_id") OR OLD."asked_by_id" IS DISTINCT FROM (NEW."asked_by_id"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='67721867c302e157235b31dbd87336fa8320deee', operation='UPDATE', pgid='pgtrigger_counted_once_56b04', table='transparency_report', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='digest_fits', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.body <> '' AND NEW.digest <> encode(sha256(convert_to(NEW.body, 'UTF8')), 'hex') THEN\n    RAISE EXCEPTION 'transparency_report: the digest is not that of the figures' USING ERRCODE = 'check_violation';\n    END IF; RETURN NEW;", hash='73684a3d9806ec65a1f07ac3fe41ec9999e8da6e', operation='INSERT OR UPDATE', pgid='pgtrigger_digest_fits_11cde', table='transparency_report', when='BEFORE')),
                    ],
                },
            ),
        ]),
    ]
