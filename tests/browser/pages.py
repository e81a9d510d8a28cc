"""Every page of the product, found in the data of a site that tells the demo's stories."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.contrib import admin
from django.db.models import Model
from django.urls import reverse

from enforcement.models import Appeal
from enforcement.states import AppealKind
from onboarding.domain import questions
from onboarding.models import Application, Grant
from onboarding.states import ApplicationState, GrantState
from reviews.models import Case
from reviews.states import CaseState

PROGRAMS = ("code-model", "image-model")  # the demo's; journeys open more of the same kind
# Who looks: one person for each kind of page. ROOT sees what no single role may see.
NOBODY, BOB, SAM, DORA, ROOT = "", "bob", "sam", "dora", "root"


@dataclass(frozen=True)
class Page:
    """A page, who opens it (the part of the address before the @, or nobody) and what it answers."""

    name: str
    path: str
    viewer: str = NOBODY
    status: int = 200


def kinds() -> dict[str, Callable[[], Iterator[Page]]]:
    """Return where the pages of each kind are found."""
    return {
        "public": _public,
        "accounts": _of_accounts,
        "applicants": _of_applicants,
        "drafts": _of_drafts,
        "staff": _of_staff,
        "lists": _lists_of_the_admin,
        "rows": _rows_of_the_admin,
        "errors": _errors,
    }


def every() -> list[Page]:
    """Return all pages, in the order in which people meet them."""
    return [page for found in kinds().values() for page in found()]


def _public() -> Iterator[Page]:
    yield Page("programs", reverse("home"))
    for slug in PROGRAMS:
        yield Page(f"program {slug}", reverse("program", args=[slug]))
        yield Page(f"evaluations of {slug}", reverse("evaluations", args=[slug]))
        yield Page(f"practices for {slug}", reverse("practices", args=[slug]))
    yield Page("showcase", reverse("showcase"))
    yield Page("guidelines", reverse("guidelines"))
    yield Page("guidelines version", reverse("guidelines_version", args=["1.0.0"]))
    yield Page("lesson", reverse("lesson", args=["wide-rule"]))
    for name in ("transparency", "lessons", "guarantees", "standards", "seals"):
        yield Page(f"public account, {name}", reverse(name))


def _of_accounts() -> Iterator[Page]:
    for name in ("account_login", "account_signup", "account_reset_password", "account_reset_password_done",
                 "account_email_verification_sent", "my_data"):  # fmt: skip
        yield Page(name, reverse(name))
    yield Page("stale reset link", reverse("account_reset_password_from_key", args=["0", "set-password"]))
    yield Page("stale confirmation link", reverse("account_confirm_email", args=["stale"]))
    for name in ("account_logout", "account_email", "account_change_password", "account_reauthenticate",
                 "mfa_index", "mfa_activate_totp", "mfa_list_webauthn", "mfa_add_webauthn", "usersessions_list",
                 "profile", "account_inactive", "account_reset_password_from_key_done", "organisations",
                 "my_data", "delete_account"):  # fmt: skip
        yield Page(name, reverse(name), "ana")
    yield Page("organisation", reverse("organisation", args=[_organisation_of("ana")]), "ana")


def _organisation_of(person: str) -> int:
    application = Application.objects.filter(applicant__email__startswith=f"{person}@").first()
    return application.owner.organisation_id


def _of_applicants() -> Iterator[Page]:
    """An application in each standing: its own state with that of its place, invitation and grant."""
    seen = set()
    for application in Application.objects.select_related("applicant", "entry").order_by("id"):
        standing = (application.state, *_reached(application))
        if standing in seen or application.state == ApplicationState.DRAFT:
            continue
        seen.add(standing)
        who = application.applicant.email.partition("@")[0]
        name = f"application of {who}, {application.get_state_display().lower()}"
        yield Page(name, reverse("application", args=[application.number]), who)
        if application.state == ApplicationState.INFORMATION_REQUESTED:
            yield Page("answer", reverse("answer", args=[application.number]), who)
        if application.state == ApplicationState.REJECTED:
            for kind in AppealKind.values:
                yield Page(f"{kind} of {who}", reverse(kind, args=[application.number]), who)
    yield Page("applications", reverse("applications"), "ana")
    yield Page("applications with a draft", reverse("applications"), "mei")
    for who in ("ana", "wes", "mei"):
        yield Page(f"access of {who}", reverse("access"), who)
    for state in GrantState.values:
        if grant := Grant.objects.filter(state=state, owner__person__isnull=False).first():
            who = grant.owner.person.email.partition("@")[0]
            yield Page(f"grant, {state}", reverse("grant", args=[grant.public_id]), who)
            if state == GrantState.ACTIVE:
                yield Page("showcase of a grant", reverse("grant_showcase", args=[grant.public_id]), who)


def _reached(application: Application) -> list[str]:
    """Return the states of what came after the approval, as far as it came."""
    entry = getattr(application, "entry", None)
    if entry is None:
        return []
    seats = entry.seats.order_by("-id").values_list("invitation__state", "grant__state")
    return [entry.state, *(state or "" for state in (seats[0] if seats else []))]


def _of_drafts() -> Iterator[Page]:
    yield Page("start", reverse("apply", args=["code-model"]), "ana")
    yield Page("start as new", reverse("apply", args=["image-model"]), "bea")
    draft = Application.objects.get(state=ApplicationState.DRAFT, applicant__email__startswith="mei@")
    for section in questions.of(draft.question_set).sections:
        yield Page(f"form {section.key}", reverse("apply_section", args=[draft.number, section.key]), "mei")
    wrong = reverse("apply_section", args=[draft.number, "purpose"])
    yield Page("form with problems", f"{wrong}?look", "mei")
    yield Page("check", reverse("apply_check", args=[draft.number]), "mei")


def _of_staff() -> Iterator[Page]:
    yield Page("desk", reverse("admin:desk"), BOB)
    yield Page("desk of nothing", reverse("admin:desk") + "?q=no+such+words", BOB)
    for case in Case.objects.order_by("state", "decisions__outcome", "-id").distinct(
        "state", "decisions__outcome"
    ):
        yield Page(f"case {case.pk}, {case.state}", reverse("admin:case", args=[case.pk]), BOB)
        if case.state == CaseState.AWAITING_SECOND:
            yield Page("case to sign", reverse("admin:case", args=[case.pk]), SAM)
    for name in ("care", "second_look"):
        yield Page(name, reverse(f"admin:{name}"), BOB)
    for name in ("claims", "days_off", "team", "rules", "rule_new", "quality"):
        yield Page(name, reverse(f"admin:{name}"), SAM)
    yield Page("appeals", reverse("admin:appeals"), SAM)
    for appeal in Appeal.objects.order_by("state", "id").distinct("state"):
        yield Page(f"appeal, {appeal.state}", reverse("admin:appeal", args=[appeal.pk]), SAM)
    for slug in PROGRAMS:
        yield Page(f"board of {slug}", f"{reverse('admin:board')}?program={slug}", DORA)
    yield Page("import", reverse("admin:import"), DORA)


def _lists_of_the_admin() -> Iterator[Page]:
    """The list of each model, whatever models there are."""
    yield Page("everything", reverse("admin:index") + "?all", ROOT)
    for model, at in _models():
        yield Page(f"list of {model._meta.verbose_name}", reverse(f"{at}_changelist"), ROOT)
    yield Page("no application", reverse("admin:onboarding_application_changelist") + "?q=zzzz", ROOT)


def _rows_of_the_admin() -> Iterator[Page]:
    """The last row of each model."""
    for model, at in _models():
        row = model._default_manager.order_by("-pk").first()
        if row is not None:
            yield Page(f"one {model._meta.verbose_name}", reverse(f"{at}_change", args=[row.pk]), ROOT)
    for state in GrantState.values:
        grant = Grant.objects.filter(state=state).first()
        if grant is not None:
            yield Page(f"grant, {state}", reverse("admin:onboarding_grant_change", args=[grant.pk]), SAM)


def _models() -> list[tuple[type[Model], str]]:
    """Return each model of the admin with the name its addresses begin with."""
    known = sorted(admin.site._registry, key=lambda model: model._meta.label)
    return [(model, f"admin:{model._meta.app_label}_{model._meta.model_name}") for model in known]


def _errors() -> Iterator[Page]:
    yield Page("no such page", "/no/such/page/", status=404)
    number = Application.objects.filter(applicant__email__startswith="ana@").first().number
    yield Page("somebody else's application", reverse("application", args=[number]), "mei", 404)
    yield Page("the board for an applicant", reverse("admin:board"), "mei", 403)
    yield Page("no grant for a reviewer", reverse("admin:onboarding_grant_changelist"), BOB, 403)
