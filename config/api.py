"""The self-service API: what the apps' doors offer, under one description; and its page of documentation."""

from http import HTTPStatus
from typing import Any

from allauth.core import ratelimit
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, include, path
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from ninja import NinjaAPI, Router
from ninja.errors import HttpError, ValidationError

from accounts import api as accounts
from accounts.api import By, Problem, refusals
from accounts.scopes import Scope
from audit import clock
from config import mine
from enforcement.api import appeals as appealing
from enforcement.api import reports
from enforcement.domain import appeals
from onboarding.api import access, applications, keys
from onboarding.domain import applications as applying
from onboarding.domain import invitations, limits
from onboarding.domain import keys as holding
from reviews import api as reviews
from reviews.domain import questions

PROBLEM = "application/problem+json"
NOT_YOURS = (
    applying.NotYours, invitations.NotYours, holding.NotYours, limits.NotYoursToLimit, appeals.NotYours,
    questions.NotYours,
)  # fmt: skip
ZIP = {"type": "string", "format": "binary"}


class Described(NinjaAPI):
    """Says in its description that refusals are problems: ninja itself knows one media type only."""

    def get_openapi_schema(self, **where: Any) -> Any:
        schema = super().get_openapi_schema(**where)
        for operations in schema["paths"].values():
            for operation in operations.values():
                for status, answer in operation["responses"].items():
                    if int(status) >= HTTPStatus.BAD_REQUEST and "application/json" in answer.get(
                        "content", {}
                    ):
                        answer["content"] = {PROBLEM: answer["content"]["application/json"]}
        return schema

    def create_response(self, *args: Any, **how: Any) -> HttpResponse:
        """Keep every answer out of caches: it is one person's, and may hold a secret."""
        answer = super().create_response(*args, **how)
        answer.headers["Cache-Control"] = "no-store"
        return answer


api = Described(
    title="Gatehouse",
    version="1",
    description="Where your applications stand, and what you can do about it: the same rules as on the pages.",
    urls_namespace="api",
)
yours = Router(tags=["You"])


def problem(status: int, code: str, detail: str, headers: dict[str, str] | None = None) -> HttpResponse:
    """Return a refusal as RFC 9457 writes it."""
    said = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    answer = JsonResponse(
        {**said, "code": code, "detail": detail}, status=status, headers=headers, content_type=PROBLEM
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


@api.exception_handler(Problem)
def _refused(request: HttpRequest, error: Problem) -> HttpResponse:
    return problem(error.status, error.code, error.detail, error.headers)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Say which part is wrong and how; never what was sent, which may be a secret put in the wrong place."""
    wrong = (
        "{}: {}".format(".".join(str(part) for part in one["loc"][1:]), one["msg"]) for one in error.errors
    )
    return problem(422, "invalid", "; ".join(wrong))


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(error.status_code, "bad_request", str(error))


@api.exception_handler(Http404)
def _missing(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    return problem(404, "not_found", _("There is nothing at this address."))


for not_yours in NOT_YOURS:  # what was theirs when the call looked, and not any more under the lock
    api.add_exception_handler(not_yours, _missing)


@api.exception_handler(RequestDataTooBig)
def _too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return problem(413, "too_large", _("That is more than one call may send."))


@yours.post(
    "/export",
    auth=By(Scope.READ_EXPORT),
    response={200: None, **refusals()},
    summary="A copy of everything of yours",
    openapi_extra={"responses": {200: {"content": {"application/zip": {"schema": ZIP}}}}},
)
def export(request: HttpRequest) -> HttpResponseBase:
    """Answer one ZIP: mine.json and your files; a few times an hour, as on the page."""
    user, at = request.auth.user, clock.now()  # type: ignore[attr-defined]  # set by `By`
    if not ratelimit.consume(request, action="my_copy", user=user):
        detail = _("You took several copies within the hour. Take the next one later.")
        raise Problem(429, "too_many_copies", detail)
    return mine.packed(user, at=at)


@csrf_exempt
def nothing(request: HttpRequest, rest: str) -> HttpResponse:
    """Answer every other address under api/ as the API answers."""
    return problem(404, "not_found", _("There is nothing at this address."))


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Show the description as a page of ours: it works under the content security policy, without scripts."""
    schema = api.get_openapi_schema(path_prefix="/api/")
    operations = [
        {"method": method.upper(), "path": where, **operation}
        for where, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]
    return render(request, "api_docs.html", {"operations": operations})


for each in (
    accounts.router,
    yours,
    applications.router,
    reviews.router,
    appealing.router,
    reports.router,
    access.router,
    keys.router,
):
    api.add_router("/v1", each)

urlpatterns: list[URLPattern | URLResolver] = [
    path("docs", docs, name="api_docs"),
    path("", include((api.urls[0], "api"), namespace="api")),
    path("<path:rest>", nothing),
]
