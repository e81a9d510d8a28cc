"""Records of known weaknesses, for policy editors: write one, follow it by its next revision, import AVID's files."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.forms.models import model_to_dict
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.reading import OwnPages, ReadOnly
from accounts.roles import Duty, may
from audit import clock
from onboarding.models import Program
from policies import markdown
from policies.domain import avid, avid_import, weakness_records
from policies.domain.weakness_records import BadRecord
from policies.models import Category, CategoryKind, WeaknessRecord
from policies.states import Gravity, Taken, VersionState, WeaknessStatus

LISTS = ("risk_domains", "effects", "lifecycle")
WRONG = 422


def domains() -> list[tuple[str, str]]:
    """Return the scrutiny domains of the guidelines in force, for a choice."""
    found = Category.objects.filter(guidelines__state=VersionState.EFFECTIVE, kind=CategoryKind.SCRUTINY)
    return list(found.order_by("position").values_list("code", "name"))


class Choices(forms.Form):
    """What a record and an import have in common."""

    program = forms.ChoiceField(label=gettext_lazy("Program"))
    severity = forms.ChoiceField(
        label=gettext_lazy("Severity"), choices=Gravity.choices, initial=Gravity.MODERATE
    )
    must_read = forms.MultipleChoiceField(
        label=gettext_lazy("Uses that must read it"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Scrutiny domains; none ticked means every use."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["program"].choices = [("", "–"), *Program.objects.values_list("slug", "name")]
        self.fields["must_read"].choices = domains()


class ImportForm(Choices):
    """AVID's files: looked at first, imported where that is ticked off."""

    file = forms.FileField(
        label=gettext_lazy("AVID's JSON"),
        help_text=gettext_lazy("One record or a list of them, at most 2 MB."),
    )
    tell = forms.ChoiceField(
        label=gettext_lazy("Letters"),
        choices=[
            ("holders", gettext_lazy("One letter to each holder whose use is touched")),
            ("nobody", gettext_lazy("Tell nobody")),
        ],
        initial="holders",
        required=False,
    )
    dry_run = forms.BooleanField(
        label=gettext_lazy("Only look, import nothing"), required=False, initial=True
    )


class RecordForm(forms.ModelForm):
    risk_domains = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    effects = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    lifecycle = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    references = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("A line each: what it is | https://…"),
    )
    program = forms.ChoiceField()
    must_read = Choices.base_fields["must_read"]
    status = forms.ChoiceField(choices=WeaknessStatus.choices)
    found_on = forms.DateField(required=False)

    class Meta:
        model = WeaknessRecord
        fields = (
            "program", "code", "title", "problem_class", "risk_domains", "effects", "lifecycle", "severity", "status",
            "affected", "description", "examples", "workaround", "must_read", "references", "found_by", "found_on",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "program" in self.fields:  # absent when a record is only read
            self.fields["program"].choices = [("", "–"), *Program.objects.values_list("slug", "name")]
            self.fields["must_read"].choices = domains()
            for name in LISTS:
                self.fields[name].help_text = gettext_lazy("A line each.")

    def clean(self) -> dict[str, Any]:
        """Look whether the record can be published, so that what is wrong stands on the form."""
        said = super().clean() or {}
        if self.errors:
            return said
        record = {name: said[name] for name in self.Meta.fields if name != "program"}
        record |= {name: _lines(said[name]) for name in LISTS}
        record["references"] = [_reference(line) for line in _lines(said["references"])]
        try:
            said["record"] = weakness_records.checked(record)
        except BadRecord as bad:
            raise forms.ValidationError(bad.problems) from None
        return said

    def _post_clean(self) -> None:
        """Leave the row alone: the domain makes it."""


@admin.register(WeaknessRecord)
class WeaknessRecordAdmin(ReadOnly, OwnPages, admin.ModelAdmin):
    duties = (Duty.EDIT_POLICIES,)
    form = RecordForm
    change_list_template = "admin/policies/weakness_records.html"
    list_display = ("program", "code", "revision", "title", "severity", "status", "published_at", "next")
    list_filter = ("program", "severity", "status")
    actions = None

    def get_urls(self) -> list:
        return [
            path("import/", self.admin_site.admin_view(self.import_avid), name="weaknesses_import"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[WeaknessRecord]:
        return super().get_queryset(request).defer("source")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, Duty.EDIT_POLICIES)

    def get_fields(self, request: HttpRequest, obj: WeaknessRecord | None = None) -> tuple[str, ...]:
        if obj is None:
            return RecordForm.Meta.fields
        return ("program", "code", "revision", "severity", "status", "must_read", "as_shown", "published_at",
                "published_by", "next")  # fmt: skip

    @admin.display(description=gettext_lazy("text"))
    def as_shown(self, row: WeaknessRecord) -> SafeString:
        return format_html(
            '<div class="gh"><div class="prose"><h3>{}</h3>{}{}{}</div></div>',
            row.title,
            *(markdown.rendered(part) for part in (row.description, row.examples, row.workaround)),
        )

    @admin.display(description=gettext_lazy("next revision"))
    def next(self, row: WeaknessRecord) -> SafeString:
        address = reverse("admin:policies_weaknessrecord_add")
        return format_html(
            '<a href="{}?program={}&amp;code={}">{}</a>', address, row.program, row.code, _("write")
        )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with what the record says now, where the address names one: `?program=…&code=…`."""
        initial = super().get_changeform_initial_data(request)
        latest = weakness_records.find(
            initial.get("program", "").replace("\0", ""), initial.get("code", "").replace("\0", "")
        )
        if latest is None:
            return initial
        said = model_to_dict(latest, fields=RecordForm.Meta.fields)
        said |= {name: "\n".join(said[name]) for name in LISTS}
        said["references"] = "\n".join(f"{one['label']} | {one['url']}" for one in latest.references)
        return initial | said

    def save_model(self, request: HttpRequest, obj: WeaknessRecord, form: RecordForm, change: bool) -> None:
        """Publish through the domain; the row it makes is the one the admin then names."""
        said = form.cleaned_data
        made = weakness_records.publish(said["program"], said["record"], by=request.user, at=clock.now())
        obj.pk, obj.code, obj.title = made.pk, made.code, made.title

    def import_avid(self, request: HttpRequest) -> HttpResponse:
        """Read AVID's file: say what it would make, or make it."""
        if not may(request.user, Duty.EDIT_POLICIES):
            raise PermissionDenied
        form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
        if request.method != "POST" or not form.is_valid():
            return self._import_page(request, form, status=WRONG if form.is_bound else 200)
        said = form.cleaned_data
        try:
            read = avid.read(said["file"].read(), severity=said["severity"], must_read=said["must_read"])
        except BadRecord as bad:
            form.add_error("file", bad.problems)
            return self._import_page(request, form, status=WRONG)
        with transaction.atomic():
            found = avid_import.take(
                said["program"], read, by=request.user, at=clock.now(), tell=said["tell"] != "nobody"
            )
            if said["dry_run"]:
                transaction.set_rollback(True)
        if said["dry_run"]:
            return self._import_page(request, form, found=found)
        number = sum(one.taken != Taken.KNOWN for one in found)
        messages.success(
            request,
            _("%(read)s records read; %(new)s said something new and are public.")
            % {"read": len(found), "new": number},
        )
        return redirect("admin:policies_weaknessrecord_changelist")

    def _import_page(
        self, request: HttpRequest, form: ImportForm, *, found: list | None = None, status: int = 200
    ) -> HttpResponse:
        shown = {"title": _("Import known weaknesses"), "form": form, "found": found}
        return self.rendered(request, "admin/policies/weakness_import.html", status=status, **shown)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _reference(line: str) -> dict[str, str]:
    label, _bar, url = line.rpartition("|")
    return {"label": label.strip(), "url": url.strip()}
