"""Triage rules for seniors and policy editors: the list, a rule with its history, the dry run, on and off."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audit import clock
from onboarding.domain import questions
from onboarding.domain.programs import SayWhy
from onboarding.models import Program
from policies.domain import guidelines
from policies.models import Category
from policies.states import Lane
from reviews.domain import automatic, matches, rules, signals
from reviews.domain.rules import BadRule, EditedMeanwhile, NoSuchStep, Wording
from reviews.models import RuleVersion, TriageRule
from reviews.permissions import conflicts, may_write_rules
from reviews.states import Expectation, RuleState

WRONG, CONFLICT = 422, 409
DAYS, DAYS_MOST = 90, 730
MOST_TYPED = 20_000  # characters of the questions' box; the domain says how many of them count
NEEDED = ("name", "condition", "why")  # the domain says so; the form lets them through to it
NO_NUL = {"null_characters_not_allowed": gettext_lazy("Leave out the character NUL.")}


class RuleForm(forms.Form):
    """What a rule is to say; what makes no sense is the domain's to say, by field."""

    name = forms.CharField(label=gettext_lazy("Name"), required=False)
    program = forms.ModelChoiceField(
        Program.objects.all(),
        label=gettext_lazy("Program"),
        required=False,
        empty_label=gettext_lazy("All programs"),
    )
    condition = forms.CharField(
        label=gettext_lazy("When"),
        required=False,
        help_text=gettext_lazy(
            "On set answers only, never on words: areas contains legal and users_under_18 = yes"
        ),
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "none"}),
    )
    lane = forms.ChoiceField(
        label=gettext_lazy("Suggest the lane"),
        required=False,
        choices=[("", gettext_lazy("No lane")), *Lane.choices],
    )
    domains = forms.MultipleChoiceField(
        label=gettext_lazy("Suggest to look at"), required=False, widget=forms.CheckboxSelectMultiple
    )
    due_days = forms.IntegerField(
        label=gettext_lazy("Suggest a due time"),
        required=False,
        min_value=1,
        max_value=rules.DUE_MOST,
        help_text=gettext_lazy("Working days from sending, where that is nearer."),
    )
    questions = forms.CharField(
        label=gettext_lazy("Suggest to ask"),
        required=False,
        max_length=MOST_TYPED,
        help_text=gettext_lazy("One question a line."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    approves = forms.BooleanField(
        label=gettext_lazy("May approve by itself"),
        required=False,
        help_text=gettext_lazy(
            "Where its program has that switched on. Only a rule that suggests the notify lane alone and "
            "expects approval, once people decided enough of its cases."
        ),
    )
    expects = forms.ChoiceField(
        label=gettext_lazy("It is right when the decision is"),
        choices=Expectation.choices,
        required=False,
        initial=Expectation.SCRUTINY,
    )
    least_precision = forms.IntegerField(
        label=gettext_lazy("Least precision, in percent"),
        required=False,
        min_value=1,
        max_value=99,
        initial=50,
    )
    least_decided = forms.IntegerField(
        label=gettext_lazy("Measured from so many decisions on"),
        required=False,
        min_value=5,
        max_value=10_000,
        initial=30,
    )
    why = forms.CharField(
        label=gettext_lazy("Why"),
        required=False,
        help_text=gettext_lazy("Kept with this version, for whoever edits it next."),
    )
    days = forms.IntegerField(
        label=gettext_lazy("Dry run over the last days"),
        required=False,
        min_value=1,
        max_value=DAYS_MOST,
        initial=DAYS,
    )

    def __init__(self, *args: Any, rule: TriageRule | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = Category.objects.filter(guidelines=guidelines.in_force()).order_by("position")
        self.fields["domains"].choices = list(named.values_list("code", "name"))
        for field in self.fields.values():
            field.error_messages |= NO_NUL
        for name in NEEDED:
            self.fields[name].mark = _("required")
        if rule is not None:
            del self.fields["name"], self.fields["program"]

    @property
    def wording(self) -> Wording:
        given = self.cleaned_data
        return Wording(
            condition=" ".join(given["condition"].split()),
            lane=given["lane"],
            domains=given["domains"],
            due_days=given["due_days"],
            questions=[line.strip() for line in given["questions"].splitlines() if line.strip()],
            approves=given["approves"],
            expects=given["expects"] or Expectation.SCRUTINY,
            least_precision=50 if given["least_precision"] is None else given["least_precision"],
            least_decided=30 if given["least_decided"] is None else given["least_decided"],
        )

    def take(self, problems: dict[str, str]) -> None:
        for field, problem in problems.items():
            self.add_error(field if field in self.fields else None, problem)


class Rules:
    """The views; each loads, permits, calls the domain once, answers."""

    def __init__(self, site: AdminSite):
        self.site = site

    def paths(self) -> list[URLPattern]:
        view = self.site.admin_view
        both = require_http_methods(["GET", "POST"])
        return [
            path("rules/", view(require_GET(self.list)), name="rules"),
            path("rules/new/", view(both(self.new)), name="rule_new"),
            path("rules/<int:pk>/", view(both(self.rule)), name="rule"),
            path("rules/<int:pk>/switch/", view(require_POST(self.switch)), name="rule_switch"),
        ]

    def list(self, request: HttpRequest) -> HttpResponse:
        """List the rules with what was measured of them."""
        _permit(request)
        at = clock.now()
        current = RuleVersion.objects.current()
        found = TriageRule.objects.select_related("program").prefetch_related(
            Prefetch("versions", current, to_attr="now")
        )
        shown = [(rule, rule.now[0]) for rule in found]
        measured = matches.shares(version.pk for _, version in shown)
        rows = [(rule, version, measured.get(version.pk)) for rule, version in shown]
        return self._page(
            request,
            "rules",
            title=_("Triage rules"),
            rows=rows,
            programs=automatic.by_program(),
            heeded=signals.heeded(at=at),
            followed=signals.followed(at=at),
        )

    def new(self, request: HttpRequest) -> HttpResponse:
        """Show an empty rule; a POST tries it out or keeps it."""
        _permit(request)
        if request.method != "POST":
            return self._form(request, RuleForm())
        form = RuleForm(request.POST)
        if (answer := self._try(request, form)) is not None:
            return answer
        given = form.cleaned_data
        try:
            version = rules.write(
                given["name"], form.wording, program=given["program"], by=request.user, at=clock.now(),
                reason=given["why"],
            )  # fmt: skip
        except (BadRule, SayWhy) as problem:
            return self._refuse(request, form, problem)
        messages.success(
            request, _("The rule is kept as a draft. It suggests nothing before it is switched on.")
        )
        return redirect("admin:rule", version.rule_id)

    def rule(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show a rule with its history; a POST tries an edit out or keeps it as the next version."""
        _permit(request)
        rule = get_object_or_404(TriageRule.objects.select_related("program", "changed_by"), pk=pk)
        if request.method != "POST":
            return self._form(request, RuleForm(initial=_initial(rule), rule=rule), rule)
        form = RuleForm(request.POST, rule=rule)
        if (answer := self._try(request, form, rule)) is not None:
            return answer
        try:
            rules.edit(
                rule, form.wording, seen=_seen(request), by=request.user, at=clock.now(),
                reason=form.cleaned_data["why"],
            )  # fmt: skip
        except (BadRule, SayWhy) as problem:
            return self._refuse(request, form, problem, rule)
        except EditedMeanwhile as problem:
            form.add_error(None, str(problem))
            rule.refresh_from_db()
            return self._form(request, form, rule, status=CONFLICT)
        messages.success(request, _("This is the rule's next version, and a draft until it is switched on."))
        return redirect("admin:rule", pk)

    def switch(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Switch a rule on or off."""
        _permit(request)
        rule, at = get_object_or_404(TriageRule, pk=pk), clock.now()
        try:
            if request.POST.get("to") == "on":
                rules.switch_on(rule, seen=_seen(request), by=request.user, at=at)
            else:
                rules.switch_off(rule, by=request.user, at=at)
        except (EditedMeanwhile, NoSuchStep, BadRule) as problem:
            messages.error(request, str(problem))
        return redirect("admin:rule", pk)

    def _try(
        self, request: HttpRequest, form: RuleForm, rule: TriageRule | None = None
    ) -> HttpResponse | None:
        """Answer what is wrong with the form, or the dry run that was asked for; None: keep it."""
        if not form.is_valid():
            return self._form(request, form, rule, status=WRONG)
        if request.POST.get("do") != "try":
            return None
        if problems := rules.check(form.wording):
            return self._refuse(request, form, BadRule(problems), rule)
        days = form.cleaned_data["days"] or DAYS
        program = rule.program if rule else form.cleaned_data["program"]
        trial = matches.try_out(
            form.wording,
            days=days,
            at=clock.now(),
            hidden=conflicts(request.user, to="application__"),
            program=program.pk if program else None,
        )
        return self._form(request, form, rule, trial=trial, days=days)

    def _refuse(
        self, request: HttpRequest, form: RuleForm, problem: BadRule | SayWhy, rule: TriageRule | None = None
    ) -> HttpResponse:
        form.take(problem.problems if isinstance(problem, BadRule) else {"why": _("Say why.")})
        return self._form(request, form, rule, status=WRONG)

    def _form(
        self,
        request: HttpRequest,
        form: RuleForm,
        rule: TriageRule | None = None,
        status: int = 200,
        **context: Any,
    ) -> HttpResponse:
        versions = list(rule.versions.select_related("written_by")) if rule else []
        measured = matches.shares(version.pk for version in versions)
        names = dict(form.fields["domains"].choices)
        return self._page(
            request,
            "rules_rule",
            status=status,
            title=str(rule) if rule else _("New triage rule"),
            form=form,
            rule=rule,
            states=RuleState,
            history=[
                (version, measured.get(version.pk), [names.get(code, code) for code in version.domains])
                for version in versions
            ],
            readable=rules.set_questions(questions.of(questions.current())),
            **context,
        )

    def _page(self, request: HttpRequest, view: str, status: int = 200, **context: Any) -> HttpResponse:
        context = self.site.each_context(request) | context
        return TemplateResponse(request, f"admin/reviews/{view}.html", context, status=status)


def _permit(request: HttpRequest) -> None:
    if not may_write_rules(request.user):
        raise PermissionDenied


def _seen(request: HttpRequest) -> int:
    shown = request.POST.get("seen", "")
    return int(shown) if shown.isascii() and shown.isdecimal() and len(shown) < 10 else 0


def _initial(rule: TriageRule) -> dict[str, Any]:
    said = vars(rules.wording_of(rule.versions.get(number=rule.number)))
    return said | {"questions": "\n".join(said["questions"]), "days": DAYS}
