from django.db import migrations

# Seats declined or run out before weeks carried anything over are gone: else the first week that carries would take
# over all of them at once. Those of a program's latest week stay uncounted, as they would have been.
COUNT = """
    UPDATE onboarding_invitation invitation SET counted_in_id = latest.id
    FROM onboarding_seat seat JOIN onboarding_week week ON week.id = seat.week_id
        JOIN LATERAL (SELECT id, starts_at FROM onboarding_week of_program WHERE of_program.program_id = week.program_id
            ORDER BY starts_at DESC LIMIT 1) latest ON latest.starts_at > week.starts_at
    WHERE seat.id = invitation.seat_id AND invitation.state IN ('declined', 'expired')
        AND invitation.counted_in_id IS NULL"""


class Migration(migrations.Migration):
    dependencies = [("onboarding", "0039_line_bulks")]

    operations = [migrations.RunSQL(COUNT, migrations.RunSQL.noop)]
