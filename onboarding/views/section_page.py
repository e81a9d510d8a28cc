"""One section's page: whole, as a browser without scripts has it, and what of it changes when it saves itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from onboarding.domain import answers, merging
from onboarding.domain.drafts import Draft
from onboarding.domain.merging import Seen
from onboarding.domain.questions import Question, Section
from onboarding.domain.saving import Saved
from onboarding.forms import WAS, SectionForm
from onboarding.models import Application
from onboarding.views import posted, safety, stepper
from policies import markdown
from policies.domain import practices, weakness_records
from policies.models import Practice, WeaknessRecord

HANDLING = "weakness_handling"  # the question how known weaknesses are handled
UNKNOWN = "-"  # the digest of no answer: a page that did not say what it showed is asked again


@dataclass(frozen=True)
class Page:
    """A section of somebody's draft. `typed` came from a page that was behind; `clashes` are its keys to choose for."""

    application: Application
    draft: Draft
    here: Section
    problems: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, Any] = field(default_factory=dict)
    clashes: tuple[str, ...] = ()
    shown: Mapping[str, str] = field(default_factory=dict)
    brought_back: bool = False

    def form(self) -> SectionForm:
        form = SectionForm(
            self.draft.reading,
            self.here.key,
            texts=self.draft.texts,
            typed=self.typed,
            problems=self.problems,
            shown=self.shown,
        )
        for one in form.fields.values():
            one.body = markdown.rendered(one.body) if one.body else ""
        return form

    def context(self) -> dict[str, Any]:
        return {
            "application": self.application,
            "program": self.application.program,
            "section": self.here,
            "form": self.form(),
            "steps": stepper.steps(self.draft, at=self.here.key),
            "steps_now": stepper.digest(self.draft),
            "before": stepper.before(self.draft, self.here.key),
            "after": stepper.after(self.draft, self.here.key),
            "clashes": [self._clash(key) for key in self.clashes],
            "brought_back": self.brought_back,
            "weaknesses": self._weaknesses() if self._asks_handling() else [],
            "practices": self._practices() if self._asks_handling() else [],
        }

    def _asks_handling(self) -> bool:
        """Whether this page asks how known weaknesses, and with them our practices, are handled."""
        return HANDLING in {
            question.key for question in self.draft.reading.paper.form.of_section(self.here.key)
        }

    def _weaknesses(self) -> list[WeaknessRecord]:
        """Return the known weaknesses this use must read."""
        return weakness_records.touching(self.application.program.slug, self.draft.judgement.domains)

    def _practices(self) -> list[tuple[Practice, str]]:
        """Return what is asked of such a use, each with the name of its kind of use."""
        return safety.named(practices.touching(self.application.program.slug, self.draft.judgement.domains))

    def _clash(self, key: str) -> dict[str, str]:
        question = self.draft.reading.paper.form.by_key[key]
        there = self.draft.reading.answers.get(key)
        return {
            "key": key,
            "name": question.name,
            "there": words(self.draft, question, there),
            "here": words(self.draft, question, self.typed.get(key)),
            "digest": merging.digest(there),
        }


def clashing(saved: Saved, draft: Draft, here: Section, *, typed: Mapping[str, Any], seen: Seen) -> Page:
    """Return the page of a save that left something to choose: those fields show what was typed here."""
    keys = tuple(saved.clashes)
    return Page(
        saved.application,
        draft,
        here,
        typed={key: typed[key] for key in keys},
        clashes=keys,
        shown={key: seen.shown.get(key, UNKNOWN) for key in keys},
    )


def whole(request: HttpRequest, page: Page, *, status: int = 200) -> HttpResponse:
    """Answer with the whole page."""
    return render(request, "onboarding/apply_section.html", page.context(), status=status)


def parts(request: HttpRequest, page: Page, *, taken: list[str], post: QueryDict) -> HttpResponse:
    """Answer with what differs from the page that sent this: nothing that may hold the caret is sent for less."""
    context = page.context()
    has, on_it = post.getlist(posted.SHOWN), [each for each in context["form"] if WAS + each.name in post]
    swapped = [each for each in on_it if each.name in taken or _turned(each.field, each.name in has)]
    context["swapped"] = swapped
    context["marked"] = [
        each
        for each in on_it
        if each not in swapped and each.name not in page.clashes and post[WAS + each.name] != each.field.was
    ]
    context["cut"] = is_cut(post)
    context["new_steps"] = post.get("steps") != context["steps_now"]
    clashing_now = {f"{clash['key']}.{clash['digest']}" for clash in context["clashes"]}
    context["new_clashes"] = set(post.getlist(posted.CLASH)) != clashing_now
    return render(request, "onboarding/apply_saved.html", context, status=409 if page.clashes else 200)


def is_cut(post: QueryDict) -> bool:
    """Return whether something was typed that is longer than a draft keeps."""
    return any(len(text) > answers.CEILING for name in post for text in post.getlist(name))


def _turned(field: Any, was_shown: bool) -> bool:
    """Return whether a question that hangs on another one is to come or go."""
    return field.depends and field.is_off == was_shown


def words(draft: Draft, question: Question, value: Any) -> str:
    """Return an answer as people read it; empty where there is none."""
    return "" if answers.is_empty(value) else answers.in_words(draft.reading.paper, question, value)
