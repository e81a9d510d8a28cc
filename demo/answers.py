"""A complete, ordinary set of answers that the stories change where they differ."""

from typing import Any

OWN = {
    "person",
    "program",
    "days",
    "path",
    "conditions",
    "production",
}  # keys of a story that are not answers


def complete(person: dict[str, Any], story: dict[str, Any], models: list[str]) -> dict[str, Any]:
    """Return answers to every question of the shipped form, as `applications.save_draft` takes them."""
    own = {key: value for key, value in story.items() if key not in OWN}
    return ORDINARY | _who(person) | {"models": models} | own


def _who(person: dict[str, Any]) -> dict[str, Any]:
    known = {"full_name": person["name"], "work_email": person["email"], "applicant_type": "individual"}
    if organisation := person.get("organisation"):
        known |= {
            "applicant_type": "start_up",
            "legal_name": f"{organisation} Ltd",
            "website": f"https://www.{person['email'].partition('@')[2]}",
            "headcount": "11-50",
        }
    return known


ORDINARY: dict[str, Any] = {
    "country": "ES",
    "adult": True,
    "model_and_human_parts": (
        "The model writes a first version. A person reads all of it, corrects it, "
        "and is the only one who can use or pass it on."
    ),
    "usual_use": "none",
    "purpose_kind": "new_product",
    "stage": "prototype",
    "alternatives": "By hand, which takes about four times as long.",
    "audience": "known_customers",
    "reach": "<=100",
    "users_under_18": "no",
    "government_user": "none",
    "input_source": ["user_free_text"],
    "max_input_chars": 4000,
    "personal_data": "no",
    "special_data": ["none"],
    "consent_basis": "The people concerned agreed in writing, and may take it back by one line to our contact address.",
    "modality": ["text", "code"],
    "output_scope": "set_topics",
    "max_output_tokens": 400,
    "auto_publish": "no",
    "volume_per_day": 0,
    "executes_code": "no",
    "acts_on_behalf": "no",
    "controls_physical": "no",
    "persona": "no",
    "likeness": "no",
    "decides": "none",
    "areas": ["none"],
    "impact_rights": "none",
    "impact_health": "none",
    "impact_money": "none",
    "reversible": "yes",
    "duration": "brief",
    "affected_groups": (
        "Those whose data or work is handled could be hurt by a wrong result; "
        "we went through forty real examples with two of them before asking here."
    ),
    "human_review": "A trained member of staff checks each result before it is used, with the right to throw it away.",
    "disclosure": "A line above each result says that a language model wrote it and that a person has to check it.",
    "filters": ["provider_filter", "word_list"],
    "rate_limit_per_user": 6,
    "report_contact": "abuse@service.example",
    "end_user_id": "yes",
    "logging_days": 30,
    "tests_done": (
        "Two colleagues tried for a day to get harmful or private text out of it; "
        "three prompts worked and are now refused."
    ),
    "incident_plan": (
        "The person on call switches the feature off within the hour, tells you the same day "
        "and writes to those concerned."
    ),
    "requests_now": 200,
    "requests_in_6_months": 2000,
    "ack_policy": True,
    "ack_limits": True,
    "ack_scope": True,
    "ack_report": True,
    "ack_truth": True,
}

# What a production review asks on top; nothing about the use has changed since.
EVIDENCE: dict[str, Any] = {
    "use_changed": "no",
    "demo": "https://www.studio.example/demo",
    "test_account": "https://www.studio.example/try, name: reviewer, password: paint-and-look",
    "tests_done": ORDINARY["tests_done"],
    "requests_in_6_months": 4000,
} | {key: True for key in ORDINARY if key.startswith("ack_")}
