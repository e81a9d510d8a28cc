"""A form filled in well, for tests to change one answer of."""

from functools import cache
from typing import Any

from django.urls import reverse

from onboarding.domain import answers, questions
from onboarding.domain.answers import Paper, Reading
from onboarding.domain.questions import Form
from onboarding.models import Application, Program

DETAIL = (
    "A developer selects a function in the editor and presses a key. The editor sends that function, and "
    "nothing else of the file, to our server, which asks the model for a docstring. The proposal is shown greyed "
    "out. The developer reads it and accepts, edits or drops it. Nothing is saved before that."
)
GOOD: dict[str, Any] = {
    "full_name": "Alice Example",
    "work_email": "alice@example.org",
    "country": "ES",
    "adult": "yes",
    "applicant_type": "individual",
    "title": "Docstrings for a small team",
    "summary": "Reads a Python function and proposes a docstring and tests. Developers accept or drop them.",
    "detail": DETAIL,
    "model_and_human_parts": "The model proposes the text of a docstring. A developer reads it, edits it "
    "where it is wrong, and saves it or drops it.",
    "usual_use": "n01",
    "purpose_kind": "internal_tool",
    "stage": "prototype",
    "audience": "colleagues",
    "reach": "<=5",
    "users_under_18": "no",
    "government_user": "none",
    "input_source": ["own_documents"],
    "max_input_chars": 4000,
    "personal_data": "no",
    "modality": ["text", "code"],
    "output_scope": "set_topics",
    "max_output_tokens": 400,
    "auto_publish": "no",
    "executes_code": "no",
    "acts_on_behalf": "no",
    "controls_physical": "no",
    "persona": "no",
    "likeness": "no",
    "decides": "none",
    "areas": ["none"],
    "human_review": "The developer who asked for the docstring reads it before it is saved anywhere.",
    "disclosure": "The proposal is marked as written by a model.",
    "filters": ["provider_filter"],
    "rate_limit_per_user": 6,
    "logging_days": 14,
    "models": ["code-1"],
    "requests_now": 100,
    "requests_in_6_months": 1000,
    "ack_policy": "yes",
    "ack_limits": "yes",
    "ack_scope": "yes",
    "ack_report": "yes",
    "ack_truth": "yes",
}
HELD = {  # what is asked on top where output takes part in decisions about people
    "decides": "informs",
    "impact_rights": "moderate",
    "impact_health": "none",
    "impact_money": "none",
    "reversible": "likely",
    "duration": "brief",
    "affected_groups": "People who write in a second language could be scored lower; we compared two "
    "hundred pairs of letters that differ only in style.",
    "incident_plan": "The person on call switches it off within the hour and tells you the same day.",
}


def good(**changes: Any) -> dict[str, Any]:
    """Return the good answers with these changed; None takes one away."""
    return {key: value for key, value in (GOOD | changes).items() if value is not None}


def good_for(program: Program, user: Any, **changes: Any) -> dict[str, Any]:
    """Return good answers of this person for this program."""
    models = list(program.models.values_list("code", flat=True))
    return good(**{"full_name": user.full_name, "work_email": user.email, "models": models} | changes)


@cache
def shipped() -> Form:
    return questions.read(questions.shipped())


def make_paper(*, production: bool = False) -> Paper:
    gates = {"both", "trial", "production"} if production else {"both", "trial"}
    return Paper(shipped(), frozenset(gates), {"code-1": "The first", "code-2": "The second"})


def reading(paper: Paper | None = None, **changes: Any) -> Reading:
    paper = paper or make_paper()
    cleaned = answers.clean(paper.form, good(**changes))
    return Reading(paper, {key: value for key, value in cleaned.items() if value is not None})


def problems(paper: Paper | None = None, **changes: Any) -> dict[str, str]:
    return answers.problems(reading(paper, **changes))


def page(draft: Application, section: str) -> str:
    """Return the address of a section of a draft."""
    return reverse("apply_section", args=[draft.number, section])


def you(**changes: str) -> dict[str, str]:
    """Return the section about oneself as a browser sends it."""
    return {
        "seen": "0",
        "full_name": "Alice",
        "work_email": "alice@example.org",
        "country": "ES",
        "adult": "1.2.0",
        "applicant_type": "individual",
    } | changes
