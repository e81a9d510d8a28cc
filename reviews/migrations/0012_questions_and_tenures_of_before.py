from django.db import migrations

QUESTIONS = """
    INSERT INTO reviews_question (request_id, position, question, about)
    SELECT id, 1, question, '' FROM reviews_informationrequest"""
TENURES = """
    INSERT INTO reviews_tenure (reviewer_id, since_at)
    SELECT decided_by_id, min(decided_at) FROM reviews_decision GROUP BY decided_by_id"""


class Migration(migrations.Migration):
    """Each ask had one question; who has decided before reviews since then."""

    dependencies = [("reviews", "0011_opinions_and_recalls")]
    operations = [
        migrations.RunSQL(QUESTIONS, migrations.RunSQL.noop),
        migrations.RunSQL(TENURES, migrations.RunSQL.noop),
    ]
