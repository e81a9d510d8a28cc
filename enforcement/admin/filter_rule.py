"""Filter rules for policy editors: the list with figures, a rule with its tests, a try-out, the switch, the history."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from accounts.reading import OwnPages, ReadOnly
from accounts.roles import Duty
from audit import clock, ledger
from audit.models import LedgerEntry
from enforcement.admin import filter_back_test
from enforcement.domain import filter_hits, filter_rules, filter_trials, statements
from enforcement.domain.filter_rules import BadFilter, EditedMeanwhile, NoSuchStep, TextsFail, Wording
from enforcement.filters.rules import BadContent, Kind, Rule
from enforcement.filters.text import MOST, TooLong
from enforcement.models import FilterRule, FilterRuleVersion
from enforcement.models.filter_rule import TEXT_MOST
from enforcement.permissions import may_write_filters
from enforcement.states import FILTER_TRANSITIONS, FilterAction, FilterKind, FilterState
from onboarding.domain.programs import SayWhy

WRONG, CONFLICT = 422, 409
DAYS = 28
HISTORY = 50  # rows of the ledger shown
NO_NUL = {"null_characters_not_allowed": gettext_lazy("Leave out the character NUL.")}
LINES = gettext_lazy("One text a line.")
NEEDED = ("code", "name", "kind", "category", "content", "hits", "passes", "why")


class FilterForm(forms.Form):
    """What a version is to say; what makes no sense is the domain's to say, by field."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        required=False,
        max_length=60,
        help_text=gettext_lazy("As answers and counters name it."),
    )
    name = forms.CharField(label=gettext_lazy("Name"), required=False, max_length=200)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), required=False, choices=FilterKind.choices)
    category = forms.ChoiceField(label=gettext_lazy("Category"), required=False)
    content = forms.CharField(
        label=gettext_lazy("What it looks for"),
        required=False,
        max_length=60_000,
        help_text=gettext_lazy(
            "Words: one a line, with a weight as in “fuse = 0.5”. Patterns: RE2, one a line. Personal data: "
            "email, card, iban, phone, key, one a line. Endpoint: “endpoint = NAME”, “takes = CATEGORY”. # is a remark."
        ),
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )
    threshold = forms.FloatField(
        label=gettext_lazy("Least score"),
        required=False,
        min_value=0,
        max_value=1,
        initial=1.0,
        help_text=gettext_lazy("Above 0, at most 1."),
    )
    action = forms.ChoiceField(
        label=gettext_lazy("What follows a hit"), required=False, choices=FilterAction.choices
    )
    hits = forms.CharField(
        label=gettext_lazy("Texts it has to hit"), required=False, max_length=120_000, help_text=LINES,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
    passes = forms.CharField(
        label=gettext_lazy("Texts it has to let pass"), required=False, max_length=120_000, help_text=LINES,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
    why = forms.CharField(
        label=gettext_lazy("Why"),
        required=False,
        max_length=1_000,
        help_text=gettext_lazy("Kept with this version."),
    )
    sample = forms.CharField(
        label=gettext_lazy("Try it on a text"),
        required=False,
        max_length=MOST,
        help_text=gettext_lazy("It is kept nowhere."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, rule: FilterRule | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].choices = filter_rules.categories().items()
        for field in self.fields.values():
            field.error_messages |= NO_NUL
        for name in NEEDED:
            self.fields[name].mark = _("required")
        if rule is not None:
            del self.fields["code"], self.fields["name"]

    @property
    def wording(self) -> Wording:
        given = self.cleaned_data
        return Wording(
            kind=given["kind"], category=given["category"], content=given["content"].strip(),
            threshold=1.0 if given["threshold"] is None else given["threshold"],
            action=given["action"] or FilterAction.COUNT, hits=_lines(given["hits"]), passes=_lines(given["passes"]),
        )  # fmt: skip

    def take(self, problems: dict[str, str]) -> None:
        for field, problem in problems.items():
            self.add_error(field if field in self.fields else None, problem)


@admin.register(FilterRule)
class FilterRuleAdmin(OwnPages, ReadOnly, admin.ModelAdmin):
    """Pages of its own beside the stock ones. Each view loads, permits, calls the domain once, answers."""

    duties = (Duty.EDIT_POLICIES,)
    list_display = ("code", "name", "is_builtin", "made_at")
    actions = None

    def get_urls(self) -> list[URLPattern]:
        view, both = self.admin_site.admin_view, require_http_methods(["GET", "POST"])
        return [
            path("rules/", view(require_GET(self.list)), name="filters"),
            path("rules/new/", view(both(self.new)), name="filter_new"),
            path("rules/<int:pk>/", view(both(self.rule)), name="filter"),
            path("rules/<int:pk>/switch/", view(require_POST(self.switch)), name="filter_switch"),
            *filter_back_test.paths(self),
            *super().get_urls(),
        ]

    def list(self, request: HttpRequest) -> HttpResponse:
        """List the rules with what they did."""
        _permit(request)
        found = FilterRuleVersion.objects.select_related("rule").order_by("rule__code", "number")
        shown = [
            each for each in found if each.state in (FilterState.ON, FilterState.SHADOW) or _is_newest(each)
        ]
        told = filter_hits.figures(days=DAYS, at=clock.now())
        names = statements.clauses(version.category for version in shown)
        rows = [
            (version, names.get(version.category, version.category), _did(version, told)) for version in shown
        ]
        return self.rendered(
            request, "admin/enforcement/filters.html", title=_("Filter rules"), rows=rows, days=DAYS
        )

    def new(self, request: HttpRequest) -> HttpResponse:
        """Show an empty rule; a POST tries it out or keeps it as a draft."""
        _permit(request)
        if request.method != "POST":
            return self._form(request, FilterForm())
        form = FilterForm(request.POST)
        if (answer := self._try(request, form)) is not None:
            return answer
        given = form.cleaned_data
        try:
            version = filter_rules.write(
                given["code"],
                given["name"],
                form.wording,
                by=request.user,
                at=clock.now(),
                reason=given["why"],
            )
        except (BadFilter, SayWhy) as problem:
            return self._refuse(request, form, problem)
        messages.success(request, _("The rule is kept as a draft. It reads nothing before it is in shadow."))
        return redirect("admin:filter", version.rule_id)

    def rule(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show a rule with its history; a POST tries an edit out or keeps it as the next version."""
        _permit(request)
        rule = get_object_or_404(FilterRule, pk=pk)
        if request.method != "POST":
            return self._form(request, FilterForm(initial=_initial(rule), rule=rule), rule)
        form = FilterForm(request.POST, rule=rule)
        if (answer := self._try(request, form, rule)) is not None:
            return answer
        try:
            filter_rules.edit(
                rule, form.wording, seen=_number(request.POST.get("seen")), by=request.user, at=clock.now(),
                reason=form.cleaned_data["why"],
            )  # fmt: skip
        except (BadFilter, SayWhy) as problem:
            return self._refuse(request, form, problem, rule)
        except EditedMeanwhile as problem:
            form.add_error(None, str(problem))
            rule.refresh_from_db()
            return self._form(request, form, rule, status=CONFLICT)
        messages.success(
            request, _("This is the rule's next version, a draft. What was in use stays in use.")
        )
        return redirect("admin:filter", pk)

    def switch(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Move one version of a rule, or run its test texts again."""
        _permit(request)
        number, to = _number(request.POST.get("version")), request.POST.get("to", "")
        version = get_object_or_404(FilterRuleVersion.objects.select_related("rule"), rule=pk, number=number)
        try:
            if to == "test":
                filter_rules.test(version, by=request.user, at=clock.now())
            elif to in (FilterState.SHADOW, FilterState.ON, FilterState.OFF):
                filter_rules.switch(
                    version, to=to, by=request.user, at=clock.now(), reason=request.POST.get("why", "")
                )
        except SayWhy:
            messages.error(request, _("Say why."))
        except (NoSuchStep, TextsFail, BadFilter) as problem:
            messages.error(request, str(problem))
        return redirect("admin:filter", pk)

    def _try(
        self, request: HttpRequest, form: FilterForm, rule: FilterRule | None = None
    ) -> HttpResponse | None:
        """Answer what is wrong with the form, or the try-out that was asked for; None: keep it."""
        if not form.is_valid():
            return self._form(request, form, rule, status=WRONG)
        if request.POST.get("do") != "try":
            return None
        said, text = form.wording, form.cleaned_data["sample"]
        try:
            read = Rule("try", 1, said.category, Kind(said.kind), said.content, said.threshold)
            (finding,) = filter_trials.findings(read, [text])
        except (BadContent, TooLong, ValueError) as problem:
            form.add_error("content", str(problem))
            return self._form(request, form, rule, status=WRONG)
        spans = finding.spans if finding else ()
        return self._form(request, form, rule, tried=True, finding=finding, pieces=_pieces(text, spans))

    def _refuse(
        self,
        request: HttpRequest,
        form: FilterForm,
        problem: BadFilter | SayWhy,
        rule: FilterRule | None = None,
    ) -> HttpResponse:
        form.take(problem.problems if isinstance(problem, BadFilter) else {"why": _("Say why.")})
        return self._form(request, form, rule, status=WRONG)

    def _form(
        self,
        request: HttpRequest,
        form: FilterForm,
        rule: FilterRule | None = None,
        status: int = 200,
        **more: Any,
    ) -> HttpResponse:
        versions: list[FilterRuleVersion] = []
        told: dict[str, filter_hits.Figures] = {}
        if rule is not None:
            found = rule.versions.select_related("rule", "written_by", "changed_by")
            versions = [*found.prefetch_related("test_texts")]
            told = filter_hits.figures(days=DAYS, at=clock.now())
        names = statements.clauses(version.category for version in versions)
        return self.rendered(
            request,
            "admin/enforcement/filter_rule.html",
            status=status,
            title=str(rule) if rule else _("New filter rule"),
            form=form,
            rule=rule,
            history=[
                (version, names.get(version.category, version.category), _did(version, told), _steps(version))
                for version in versions
            ],
            moves=_moves(rule) if rule else [],
            days=DAYS,
            text_most=TEXT_MOST,
            **more,
        )


def _moves(rule: FilterRule) -> list[tuple[LedgerEntry, str]]:
    """Return the newest rows of the ledger about a rule, each with who it was."""
    rows = list(ledger.of(rule).order_by("-id")[:HISTORY])
    ids = [row.actor.removeprefix("user:") for row in rows if row.actor.startswith("user:")]
    people = {f"user:{user.pk}": str(user) for user in User.objects.filter(pk__in=ids)}
    return [(row, people.get(row.actor, "a machine")) for row in rows]


def _permit(request: HttpRequest) -> None:
    if not may_write_filters(request.user):
        raise PermissionDenied


def _is_newest(version: FilterRuleVersion) -> bool:
    return version.number == version.rule.number


def _did(
    version: FilterRuleVersion, told: dict[str, filter_hits.Figures]
) -> list[tuple[str, filter_hits.Figures]]:
    """Return what a version did while it was on and what it would have done in shadow, as far as there is any."""
    name = f"{version.rule.code}.{version.number}"
    both = ((_("on"), told.get(f"hit:{name}")), (_("in shadow"), told.get(f"shadow:{name}")))
    return [(how, figures) for how, figures in both if figures]


def _steps(version: FilterRuleVersion) -> list[tuple[str, str]]:
    says = {
        FilterState.SHADOW: _("Count in shadow"),
        FilterState.ON: _("Switch on"),
        FilterState.OFF: _("Switch off"),
    }
    return [(to, label) for to, label in says.items() if to in FILTER_TRANSITIONS[version.state]]


def _pieces(text: str, spans: Any) -> list[tuple[bool, str]]:
    """Return the text in pieces, those that were hit marked."""
    pieces, place = [], 0
    for start, end in spans:
        pieces += [(False, text[place:start]), (True, text[start:end])]
        place = end
    return [*pieces, (False, text[place:])]


def _lines(said: str) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in said.splitlines() if line.strip()))


def _number(said: str | None) -> int:
    return int(said) if said and said.isascii() and said.isdecimal() and len(said) < 10 else 0


def _initial(rule: FilterRule) -> dict[str, Any]:
    said = filter_rules.wording_of(rule.versions.get(number=rule.number))
    return vars(said) | {"hits": "\n".join(said.hits), "passes": "\n".join(said.passes)}
