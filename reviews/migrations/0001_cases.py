import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.expressions
import pgtrigger.compiler
import reviews.models.quality
import reviews.models.queue_export
from django.conf import settings
from django.db import migrations, models

from config.tables import Tables


class Migration(migrations.Migration):

    replaces = [
        ('reviews', '0001_initial'),
        ('reviews', '0002_case_kinds'),
        ('reviews', '0003_decision_reversals'),
        ('reviews', '0004_bars'),
        ('reviews', '0005_answers_with_files'),
        ('reviews', '0006_what_a_case_may_hold'),
        ('reviews', '0007_quoted_passages'),
        ('reviews', '0008_claims_put_aside_and_handed_over'),
        ('reviews', '0009_precedents'),
        ('reviews', '0010_care_and_interests'),
        ('reviews', '0011_opinions_and_recalls'),
        ('reviews', '0012_questions_and_tenures_of_before'),
        ('reviews', '0013_notes_and_unsent_work'),
        ('reviews', '0014_triage_rules'),
        ('reviews', '0015_queue_order_and_days_off'),
        ('reviews', '0016_saved_views_and_promise_warnings'),
        ('reviews', '0017_bulk_and_exports_of_the_queue'),
        ('reviews', '0018_second_reviews'),
        ('reviews', '0019_approval_by_rules'),
        ('reviews', '0020_file_openings'),
        ('reviews', '0021_what_rules_may_approve'),
        ('reviews', '0022_exports_of_the_line'),
        ('reviews', '0023_exports_say_what_by_themselves'),
    ]

    initial = True

    dependencies = [
        ('onboarding', '0001_line'),
        ('outbox', '0001_letters'),
        ('policies', '0001_guidelines'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        Tables([
            migrations.CreateModel(
                name='AutomaticApproval',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('program', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='automatic_approvals', to='onboarding.program')),
                    ('is_on', models.BooleanField()),
                    ('sample', models.PositiveSmallIntegerField(help_text='Percent of what rules approve that a person looks at again.')),
                    ('reason', models.CharField(max_length=500)),
                    ('set_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('set_at', models.DateTimeField()),
                ],
                options={
                    'ordering': ['-id'],
                    'default_permissions': (),
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(models.Q(('reason', ''), _negated=True), ('sample__range', (5, 100))), name='automatic_approval_says_why_and_is_looked_at'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='3c86e10f97e4ea492ba0cd1020fcf04a3d1e325c', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_eb507', table='reviews_automaticapproval', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION '% only grows: TRUNCATE is refused', TG_TABLE_NAME;", hash='77ee4f5d8db14e47c4dbaf3c2dc9d679cd09a25d', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_eaf6e', table='reviews_automaticapproval', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Case',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('kind', models.CharField(choices=[('application', 'Application'), ('production', 'Production review'), ('amendment', 'Change of use'), ('renewal', 'Renewal')], default='application', max_length=12)),
                    ('program', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cases', to='onboarding.program')),
                    ('application', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='case', to='onboarding.application')),
                    ('revision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='onboarding.revision')),
                    ('state', models.CharField(choices=[('open', 'Open'), ('claimed', 'Claimed'), ('awaiting_second', 'Waits for a second person'), ('awaiting_applicant', 'Waits for the applicant'), ('decided', 'Decided'), ('closed', 'Closed, withdrawn')], default='open', max_length=20)),
                    ('lane', models.CharField(choices=[('refuse', 'Refuse'), ('hold', 'Hold'), ('notify', 'Notify'), ('monitor', 'Monitor')], max_length=10)),
                    ('risk_score', models.PositiveSmallIntegerField()),
                    ('risk_level', models.PositiveSmallIntegerField()),
                    ('domains', models.JSONField(default=list)),
                    ('opened_at', models.DateTimeField()),
                    ('due_at', models.DateTimeField()),
                    ('decided_at', models.DateTimeField(null=True)),
                    ('rank_breach', models.PositiveSmallIntegerField(db_default=0, default=0, help_text='Risk of a late answer.')),
                    ('rank_lane', models.PositiveSmallIntegerField(db_default=0, default=0)),
                    ('rank_risk', models.PositiveSmallIntegerField(db_default=0, default=0)),
                    ('rank_rule', models.CharField(db_default='', help_text='The rule that ranked it.', max_length=20)),
                    ('rank', models.GeneratedField(db_persist=True, expression=django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('rank_breach'), '+', models.F('rank_lane')), '+', models.F('rank_risk')), output_field=models.PositiveSmallIntegerField())),
                    ('severity', models.PositiveSmallIntegerField(choices=[(0, '0 · nothing hard to read'), (1, '1 · may be unpleasant'), (2, '2 · describes harm to people'), (3, '3 · describes grave harm')], db_default=0, default=0)),
                    ('severe', models.JSONField(db_default={}, default=dict, help_text='{category code: severity} of what it may hold that is severe.')),
                    ('expectation_owed', models.BooleanField(db_default=True, default=True, help_text='Promise: what it may hold is looked at anew.')),
                    ('likeness_owed', models.BooleanField(db_default=True, default=True, help_text='Promise: what it is compared by is made anew.')),
                    ('version', models.PositiveIntegerField(db_default=0, help_text='Raised by whatever a decision rests on; a page that shows an older one is stale.')),
                    ('rules_owed', models.BooleanField(db_default=True, default=True, help_text='Promise: the triage rules look at it anew.')),
                ],
                options={
                    'default_permissions': (),
                    'indexes': [
                        models.Index(condition=models.Q(('state__in', ['open', 'claimed', 'awaiting_second'])), fields=['-rank', 'opened_at', 'id'], name='case_queue'),
                        models.Index(condition=models.Q(('state', 'open')), fields=['-rank', 'opened_at', 'id'], name='case_next'),
                        models.Index(condition=models.Q(('state__in', ['open', 'claimed', 'awaiting_second'])), fields=['program', '-rank', 'opened_at', 'id'], name='case_queue_of_program'),
                        models.Index(condition=models.Q(('state__in', ['open', 'claimed', 'awaiting_second'])), fields=['program', 'rank_breach', 'due_at'], name='case_band'),
                        models.Index(condition=models.Q(('state__in', ['open', 'claimed', 'awaiting_second'])), fields=['due_at'], name='case_due'),
                        models.Index(fields=['program', 'rank_rule'], name='case_rank_rule'),
                        models.Index(fields=['program', 'state', 'due_at'], name='case_by_program'),
                        models.Index(condition=models.Q(('expectation_owed', True)), fields=['id'], name='case_expectation_owed'),
                        models.Index(condition=models.Q(('likeness_owed', True)), fields=['id'], name='case_likeness_owed'),
                        models.Index(condition=models.Q(('rules_owed', True)), fields=['id'], name='case_rules_owed'),
                    ],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('state__in', ['open', 'claimed', 'awaiting_second', 'awaiting_applicant', 'decided', 'closed'])), name='case_state_known'),
                        models.CheckConstraint(condition=models.Q(('kind__in', ['application', 'production', 'amendment', 'renewal']), ('lane__in', ['refuse', 'hold', 'notify', 'monitor'])), name='case_kind_and_lane_known'),
                        models.CheckConstraint(condition=models.Q(models.Q(('severity__in', [2, 3]), models.Q(('severe', {}), _negated=True)), models.Q(('severe', {}), ('severity__in', [0, 1])), _connector='OR'), name='case_severity_fits_what_is_severe'),
                        models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', False), ('state', 'decided')), models.Q(models.Q(('state', 'decided'), _negated=True), ('decided_at', None)), _connector='OR'), name='case_decided_at_when_decided'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='state_moves_by_the_table', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.state IS DISTINCT FROM NEW.state)', func="IF NOT ((OLD.state = 'open' AND NEW.state IN ('claimed', 'closed', 'decided')) OR (OLD.state = 'claimed' AND NEW.state IN ('awaiting_applicant', 'awaiting_second', 'closed', 'decided', 'open')) OR (OLD.state = 'awaiting_second' AND NEW.state IN ('closed', 'decided', 'open')) OR (OLD.state = 'awaiting_applicant' AND NEW.state IN ('closed', 'open')) OR (OLD.state = 'decided' AND NEW.state IN ('awaiting_second', 'open'))) THEN\n                RAISE EXCEPTION '%: no step from state % to %', TG_TABLE_NAME, OLD.state, NEW.state\n                USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='5a3df52cd79ec449ba75ccc940c55cbb13b5bc6f', operation='UPDATE', pgid='pgtrigger_state_moves_by_the_table_601f0', table='reviews_case', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='state_starts_at_the_start', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (NEW.state NOT IN ('open'))", func="RAISE EXCEPTION '%: a new row cannot start in state %', TG_TABLE_NAME, NEW.state\n                USING ERRCODE = 'check_violation';", hash='7a02c3aeb797850b439d419f5840e33eb4c853c2', operation='INSERT', pgid='pgtrigger_state_starts_at_the_start_5b50a', table='reviews_case', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='unclaimed_only_a_rule_decides', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (NEW."state" = \'decided\' AND OLD."state" = \'open\')', func="IF NOT EXISTS (SELECT FROM reviews_decision made\n        WHERE made.case_id = NEW.id AND made.by_rule_id IS NOT NULL AND made.recalled_at IS NULL) THEN\n    RAISE EXCEPTION 'reviews_case: nobody holds this case' USING ERRCODE = 'check_violation';\n    END IF; RETURN NEW;", hash='47991eb4182581960b667e5bf1366cbae34ab76e', operation='UPDATE', pgid='pgtrigger_unclaimed_only_a_rule_decides_a10c5', table='reviews_case', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Finding',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='findings', to='reviews.case')),
                    ('revision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='onboarding.revision')),
                    ('reviewer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('category', models.SlugField(max_length=60)),
                    ('verdict', models.CharField(choices=[('none', 'None'), ('concern', 'Concern'), ('violates', 'Violates')], max_length=10)),
                    ('note', models.CharField(blank=True, max_length=1000)),
                    ('quote', models.CharField(blank=True, help_text='A passage of an answer, as it stands there.', max_length=1000)),
                    ('quoted_in', models.SlugField(blank=True, help_text='The question whose answer holds it.', max_length=60)),
                    ('quote_start', models.PositiveIntegerField(help_text='Its first character in the answer.', null=True)),
                    ('quote_end', models.PositiveIntegerField(help_text='The character after its last one.', null=True)),
                    ('found_at', models.DateTimeField()),
                    ('expectation_owed', models.BooleanField(db_default=False, default=False, help_text="Promise: the owner's other cases are to know of it.")),
                ],
                options={
                    'default_permissions': (),
                    'indexes': [
                        models.Index(condition=models.Q(('expectation_owed', True)), fields=['id'], name='finding_spread_owed'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(fields=('case', 'revision', 'reviewer', 'category'), name='one_finding_per_person_and_category'),
                        models.CheckConstraint(condition=models.Q(('verdict__in', ['none', 'concern', 'violates'])), name='verdict_known'),
                        models.CheckConstraint(condition=models.Q(models.Q(('quote', ''), ('quote_end', None), ('quote_start', None), ('quoted_in', '')), models.Q(models.Q(('quote', ''), _negated=True), models.Q(('quoted_in', ''), _negated=True), ('quote_end__gt', models.F('quote_start')), ('quote_start__gte', 0)), _connector='OR'), name='quote_has_its_place'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Bulk',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('token', models.UUIDField(help_text='Of the page that was confirmed: the same page again is the same bulk.')),
                    ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bulks', to=settings.AUTH_USER_MODEL)),
                    ('made_at', models.DateTimeField()),
                    ('program', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='onboarding.program')),
                    ('kind', models.CharField(choices=[('application', 'Application'), ('production', 'Production review'), ('amendment', 'Change of use'), ('renewal', 'Renewal')], max_length=12)),
                    ('lane', models.CharField(choices=[('refuse', 'Refuse'), ('hold', 'Hold'), ('notify', 'Notify'), ('monitor', 'Monitor')], max_length=10)),
                    ('outcome', models.CharField(choices=[('approved', 'Approve'), ('approved_with_conditions', 'Approve with conditions'), ('needs_information', 'Ask for information'), ('rejected', 'Reject')], max_length=26)),
                    ('reason_code', models.CharField(max_length=40)),
                    ('categories', models.JSONField(default=list)),
                ],
                options={
                    'ordering': ['-id'],
                    'default_permissions': (),
                    'constraints': [
                        models.UniqueConstraint(fields=('made_by', 'token'), name='one_bulk_per_confirmed_page'),
                        models.CheckConstraint(condition=models.Q(('kind__in', ['application', 'production', 'amendment', 'renewal']), ('lane__in', ['refuse', 'hold', 'notify', 'monitor'])), name='bulk_kind_and_lane_known'),
                        models.CheckConstraint(condition=models.Q(('outcome__in', ('approved', 'needs_information', 'rejected'))), name='bulk_outcome_known'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='7102b267665c629526fa5336ca5849a6c40abe1a', operation='UPDATE OR DELETE', pgid='pgtrigger_kept_a9bd5', table='reviews_bulk', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='CareRule',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('minutes', models.PositiveSmallIntegerField(default=60, help_text='A day and category of severity 2.')),
                    ('grave_minutes', models.PositiveSmallIntegerField(default=30, help_text='A day and category of severity 3.')),
                    ('most_minutes', models.PositiveSmallIntegerField(default=120, help_text='Nobody may set more for themselves.')),
                    ('cool_down', models.PositiveSmallIntegerField(default=15, help_text='Minutes between one severe case and the next.')),
                    ('least_cool_down', models.PositiveSmallIntegerField(default=5, help_text='Nobody may set less for themselves.')),
                    ('last_hour', models.PositiveSmallIntegerField(default=16, help_text="No severe case from this hour on, in the reviewer's own time zone; 24: at any hour.")),
                    ('latest_hour', models.PositiveSmallIntegerField(default=19, help_text='Nobody may set a later one for themselves.')),
                    ('reason', models.CharField(max_length=500)),
                    ('set_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('set_at', models.DateTimeField()),
                ],
                options={
                    'ordering': ['-id'],
                    'default_permissions': (),
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('cool_down__gte', models.F('least_cool_down')), ('cool_down__lte', 480), ('grave_minutes__lte', models.F('most_minutes')), ('last_hour__lte', models.F('latest_hour')), ('latest_hour__lte', 24), ('minutes__lte', models.F('most_minutes')), ('most_minutes__lte', 480), models.Q(('reason', ''), _negated=True)), name='care_rule_within_its_own_bounds'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='e704454bafb99b48376ac3571200bf8fa12bb1aa', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_21543', table='reviews_carerule', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION '% only grows: TRUNCATE is refused', TG_TABLE_NAME;", hash='4f8975684aa2eccdc5f9e4edc516f90e7a475f8b', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_e0f26', table='reviews_carerule', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Care',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('reviewer', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='care', to=settings.AUTH_USER_MODEL)),
                    ('paused_at', models.DateTimeField(help_text='On a break since then: nothing is offered.', null=True)),
                    ('cool_down', models.PositiveSmallIntegerField(null=True)),
                    ('last_hour', models.PositiveSmallIntegerField(null=True)),
                    ('blur', models.CharField(choices=[('none', 'None'), ('light', 'Light'), ('strong', 'Strong')], default='light', max_length=6)),
                    ('grey', models.BooleanField(default=True)),
                    ('reroute_owed', models.BooleanField(default=False, help_text='Promise: cases they hold and are now kept from go back to the queue.')),
                ],
                options={
                    'default_permissions': (),
                    'indexes': [
                        models.Index(condition=models.Q(('reroute_owed', True)), fields=['id'], name='care_reroute_owed'),
                    ],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('blur__in', ['none', 'light', 'strong'])), name='blur_known'),
                        models.CheckConstraint(condition=models.Q(models.Q(('cool_down', None), ('cool_down__lte', 480), _connector='OR'), models.Q(('last_hour', None), ('last_hour__lte', 24), _connector='OR')), name='care_within_a_day'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='CategoryChoice',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('reviewer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='category_choices', to=settings.AUTH_USER_MODEL)),
                    ('category', models.SlugField(max_length=60)),
                    ('choice', models.CharField(choices=[('in', 'Offer me these'), ('out', 'Not for me')], max_length=3)),
                    ('minutes', models.PositiveSmallIntegerField(help_text="A day; empty: the site's.", null=True)),
                ],
                options={
                    'default_permissions': (),
                    'constraints': [
                        models.UniqueConstraint(fields=('reviewer', 'category'), name='one_choice_per_person_and_category'),
                        models.CheckConstraint(condition=models.Q(('choice__in', ['in', 'out'])), name='choice_known'),
                        models.CheckConstraint(condition=models.Q(('minutes', None), ('minutes__lte', 480), _connector='OR'), name='own_minutes_within_a_day'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Exposure',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('reviewer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='exposures', to=settings.AUTH_USER_MODEL)),
                    ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='exposures', to='reviews.case')),
                    ('severe', models.JSONField(help_text='{category code: severity} as it was expected then.')),
                    ('opened_at', models.DateTimeField()),
                    ('ends_by', models.DateTimeField(help_text='Counted no further, and covered again from then on.')),
                    ('ended_at', models.DateTimeField(null=True)),
                ],
                options={
                    'default_permissions': (),
                    'indexes': [
                        models.Index(fields=['reviewer', 'opened_at'], name='exposure_by_person'),
                        models.Index(fields=['opened_at'], name='exposure_by_time'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('reviewer',), name='one_open_text_per_person'),
                        models.CheckConstraint(condition=models.Q(('ends_by__gte', models.F('opened_at')), models.Q(('ended_at', None), models.Q(('ended_at__gte', models.F('opened_at')), ('ended_at__lte', models.F('ends_by'))), _connector='OR')), name='exposure_ends_after_it_began'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='ends_once', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."ended_at" IS NOT NULL OR OLD."opened_at" IS DISTINCT FROM (NEW."opened_at") OR OLD."ends_by" IS DISTINCT FROM (NEW."ends_by") OR OLD."severe" IS DISTINCT FROM (NEW."severe") OR OLD."case_id" IS DISTINCT FROM (NEW."case_id") OR OLD."reviewer_id" IS DISTINCT FROM (NEW."reviewer_id"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='6fadc7f168909802f52eb0493b76145f64da69d8', operation='UPDATE', pgid='pgtrigger_ends_once_ed953', table='reviews_exposure', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='kept_as_long_as_said', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (OLD.opened_at > now() - interval '90 days')", func="RAISE EXCEPTION '%: kept for 90 days', TG_TABLE_NAME;", hash='71cb3e39bad09b2dd999733e503a5805ebe59a4e', operation='DELETE', pgid='pgtrigger_kept_as_long_as_said_f403d', table='reviews_exposure', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Claim',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='claims', to='reviews.case')),
                    ('reviewer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='claims', to=settings.AUTH_USER_MODEL)),
                    ('claimed_at', models.DateTimeField()),
                    ('expires_at', models.DateTimeField()),
                    ('slot', models.PositiveSmallIntegerField(null=True)),
                    ('held_at', models.DateTimeField(help_text='Put aside until `expires_at`.', null=True)),
                    ('held_reason', models.CharField(blank=True, max_length=500)),
                    ('handed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('handed_note', models.CharField(blank=True, max_length=500)),
                    ('released_at', models.DateTimeField(null=True)),
                    ('ended', models.CharField(blank=True, choices=[('done', 'Worked on'), ('given_back', 'Given back'), ('ran_out', 'Ran out'), ('hold_over', 'The time it was put aside for is over'), ('handed_over', 'Handed over'), ('forced', 'Taken away'), ('withdrawn', 'The applicant withdrew')], max_length=12)),
                    ('released_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('release_reason', models.CharField(blank=True, max_length=500)),
                ],
                options={
                    'default_permissions': (),
                    'indexes': [
                        models.Index(condition=models.Q(('released_at', None)), fields=['expires_at'], name='claim_unreleased'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(condition=models.Q(('released_at', None)), fields=('case',), name='one_unreleased_claim_per_case'),
                        models.UniqueConstraint(condition=models.Q(('released_at', None)), fields=('reviewer', 'slot'), name='one_claim_per_slot'),
                        models.CheckConstraint(condition=models.Q(('slot', None), ('slot__in', (1, 2, 3)), _connector='OR'), name='claim_slot_known'),
                        models.CheckConstraint(condition=models.Q(models.Q(('held_at', None), ('held_reason', '')), models.Q(('held_at__isnull', False), ('slot', None), models.Q(('held_reason', ''), _negated=True)), _connector='OR'), name='claim_held_with_a_reason_and_no_slot'),
                        models.CheckConstraint(condition=models.Q(models.Q(('handed_by', None), ('handed_note', '')), models.Q(('handed_by__isnull', False), models.Q(('handed_by', models.F('reviewer')), _negated=True)), _connector='OR'), name='claim_handed_over_by_another'),
                        models.CheckConstraint(condition=models.Q(models.Q(('ended', ''), ('released_at', None)), models.Q(('ended__in', ['done', 'given_back', 'ran_out', 'hold_over', 'handed_over', 'forced', 'withdrawn', '']), ('released_at__isnull', False)), _connector='OR'), name='claim_ended_how'),
                        models.CheckConstraint(condition=models.Q(models.Q(('release_reason', ''), ('released_by', None)), models.Q(('ended', 'forced'), ('released_at__isnull', False), ('released_by__isnull', False), models.Q(('release_reason', ''), _negated=True)), _connector='OR'), name='claim_released_at_by'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='DayOff',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('program', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='days_off', to='onboarding.program')),
                    ('on', models.DateField()),
                    ('name', models.CharField(max_length=80)),
                    ('added_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('added_at', models.DateTimeField()),
                ],
                options={
                    'ordering': ['on'],
                    'default_permissions': (),
                    'constraints': [
                        models.UniqueConstraint(fields=('program', 'on'), name='one_day_off_per_date'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='FileOpening',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('attachment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='openings', to='onboarding.attachment')),
                    ('reviewer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('opened_at', models.DateTimeField()),
                ],
                options={
                    'default_permissions': (),
                    'indexes': [
                        models.Index(fields=['opened_at'], name='file_opening_by_time'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(fields=('attachment', 'reviewer'), name='one_opening_per_file_and_reviewer'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='never_changes', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='d37c290e48cd5395cf8f00e5a9a9c21be60592f4', operation='UPDATE', pgid='pgtrigger_never_changes_b9b39', table='reviews_fileopening', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Interest',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('reviewer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='interests', to=settings.AUTH_USER_MODEL)),
                    ('kind', models.CharField(choices=[('organisation', 'Organisation'), ('domain', 'E-mail domain')], max_length=12)),
                    ('name', models.CharField(help_text='In lower case, one blank between words.', max_length=253)),
                    ('declared_at', models.DateTimeField()),
                    ('ended_at', models.DateTimeField(null=True)),
                ],
                options={
                    'default_permissions': (),
                    'constraints': [
                        models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('reviewer', 'kind', 'name'), name='one_live_interest'),
                        models.CheckConstraint(condition=models.Q(('kind__in', ['organisation', 'domain']), models.Q(('name', ''), _negated=True)), name='interest_kind_known'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='InterestOverride',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='interest_overrides', to='reviews.case')),
                    ('reviewer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='interest_overrides', to=settings.AUTH_USER_MODEL)),
                    ('reason', models.CharField(max_length=1000)),
                    ('given_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('given_at', models.DateTimeField()),
                ],
                options={
                    'default_permissions': (),
                    'constraints': [
                        models.UniqueConstraint(fields=('case', 'reviewer'), name='one_override_per_case_and_person'),
                        models.CheckConstraint(condition=models.Q(models.Q(('reason', ''), _negated=True), models.Q(('given_by', models.F('reviewer')), _negated=True)), name='override_in_writing_by_another'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Likeness',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('case', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='likeness', to='reviews.case')),
                    ('revision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='onboarding.revision')),
                    ('text', models.TextField(help_text='The title, and what was written at length.')),
                    ('text_hash', models.CharField(help_text='SHA-256 of the text in small letters, blanks aside.', max_length=64)),
                    ('words', models.GeneratedField(db_persist=True, expression=django.contrib.postgres.search.SearchVector('text', config='english'), output_field=django.contrib.postgres.search.SearchVectorField())),
                    ('mail_key', models.CharField(blank=True, help_text="The applicant's address without what makes aliases of it.", max_length=254)),
                    ('mail_domain', models.CharField(blank=True, help_text='Empty where anybody can have an address.', max_length=254)),
                ],
                options={
                    'default_permissions': (),
                    'indexes': [
                        django.contrib.postgres.indexes.GinIndex(fastupdate=False, fields=['words'], name='likeness_by_words'),
                        models.Index(fields=['text_hash'], name='likeness_by_text'),
                        models.Index(condition=models.Q(('mail_key', ''), _negated=True), fields=['mail_key'], name='likeness_by_address'),
                        models.Index(condition=models.Q(('mail_domain', ''), _negated=True), fields=['mail_domain', '-case'], name='likeness_by_domain'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Opinion',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='opinions', to='reviews.case')),
                    ('revision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='onboarding.revision')),
                    ('reviewer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='opinions', to=settings.AUTH_USER_MODEL)),
                    ('outcome', models.CharField(choices=[('approved', 'Approve'), ('approved_with_conditions', 'Approve with conditions'), ('needs_information', 'Ask for information'), ('rejected', 'Reject')], max_length=26)),
                    ('categories', models.JSONField(default=list, help_text='Category codes, the main one first.')),
                    ('reason_code', models.CharField(blank=True, max_length=40)),
                    ('note', models.CharField(blank=True, max_length=1000)),
                    ('made_at', models.DateTimeField()),
                    ('blind', models.BooleanField()),
                ],
                options={
                    'default_permissions': (),
                    'constraints': [
                        models.UniqueConstraint(fields=('revision', 'reviewer'), name='one_opinion_per_person_and_revision'),
                        models.CheckConstraint(condition=models.Q(('outcome__in', ['approved', 'approved_with_conditions', 'needs_information', 'rejected'])), name='opinion_outcome_known'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Tenure',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('reviewer', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='tenure', to=settings.AUTH_USER_MODEL)),
                    ('since_at', models.DateTimeField()),
                ],
                options={
                    'default_permissions': (),
                },
            ),
            migrations.CreateModel(
                name='PromiseWarning',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('program', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='onboarding.program')),
                    ('on', models.DateField(help_text='The day there.')),
                    ('cases', models.PositiveIntegerField()),
                    ('warned_at', models.DateTimeField()),
                ],
                options={
                    'default_permissions': (),
                    'constraints': [
                        models.UniqueConstraint(fields=('program', 'on'), name='one_promise_warning_a_day'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='SecondReviewRule',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('program', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='second_review_rules', to='onboarding.program')),
                    ('shares', models.JSONField(help_text='{lane: percent}; a lane left out has none.')),
                    ('first_cases', models.PositiveSmallIntegerField(default=5, help_text='So many of a new guideline version, and of a new category, always.')),
                    ('salt', models.CharField(default=reviews.models.quality._salt, help_text='So that nobody can foresee a draw.', max_length=32)),
                    ('reason', models.CharField(max_length=500)),
                    ('set_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('set_at', models.DateTimeField()),
                ],
                options={
                    'ordering': ['-id'],
                    'default_permissions': (),
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(models.Q(('reason', ''), _negated=True), ('first_cases__lte', 100)), name='second_review_rule_says_why'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='3e07a8a8c0213772d3f9caa2bcb983878f42eeb8', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_8c62c', table='reviews_secondreviewrule', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION '% only grows: TRUNCATE is refused', TG_TABLE_NAME;", hash='864435dcfaee52a15ff330ce6b7d35505030390f', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_76af4', table='reviews_secondreviewrule', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='QueueExport',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('asked_at', models.DateTimeField()),
                    ('what', models.CharField(choices=[('queue', 'The queue'), ('line', 'The line'), ('weeks', 'The weeks')], db_default='queue', default='queue', max_length=10)),
                    ('query', models.CharField(blank=True, help_text="The page's filters, as in its address; of a line its program.", max_length=500)),
                    ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Running'), ('done', 'Ready'), ('failed', 'Failed'), ('dropped', 'Deleted')], default='waiting', max_length=10)),
                    ('total', models.PositiveIntegerField(default=0)),
                    ('rows', models.PositiveIntegerField(default=0)),
                    ('stored_as', models.CharField(default=reviews.models.queue_export.new_name, editable=False, max_length=120)),
                    ('sha256', models.CharField(blank=True, max_length=64)),
                    ('finished_at', models.DateTimeField(null=True)),
                    ('problem', models.CharField(blank=True, max_length=300)),
                ],
                options={
                    'ordering': ['-id'],
                    'default_permissions': (),
                    'indexes': [
                        models.Index(condition=models.Q(('state', 'dropped'), _negated=True), fields=['asked_at'], name='queue_export_kept'),
                    ],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'running', 'done', 'failed', 'dropped'])), name='queue_export_state_known'),
                        models.CheckConstraint(condition=models.Q(('what__in', ['queue', 'line', 'weeks'])), name='queue_export_what_known'),
                        models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), models.Q(models.Q(('sha256', ''), _negated=True), ('finished_at__isnull', False)), _connector='OR'), name='queue_export_done_with_its_digest'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='state_moves_by_the_table', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.state IS DISTINCT FROM NEW.state)', func="IF NOT ((OLD.state = 'waiting' AND NEW.state IN ('dropped', 'running')) OR (OLD.state = 'running' AND NEW.state IN ('done', 'failed')) OR (OLD.state = 'failed' AND NEW.state IN ('dropped', 'waiting')) OR (OLD.state = 'done' AND NEW.state IN ('dropped'))) THEN\n                RAISE EXCEPTION '%: no step from state % to %', TG_TABLE_NAME, OLD.state, NEW.state\n                USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='6b7d27d0d075fad9754d0845b564b61fc95f7a54', operation='UPDATE', pgid='pgtrigger_state_moves_by_the_table_85d97', table='reviews_queueexport', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='state_starts_at_the_start', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (NEW.state NOT IN ('waiting'))", func="RAISE EXCEPTION '%: a new row cannot start in state %', TG_TABLE_NAME, NEW.state\n                USING ERRCODE = 'check_violation';", hash='ad912fec9795c106c077646a4008d9c9948aef8f', operation='INSERT', pgid='pgtrigger_state_starts_at_the_start_99904', table='reviews_queueexport', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='SavedView',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('reviewer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='saved_views', to=settings.AUTH_USER_MODEL)),
                    ('name', models.CharField(max_length=40)),
                    ('filters', models.JSONField(default=dict, help_text="What stands in the desk's address: {name: value}.")),
                    ('is_default', models.BooleanField(default=False)),
                    ('saved_at', models.DateTimeField()),
                ],
                options={
                    'ordering': ['name'],
                    'default_permissions': (),
                    'constraints': [
                        models.UniqueConstraint(fields=('reviewer', 'name'), name='one_saved_view_per_name'),
                        models.UniqueConstraint(condition=models.Q(('is_default', True)), fields=('reviewer',), name='one_default_view_per_reviewer'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='TriageRule',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=100, unique=True)),
                    ('program', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='triage_rules', to='onboarding.program')),
                    ('state', models.CharField(choices=[('draft', 'Draft'), ('on', 'On'), ('silent', 'Silent')], default='draft', max_length=10)),
                    ('number', models.PositiveIntegerField(default=1)),
                    ('changed_at', models.DateTimeField(help_text='When its state was last set.')),
                    ('changed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'ordering': ['name'],
                    'default_permissions': (),
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'on', 'silent'])), name='rule_state_known'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='state_moves_by_the_table', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.state IS DISTINCT FROM NEW.state)', func="IF NOT ((OLD.state = 'draft' AND NEW.state IN ('on')) OR (OLD.state = 'on' AND NEW.state IN ('draft', 'silent')) OR (OLD.state = 'silent' AND NEW.state IN ('draft'))) THEN\n                RAISE EXCEPTION '%: no step from state % to %', TG_TABLE_NAME, OLD.state, NEW.state\n                USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='b588e849161b840227cc6b3e866982a79911f8cf', operation='UPDATE', pgid='pgtrigger_state_moves_by_the_table_aeb7d', table='reviews_triagerule', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='state_starts_at_the_start', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (NEW.state NOT IN ('draft'))", func="RAISE EXCEPTION '%: a new row cannot start in state %', TG_TABLE_NAME, NEW.state\n                USING ERRCODE = 'check_violation';", hash='a45bd1cc71302f5150150fb70057ec8bf71554e1', operation='INSERT', pgid='pgtrigger_state_starts_at_the_start_2ee90', table='reviews_triagerule', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='RuleVersion',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('rule', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='reviews.triagerule')),
                    ('number', models.PositiveIntegerField()),
                    ('condition', models.CharField(help_text='On set answers, in the language of onboarding.domain.conditions.', max_length=500)),
                    ('lane', models.CharField(blank=True, choices=[('refuse', 'Refuse'), ('hold', 'Hold'), ('notify', 'Notify'), ('monitor', 'Monitor')], max_length=10)),
                    ('domains', models.JSONField(default=list, help_text='Codes of categories to look at.')),
                    ('due_days', models.PositiveSmallIntegerField(blank=True, help_text="Working days from sending, where that is nearer than its lane's.", null=True)),
                    ('questions', models.JSONField(default=list, help_text='What to ask the applicant.')),
                    ('approves', models.BooleanField(default=False, help_text='May approve by itself, where its program has that switched on.')),
                    ('expects', models.CharField(choices=[('approved', 'Approved as it is'), ('scrutiny', 'Anything but approved as it is'), ('asked', 'A question is asked'), ('cited', 'One of its domains is cited or found')], default='scrutiny', max_length=10)),
                    ('least_precision', models.PositiveSmallIntegerField(default=50, help_text='Percent. Surely below it, the rule falls silent.')),
                    ('least_decided', models.PositiveSmallIntegerField(default=30, help_text='Cases before that is measured.')),
                    ('why', models.CharField(max_length=500)),
                    ('written_at', models.DateTimeField()),
                    ('written_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'ordering': ['rule', '-number'],
                    'default_permissions': (),
                    'constraints': [
                        models.UniqueConstraint(fields=('rule', 'number'), name='one_rule_version_per_number'),
                        models.CheckConstraint(condition=models.Q(('expects__in', ['approved', 'scrutiny', 'asked', 'cited']), ('lane__in', ['refuse', 'hold', 'notify', 'monitor', ''])), name='rule_lane_and_expectation_known'),
                        models.CheckConstraint(condition=models.Q(('least_decided__gte', 5), ('least_precision__range', (1, 99))), name='rule_bounds_sane'),
                        models.CheckConstraint(condition=models.Q(models.Q(('lane', ''), _negated=True), models.Q(('domains', []), _negated=True), ('due_days__isnull', False), models.Q(('questions', []), _negated=True), ('approves', True), _connector='OR'), name='rule_suggests_something'),
                        models.CheckConstraint(condition=models.Q(('approves', False), models.Q(('domains', []), ('expects', 'approved'), ('lane', 'notify'), ('questions', [])), _connector='OR'), name='approving_rule_is_of_the_notify_lane'),
                        models.CheckConstraint(condition=models.Q(('approves', False), models.Q(('least_decided__gte', 30), ('least_precision__gte', 80)), _connector='OR'), name='approving_rule_is_measured_well'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='570c99dee97b263fe4cce4e02233520f80cbc578', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_70a85', table='reviews_ruleversion', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION '% only grows: TRUNCATE is refused', TG_TABLE_NAME;", hash='d4d0915253bf8520727602bd180aca0424bbdcec', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_4804c', table='reviews_ruleversion', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Decision',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='reviews.case')),
                    ('revision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='onboarding.revision')),
                    ('guidelines', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='policies.guidelineversion')),
                    ('outcome', models.CharField(choices=[('approved', 'Approve'), ('approved_with_conditions', 'Approve with conditions'), ('needs_information', 'Ask for information'), ('rejected', 'Reject')], max_length=26)),
                    ('reason_code', models.CharField(help_text='From the shipped decision reasons.', max_length=40)),
                    ('reasons_version', models.CharField(max_length=20)),
                    ('categories', models.JSONField(default=list, help_text='Category codes, the main one first.')),
                    ('explanation', models.TextField(help_text='The reason as the applicant reads it, filled in.', max_length=2000)),
                    ('facts', models.TextField(blank=True, help_text='The facts relied on; no personal data.', max_length=5000)),
                    ('what_would_change', models.TextField(blank=True, max_length=2000)),
                    ('reapply_after_days', models.PositiveSmallIntegerField(blank=True, null=True)),
                    ('reapply_never', models.BooleanField(default=False)),
                    ('conditions', models.JSONField(default=list, help_text='[{category, text, kind, …}], see conditions.')),
                    ('why_different', models.TextField(blank=True, help_text='Why it differs from the nearest decided cases; for colleagues.', max_length=1000)),
                    ('beside', models.JSONField(db_default={}, default=dict, help_text='What stood beside the case: kinds of signals; where near cases were clear, `approved` of `of`.')),
                    ('supersedes', models.ForeignKey(help_text='The decision on this case that this one takes the place of.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='superseded_by', to='reviews.decision')),
                    ('token', models.CharField(blank=True, help_text='Of the form it was sent with: the same form sent twice is once.', max_length=36)),
                    ('emergency_reason', models.CharField(blank=True, help_text='Why it is told without a recall window.', max_length=500)),
                    ('second', models.CharField(choices=[('nobody', 'Nobody'), ('reviewer', 'Another reviewer'), ('senior', 'A senior reviewer')], default='nobody', max_length=10)),
                    ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to=settings.AUTH_USER_MODEL)),
                    ('by_rule', models.ForeignKey(help_text='The triage rule that approved by itself; then no person decided.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='approvals', to='reviews.ruleversion')),
                    ('decided_at', models.DateTimeField()),
                    ('signed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('signed_at', models.DateTimeField(null=True)),
                    ('returned_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('returned_at', models.DateTimeField(null=True)),
                    ('return_reason', models.CharField(blank=True, max_length=1000)),
                    ('recalled_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('recalled_at', models.DateTimeField(help_text='Taken back before anybody was told.', null=True)),
                    ('recall_reason', models.CharField(blank=True, max_length=1000)),
                    ('tell_at', models.DateTimeField(help_text='Promise: told from then on.', null=True)),
                    ('told_at', models.DateTimeField(null=True)),
                    ('letter', models.OneToOneField(help_text='The exact words it was told with.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decision', to='outbox.letter')),
                    ('template_version', models.CharField(blank=True, help_text='Digest of the templates of that letter.', max_length=12)),
                    ('overturned_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('overturned_at', models.DateTimeField(help_text='An appeal was upheld: it does not count.', null=True)),
                    ('reapply_allowed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('reapply_allowed_at', models.DateTimeField(help_text='What was wrong is mended: one may apply again from then on.', null=True)),
                    ('draw_owed', models.BooleanField(db_default=False, default=True, help_text='Promise: whether somebody looks again is drawn once it was told.')),
                ],
                options={
                    'ordering': ['-id'],
                    'default_permissions': (),
                    'indexes': [
                        models.Index(condition=models.Q(('draw_owed', True), ('told_at__isnull', False)), fields=['id'], name='decision_to_draw'),
                        models.Index(condition=models.Q(('recalled_at', None), ('returned_at', None), ('tell_at__isnull', False), ('told_at', None)), fields=['tell_at'], name='decision_to_tell'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(condition=models.Q(('recalled_at', None), ('returned_at', None), ('told_at', None)), fields=('case',), name='one_untold_decision_per_case'),
                        models.UniqueConstraint(condition=models.Q(('token', ''), _negated=True), fields=('case', 'token'), name='one_decision_per_form_sent'),
                        models.CheckConstraint(condition=models.Q(('outcome__in', ['approved', 'approved_with_conditions', 'needs_information', 'rejected'])), name='outcome_known'),
                        models.CheckConstraint(condition=models.Q(models.Q(('by_rule', None), ('decided_by__isnull', False)), models.Q(('by_rule__isnull', False), ('decided_by', None), ('outcome', 'approved'), ('second', 'nobody'), ('signed_by', None), ('supersedes', None)), _connector='OR'), name='decided_by_a_person_or_approved_by_a_rule'),
                        models.CheckConstraint(condition=models.Q(models.Q(('outcome', 'rejected'), _negated=True), models.Q(models.Q(('categories', []), _negated=True), models.Q(('facts', ''), _negated=True), models.Q(('what_would_change', ''), _negated=True), models.Q(models.Q(('reapply_after_days', None), ('reapply_never', True)), models.Q(('reapply_after_days__isnull', False), ('reapply_never', False)), _connector='OR')), _connector='OR'), name='rejection_says_why_what_and_when'),
                        models.CheckConstraint(condition=models.Q(models.Q(('outcome', 'approved_with_conditions'), models.Q(('conditions', []), _negated=True)), models.Q(models.Q(('outcome', 'approved_with_conditions'), _negated=True), ('conditions', [])), _connector='OR'), name='conditional_approval_has_conditions'),
                        models.CheckConstraint(condition=models.Q(models.Q(('signed_at', None), ('signed_by', None)), models.Q(('signed_at__isnull', False), ('signed_by__isnull', False)), _connector='OR'), name='decision_signed_at_by'),
                        models.CheckConstraint(condition=models.Q(models.Q(('return_reason', ''), ('returned_at', None), ('returned_by', None)), models.Q(('returned_at__isnull', False), ('returned_by__isnull', False), models.Q(('return_reason', ''), _negated=True)), _connector='OR'), name='decision_returned_at_by'),
                        models.CheckConstraint(condition=models.Q(models.Q(('recall_reason', ''), ('recalled_at', None), ('recalled_by', None)), models.Q(('recalled_at__isnull', False), ('recalled_by__isnull', False), ('tell_at', None), ('told_at', None), models.Q(('recall_reason', ''), _negated=True)), _connector='OR'), name='decision_recalled_at_by'),
                        models.CheckConstraint(condition=models.Q(('signed_by', None), models.Q(('signed_by', models.F('decided_by')), _negated=True), _connector='OR'), name='nobody_signs_their_own_decision'),
                        models.CheckConstraint(condition=models.Q(models.Q(('overturned_at', None), ('overturned_by', None)), models.Q(('outcome', 'rejected'), ('overturned_at__isnull', False), ('overturned_by__isnull', False), ('told_at__lte', models.F('overturned_at'))), _connector='OR'), name='decision_overturned_at_by'),
                        models.CheckConstraint(condition=models.Q(('overturned_by', None), models.Q(models.Q(('overturned_by', models.F('decided_by')), _negated=True), models.Q(('signed_by', None), models.Q(('overturned_by', models.F('signed_by')), _negated=True), _connector='OR')), _connector='OR'), name='nobody_overturns_their_own_decision'),
                        models.CheckConstraint(condition=models.Q(models.Q(('reapply_allowed_at', None), ('reapply_allowed_by', None)), models.Q(('outcome', 'rejected'), ('reapply_allowed_at__isnull', False), ('reapply_allowed_by__isnull', False), ('reapply_never', False), ('told_at__lte', models.F('reapply_allowed_at'))), _connector='OR'), name='decision_reapply_allowed_at_by'),
                        models.CheckConstraint(condition=models.Q(models.Q(('tell_at', None), ('told_at', None)), models.Q(('returned_at', None), models.Q(('second', 'nobody'), ('signed_at__isnull', False), _connector='OR')), _connector='OR'), name='told_only_when_final'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='803d4d1cbefadd4acc94697382e9434741d94d19', operation='DELETE', pgid='pgtrigger_kept_0576b', table='reviews_decision', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='outcome_never_changes', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."outcome" IS DISTINCT FROM (NEW."outcome") OR OLD."reason_code" IS DISTINCT FROM (NEW."reason_code") OR OLD."decided_by_id" IS DISTINCT FROM (NEW."decided_by_id") OR OLD."by_rule_id" IS DISTINCT FROM (NEW."by_rule_id") OR OLD."second" IS DISTINCT FROM (NEW."second") OR OLD."revision_id" IS DISTINCT FROM (NEW."revision_id") OR OLD."guidelines_id" IS DISTINCT FROM (NEW."guidelines_id"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='9c2bd97d51d3d0262299f147f1c068f5b09cba75', operation='UPDATE', pgid='pgtrigger_outcome_never_changes_f6808', table='reviews_decision', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='words_never_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN ((NEW.explanation IS DISTINCT FROM OLD.explanation AND NEW.explanation <> '(blanked)') OR (NEW.facts IS DISTINCT FROM OLD.facts AND NEW.facts <> '(blanked)') OR (NEW.what_would_change IS DISTINCT FROM OLD.what_would_change AND NEW.what_would_change <> '(blanked)'))", func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='e785e2eb46bbc34059f4f860dbaeef890d4a57d8', operation='UPDATE', pgid='pgtrigger_words_never_change_96123', table='reviews_decision', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='signed_for_good', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."signed_at" IS NOT NULL AND (OLD."signed_at" IS DISTINCT FROM (NEW."signed_at") OR OLD."signed_by_id" IS DISTINCT FROM (NEW."signed_by_id")))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='aa6349e8b4822edcbc726dafcaf5d15a0e87156b', operation='UPDATE', pgid='pgtrigger_signed_for_good_a398d', table='reviews_decision', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='held_until_signed', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.second <> 'nobody' AND NEW.signed_by_id IS NULL\n        AND (NEW.tell_at IS NOT NULL OR NEW.told_at IS NOT NULL) THEN\n    RAISE EXCEPTION 'reviews_decision: a held decision waits for its second person' USING ERRCODE = 'check_violation';\n    END IF;\n    IF NEW.outcome <> 'needs_information' AND EXISTS (SELECT FROM onboarding_revision judged\n        WHERE judged.id = NEW.revision_id AND (\n            NEW.second <> 'senior' AND judged.risk_level >= 4\n            OR NEW.second = 'nobody' AND (judged.risk_level >= 3 OR judged.lane = 'refuse'\n                OR jsonb_array_length(judged.domains) > 0))) THEN\n    RAISE EXCEPTION 'reviews_decision: this needs a second person' USING ERRCODE = 'check_violation';\n    END IF; RETURN NEW;", hash='1dfd3122962ac35d66e950156d5840c0334061eb', operation='INSERT OR UPDATE', pgid='pgtrigger_held_until_signed_b87bc', table='reviews_decision', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='not_while_a_question_is_open', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT FROM reviews_informationrequest asked\n        JOIN reviews_decision ask ON ask.id = asked.decision_id JOIN reviews_case kase ON kase.id = ask.case_id\n        WHERE ask.case_id = NEW.case_id AND ask.told_at IS NOT NULL AND kase.state IN ('awaiting_applicant')\n        AND asked.answered_at IS NULL AND asked.overdue_at IS NULL) THEN\n    RAISE EXCEPTION 'reviews_decision: a question to the applicant is open' USING ERRCODE = 'check_violation';\n    END IF; RETURN NEW;", hash='5fe96a5f16ac573b30a4358482232fc11b8ddaf3', operation='INSERT', pgid='pgtrigger_not_while_a_question_is_open_9eb43', table='reviews_decision', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='rules_approve_what_nobody_touched', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.decided_by_id IS NULL AND (\n        EXISTS (SELECT FROM onboarding_revision judged JOIN onboarding_application asked\n            ON asked.id = judged.application_id\n            WHERE judged.id = NEW.revision_id AND (judged.lane <> 'notify' OR judged.risk_level >= 3\n                OR jsonb_array_length(judged.domains) > 0 OR asked.kind <> 'access'))\n        OR EXISTS (SELECT FROM reviews_claim claim WHERE claim.case_id = NEW.case_id)\n        OR EXISTS (SELECT FROM reviews_decision earlier WHERE earlier.case_id = NEW.case_id)) THEN\n    RAISE EXCEPTION 'reviews_decision: a rule approves only what lies in the notify lane and no person has touched'\n    USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='a9b1c8e24868c43e1045e4ba2f62ed5ef0afbf1a', operation='INSERT', pgid='pgtrigger_rules_approve_what_nobody_touched_de9f7', table='reviews_decision', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='overturned_for_good', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."overturned_at" IS NOT NULL AND (OLD."overturned_at" IS DISTINCT FROM (NEW."overturned_at") OR OLD."overturned_by_id" IS DISTINCT FROM (NEW."overturned_by_id")))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='d56d43ca5c3c38e56a9174426eabb18fcccc5bb0', operation='UPDATE', pgid='pgtrigger_overturned_for_good_bf674', table='reviews_decision', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='not_again_by_whoever_was_overturned', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT FROM reviews_decision earlier WHERE earlier.case_id = NEW.case_id\n        AND earlier.id <> NEW.id AND earlier.overturned_at <= NEW.decided_at\n        AND (NEW.decided_by_id IN (earlier.decided_by_id, earlier.signed_by_id)\n            OR NEW.signed_by_id IN (earlier.decided_by_id, earlier.signed_by_id))) THEN\n    RAISE EXCEPTION 'reviews_decision: whoever made an overturned decision does not make the next one'\n    USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='e558e708bc523365449ad98812a8ee89a286ff7f', operation='INSERT OR UPDATE', pgid='pgtrigger_not_again_by_whoever_was_overturned_a894e', table='reviews_decision', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Bar',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('program', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bars', to='onboarding.program')),
                    ('decision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bars', to='reviews.decision')),
                    ('address_hash', models.CharField(help_text='HMAC-SHA-256 of the address with the pepper named beside it, hex.', max_length=64)),
                    ('pepper', models.CharField(max_length=20)),
                    ('until', models.DateTimeField(help_text='Empty: as long as the program takes applications.', null=True)),
                ],
                options={
                    'default_permissions': (),
                    'indexes': [
                        models.Index(fields=['program', 'address_hash'], name='bar_by_address'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(fields=('decision', 'address_hash'), name='one_bar_per_decision_and_address'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='BulkItem',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('bulk', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='reviews.bulk')),
                    ('position', models.PositiveSmallIntegerField(help_text='From 1, at most 50.')),
                    ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reviews.case')),
                    ('revision', models.ForeignKey(help_text='The one whose letter was shown.', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='onboarding.revision')),
                    ('decision', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='bulk_item', to='reviews.decision')),
                    ('refusal', models.CharField(blank=True, choices=[('held', 'Somebody else has it'), ('changed', 'The answers or its lane changed since the letters were shown'), ('conflict', 'You have a part in it'), ('overturned', 'An appeal overturned what you decided here'), ('spared', 'It is not given to you now'), ('too_many', 'You work on as many cases as anybody may at once'), ('over', 'Decided, asked about or withdrawn meanwhile'), ('incomplete', 'The decision lacks something for this case')], max_length=12)),
                    ('held_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('detail', models.CharField(blank=True, help_text='What the decision lacked; no typed words.', max_length=500)),
                    ('tried_at', models.DateTimeField(null=True)),
                ],
                options={
                    'ordering': ['bulk', 'position'],
                    'default_permissions': (),
                    'constraints': [
                        models.UniqueConstraint(fields=('bulk', 'case'), name='one_item_per_bulk_and_case'),
                        models.UniqueConstraint(fields=('bulk', 'position'), name='one_item_per_bulk_and_place'),
                        models.CheckConstraint(condition=models.Q(('position__range', (1, 50))), name='at_most_fifty_in_a_bulk'),
                        models.CheckConstraint(condition=models.Q(models.Q(('decision', None), ('refusal', ''), ('tried_at', None)), models.Q(('decision__isnull', False), ('refusal', ''), ('tried_at__isnull', False)), models.Q(('decision', None), ('refusal__in', ['held', 'changed', 'conflict', 'overturned', 'spared', 'too_many', 'over', 'incomplete']), ('tried_at__isnull', False)), _connector='OR'), name='bulk_item_decided_or_refused'),
                        models.CheckConstraint(condition=models.Q(('held_by', None), ('refusal', 'held'), _connector='OR'), name='bulk_item_held_by_whom'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='8d6a0763903b14b7869b3c4fbfbd8cf9ba7c31b3', operation='DELETE', pgid='pgtrigger_kept_bda7c', table='reviews_bulkitem', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='tried_once', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."tried_at" IS NOT NULL OR OLD."case_id" IS DISTINCT FROM (NEW."case_id") OR OLD."bulk_id" IS DISTINCT FROM (NEW."bulk_id"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='604e7d5f4470060a4f2294fbb61de7abf3e99c52', operation='UPDATE', pgid='pgtrigger_tried_once_5b080', table='reviews_bulkitem', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='GoldenCase',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('decision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reviews.decision')),
                    ('expected', models.CharField(choices=[('approved', 'Approve'), ('approved_with_conditions', 'Approve with conditions'), ('needs_information', 'Ask for information'), ('rejected', 'Reject')], max_length=26)),
                    ('marked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('marked_at', models.DateTimeField()),
                    ('retired_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('retired_at', models.DateTimeField(null=True)),
                ],
                options={
                    'default_permissions': (),
                    'constraints': [
                        models.UniqueConstraint(condition=models.Q(('retired_at', None)), fields=('decision',), name='one_live_golden_case_per_decision'),
                        models.CheckConstraint(condition=models.Q(('expected__in', ['approved', 'approved_with_conditions', 'needs_information', 'rejected'])), name='golden_expected_known'),
                        models.CheckConstraint(condition=models.Q(models.Q(('retired_at', None), ('retired_by', None)), models.Q(('retired_at__isnull', False), ('retired_by__isnull', False)), _connector='OR'), name='golden_retired_at_by'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='SecondReview',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='second_reviews', to='reviews.case')),
                    ('revision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='onboarding.revision')),
                    ('decision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='second_reviews', to='reviews.decision')),
                    ('kind', models.CharField(choices=[('sample', 'Drawn by lot'), ('golden', 'Golden case'), ('new_category', 'First of a new category or guideline version'), ('automatic', 'Approved by a rule')], max_length=12)),
                    ('because', models.CharField(blank=True, help_text='What is new: version or category.', max_length=80)),
                    ('golden', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='second_reviews', to='reviews.goldencase')),
                    ('drawn_at', models.DateTimeField()),
                    ('reviewer', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='second_reviews', to=settings.AUTH_USER_MODEL)),
                    ('taken_at', models.DateTimeField(null=True)),
                    ('expires_at', models.DateTimeField(help_text='From then on somebody else may take it.', null=True)),
                    ('opinion', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='second_review', to='reviews.opinion')),
                    ('done_at', models.DateTimeField(null=True)),
                ],
                options={
                    'default_permissions': (),
                    'indexes': [
                        models.Index(condition=models.Q(('done_at', None)), fields=['drawn_at'], name='second_review_undone'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(condition=models.Q(('golden', None)), fields=('decision',), name='one_second_review_per_decision'),
                        models.UniqueConstraint(condition=models.Q(('done_at', None)), fields=('golden',), name='one_undone_review_per_golden_case'),
                        models.UniqueConstraint(condition=models.Q(('done_at', None)), fields=('reviewer',), name='one_second_review_at_a_time'),
                        models.CheckConstraint(condition=models.Q(models.Q(('golden__isnull', False), ('kind', 'golden')), models.Q(('golden', None), ('kind__in', ['sample', 'golden', 'new_category', 'automatic']), models.Q(('kind', 'golden'), _negated=True)), _connector='OR'), name='second_review_kind_known'),
                        models.CheckConstraint(condition=models.Q(models.Q(('expires_at', None), ('reviewer', None), ('taken_at', None)), models.Q(('expires_at__gte', models.F('taken_at')), ('reviewer__isnull', False), ('taken_at__isnull', False)), _connector='OR'), name='second_review_taken_by'),
                        models.CheckConstraint(condition=models.Q(models.Q(('done_at', None), ('opinion', None)), models.Q(('done_at__isnull', False), ('opinion__isnull', False), ('reviewer__isnull', False)), _connector='OR'), name='second_review_done_with_an_opinion'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='by_somebody_else', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.reviewer_id IS NOT NULL AND EXISTS (SELECT FROM reviews_decision made\n        WHERE made.case_id = NEW.case_id\n        AND NEW.reviewer_id IN (made.decided_by_id, made.signed_by_id, made.returned_by_id, made.recalled_by_id)) THEN\n    RAISE EXCEPTION 'reviews_secondreview: who decided is not the second reviewer' USING ERRCODE = 'check_violation';\n    END IF; RETURN NEW;", hash='e70f9dcd0cc8318ec8bcb77db674cc253ed0dff4', operation='INSERT OR UPDATE', pgid='pgtrigger_by_somebody_else_6a48e', table='reviews_secondreview', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='done_for_good', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.done_at IS NOT NULL)', func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='9dc3404a184447ecac7bc3199665e9ac65133ece', operation='UPDATE OR DELETE', pgid='pgtrigger_done_for_good_e3815', table='reviews_secondreview', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Reconciliation',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('review', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='reconciliation', to='reviews.secondreview')),
                    ('opened_at', models.DateTimeField()),
                    ('ended', models.CharField(blank=True, choices=[('stands', 'The first decision stands'), ('correction', 'A correction is needed')], max_length=10)),
                    ('category', models.SlugField(blank=True, help_text='The paragraph of the guidelines.', max_length=60)),
                    ('remark', models.CharField(blank=True, help_text='What is unclear in that paragraph.', max_length=1000)),
                    ('closed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('closed_at', models.DateTimeField(null=True)),
                ],
                options={
                    'default_permissions': (),
                    'indexes': [
                        models.Index(condition=models.Q(('closed_at', None)), fields=['opened_at'], name='reconciliation_open'),
                    ],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(models.Q(('category', ''), ('closed_at', None), ('closed_by', None), ('ended', ''), ('remark', '')), models.Q(('closed_at__isnull', False), ('closed_by__isnull', False), ('ended__in', ['stands', 'correction']), models.Q(('category', ''), _negated=True), models.Q(('remark', ''), _negated=True)), _connector='OR'), name='reconciliation_closed_at_by'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='InformationRequest',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('decision', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='request', to='reviews.decision')),
                    ('question', models.TextField(help_text='All of it as the applicant reads it, made of its `questions`.', max_length=2000)),
                    ('asked_at', models.DateTimeField()),
                    ('due_at', models.DateTimeField(help_text='30 days after asking.')),
                    ('answer', models.TextField(blank=True, max_length=5000)),
                    ('answered_at', models.DateTimeField(null=True)),
                    ('answered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('video_url', models.CharField(blank=True, help_text='A demo video, as a link only.', max_length=500)),
                    ('reminded_at', models.DateTimeField(help_text='Once a week before `due_at`.', null=True)),
                    ('reminded_last_at', models.DateTimeField(help_text='Once on the day of `due_at`.', null=True)),
                    ('overdue_at', models.DateTimeField(help_text='When the case went back without an answer.', null=True)),
                    ('attachments', models.ManyToManyField(related_name='answers', to='onboarding.attachment')),
                ],
                options={
                    'default_permissions': (),
                    'indexes': [
                        models.Index(condition=models.Q(('answered_at', None), ('overdue_at', None)), fields=['due_at'], name='question_open'),
                    ],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(models.Q(('answer', ''), ('answered_at', None), ('answered_by', None), ('video_url', '')), models.Q(('answered_at__isnull', False), ('answered_by__isnull', False), models.Q(('answer', ''), _negated=True)), _connector='OR'), name='information_answered_at_by'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Question',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='questions', to='reviews.informationrequest')),
                    ('position', models.PositiveSmallIntegerField(help_text='From 1.')),
                    ('question', models.TextField(max_length=2000)),
                    ('about', models.CharField(blank=True, help_text='Key of a question of the form.', max_length=60)),
                ],
                options={
                    'ordering': ['position'],
                    'default_permissions': (),
                    'constraints': [
                        models.UniqueConstraint(fields=('request', 'position'), name='one_question_per_place'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='RuleMatch',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='matches', to='reviews.case')),
                    ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='matches', to='reviews.ruleversion')),
                    ('revision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='onboarding.revision')),
                    ('matched_at', models.DateTimeField()),
                    ('decision', models.ForeignKey(help_text="A person's, once told; none where a second look settled it.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reviews.decision')),
                    ('was_right', models.BooleanField(null=True)),
                    ('weighed_at', models.DateTimeField(help_text='When a rule that may approve was weighed against all else that is known of the case.', null=True)),
                    ('left_because', models.CharField(blank=True, choices=[('signals', 'something about it is worth a look'), ('earlier', 'people around it were refused or asked before'), ('conflict', 'whoever set the rule up has a part in it'), ('precedents', 'cases like it were decided otherwise')], help_text='Why it was left to people all the same.', max_length=12)),
                    ('settled_at', models.DateTimeField(null=True)),
                ],
                options={
                    'default_permissions': (),
                    'indexes': [
                        models.Index(condition=models.Q(('settled_at', None)), fields=['case'], name='match_unsettled'),
                        models.Index(fields=['version', 'was_right'], name='match_by_version'),
                        models.Index(condition=models.Q(('weighed_at', None)), fields=['version'], name='match_unweighed'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(fields=('version', 'revision'), name='one_match_per_version_and_revision'),
                        models.CheckConstraint(condition=models.Q(models.Q(('decision', None), ('settled_at', None), ('was_right', None)), models.Q(('settled_at__isnull', False), ('was_right__isnull', False)), _connector='OR'), name='match_settled_with_an_answer'),
                        models.CheckConstraint(condition=models.Q(('left_because', ''), models.Q(('left_because__in', ['signals', 'earlier', 'conflict', 'precedents']), ('weighed_at__isnull', False)), _connector='OR'), name='match_left_when_weighed'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Note',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notes', to='reviews.case')),
                    ('author', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('text', models.TextField(max_length=2000)),
                    ('written_at', models.DateTimeField()),
                ],
                options={
                    'ordering': ['case', 'pk'],
                    'default_permissions': (),
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='note_says_something'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='d58fd617789542f2708f7ceb934a7532f4fd26b6', operation='DELETE', pgid='pgtrigger_kept_16ae3', table='reviews_note', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='author_never_changes', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."author_id" IS DISTINCT FROM (NEW."author_id") OR OLD."case_id" IS DISTINCT FROM (NEW."case_id") OR OLD."written_at" IS DISTINCT FROM (NEW."written_at"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='5948a35ff2824501f5ef75cb0f81be5cf78847cd', operation='UPDATE', pgid='pgtrigger_author_never_changes_e8fa8', table='reviews_note', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Unsent',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='unsent', to='reviews.case')),
                    ('revision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='onboarding.revision')),
                    ('reviewer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('typed', models.JSONField(help_text='{name of a field: [values]} as the page sent it.')),
                    ('saved_at', models.DateTimeField()),
                ],
                options={
                    'default_permissions': (),
                    'indexes': [
                        models.Index(fields=['saved_at'], name='unsent_by_age'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(fields=('case', 'revision', 'reviewer'), name='one_unsent_work_per_revision_and_reviewer'),
                    ],
                },
            ),
        ]),
    ]
