import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('onboarding', '0043_picks')]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='linebulk',
            name='line_bulk_is_asked_once',
        ),
        migrations.RemoveConstraint(
            model_name='linebulk',
            name='line_bulk_verb_known',
        ),
        migrations.AddField(
            model_name='linebulk',
            name='among',
            field=models.CharField(blank=True, db_default='', default='', help_text='Which of that cohort, with commas between; empty for hand-picked.', max_length=200),
        ),
        migrations.AddField(
            model_name='linebulk',
            name='cohort',
            field=models.CharField(blank=True, choices=[('applicant_type', 'Who applies'), ('country', 'Region (countries)'), ('hand_picked', 'Hand-picked'), ('wave', 'Wave of an import')], db_default='', default='', max_length=14),
        ),
        migrations.AlterField(
            model_name='linebulk',
            name='verb',
            field=models.CharField(choices=[('hold', 'Hold'), ('unhold', 'End the hold'), ('forward', 'Move ahead'), ('back', 'Put back to where the rule says')], max_length=10),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='linebulk',
            trigger=pgtrigger.compiler.Trigger(name='line_bulk_is_asked_once', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."program_id" IS DISTINCT FROM (NEW."program_id") OR OLD."verb" IS DISTINCT FROM (NEW."verb") OR OLD."joined_from" IS DISTINCT FROM (NEW."joined_from") OR OLD."joined_until" IS DISTINCT FROM (NEW."joined_until") OR OLD."cohort" IS DISTINCT FROM (NEW."cohort") OR OLD."among" IS DISTINCT FROM (NEW."among") OR OLD."undoes_id" IS DISTINCT FROM (NEW."undoes_id") OR OLD."asked_at" IS DISTINCT FROM (NEW."asked_at") OR OLD."asked_by_id" IS DISTINCT FROM (NEW."asked_by_id") OR OLD."reason" IS DISTINCT FROM (NEW."reason") OR OLD."found" IS DISTINCT FROM (NEW."found"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='0c69ddddc88fabb8385366534c88a094886b7ff0', operation='UPDATE', pgid='pgtrigger_line_bulk_is_asked_once_aa10e', table='onboarding_linebulk', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='linebulk',
            constraint=models.CheckConstraint(condition=models.Q(('verb__in', ['hold', 'unhold', 'forward', 'back'])), name='line_bulk_verb_known'),
        ),
        migrations.AddConstraint(
            model_name='linebulk',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('among', ''), ('cohort__in', ['', 'hand_picked'])), models.Q(('cohort__in', ['applicant_type', 'country', 'wave']), models.Q(('among', ''), _negated=True)), _connector='OR'), name='line_bulk_names_its_cohort'),
        ),
    ]
