import pytest
from django.urls import reverse

from accounts.roles import Role
from policies.domain import weaknesses
from policies.models import KnownWeakness
from tests.factories import MONDAY, make_guidelines, make_program, make_staff

pytestmark = pytest.mark.django_db

PAGES = [
    "guidelines_new",
    "policies_guidelineversion_changelist",
    "policies_knownweakness_changelist",
    "policies_knownweakness_add",
]


@pytest.fixture
def paula(client):
    user = make_staff("paula", Role.POLICY_EDITOR)
    client.force_login(user)
    return user


@pytest.mark.parametrize("page", PAGES)
def test_policies_are_the_policy_editors(client, page):
    seen = {}
    for role in (Role.POLICY_EDITOR, Role.REVIEWER, Role.ONBOARDING_MANAGER, Role.AUDITOR):
        client.force_login(make_staff(role.name.lower(), role))
        seen[role] = client.get(reverse(f"admin:{page}")).status_code

    assert seen == {
        Role.POLICY_EDITOR: 200, Role.REVIEWER: 403, Role.ONBOARDING_MANAGER: 403, Role.AUDITOR: 403,
    }  # fmt: skip


def test_a_version_is_read_and_never_changed(client, paula):
    page = reverse("admin:policies_guidelineversion_change", args=[make_guidelines().pk])

    assert (client.get(page).status_code, client.post(page, {"version": "2.0.0"}).status_code) == (200, 403)


def test_a_new_text_of_weaknesses_is_published(client, paula):
    program = make_program("code")

    client.post(
        reverse("admin:policies_knownweakness_add"), {"program": program.slug, "text": "It invents names."}
    )

    made = KnownWeakness.objects.get()
    assert (made.program, made.version, made.text, made.published_by) == (
        "code",
        1,
        "It invents names.",
        paula,
    )


@pytest.mark.parametrize(
    "fields", [{"program": "nowhere", "text": "x"}, {"program": "code", "text": " "}, {"program": "code"}]
)
def test_a_text_without_a_program_or_words_is_refused(client, paula, fields):
    make_program("code")

    answer = client.post(reverse("admin:policies_knownweakness_add"), fields)

    assert (answer.status_code, KnownWeakness.objects.count()) == (200, 0)


def test_the_form_begins_with_the_text_that_is_public(client, paula):
    make_program("code")
    weaknesses.publish("code", text="It invents names.", by=paula, at=MONDAY)

    page = client.get(reverse("admin:policies_knownweakness_add") + "?program=code").content.decode()

    assert "It invents names." in page


def test_a_published_text_is_shown_as_html_and_cannot_be_changed(client, paula):
    made = weaknesses.publish(
        "code", text="It *invents* names. <script>alert(1)</script>", by=paula, at=MONDAY
    )
    page = reverse("admin:policies_knownweakness_change", args=[made.pk])

    text = client.get(page).content.decode()
    assert (
        "<em>invents</em>" in text,
        "<script>alert" in text,
        client.post(page, {"text": "x"}).status_code,
    ) == (True, False, 403)
