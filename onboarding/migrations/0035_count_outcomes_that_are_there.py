from django.db import migrations

# One statement, so one snapshot: what commits meanwhile keeps the row its trigger appended.
OUTCOMES = """
    WITH gone AS (DELETE FROM onboarding_outcomecount)
    INSERT INTO onboarding_outcomecount (week_id, accepted, declined, expired, again)
    SELECT seat.week_id, count(*) FILTER (WHERE state = 'accepted'), count(*) FILTER (WHERE state = 'declined'),
        count(*) FILTER (WHERE state = 'expired'), count(*) FILTER (WHERE state = 'expired' AND NOT EXISTS (
            SELECT FROM onboarding_seat other WHERE other.entry_id = seat.entry_id AND other.id < seat.id))
    FROM onboarding_invitation invitation JOIN onboarding_seat seat ON seat.id = invitation.seat_id
    WHERE state <> 'offered' GROUP BY 1"""
OPENED = """
    WITH gone AS (DELETE FROM onboarding_stepcount WHERE step = 'opened')
    INSERT INTO onboarding_stepcount (program_id, step, people)
    SELECT given.program_id, 'opened', count(*) FROM onboarding_key one
    JOIN onboarding_grant given ON given.id = one.grant_id
    WHERE one.request = 1 AND one.opened_at IS NOT NULL GROUP BY 1"""


class Migration(migrations.Migration):
    dependencies = [('onboarding', '0034_outcomes_and_back_tests')]

    operations = [
        migrations.RunSQL(OUTCOMES, migrations.RunSQL.noop),
        migrations.RunSQL(OPENED, migrations.RunSQL.noop),
    ]
