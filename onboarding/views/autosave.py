"""A section that saves itself: keep what is typed, and send back what of the page changes by it."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from audit import clock
from onboarding.domain import applications, drafts, saving
from onboarding.forms import typed_on
from onboarding.views import posted, section_page, stash
from onboarding.views.apply import mine
from onboarding.views.section_page import Page, clashing

SIGNED_OUT, GONE = 401, 410  # the page says what to do; a redirect would bring it a whole other page


@sensitive_post_parameters()  # a test login is among what is typed
@never_cache
@require_POST
def save(request: HttpRequest, number: str, section: str) -> HttpResponse:
    """Save what the page holds now. 401: nobody is signed in. 409: something is to choose. 410: it is sent."""
    if not request.user.is_authenticated:
        return HttpResponse(status=SIGNED_OUT)
    application = mine(request.user, number)
    if not application.takes_answers:
        return HttpResponse(status=GONE)
    reading = drafts.read(application)
    here = reading.paper.form.section(section)
    if here is None:
        raise Http404
    typed = typed_on(reading, here.key, request.POST)
    seen = posted.seen(request.POST, typed)
    try:
        saved = saving.save(application, answers=typed, seen=seen, by=request.user, at=clock.now())
    except applications.IllegalMove:
        return HttpResponse(status=GONE)
    stash.drop(request, number, here.key)
    draft = drafts.look_at(saved.application, by=request.user)
    page = Page(saved.application, draft, here)
    if saved.clashes:
        stored = drafts.as_stored(saved.application, typed)
        page = clashing(saved, draft, here, typed=stored, seen=seen)
    return section_page.parts(request, page, taken=saved.taken, post=request.POST)
