from django.db import migrations

FILL = """
    UPDATE onboarding_waitlistentry AS entry SET
        applicant_type = left(coalesce(latest.answers ->> 'applicant_type', ''), 40),
        country = CASE WHEN length(latest.answers ->> 'country') = 2 THEN upper(latest.answers ->> 'country') ELSE '' END
    FROM (SELECT DISTINCT ON (application_id) application_id, answers FROM onboarding_revision
        ORDER BY application_id, number DESC) AS latest
    WHERE latest.application_id = entry.application_id AND entry.state IN ('waiting', 'held', 'seated')"""


class Migration(migrations.Migration):
    """Who stands in line already belongs to the cohorts of what was approved."""

    dependencies = [("onboarding", "0036_rate_plans")]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
