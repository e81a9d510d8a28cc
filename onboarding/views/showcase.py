"""The showcase: what anybody may read of approved uses, and the page on which a holder of access offers theirs."""

from dataclasses import fields
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit import clock
from onboarding.domain import showcase
from onboarding.domain.showcase import MOST, Words
from onboarding.forms import TypedField
from onboarding.models import Grant, Program, ShowcaseEntry
from onboarding.states import ShowcaseState
from onboarding.views import access

PAGE = 12
WORDS = tuple(each.name for each in fields(Words))


class ShowcaseForm(forms.Form):
    """What a holder says of their use; the domain says what is missing."""

    title = TypedField(label=_("What it is called"))
    does = TypedField(label=_("What it does"), widget=forms.Textarea(attrs={"rows": 4}))
    uses = TypedField(label=_("Which capability of the model it uses"))
    quote = TypedField(
        label=_("What somebody says about it"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    quoted = TypedField(label=_("Who says so"), required=False, help_text=_("Name and what they do."))
    agreed = forms.BooleanField(label=_("They agreed to be quoted here by name"), required=False)
    link = TypedField(
        label=_("Where to see it"), required=False, help_text=_("An address that begins with https://.")
    )

    def __init__(self, data=None, **more):
        super().__init__(data, **more)
        for name, most in MOST.items():
            self.fields[name].widget.attrs["maxlength"] = most

    def words(self) -> Words:
        """Return what was typed, without what PostgreSQL cannot keep."""
        said = {name: self.cleaned_data[name] or "" for name in WORDS}
        return Words(**{name: typed.replace("\0", "").strip() for name, typed in said.items()})


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show what is published, the latest first, of all programs or of one."""
    shown = ShowcaseEntry.objects.public().select_related("grant__program").order_by("-id")
    query = {}
    program = Program.objects.filter(slug=request.GET.get("program", "").replace("\0", "")).first()
    if program:
        shown, query = shown.filter(grant__program=program), {"program": program.slug}
    if before := _number(request.GET.get("before", "")):
        shown = shown.filter(pk__lt=before)
    entries = list(shown[: PAGE + 1])
    older = urlencode(query | {"before": entries[PAGE - 1].pk}) if len(entries) > PAGE else ""
    context = {
        "entries": entries[:PAGE],
        "program": program,
        "older_url": older and f"?{older}",
        "newer_url": f"?{urlencode(query)}" if before else "",
    }
    return render(request, "onboarding/showcase.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def mine(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show what is offered or shown of a grant's use; offer one."""
    grant = access.mine(request, public_id)
    form = ShowcaseForm(request.POST if request.method == "POST" else None, initial=_before(grant))
    if request.method != "POST":
        return _show(request, grant, form)
    form.is_valid()
    try:
        showcase.offer(
            grant, form.words(), agreed=form.cleaned_data["agreed"], by=request.user, at=clock.now()
        )
    except showcase.Incomplete as error:
        for name, says in error.problems.items():
            form.add_error(name, says)
    except showcase.NotOpen as error:
        form.add_error(None, str(error))
    else:
        messages.success(request, _("Offered. A person reads it before anybody sees it; you get a letter."))
        return redirect("grant_showcase", grant.public_id)
    return _show(request, grant, form, status=422)


@require_POST
@login_required
def withdraw(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take back what is offered or shown; what has ended meanwhile is said."""
    grant = access.mine(request, public_id)
    entry = get_object_or_404(ShowcaseEntry, pk=_number(request.POST.get("entry", "")), grant=grant)
    try:
        showcase.withdraw(entry, by=request.user, at=clock.now())
    except showcase.MovedOn as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Taken back: nobody sees it any more."))
    return redirect("grant_showcase", grant.public_id)


def _number(said: str) -> int:
    """Return an id as it was sent, 0 for what is none."""
    return int(said) if said.isascii() and said.isdigit() and len(said) < 19 else 0


def _before(grant: Grant) -> dict[str, str]:
    """Return the words of the entry before, so that a correction need not be typed anew."""
    last = grant.showcase_entries.first()
    return {name: getattr(last, name) for name in WORDS} if last else {}


def _show(request: HttpRequest, grant: Grant, form: ShowcaseForm, *, status: int = 200) -> HttpResponse:
    entries = list(grant.showcase_entries.all()[:10])
    living = [each for each in entries if each.state in (ShowcaseState.OFFERED, ShowcaseState.PUBLISHED)]
    context = {
        "grant": grant,
        "program": grant.program,
        "form": form,
        "living": living,
        "declined": next((each for each in entries[:1] if each.state == ShowcaseState.DECLINED), None),
    }
    return render(request, "onboarding/grant_showcase.html", context, status=status)
