"""What a person types about themselves, and about an organisation."""

from typing import Any
from uuid import uuid4
from zoneinfo import available_timezones

from allauth.account.forms import SignupForm
from allauth.account.utils import get_next_redirect_url
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts.adapter import WANTED
from accounts.domain import people
from accounts.languages import spoken
from accounts.models import MemberRole, Organisation, User
from audit import clock

ZONES = sorted(
    zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix", "right"))
)


class ZoneField(forms.ChoiceField):
    """A time zone; `js/zone.js` chooses the browser's own where nothing was chosen yet."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            choices=[("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in ZONES)],
            label=_("Your time zone"),
            help_text=_("Dates and deadlines are shown in this zone."),
            **options,
        )


class NameField(forms.CharField):
    def __init__(self) -> None:
        super().__init__(
            max_length=120, label=_("Your full name"), widget=forms.TextInput(attrs={"autocomplete": "name"})
        )


class Signup(SignupForm):
    """allauth's form with two more fields; account, address and ledger row are made together or not at all."""

    field_order = ["full_name", "email", "password1", "time_zone"]

    full_name = NameField()
    time_zone = ZoneField(initial="UTC", widget=forms.Select(attrs={"data-zone": ""}))

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Make the account; where the address has one already, answer just the same and write to its holder."""
        request.session[WANTED] = get_next_redirect_url(request) or ""
        try:
            with transaction.atomic():
                if self.account_already_exists:
                    self._work_as_for_a_new_one(request)
                return super().try_save(request)
        except IntegrityError:  # the same address, in another request a moment ago
            self.account_already_exists = True
            return super().try_save(request)

    def _work_as_for_a_new_one(self, request: HttpRequest) -> None:
        """Do and undo what a new account takes: else the time tells that the address has one already."""
        known = self.cleaned_data["email"]
        self.account_already_exists, self.cleaned_data["email"] = False, f"{uuid4().hex}@invalid.example"
        with transaction.atomic():
            self.save(request)
            transaction.set_rollback(True)
        self.account_already_exists, self.cleaned_data["email"] = True, known

    def custom_signup(self, request: HttpRequest, user: User) -> None:
        super().custom_signup(request, user)
        user.full_name = self.cleaned_data["full_name"]
        user.time_zone = self.cleaned_data["time_zone"]
        user.language = spoken(translation.get_language() or "")
        user.save(update_fields=["full_name", "time_zone", "language"])
        people.join(user, at=clock.now())


class AddPasskey(AddWebAuthnForm):
    """allauth's form in our words; a passkey that also signs in without the password is the rule."""

    name = forms.CharField(
        required=False,
        max_length=100,
        label=_("A name for it"),
        help_text=_("So that you can tell it from others later: “my phone”."),
    )
    passwordless = forms.BooleanField(
        required=False,
        initial=True,
        label=_("Sign in with it instead of the password too"),
        help_text=_("Your device then asks for a fingerprint, a face or a PIN."),
    )


class ProfileForm(forms.Form):
    """What a person says about themselves; a language is asked once there is more than one."""

    full_name = NameField()
    time_zone = ZoneField()
    language = forms.ChoiceField(label=_("Language of pages and letters"))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["language"].choices = settings.LANGUAGES
        if len(settings.LANGUAGES) < 2:
            del self.fields["language"]


class OrganisationForm(forms.ModelForm):
    website = forms.URLField(
        required=False,
        label=_("Public website"),
        assume_scheme="https",
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )

    class Meta:
        model = Organisation
        fields = ("name", "website")
        labels = {"name": _("Full legal name")}
        help_texts = {"name": _("No abbreviations; reviewers compare it with the website.")}


class InviteForm(forms.Form):
    email = forms.EmailField(
        max_length=254,
        label=_("Their e-mail address"),
        help_text=_("We write to this address. Only somebody who has confirmed it as theirs can accept."),
    )
    role = forms.ChoiceField(
        choices=MemberRole.choices, initial=MemberRole.MEMBER, label=_("As"), widget=forms.RadioSelect
    )

    def clean_email(self) -> str:
        return self.cleaned_data["email"].strip().lower()
