"""Forms that say what a change would do before somebody makes it."""

from django import forms
from django.http import HttpRequest


def wants_preview(request: HttpRequest) -> bool:
    return "preview" in request.POST


def is_readable(form: forms.Form, request: HttpRequest) -> bool:
    """Return whether a form can be read; its reason is asked for by the change, not by the preview of it."""
    form.fields["reason"].required = not wants_preview(request)
    readable = form.is_valid()
    form.fields["reason"].required = True  # what the change asks for: the page says so below a preview too
    return readable
