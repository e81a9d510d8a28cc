"""Which outcomes a category allows: a use in the refuse lane is never simply approved."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from policies.models import Category
from policies.states import Lane
from reviews.models import Case
from reviews.states import Verdict


def refused(category: Category) -> str:
    """Return why a case with this category cannot simply be approved; empty where it can."""
    if category.lane != Lane.REFUSE:
        return ""
    return _(
        "The guidelines put this use in the refuse lane: approve with conditions that rule it out, ask, or reject. "
        "Where it does not apply, mark it “none”."
    )


def against_approval(case: Case, *, cited: Sequence[str], mine: Mapping[str, str]) -> str:
    """Return why the case cannot simply be approved; empty where it can.

    What counts: the categories that the decision cites, those this person marked (`mine`: code -> verdict) otherwise
    than "none", and those that brought the case its lane unless they marked them "none".
    """
    marked = {code for code, verdict in mine.items() if verdict != Verdict.NONE}
    cleared = set(mine) - marked
    triggered = {str(reason.get("domain")) for reason in case.revision.lane_reasons} - cleared
    categories = Category.objects.filter(guidelines=case.revision.guidelines_id, lane=Lane.REFUSE)
    first = categories.filter(code__in={*cited, *marked, *triggered}).order_by("position").first()
    return (
        f"{_('“%(name)s” cannot simply be approved.') % {'name': first.name}} {refused(first)}"
        if first
        else ""
    )
