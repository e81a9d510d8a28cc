"""The applicant's answer to a reviewer's question: sent once, with files if they help."""

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadhandler import MemoryFileUploadHandler, TemporaryFileUploadHandler
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from audit import clock
from onboarding.domain import attachments
from onboarding.models import Application
from onboarding.permissions import may_see
from onboarding.views import uploads
from onboarding.views.uploads import Bounded
from reviews.domain import questions
from reviews.forms import AnswerForm
from reviews.models import InformationRequest

WRONG, CONFLICT, TOO_MUCH = 422, 409, 413


@csrf_exempt  # the token is asked for below, once bounds are on what is read: looking for it reads the whole request
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, number: str) -> HttpResponse:
    """Show the open question; take the answer by POST. Numbers of other people's applications answer 404."""
    if request.method == "POST" and uploads.is_too_much(request):
        return render(request, "reviews/answer_too_much.html", {"says": uploads.too_much()}, status=TOO_MUCH)
    bounded = Bounded(request)
    request.upload_handlers = [
        bounded,
        MemoryFileUploadHandler(request),
        TemporaryFileUploadHandler(request),
    ]
    return _answer(request, number, bounded)


@csrf_protect
def _answer(request: HttpRequest, number: str, bounded: Bounded) -> HttpResponse:
    application = get_object_or_404(Application.objects.select_related("program", "owner"), number=number)
    if not may_see(request.user, application):
        raise Http404
    asked = questions.latest_for(application)
    if asked is None:
        raise Http404
    if request.method != "POST":
        return _page(request, application, asked, AnswerForm())
    form = AnswerForm(request.POST, request.FILES)
    found = _files(request, asked, form, bounded) if form.is_valid() else []
    if form.errors:
        if request.FILES:
            form.add_error("files", _("Choose your files again: a page cannot keep them."))
        return _page(request, application, asked, form, status=WRONG)
    said = {
        "answer": form.cleaned_data["answer"],
        "video_url": form.cleaned_data["video_url"],
        "files": found,
    }
    try:
        questions.answer(asked, by=request.user, at=clock.now(), **said)
    except (questions.NothingAsked, questions.AlreadyAnswered) as error:
        messages.error(request, str(error))
        return _page(request, application, questions.latest_for(application) or asked, form, status=CONFLICT)
    except (questions.BadAnswer, questions.BadAddress, attachments.TooManyFiles, attachments.NoRoom) as error:
        form.add_error(_field_of(error), str(error))
        return _page(request, application, asked, form, status=WRONG)
    messages.success(request, _("Your answer is with the reviewers. The case goes on where it stood."))
    return redirect("application", application.number)


def _files(
    request: HttpRequest, asked: InformationRequest, form: AnswerForm, bounded: Bounded
) -> list[attachments.Checked]:
    """Return the files that may be kept; what is wrong with any of them goes onto the form."""
    files, problems = form.cleaned_data["files"], list(bounded.problems)
    if not files or not questions.takes_answer(asked, asked.decision.case):
        found = []
    elif not ratelimit.consume(request, action="upload", user=request.user):
        found, problems = [], [_("That is many files in one hour. Send your answer without them, or later.")]
    else:
        found, more = uploads.looked_at(files)
        problems += more
    for problem in problems:
        form.add_error("files", problem)
    return found


def _field_of(error: Exception) -> str:
    if isinstance(error, questions.BadAddress):
        return "video_url"
    return "answer" if isinstance(error, questions.BadAnswer) else "files"


def _page(
    request: HttpRequest,
    application: Application,
    asked: InformationRequest,
    form: AnswerForm,
    *,
    status: int = 200,
) -> HttpResponse:
    shown = {
        "application": application,
        "asked": asked,
        "form": form,
        "thread": [one for one in questions.thread(application) if one.pk != asked.pk or asked.answered_at],
        "takes_answer": questions.takes_answer(asked, asked.decision.case),
    }
    return render(request, "reviews/question_answer.html", shown, status=status)
