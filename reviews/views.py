"""The applicant's answer to a reviewer's question: sent once."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from audit import clock
from onboarding.models import Application
from onboarding.permissions import may_see
from reviews.domain import questions
from reviews.forms import AnswerForm
from reviews.models import InformationRequest


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, number: str) -> HttpResponse:
    """Show the open question; take the answer by POST. Numbers of other people's applications answer 404."""
    application = get_object_or_404(Application.objects.select_related("program", "owner"), number=number)
    if not may_see(request.user, application):
        raise Http404
    asked = questions.latest_for(application)
    if asked is None:
        raise Http404
    if request.method != "POST":
        return _page(request, application, asked, AnswerForm())
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _page(request, application, asked, form, status=422)
    try:
        questions.answer(asked, by=request.user, at=clock.now(), answer=form.cleaned_data["answer"])
    except (questions.NothingAsked, questions.AlreadyAnswered) as error:
        messages.error(request, str(error))
        return _page(request, application, questions.latest_for(application) or asked, form, status=409)
    except questions.BadAnswer as error:
        form.add_error("answer", str(error))
        return _page(request, application, asked, form, status=422)
    messages.success(request, "Your answer is with the reviewers. The case goes on where it stood.")
    return redirect("application", application.number)


def _page(
    request: HttpRequest,
    application: Application,
    asked: InformationRequest,
    form: AnswerForm,
    *,
    status: int = 200,
) -> HttpResponse:
    shown = {"application": application, "asked": asked, "form": form}
    return render(request, "reviews/question_answer.html", shown, status=status)
