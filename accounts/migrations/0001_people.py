import accounts.models
import datetime
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import django.db.models.functions.text
import pgtrigger.compiler
import uuid
from django.conf import settings
from django.db import migrations, models

from config.tables import Tables


class Migration(migrations.Migration):

    replaces = [
        ('accounts', '0001_initial'),
        ('accounts', '0003_language_of_a_person'),
        ('accounts', '0004_decide_appeals'),
        ('accounts', '0005_seniors_decide_appeals'),
        ('accounts', '0006_joining_ownership_domains'),
        ('accounts', '0007_erasure_in_parts'),
        ('accounts', '0008_personal_tokens'),
        ('accounts', '0009_scopes_of_keys_usage_export'),
        ('accounts', '0010_former_memberships'),
        ('accounts', '0011_fill_former_memberships'),
        ('accounts', '0012_manage_queue'),
        ('accounts', '0013_seniors_and_managers_keep_the_queue'),
        ('accounts', '0014_run_gateway'),
        ('accounts', '0015_managers_run_the_gateway'),
        ('accounts', '0016_scope_of_reports'),
    ]

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        Tables([
            migrations.CreateModel(
                name='User',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('password', models.CharField(max_length=128, verbose_name='password')),
                    ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                    ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                    ('email', models.EmailField(max_length=254, unique=True, verbose_name='e-mail')),
                    ('full_name', models.CharField(blank=True, max_length=120)),
                    ('time_zone', models.CharField(default='UTC', max_length=64, validators=[accounts.models.must_be_a_zone])),
                    ('language', models.CharField(choices=[('en-gb', 'English'), ('es', 'Español')], default='en-gb', help_text='Of pages and letters.', max_length=10)),
                    ('is_active', models.BooleanField(default=True)),
                    ('is_staff', models.BooleanField(default=False, help_text='May open the admin; what they may do there is their role.')),
                    ('joined_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                    ('erasure_asked_at', models.DateTimeField(editable=False, null=True)),
                    ('erased_at', models.DateTimeField(editable=False, help_text='Set last: every part is blanked.', null=True)),
                    ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                    ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
                ],
                options={
                    'default_permissions': (),
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='email_in_lower_case'),
                        models.CheckConstraint(condition=models.Q(('language__in', ['en-gb', 'es'])), name='language_known'),
                        models.CheckConstraint(condition=models.Q(models.Q(('erased_at', None), ('erasure_asked_at', None)), models.Q(('erasure_asked_at__isnull', False), ('is_active', False)), _connector='OR'), name='erasure_shuts_the_account_first'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Token',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tokens', to=settings.AUTH_USER_MODEL)),
                    ('name', models.CharField(max_length=80)),
                    ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=30), size=None)),
                    ('pepper', models.CharField(max_length=40)),
                    ('secret_hash', models.CharField(max_length=64, unique=True)),
                    ('hint', models.CharField(max_length=40)),
                    ('made_at', models.DateTimeField()),
                    ('expires_at', models.DateTimeField()),
                    ('last_used_at', models.DateTimeField(null=True)),
                    ('warned_at', models.DateTimeField(help_text='Promise: the notice that it ends is written.', null=True)),
                    ('revoked_at', models.DateTimeField(null=True)),
                ],
                options={
                    'default_permissions': (),
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('scopes__contained_by', ['applications:read', 'applications:write', 'keys:read', 'keys:write', 'usage:read', 'appeals:write', 'reports:write', 'export:read']), models.Q(('scopes', []), _negated=True)), name='token_scopes_known'),
                        models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('made_at')), ('expires_at__lte', django.db.models.expressions.CombinedExpression(models.F('made_at'), '+', models.Value(datetime.timedelta(days=366))))), name='token_ends_within_a_year'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Erasure',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='erasures', to=settings.AUTH_USER_MODEL)),
                    ('part', models.CharField(choices=[('letters', 'Letters'), ('applications', 'Applications, places and access'), ('reviews', 'Decisions and questions'), ('appeals', 'Appeals'), ('account', 'Account')], max_length=20)),
                    ('owed_at', models.DateTimeField(help_text='Not before: what was under way when it was asked has ended.')),
                    ('paid_at', models.DateTimeField(null=True)),
                ],
                options={
                    'default_permissions': (),
                    'indexes': [
                        models.Index(condition=models.Q(('paid_at', None)), fields=['part', 'owed_at'], name='erasure_owed'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(fields=('user', 'part'), name='one_erasure_per_person_and_part'),
                        models.CheckConstraint(condition=models.Q(('part__in', ['letters', 'applications', 'reviews', 'appeals', 'account'])), name='erasure_part_known'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='DutyCarrier',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ],
                options={
                    'managed': False,
                    'default_permissions': (),
                    'permissions': [('review_cases', 'Can claim and decide cases'), ('manage_queue', 'Can see who has which case, take a case away, keep the days off'), ('sign_as_senior', 'Can be the second person where a senior reviewer is asked for'), ('decide_appeals', "Can take up and decide appeals against others' decisions"), ('manage_rates', 'Can set weekly rates, pause and resume a program'), ('see_line', 'Can see applications, the line, seats and invitations'), ('import_applications', 'Can import an existing waiting list'), ('manage_access', 'Can suspend, resume and revoke grants'), ('run_gateway', 'Can set limits, make and revoke the tokens of integrators'), ('edit_policies', 'Can draft guidelines and known weaknesses'), ('see_ledger', 'Can read the audit ledger, the letters and who the staff are'), ('resend_letters', 'Can see the letters and put back those that were given up')],
                },
            ),
            migrations.CreateModel(
                name='Organisation',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=200, verbose_name='full legal name')),
                    ('website', models.URLField(blank=True)),
                    ('founded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ],
                options={
                    'default_permissions': (),
                },
            ),
            migrations.CreateModel(
                name='Membership',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='accounts.organisation')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                    ('role', models.CharField(choices=[('owner', 'Owner'), ('member', 'Member')], default='member', max_length=10)),
                    ('since_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ],
                options={
                    'default_permissions': (),
                    'constraints': [
                        models.UniqueConstraint(fields=('organisation', 'user'), name='one_membership_per_person'),
                        models.CheckConstraint(condition=models.Q(('role__in', ['owner', 'member'])), name='member_role_known'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='an_owner_remains', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (OLD.role = 'owner')", func="\n    IF TG_OP = 'UPDATE' AND NEW.role = 'owner' AND NEW.organisation_id = OLD.organisation_id THEN\n        RETURN NULL;\n    END IF;\n    PERFORM 1 FROM accounts_organisation WHERE id = OLD.organisation_id FOR UPDATE;\n    IF EXISTS (SELECT FROM accounts_membership WHERE organisation_id = OLD.organisation_id)\n        AND NOT EXISTS (\n            SELECT FROM accounts_membership WHERE organisation_id = OLD.organisation_id AND role = 'owner') THEN\n        RAISE EXCEPTION 'organisation % would be left without an owner', OLD.organisation_id\n            USING ERRCODE = 'check_violation';\n    END IF;\n    RETURN NULL;", hash='4a7c6f5ac1f33b76c8d4d9cfe52873b9c8b3c41d', operation='UPDATE OR DELETE', pgid='pgtrigger_an_owner_remains_d4baa', table='accounts_membership', when='AFTER')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='FormerMembership',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='former_memberships', to='accounts.organisation')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='former_memberships', to=settings.AUTH_USER_MODEL)),
                    ('ended_at', models.DateTimeField()),
                ],
                options={
                    'default_permissions': (),
                },
            ),
            migrations.CreateModel(
                name='OrganisationInvitation',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='accounts.organisation')),
                    ('email', models.EmailField(max_length=254)),
                    ('role', models.CharField(choices=[('owner', 'Owner'), ('member', 'Member')], default='member', max_length=10)),
                    ('state', models.CharField(choices=[('invited', 'Invited'), ('accepted', 'Accepted'), ('declined', 'Declined'), ('revoked', 'Revoked'), ('expired', 'Expired')], default='invited', max_length=10)),
                    ('invited_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('invited_at', models.DateTimeField()),
                    ('written_at', models.DateTimeField(help_text='When its newest letter was written.')),
                    ('letters', models.PositiveSmallIntegerField(default=1, help_text='How many letters were written for it.')),
                    ('token_hash', models.CharField(help_text="SHA-256 of the newest letter's link, hex.", max_length=64)),
                    ('expires_at', models.DateTimeField()),
                    ('answered_at', models.DateTimeField(null=True)),
                    ('answered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'default_permissions': (),
                    'indexes': [
                        models.Index(condition=models.Q(('state', 'invited')), fields=['expires_at'], name='joining_overdue'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(condition=models.Q(('state', 'invited')), fields=('organisation', 'email'), name='one_live_invitation_per_address'),
                        models.UniqueConstraint(fields=('token_hash',), name='one_invitation_per_link'),
                        models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='invited_address_in_lower_case'),
                        models.CheckConstraint(condition=models.Q(('role__in', ['owner', 'member'])), name='invited_role_known'),
                        models.CheckConstraint(condition=models.Q(('state__in', ['invited', 'accepted', 'declined', 'revoked', 'expired'])), name='join_state_known'),
                        models.CheckConstraint(condition=models.Q(models.Q(('answered_at__isnull', False), ('answered_by__isnull', False), ('state__in', ['accepted', 'declined'])), models.Q(models.Q(('state__in', ['accepted', 'declined']), _negated=True), ('answered_at', None), ('answered_by', None)), _connector='OR'), name='answered_by_the_person_invited'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='state_moves_by_the_table', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.state IS DISTINCT FROM NEW.state)', func="IF NOT ((OLD.state = 'invited' AND NEW.state IN ('accepted', 'declined', 'expired', 'revoked'))) THEN\n                RAISE EXCEPTION '%: no step from state % to %', TG_TABLE_NAME, OLD.state, NEW.state\n                USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='43d1461bfba2e6638f90e85619694c5ef41fd80e', operation='UPDATE', pgid='pgtrigger_state_moves_by_the_table_9bb7d', table='accounts_organisationinvitation', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='state_starts_at_the_start', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (NEW.state NOT IN ('invited'))", func="RAISE EXCEPTION '%: a new row cannot start in state %', TG_TABLE_NAME, NEW.state\n                USING ERRCODE = 'check_violation';", hash='a51dd3c81dbeed47e8fa19e7fe1bbe9f3a847dfc', operation='INSERT', pgid='pgtrigger_state_starts_at_the_start_d0b24', table='accounts_organisationinvitation', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='OwnershipOffer',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='offers', to='accounts.organisation')),
                    ('offered_to', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('offered_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('offered_at', models.DateTimeField()),
                    ('expires_at', models.DateTimeField()),
                    ('state', models.CharField(choices=[('offered', 'Offered'), ('taken', 'Taken over'), ('declined', 'Declined'), ('withdrawn', 'Withdrawn'), ('expired', 'Expired')], default='offered', max_length=10)),
                    ('ended_at', models.DateTimeField(null=True)),
                ],
                options={
                    'default_permissions': (),
                    'constraints': [
                        models.UniqueConstraint(condition=models.Q(('state', 'offered')), fields=('organisation',), name='one_live_offer_per_organisation'),
                        models.CheckConstraint(condition=models.Q(('state__in', ['offered', 'taken', 'declined', 'withdrawn', 'expired'])), name='offer_state_known'),
                        models.CheckConstraint(condition=models.Q(('offered_to', models.F('offered_by')), _negated=True), name='offer_is_to_somebody_else'),
                        models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('state', 'offered')), models.Q(models.Q(('state', 'offered'), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='offer_ended_when_not_live'),
                    ],
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='state_moves_by_the_table', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.state IS DISTINCT FROM NEW.state)', func="IF NOT ((OLD.state = 'offered' AND NEW.state IN ('declined', 'expired', 'taken', 'withdrawn'))) THEN\n                RAISE EXCEPTION '%: no step from state % to %', TG_TABLE_NAME, OLD.state, NEW.state\n                USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='2e43c1b6a7efc362ab800ade7c02fecab1b82949', operation='UPDATE', pgid='pgtrigger_state_moves_by_the_table_9061a', table='accounts_ownershipoffer', when='BEFORE')),
                        pgtrigger.compiler.Trigger(name='state_starts_at_the_start', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (NEW.state NOT IN ('offered'))", func="RAISE EXCEPTION '%: a new row cannot start in state %', TG_TABLE_NAME, NEW.state\n                USING ERRCODE = 'check_violation';", hash='a2d24408986a09ff24c61937c12ec18f8d3d57ff', operation='INSERT', pgid='pgtrigger_state_starts_at_the_start_41acc', table='accounts_ownershipoffer', when='BEFORE')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='OrganisationDomain',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='domains', to='accounts.organisation')),
                    ('domain', models.CharField(max_length=253)),
                    ('verified_at', models.DateTimeField()),
                    ('verified_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('ended_at', models.DateTimeField(null=True)),
                ],
                options={
                    'default_permissions': (),
                    'constraints': [
                        models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('organisation', 'domain'), name='one_live_claim_per_domain'),
                        models.CheckConstraint(condition=models.Q(('domain', django.db.models.functions.text.Lower('domain')), models.Q(('domain', ''), _negated=True)), name='domain_in_lower_case'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Owner',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                    ('person', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='owner', to=settings.AUTH_USER_MODEL)),
                    ('organisation', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='owner', to='accounts.organisation')),
                    ('imported_as', models.CharField(blank=True, help_text='Name on an imported list; nobody can act for such an owner.', max_length=200)),
                ],
                options={
                    'default_permissions': (),
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(models.Q(('imported_as', ''), ('organisation', None), ('person__isnull', False)), models.Q(('imported_as', ''), ('organisation__isnull', False), ('person', None)), models.Q(('organisation', None), ('person', None), models.Q(('imported_as', ''), _negated=True)), _connector='OR'), name='owner_is_one_person_or_one_organisation'),
                    ],
                },
            ),
        ]),
        migrations.AddField(
            model_name='organisation',
            name='members',
            field=models.ManyToManyField(related_name='organisations', through='accounts.Membership', to=settings.AUTH_USER_MODEL),
        ),
    ]
