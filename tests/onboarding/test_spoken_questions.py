"""The form in the reader's language, and what is kept of it in the site's own."""

from datetime import timedelta

import pytest
from django.utils import translation

from onboarding.domain import applications, countries, questions
from onboarding.domain.applications import Incomplete
from policies.models import Acceptance
from tests.factories import MONDAY, accept_guidelines, make_owner, make_program, make_questions, make_user
from tests.onboarding.filled import HELD, good_for

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(hours=1)


def sent_in(language, name, **changes):
    """Return the revision that this person sends while they read in this language."""
    person, program = make_user(name), make_program(f"for-{name}")
    accept_guidelines(person)
    with translation.override(language):
        draft = applications.start(program, owner=make_owner(person), by=person, at=MONDAY)
        draft = applications.save_draft(
            draft,
            answers=good_for(program, person, **changes),
            seen_version=draft.answers_version,
            by=person,
            at=MONDAY,
        )
        return applications.submit(draft, by=person, at=LATER)


def test_a_question_is_asked_in_the_readers_language():
    with translation.override("es"):
        asked = questions.of(make_questions()).question("country")
        label = asked.label("DE")

    assert (asked.question, label) == ("País desde el que trabajas", "Alemania")


def test_countries_stand_in_the_order_of_the_readers_language():
    with translation.override("es"):
        codes = list(countries.names())

    assert codes.index("AF") < codes.index("DE") < codes.index("ZM")


def test_what_is_kept_does_not_hang_on_the_senders_language():
    kept = [
        (revision.lane_reasons, revision.risk_parts)
        for revision in (sent_in("en-gb", "alice", **HELD), sent_in("es", "bob", **HELD))
    ]

    assert kept[0] == kept[1]


def test_a_declaration_is_kept_as_the_text_was_written():
    sent_in("en-gb", "alice"), sent_in("es", "bob")

    hashes = [
        dict(
            Acceptance.objects.filter(user__email=email, accepted_at=LATER).values_list(
                "document", "text_hash"
            )
        )
        for email in ("alice@example.org", "bob@example.org")
    ]
    declared = "declaration:ack_scope"
    assert hashes[0][declared] == hashes[1][declared]


def test_what_stands_in_the_way_is_said_in_the_readers_language():
    with pytest.raises(Incomplete) as raised:
        sent_in("es", "alice", areas=None)

    assert raised.value.problems["areas"] == "Elige una respuesta."
