"""Each hash goes where it belongs: one secret for each key that was opened, ended where its key has ended."""

from django.db import migrations

FORWARD = """
    INSERT INTO onboarding_secret
        (key_id, number, digest, pepper, hint, minted_at, minted_by_id, notice_owed, ended_at)
    SELECT id, 1, secret_hash, pepper, hint, opened_at, opened_by_id, false, CASE
        WHEN state IN ('revoked', 'expired') THEN greatest(opened_at, coalesce(ended_at, opened_at)) END
    FROM onboarding_key WHERE secret_hash IS NOT NULL"""
BACK = """
    UPDATE onboarding_key SET secret_hash = newest.digest, pepper = newest.pepper, hint = newest.hint
    FROM (SELECT DISTINCT ON (key_id) key_id, digest, pepper, hint FROM onboarding_secret
        ORDER BY key_id, number DESC) AS newest
    WHERE newest.key_id = onboarding_key.id"""


class Migration(migrations.Migration):
    dependencies = [("onboarding", "0011_secrets_have_rows_of_their_own")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
