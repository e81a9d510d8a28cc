"""Count the cohorts of those who wait already. In one statement: whoever joins meanwhile is counted by the triggers."""

from django.db import migrations

FILL = """
    WITH gone AS (DELETE FROM onboarding_cohortcount)
    INSERT INTO onboarding_cohortcount
        (program_id, priority, joined_day, applicant_type, country, wave, hand_picked, waiting)
    SELECT program_id, priority, (joined_at AT TIME ZONE 'UTC')::date, applicant_type, country, wave, hand_picked,
        count(*)
    FROM onboarding_waitlistentry WHERE state = 'waiting' GROUP BY 1, 2, 3, 4, 5, 6, 7
"""


class Migration(migrations.Migration):
    dependencies = [("onboarding", "0041_cohort_counts")]
    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
