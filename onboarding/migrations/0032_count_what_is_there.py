from django.db import migrations

# One statement each, so one snapshot: what commits meanwhile keeps the row its trigger appended.
LINE = """
    WITH gone AS (DELETE FROM onboarding_linecount)
    INSERT INTO onboarding_linecount (program_id, priority, joined_hour, waiting, held, seated)
    SELECT program_id, priority, date_trunc('hour', joined_at, 'UTC'), count(*) FILTER (WHERE state = 'waiting'),
        count(*) FILTER (WHERE state = 'held'), count(*) FILTER (WHERE state = 'seated')
    FROM onboarding_waitlistentry WHERE state IN ('waiting', 'held', 'seated') GROUP BY 1, 2, 3"""
STEPS = """
    WITH gone AS (DELETE FROM onboarding_stepcount)
    INSERT INTO onboarding_stepcount (program_id, step, people)
    SELECT program_id, step, count(*) FROM onboarding_application CROSS JOIN LATERAL (VALUES
        ('applied', submitted_at IS NOT NULL),
        ('decided', submitted_at IS NOT NULL AND settled_at IS NOT NULL AND state <> 'withdrawn'),
        ('approved', state IN ('approved', 'lapsed'))) AS reached (step, so)
    WHERE so AND kind = 'access' GROUP BY 1, 2
    UNION ALL SELECT entry.program_id, 'invited', count(DISTINCT entry.id) FROM onboarding_seat seat
        JOIN onboarding_waitlistentry entry ON entry.id = seat.entry_id GROUP BY 1
    UNION ALL SELECT program_id, 'accepted', count(*) FROM onboarding_grant GROUP BY 1"""


class Migration(migrations.Migration):
    dependencies = [('onboarding', '0031_counts_of_line_and_steps')]

    operations = [
        migrations.RunSQL(LINE, migrations.RunSQL.noop),
        migrations.RunSQL(STEPS, migrations.RunSQL.noop),
    ]
