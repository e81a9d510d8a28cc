"""Applications brought to each place an applicant can stand at, by the product's own functions, at MONDAY."""

from accounts.domain import owners
from onboarding.domain import applications, grants, invitations, waitlist
from onboarding.states import ApplicationState
from reviews.domain import cases, claims, decisions, telling
from reviews.models import Case
from tests.factories import (
    MONDAY,
    deliver,
    give_seats,
    make_application,
    make_entry,
    make_grant,
    make_key,
    make_program,
    make_rate,
    make_reviewer,
    make_secret,
    make_senior,
)

REFUSAL = {
    "outcome": "rejected",
    "reason_code": "R3_safeguards_missing",
    "categories": ["fraud_spam"],
    "explanation": "For bulk messages we need proof of consent.",
    "facts": "The form says that addresses are bought.",
    "what_would_change": "Send only to people who asked for it.",
}


def decided(application, *, at=MONDAY, tell=True, **said):
    """Take an application through claim and decision by the reviewers' own functions."""
    reviewer = make_reviewer()
    cases.open_owed(at=at)
    case = Case.objects.get(application=application)
    claims.claim(case, by=reviewer, at=at)
    decision = decisions.decide(case, by=reviewer, at=at, **said)
    if tell:
        telling.tell_owed(at=at)
    return decision


def invited(alice, *, program=None, at=MONDAY):
    program = program or make_program()
    make_rate(program, 5)
    entry = make_entry(program, applicant=alice, at=at)
    (seat,) = give_seats(program, at=at)
    invitations.tell_owed(at=at)
    deliver(at=at)
    seat.invitation.refresh_from_db()
    return entry.application, seat.invitation


def owner_of(organisation):
    return owners.of_organisation(organisation)


def in_review(alice):
    application = make_application(applicant=alice)
    cases.open_owed(at=MONDAY)
    claims.claim(Case.objects.get(application=application), by=make_reviewer(), at=MONDAY)
    return application


def asked(alice):
    application = make_application(applicant=alice)
    ask = {"outcome": "needs_information", "reason_code": "I1_too_vague", "categories": ["fraud_spam"]}
    decided(application, **ask, explanation="Too short.", question="Who reads it first?")
    return application


def rejected(alice):
    application = make_application(applicant=alice)
    decided(application, **REFUSAL)
    return application


def in_line(alice):
    program = make_program()
    make_rate(program, 1)
    make_entry(program)
    waitlist.admit(program, by="beat", at=MONDAY)
    return make_entry(program, applicant=alice).application


def granted(verb):
    def make(alice):
        key, _ = make_secret(applicant=alice)
        getattr(grants, verb)(key.grant, by=make_senior(), at=MONDAY, reason="Commands ran by themselves.")
        return key.grant.application

    return make


def withdrawn(alice):
    application = make_application(applicant=alice)
    return applications.withdraw(application, by=alice, at=MONDAY)


def lapsed(alice):
    application, invitation = invited(alice)
    invitations.decline(invitation, by=alice, at=MONDAY)
    return application


MAKERS = {
    "received": lambda alice: make_application(applicant=alice),
    "in_review": in_review,
    "asked": asked,
    "rejected": rejected,
    "in_line": in_line,
    "invited": lambda alice: invited(alice)[0],
    "key_owed": lambda alice: make_grant(applicant=alice).application,
    "key_ready": lambda alice: make_key(applicant=alice).grant.application,
    "active": lambda alice: make_secret(applicant=alice)[0].grant.application,
    "suspended": granted("suspend"),
    "revoked": granted("revoke"),
    "withdrawn": withdrawn,
    "lapsed": lapsed,
    "approved": lambda alice: make_application(applicant=alice, state=ApplicationState.APPROVED),
}
