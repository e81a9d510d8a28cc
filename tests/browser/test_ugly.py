"""Pages full of what people really type: words without an end, other directions, pictures, markup."""

import pytest
from django.urls import reverse

from accounts.domain import organisations, owners
from audit import clock
from demo import answers
from demo.journey import STORY
from onboarding.domain import applications, programs
from onboarding.models import Application
from reviews.domain import claims, decisions, telling
from tests.browser import axe
from tests.browser.conftest import Browse, Watch, newcomer, person
from tests.factories import accept_guidelines
from tests.reviews.making import opened

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
RTL = "مساعد يكتب الشيفرة \u202eללא סוף\u202c"
MARKUP = '<script>alert("here")</script><b onmouseover=alert(1)>"&amp;\''
PICTURES = "👩🏽‍🚀🏳️‍🌈🇪🇸🧑‍🧑‍🧒‍🧒"
UGLY = f"{WORD} {RTL} {PICTURES} {MARKUP}"


def make_ugly_application() -> Application:
    """Return an application in which everything that is typed is ugly, sent and asked about by Bob."""
    at = clock.now()
    user = newcomer("ugly")
    user.full_name = f"{WORD} {MARKUP}"[:120]
    user.save()
    accept_guidelines(user, at=at)
    organisation = organisations.found(
        f"{WORD}{RTL}"[:100], f"https://{WORD[:60].lower()}.example/", by=user, at=at
    )
    program = programs.Program.objects.get(slug="image-model")
    application = applications.start(program, owner=owners.of_organisation(organisation), by=user, at=at)
    said = answers.complete(
        {"name": user.full_name, "email": user.email, "organisation": WORD},
        STORY
        | {
            "title": f"{WORD[:50]} {MARKUP}"[:80],
            "summary": UGLY[:280],
            "detail": f"{UGLY} {STORY['detail']}",
        },
        list(program.models.values_list("code", flat=True)),
    )
    said |= dict.fromkeys(
        ("alternatives", "human_review", "disclosure", "tests_done", "incident_plan"), UGLY * 2
    )
    applications.save_draft(
        application, answers=said, seen_version=application.answers_version, by=user, at=at
    )
    applications.submit(application, by=user, at=at)
    case = opened(application, at=at)
    claims.claim(case, by=person("bob"), at=at)
    decisions.decide(
        case, by=person("bob"), at=at, outcome="needs_information", reason_code="I1_too_vague",
        categories=["mass_content"], explanation=UGLY, question=UGLY * 2,
    )  # fmt: skip
    telling.tell_owed(at=at)
    return application


def test_ugly_data_breaks_no_page(browse: Browse, watch: Watch):
    application = make_ugly_application()
    number, case = application.number, application.case.pk
    places = {
        "ugly": [
            reverse("applications"), reverse("application", args=[number]), reverse("answer", args=[number]),
            reverse("organisations"), reverse("account_email"),
            reverse("organisation", args=[application.owner.organisation_id]),
        ],
        "bob": [reverse("admin:desk") + "?show=all", reverse("admin:case", args=[case])],
        "root": [
            reverse("admin:onboarding_application_changelist"),
            reverse("admin:onboarding_application_change", args=[application.pk]),
            reverse("admin:accounts_user_changelist"),
            reverse("admin:accounts_organisation_changelist"),
        ],
    }  # fmt: skip
    wrong = []
    for viewer, paths in places.items():
        who = application.applicant if viewer == "ugly" else person(viewer)
        page = browse(who, reduced_motion="reduce")
        for path in paths:
            watch.listening = True
            answer = page.goto(path)
            watch.listening = False
            assert answer.ok, path
            assert "<script>alert" not in page.content(), path
            wrong += [f"{path}: {finding}" for finding in axe.look(page)]
    assert wrong == []
