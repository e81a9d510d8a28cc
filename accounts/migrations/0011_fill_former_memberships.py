from django.db import migrations

# Whoever left or was removed before there were such rows stands in the ledger only.
FILL = """
    INSERT INTO accounts_formermembership (organisation_id, user_id, ended_at)
    SELECT (entry.details ->> 'organisation')::bigint, person.id, entry.at FROM audit_ledgerentry entry
    JOIN accounts_user person ON person.id = (entry.details ->> 'user')::bigint
    JOIN accounts_organisation organisation ON organisation.id = (entry.details ->> 'organisation')::bigint
    WHERE entry.event IN ('member.left', 'member.removed')"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_former_memberships"), ("audit", "0002_name_events_by_function")]
    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
