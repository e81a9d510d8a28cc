"""What a person types about themselves, and about an organisation."""

from zoneinfo import available_timezones

from allauth.account.forms import SignupForm
from django import forms
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from accounts.domain import people
from accounts.languages import spoken
from accounts.models import Organisation, User
from audit import clock

ZONES = sorted(
    zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix", "right"))
)


class Signup(SignupForm):
    """allauth's form with two more fields; account, address and ledger row are made together or not at all."""

    field_order = ["full_name", "email", "password1", "time_zone"]

    full_name = forms.CharField(
        max_length=120, label="Your full name", widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    time_zone = forms.ChoiceField(
        choices=[("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in ZONES)],
        initial="UTC",
        label="Your time zone",
        help_text="Dates and deadlines are shown in this zone.",
    )

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Make the account; where the address has one already, answer just the same and write to its holder."""
        try:
            with transaction.atomic():
                return super().try_save(request)
        except IntegrityError:  # the same address, in another request a moment ago
            self.account_already_exists = True
            return super().try_save(request)

    def custom_signup(self, request: HttpRequest, user: User) -> None:
        super().custom_signup(request, user)
        user.full_name = self.cleaned_data["full_name"]
        user.time_zone = self.cleaned_data["time_zone"]
        user.language = spoken(translation.get_language() or "")
        user.save(update_fields=["full_name", "time_zone", "language"])
        people.join(user, at=clock.now())


class OrganisationForm(forms.ModelForm):
    website = forms.URLField(
        required=False,
        label="Public website",
        assume_scheme="https",
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )

    class Meta:
        model = Organisation
        fields = ("name", "website")
        labels = {"name": "Full legal name"}
        help_texts = {"name": "No abbreviations; reviewers compare it with the website."}


class MemberForm(forms.Form):
    email = forms.EmailField(
        label="Their e-mail address",
        help_text="They need an account here with this address, and must have confirmed it.",
    )

    def clean_email(self) -> str:
        return self.cleaned_data["email"].strip().lower()
