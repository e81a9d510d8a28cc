"""What is wrong with a question set as a whole, in sentences for whoever writes it: `questions` refuses such a one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from onboarding.domain import conditions

if TYPE_CHECKING:
    from onboarding.domain.questions import Form, Question


def of(form: "Form") -> list[str]:
    """Return one sentence for each place that is wrong; none where the form fits together."""
    wrong = [*_doubles(form), *(line for question in form.questions for line in _faults(question, form))]
    for hold in form.holds:
        wrong += _unreadable(hold.when, _("hold %(code)s") % {"code": hold.code}, form.keys, form)
    return wrong


def _doubles(form: "Form") -> list[str]:
    keys = form.keys
    return [
        _("The key %(key)s is used twice.") % {"key": key}
        for key in dict.fromkeys(keys)
        if keys.count(key) > 1
    ]


def _faults(question: "Question", form: "Form") -> list[str]:
    where, rules = _("Question %(key)s") % {"key": question.key}, question.rules
    faults = []
    if form.section(question.section) is None:
        faults.append(
            _("%(where)s stands in section %(section)s, which is not among the sections.")
            % {"where": where, "section": question.section}
        )
    if question.type in ("choice", "multi") and not rules.options and not rules.options_from:
        faults.append(
            _("%(where)s is a %(type)s and has no options.") % {"where": where, "type": question.type}
        )
    if question.type == "secret_text" and (question.weighs or question.shown_when):
        faults.append(
            _("%(where)s is a secret: it is always asked, and nothing is judged by it.") % {"where": where}
        )
    if rules.min_length > rules.max_length or rules.minimum > rules.maximum:
        faults.append(_("%(where)s asks for more than it allows.") % {"where": where})
    if rules.exclusive and rules.exclusive not in question.options:
        faults.append(
            _("%(where)s excludes by %(exclusive)s, which is not among its options.")
            % {"where": where, "exclusive": rules.exclusive}
        )
    if question.weights.keys() - {"answered"} and set(question.weights) != set(question.options):
        faults.append(
            _("%(where)s needs a weight for each of its options and for nothing else.") % {"where": where}
        )
    if (
        bool(question.weighs) != bool(question.weights or question.bands)
        or min(question.weights.values(), default=0) < 0
    ):
        faults.append(_("%(where)s needs `weighs` and weights of 0 or more together.") % {"where": where})
    return faults + (_when_faults(question, form) if question.shown_when else [])


def _when_faults(question: "Question", form: "Form") -> list[str]:
    above = form.keys[: form.keys.index(question.key)]
    if faults := _unreadable(
        question.shown_when, _("shown_when of %(key)s") % {"key": question.key}, above, form
    ):
        return faults
    clauses = conditions.parse(question.shown_when).clauses
    if len(clauses) > 1 or clauses[0].op in conditions.COMPARES or conditions.SETTING in clauses[0].values:
        return [
            _("Question %(key)s is shown by more than a page's script reads: = != in contains.")
            % {"key": question.key}
        ]
    return []


def _unreadable(text: str, where: str, keys: Sequence[str], form: "Form") -> list[str]:
    try:
        condition = conditions.parse(text)
    except conditions.BadCondition as error:
        return [f"{where}: {error}"]
    unknown = [
        key
        for key in condition.keys
        if key not in keys and key.removesuffix(conditions.DOMAIN_OF) not in keys
    ]
    faults = [
        _("%(where)s reads %(key)s, which is no question above it.") % {"where": where, "key": key}
        for key in unknown
    ]
    for clause in condition.clauses:
        question = form.question(clause.key)
        options = question.options if question else ()
        strange = [
            value
            for value in clause.values
            if options and value not in options and value != conditions.SETTING
        ]
        faults += [
            _("%(where)s asks for %(key)s = %(value)s, which is not among its options.")
            % {"where": where, "key": clause.key, "value": value}
            for value in strange
        ]
        if clause.values == (conditions.SETTING,) and clause.key not in form.settings:
            faults.append(
                _("%(where)s reads a setting of %(key)s, which `settings` does not name.")
                % {"where": where, "key": clause.key}
            )
    return faults
