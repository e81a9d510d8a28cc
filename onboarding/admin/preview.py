"""A question set as an applicant would walk through it: its answers travel with the page, and nothing is kept."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from onboarding.domain import answers, declarations
from onboarding.domain.answers import Reading
from onboarding.domain.questions import Form, Section
from onboarding.forms import SectionForm, on_page, typed_on
from onboarding.models import Program
from policies.domain.guidelines import NoGuidelines


@dataclass(frozen=True)
class Preview:
    """One page. `carried` holds the answers given so far; `problems` what going on would be answered with."""

    reading: Reading
    texts: dict[str, declarations.Text]
    here: Section
    carried: dict[str, Any]
    problems: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, form: Form, post: QueryDict | None) -> "Preview | None":
        """Return the page that was asked for; without a POST the first that asks
        something. None for a section that is not there."""
        paper, texts = _paper(form)
        if post is None:
            reading = Reading(paper, {})
            asked = (section for section in form.sections if on_page(reading, section.key))
            return cls(reading, texts, next(asked, form.sections[0]), {})
        here = form.section(post.get("section", ""))
        to = form.section(post.get("to", "")) or here
        if here is None or to is None:
            return None
        given = answers.clean(form, _carried(post))
        given |= answers.clean(form, typed_on(Reading(paper, given), here.key, post))
        given = {key: value for key, value in given.items() if value is not None}
        reading = Reading(paper, given)
        wrong = answers.problems(reading, section=here.key)
        if to != here:
            return cls(reading, texts, to, given)
        if "check" in post and not wrong:
            return cls(reading, texts, _following(reading, here), given)
        return cls(reading, texts, here, given, wrong if "check" in post else {})

    def context(self) -> dict[str, Any]:
        form = SectionForm(self.reading, self.here.key, texts=self.texts, problems=self.problems)
        shown = [each for each in form if not each.field.is_off]
        names = {each.name for each in shown}
        return {
            "sections": self.reading.paper.form.sections,
            "section": self.here,
            "form": form,
            "shown": shown,
            "others": [
                each for each in self.reading.paper.form.of_section(self.here.key) if each.key not in names
            ],
        }


def _paper(form: Form) -> tuple[answers.Paper, dict[str, declarations.Text]]:
    """Return the form as the first program would ask it, and the texts of its ticks where there are any."""
    program = Program.objects.order_by("name").first() or Program(name="")
    paper = (
        answers.paper(form, program) if program.pk else answers.Paper(form, frozenset(("both", "trial")), {})
    )
    try:
        return paper, declarations.texts(paper, program)
    except NoGuidelines:
        return paper, {}


def _carried(post: QueryDict) -> dict[str, Any]:
    try:
        said = json.loads(post.get("carried", "{}"))
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _following(reading: Reading, here: Section) -> Section:
    sections = list(reading.paper.form.sections)
    asked = {question.section for question in reading.asked()}
    after = sections[sections.index(here) + 1 :]
    return next((section for section in after if section.key in asked), here)
