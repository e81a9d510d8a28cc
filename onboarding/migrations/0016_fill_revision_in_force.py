from django.db import migrations

FILL = """
    UPDATE onboarding_grant AS given SET revision_id = (
        SELECT id FROM onboarding_revision WHERE application_id = given.application_id ORDER BY number DESC LIMIT 1)
    WHERE revision_id IS NULL"""


class Migration(migrations.Migration):
    """Until now nothing could change a grant's use: the latest revision of its application is the one in force."""

    dependencies = [("onboarding", "0015_requests_change_grants")]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
