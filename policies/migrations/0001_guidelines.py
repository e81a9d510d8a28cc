import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

from config.tables import Tables


class Migration(migrations.Migration):

    replaces = [
        ('policies', '0001_initial'),
        ('policies', '0002_acknowledge_by'),
        ('policies', '0003_category_severity'),
        ('policies', '0004_fill_severities'),
        ('policies', '0005_two_people_publish'),
    ]

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        Tables([
            migrations.CreateModel(
                name='Acceptance',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='acceptances', to=settings.AUTH_USER_MODEL)),
                    ('document', models.CharField(help_text='guidelines, weaknesses:<program>, declaration:<question>', max_length=80)),
                    ('version', models.CharField(max_length=20)),
                    ('text_hash', models.CharField(max_length=64)),
                    ('accepted_at', models.DateTimeField()),
                    ('recorded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ],
                options={
                    'default_permissions': (),
                    'constraints': [
                        models.UniqueConstraint(fields=('user', 'document', 'version', 'text_hash'), name='one_acceptance_per_text'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='a68ea3342544da7096e8a07011de20d07119ce8b', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_7108c', table='policies_acceptance', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION '% only grows: TRUNCATE is refused', TG_TABLE_NAME;", hash='771cc3d70b321030f319bb9e580ccf186a921715', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_a458e', table='policies_acceptance', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='GuidelineVersion',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('version', models.CharField(help_text='Semantic: 1.0.0', max_length=20, unique=True)),
                    ('state', models.CharField(choices=[('draft', 'Draft'), ('consultation', 'In consultation'), ('published', 'Published'), ('effective', 'In force'), ('superseded', 'Superseded')], default='draft', max_length=20)),
                    ('material', models.BooleanField(default=True, help_text='Holders are asked to acknowledge it again.')),
                    ('text_hash', models.CharField(help_text='SHA-256 of the loaded source, canonical JSON.', max_length=64)),
                    ('source', models.JSONField(help_text='The file as it was loaded.')),
                    ('loaded_at', models.DateTimeField()),
                    ('edited_at', models.DateTimeField(null=True)),
                    ('edited_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('approved_at', models.DateTimeField(null=True)),
                    ('approved_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('published_at', models.DateTimeField(null=True)),
                    ('published_by', models.ForeignKey(help_text='Empty: the first text of a fresh site.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('effective_at', models.DateTimeField(help_text='When it comes, or came, into force.', null=True)),
                    ('acknowledge_by', models.DateTimeField(help_text='Until when holders of access acknowledge a material change.', null=True)),
                    ('superseded_at', models.DateTimeField(null=True)),
                    ('subscribers_told_at', models.DateTimeField(help_text='Empty: letters about it may be owed.', null=True)),
                ],
                options={
                    'ordering': ['-id'],
                    'default_permissions': (),
                    'constraints': [
                        models.UniqueConstraint(condition=models.Q(('state', 'effective')), fields=('state',), name='one_version_in_force'),
                        models.CheckConstraint(condition=models.Q(('acknowledge_by', None), models.Q(('acknowledge_by__gte', models.F('effective_at')), ('effective_at__isnull', False), ('material', True)), _connector='OR'), name='acknowledge_by_of_a_material_change'),
                        models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'consultation', 'published', 'effective', 'superseded'])), name='guideline_state_known'),
                        models.CheckConstraint(condition=models.Q(models.Q(('effective_at', None), ('published_at', None), ('state__in', ('draft', 'consultation')), ('superseded_at', None)), models.Q(('effective_at__isnull', False), ('published_at__isnull', False), models.Q(models.Q(('state__in', ['published', 'effective']), ('superseded_at', None)), models.Q(('state', 'superseded'), ('superseded_at__isnull', False)), _connector='OR')), _connector='OR'), name='guideline_times_fit_the_state'),
                        models.CheckConstraint(condition=models.Q(('subscribers_told_at', None), ('published_at__isnull', False), _connector='OR'), name='subscribers_are_told_of_what_is_published'),
                        models.CheckConstraint(condition=models.Q(models.Q(('edited_at', None), ('edited_by', None)), models.Q(('edited_at__isnull', False), ('edited_by__isnull', False)), _connector='OR'), name='guideline_edited_at_and_by'),
                        models.CheckConstraint(condition=models.Q(models.Q(('approved_at', None), ('approved_by', None)), models.Q(('approved_at__isnull', False), ('approved_by__isnull', False)), _connector='OR'), name='guideline_approved_at_and_by'),
                        models.CheckConstraint(condition=models.Q(('published_by', None), models.Q(('approved_by__isnull', False), ('published_at__isnull', False), ('effective_at__gt', models.F('published_at')), models.Q(('published_by', models.F('approved_by')), _negated=True)), _connector='OR'), name='guideline_published_by_another_than_approved'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='state_moves_by_the_table', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.state IS DISTINCT FROM NEW.state)', func="IF NOT ((OLD.state = 'draft' AND NEW.state IN ('consultation', 'published')) OR (OLD.state = 'consultation' AND NEW.state IN ('draft', 'published')) OR (OLD.state = 'published' AND NEW.state IN ('effective')) OR (OLD.state = 'effective' AND NEW.state IN ('superseded'))) THEN\n                RAISE EXCEPTION '%: no step from state % to %', TG_TABLE_NAME, OLD.state, NEW.state\n                USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='6f3db892a8c980f6af61c6f48438b76e161df97b', operation='UPDATE', pgid='pgtrigger_state_moves_by_the_table_90212', table='policies_guidelineversion', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='state_starts_at_the_start', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (NEW.state NOT IN ('draft'))", func="RAISE EXCEPTION '%: a new row cannot start in state %', TG_TABLE_NAME, NEW.state\n                USING ERRCODE = 'check_violation';", hash='8fb95a25318ea36f70b1c9507d360994cd6f9a33', operation='INSERT', pgid='pgtrigger_state_starts_at_the_start_40ccf', table='policies_guidelineversion', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='54cdc13df9470830cd44cf741fc7705de896290d', operation='DELETE', pgid='pgtrigger_kept_3f411', table='policies_guidelineversion', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION '% only grows: TRUNCATE is refused', TG_TABLE_NAME;", hash='d76a3cd1c6bf16f88619caedb160361e1593ac9a', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_d8f4c', table='policies_guidelineversion', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='text_never_changes', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF OLD.loaded_at IS DISTINCT FROM NEW.loaded_at OR (OLD.state <> 'draft' AND (OLD.version IS DISTINCT FROM NEW.version OR OLD.text_hash IS DISTINCT FROM NEW.text_hash OR OLD.source IS DISTINCT FROM NEW.source OR OLD.material IS DISTINCT FROM NEW.material)) THEN\n                RAISE EXCEPTION 'Cannot update the text of guidelines that are no draft'\n                USING ERRCODE = 'check_violation'; END IF;\n            IF NEW.approved_at IS NOT NULL AND (OLD.version IS DISTINCT FROM NEW.version OR OLD.text_hash IS DISTINCT FROM NEW.text_hash OR OLD.source IS DISTINCT FROM NEW.source OR OLD.material IS DISTINCT FROM NEW.material) THEN\n                RAISE EXCEPTION 'An edit voids the approval' USING ERRCODE = 'check_violation'; END IF;\n            IF OLD.state NOT IN ('draft', 'consultation') AND (OLD.published_at IS DISTINCT FROM NEW.published_at OR OLD.published_by_id IS DISTINCT FROM NEW.published_by_id OR OLD.approved_at IS DISTINCT FROM NEW.approved_at OR OLD.approved_by_id IS DISTINCT FROM NEW.approved_by_id OR OLD.effective_at IS DISTINCT FROM NEW.effective_at OR OLD.acknowledge_by IS DISTINCT FROM NEW.acknowledge_by) THEN\n                RAISE EXCEPTION 'Cannot update when and by whom guidelines were published'\n                USING ERRCODE = 'check_violation'; END IF;\n            IF OLD.published_at IS NULL AND NEW.published_at IS NOT NULL AND NEW.published_by_id IS NULL\n                AND EXISTS (SELECT FROM policies_guidelineversion WHERE published_at IS NOT NULL) THEN\n                RAISE EXCEPTION 'A person publishes guidelines, after a second person approved them'\n                USING ERRCODE = 'check_violation'; END IF;\n            RETURN NEW;", hash='00de48de5f8e3b3fba8423dff00687b5ad8fe0d0', operation='UPDATE', pgid='pgtrigger_text_never_changes_b54f7', table='policies_guidelineversion', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Section',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('guidelines', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sections', to='policies.guidelineversion')),
                    ('code', models.SlugField(max_length=60)),
                    ('position', models.PositiveSmallIntegerField()),
                    ('title', models.CharField(max_length=120)),
                    ('text', models.TextField()),
                ],
                options={
                    'ordering': ['guidelines', 'position'],
                    'default_permissions': (),
                    'constraints': [
                        models.UniqueConstraint(fields=('guidelines', 'code'), name='one_section_per_code'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='a1bf90b00eb0166c7cb6f659611cff873883ac81', operation='UPDATE', pgid='pgtrigger_append_only_9ef84', table='policies_section', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION '% only grows: TRUNCATE is refused', TG_TABLE_NAME;", hash='27330b388b48f2597c2bc91591bc2532a768b56b', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_87b5f', table='policies_section', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='part_of_a_draft', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE kept RECORD;', func="\n                SELECT state, approved_at INTO kept FROM policies_guidelineversion\n                WHERE id = CASE TG_OP WHEN 'DELETE' THEN OLD.guidelines_id ELSE NEW.guidelines_id END FOR SHARE;\n                IF kept.state <> 'draft' OR kept.approved_at IS NOT NULL THEN\n                    RAISE EXCEPTION 'Cannot insert or delete parts of guidelines that are no open draft: %',\n                    TG_TABLE_NAME USING ERRCODE = 'check_violation'; END IF;\n                IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;", hash='773c24fceb3e7f83c3a19c23dc2a4cfb1bbb01dc', operation='INSERT OR DELETE', pgid='pgtrigger_part_of_a_draft_fccd8', table='policies_section', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Category',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('guidelines', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='categories', to='policies.guidelineversion')),
                    ('code', models.SlugField(max_length=60)),
                    ('kind', models.CharField(choices=[('prohibited', 'Prohibited use'), ('scrutiny', 'Extra scrutiny')], max_length=12)),
                    ('position', models.PositiveSmallIntegerField()),
                    ('name', models.CharField(max_length=120)),
                    ('definition', models.TextField()),
                    ('lane', models.CharField(choices=[('refuse', 'Refuse'), ('hold', 'Hold'), ('notify', 'Notify'), ('monitor', 'Monitor')], max_length=10)),
                    ('severity', models.PositiveSmallIntegerField(choices=[(0, '0 · nothing hard to read'), (1, '1 · may be unpleasant'), (2, '2 · describes harm to people'), (3, '3 · describes grave harm')], default=0, help_text='How hard its cases may be to read for the staff.')),
                    ('example_allowed', models.TextField(blank=True)),
                    ('example_disallowed', models.TextField(blank=True)),
                    ('triggers', models.JSONField(default=list, help_text='Conditions on answers, such as `areas contains legal`.')),
                    ('default_conditions', models.JSONField(default=list)),
                    ('approval_months', models.PositiveSmallIntegerField(default=12)),
                    ('maps', models.JSONField(default=dict, help_text='Ids of the same thing in public taxonomies.')),
                ],
                options={
                    'ordering': ['guidelines', 'position'],
                    'default_permissions': (),
                    'constraints': [
                        models.UniqueConstraint(fields=('guidelines', 'code'), name='one_category_per_code'),
                        models.CheckConstraint(condition=models.Q(('lane__in', ['refuse', 'hold', 'notify', 'monitor'])), name='category_lane_known'),
                        models.CheckConstraint(condition=models.Q(('kind__in', ['prohibited', 'scrutiny'])), name='category_kind_known'),
                        models.CheckConstraint(condition=models.Q(('severity__in', [0, 1, 2, 3])), name='category_severity_known'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='3af2b75321ab7688525df26cc44daa973b0f9d50', operation='UPDATE', pgid='pgtrigger_append_only_4cdeb', table='policies_category', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION '% only grows: TRUNCATE is refused', TG_TABLE_NAME;", hash='4a63ada74221f079aab780b24b0bee63e22c5c80', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_f2b24', table='policies_category', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='part_of_a_draft', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE kept RECORD;', func="\n                SELECT state, approved_at INTO kept FROM policies_guidelineversion\n                WHERE id = CASE TG_OP WHEN 'DELETE' THEN OLD.guidelines_id ELSE NEW.guidelines_id END FOR SHARE;\n                IF kept.state <> 'draft' OR kept.approved_at IS NOT NULL THEN\n                    RAISE EXCEPTION 'Cannot insert or delete parts of guidelines that are no open draft: %',\n                    TG_TABLE_NAME USING ERRCODE = 'check_violation'; END IF;\n                IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;", hash='1caa12937607d5fb09bd6e0dbf6b729c77e0deae', operation='INSERT OR DELETE', pgid='pgtrigger_part_of_a_draft_ca641', table='policies_category', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='UsualUse',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('guidelines', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='usual_uses', to='policies.guidelineversion')),
                    ('code', models.SlugField(max_length=20)),
                    ('text', models.CharField(max_length=200)),
                    ('lane', models.CharField(choices=[('refuse', 'Refuse'), ('hold', 'Hold'), ('notify', 'Notify'), ('monitor', 'Monitor')], default='notify', max_length=10)),
                ],
                options={
                    'ordering': ['guidelines', 'code'],
                    'default_permissions': (),
                    'constraints': [
                        models.UniqueConstraint(fields=('guidelines', 'code'), name='one_usual_use_per_code'),
                        models.CheckConstraint(condition=models.Q(('lane__in', ['refuse', 'hold', 'notify', 'monitor'])), name='usual_use_lane_known'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='89572a6efb960b7d4d6bbfda9acca692cb17789d', operation='UPDATE', pgid='pgtrigger_append_only_fa644', table='policies_usualuse', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION '% only grows: TRUNCATE is refused', TG_TABLE_NAME;", hash='35bf4e1f128727460edc11acba2b3a0bbb772c93', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_c4838', table='policies_usualuse', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='part_of_a_draft', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE kept RECORD;', func="\n                SELECT state, approved_at INTO kept FROM policies_guidelineversion\n                WHERE id = CASE TG_OP WHEN 'DELETE' THEN OLD.guidelines_id ELSE NEW.guidelines_id END FOR SHARE;\n                IF kept.state <> 'draft' OR kept.approved_at IS NOT NULL THEN\n                    RAISE EXCEPTION 'Cannot insert or delete parts of guidelines that are no open draft: %',\n                    TG_TABLE_NAME USING ERRCODE = 'check_violation'; END IF;\n                IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;", hash='e2748366e56a7bcc83f94ad10a5a7a664f45c45b', operation='INSERT OR DELETE', pgid='pgtrigger_part_of_a_draft_9c835', table='policies_usualuse', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='ProgramRule',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('program', models.SlugField(max_length=60)),
                    ('number', models.PositiveIntegerField()),
                    ('title', models.CharField(max_length=120)),
                    ('text', models.TextField(help_text='Markdown.')),
                    ('text_hash', models.CharField(max_length=64)),
                    ('from_at', models.DateTimeField(help_text='When it comes, or came, into force.')),
                    ('acknowledge_by', models.DateTimeField(help_text='Until when holders of access acknowledge it.')),
                    ('published_at', models.DateTimeField()),
                    ('published_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('ended_at', models.DateTimeField(null=True)),
                    ('ended_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('holders_told_at', models.DateTimeField(help_text='Empty: letters to holders may be owed.', null=True)),
                    ('holders_reminded_at', models.DateTimeField(help_text='Empty: the reminder may be owed.', null=True)),
                ],
                options={
                    'ordering': ['program', 'number'],
                    'default_permissions': (),
                    'constraints': [
                        models.UniqueConstraint(fields=('program', 'number'), name='one_rule_per_number'),
                        models.CheckConstraint(condition=models.Q(('acknowledge_by__gte', models.F('from_at')), ('from_at__gte', models.F('published_at'))), name='rule_in_force_after_it_was_published'),
                        models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('ended_by', None)), models.Q(('ended_at__isnull', False), ('ended_by__isnull', False)), _connector='OR'), name='rule_ended_at_and_by'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='9e9f5ab0c6faf268cbe7dce40b727fbe94ccfae9', operation='DELETE', pgid='pgtrigger_kept_5c209', table='policies_programrule', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION '% only grows: TRUNCATE is refused', TG_TABLE_NAME;", hash='59f2c5eaf2ecc794f2a6d44100647bc1698c61ab', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_cd588', table='policies_programrule', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='words_never_change', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n                    IF OLD.program IS DISTINCT FROM NEW.program OR OLD.number IS DISTINCT FROM NEW.number OR OLD.title IS DISTINCT FROM NEW.title OR OLD.text IS DISTINCT FROM NEW.text OR OLD.text_hash IS DISTINCT FROM NEW.text_hash OR OLD.from_at IS DISTINCT FROM NEW.from_at OR OLD.acknowledge_by IS DISTINCT FROM NEW.acknowledge_by OR OLD.published_at IS DISTINCT FROM NEW.published_at OR OLD.published_by_id IS DISTINCT FROM NEW.published_by_id\n                        OR (OLD.ended_at IS NOT NULL AND (OLD.ended_at, OLD.ended_by_id)\n                            IS DISTINCT FROM (NEW.ended_at, NEW.ended_by_id)) THEN\n                        RAISE EXCEPTION 'Cannot update a rule that was published'\n                        USING ERRCODE = 'check_violation'; END IF;\n                    RETURN NEW;", hash='87da7440e34ec8c409ab1e9c408b9a3fa7407cf1', operation='UPDATE', pgid='pgtrigger_words_never_change_29c86', table='policies_programrule', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Subscription',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('email', models.EmailField(max_length=254)),
                    ('language', models.CharField(blank=True, max_length=10)),
                    ('token', models.CharField(help_text='In the links of its letters.', max_length=64, unique=True)),
                    ('asked_at', models.DateTimeField(help_text='When the letter with the link to confirm was last written.')),
                    ('confirmed_at', models.DateTimeField(null=True)),
                    ('told_of', models.ForeignKey(help_text='The last version a letter was written about.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='policies.guidelineversion')),
                ],
                options={
                    'default_permissions': (),
                    'constraints': [
                        models.UniqueConstraint(django.db.models.functions.text.Lower('email'), name='one_subscription_per_address'),
                        models.CheckConstraint(condition=models.Q(('confirmed_at', None), ('confirmed_at__gte', models.F('asked_at')), _connector='OR'), name='subscription_confirmed_after_it_was_asked_for'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='KnownWeakness',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('program', models.SlugField(max_length=60)),
                    ('version', models.PositiveIntegerField()),
                    ('text', models.TextField()),
                    ('text_hash', models.CharField(max_length=64)),
                    ('published_at', models.DateTimeField()),
                    ('published_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'verbose_name_plural': 'known weaknesses',
                    'ordering': ['program', '-version'],
                    'default_permissions': (),
                    'constraints': [
                        models.UniqueConstraint(fields=('program', 'version'), name='one_text_per_weakness_version'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='2524823a8f42edb4cc5356f08da5fc9baf0ff382', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_e3e28', table='policies_knownweakness', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION '% only grows: TRUNCATE is refused', TG_TABLE_NAME;", hash='e4175ac4a43dc87c607dbd6a64043111f0f0d893', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_d56bf', table='policies_knownweakness', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='WeaknessRecord',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('program', models.SlugField(max_length=60)),
                    ('code', models.SlugField(help_text='Such as avid-2023-v005, or one of your own.', max_length=60)),
                    ('revision', models.PositiveIntegerField()),
                    ('title', models.CharField(max_length=200)),
                    ('problem_class', models.CharField(blank=True, max_length=120)),
                    ('risk_domains', models.JSONField(default=list, help_text='Such as Security, Ethics, Performance.')),
                    ('effects', models.JSONField(default=list, help_text="AVID's codes, such as S0403: Adversarial Example.")),
                    ('lifecycle', models.JSONField(default=list)),
                    ('severity', models.CharField(choices=[('low', 'Low'), ('moderate', 'Moderate'), ('high', 'High'), ('critical', 'Critical')], max_length=10)),
                    ('status', models.CharField(choices=[('open', 'Open'), ('mitigated', 'Mitigated'), ('fixed', 'Fixed'), ('withdrawn', 'Withdrawn')], max_length=10)),
                    ('affected', models.TextField(blank=True, help_text='Which models and versions.')),
                    ('description', models.TextField(help_text='Markdown.')),
                    ('examples', models.TextField(blank=True, help_text='Markdown.')),
                    ('workaround', models.TextField(blank=True, help_text='Markdown: what users of the model do about it.')),
                    ('must_read', models.JSONField(default=list, help_text='Codes of the scrutiny domains whose uses must read it; empty: all.')),
                    ('references', models.JSONField(default=list, help_text='[{label, url}]')),
                    ('found_by', models.CharField(blank=True, max_length=200)),
                    ('found_on', models.DateField(null=True)),
                    ('source', models.JSONField(default=dict, help_text='The file it was imported from.')),
                    ('digest', models.CharField(help_text='SHA-256 of what it says.', max_length=64)),
                    ('published_at', models.DateTimeField()),
                    ('published_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('holders_told_at', models.DateTimeField(help_text='Empty: letters to holders may be owed.', null=True)),
                ],
                options={
                    'verbose_name': 'record of a weakness',
                    'verbose_name_plural': 'records of weaknesses',
                    'ordering': ['program', 'code', '-revision'],
                    'default_permissions': (),
                    'constraints': [
                        models.UniqueConstraint(fields=('program', 'code', 'revision'), name='one_weakness_record_per_revision'),
                        models.CheckConstraint(condition=models.Q(('severity__in', ['low', 'moderate', 'high', 'critical'])), name='weakness_severity_known'),
                        models.CheckConstraint(condition=models.Q(('status__in', ['open', 'mitigated', 'fixed', 'withdrawn'])), name='weakness_status_known'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='100c78588d38a842f2a8dc24c5587c8d2732e617', operation='DELETE', pgid='pgtrigger_kept_b56eb', table='policies_weaknessrecord', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION '% only grows: TRUNCATE is refused', TG_TABLE_NAME;", hash='c5f23a3bf1d09aa645d852427b2f8a0fd7a3cd5f', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_88490', table='policies_weaknessrecord', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='says_never_change', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF to_jsonb(OLD) - 'holders_told_at' IS DISTINCT FROM to_jsonb(NEW) - 'holders_told_at' THEN\n                    RAISE EXCEPTION 'Cannot update a record of a weakness: it is followed by its next revision'\n                    USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='ed1f97417cdceaddcf4a345d5281a25da47c80a9', operation='UPDATE', pgid='pgtrigger_says_never_change_79262', table='policies_weaknessrecord', when='BEFORE')),
                    ],
                },
            ),
        ]),
    ]
