"""The rate plan in words: the same sentences for applicants on a program's page and for managers who change it."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.languages import grouped
from onboarding.domain import countries, questions
from onboarding.domain.plans import Rules, Share
from onboarding.states import Carry, ShareKind, Spread, Unfilled


def in_words(rules: Rules) -> list[str]:
    """Return what a plan says, as sentences; what a plan leaves out is said where people would ask."""
    sentences = [_ramp(rules), _spread(rules), *[_share(share) for share in rules.shares]]
    if rules.shares:
        sentences.append(_unfilled(rules))
    sentences.append(_carry(rules))
    return [sentence for sentence in sentences if sentence]


def who(share: Share) -> str:
    """Return the cohort of a share, as it can stand after "for"."""
    named = [name.strip() for name in share.among.split(",")]
    if share.kind == ShareKind.HAND_PICKED:
        return _("those who were asked by hand, or joined while the program was by invitation only")
    if share.kind == ShareKind.WAVE:
        return _("the wave %(names)s of an imported list") % {"names": ", ".join(named)}
    if share.kind == ShareKind.COUNTRY:
        known = countries.names()
        return _("people in %(names)s") % {"names": ", ".join(known.get(name, name) for name in named)}
    return _("those who apply as %(names)s") % {"names": "; ".join(_label(name) for name in named)}


def applicant_types() -> dict[str, str]:
    """Return the kinds of applicant the current questions know, by their code; none where no set is loaded."""
    try:
        form = questions.of(questions.current())
    except questions.NoQuestions:
        return {}
    found = next((question for question in form.questions if question.key == "applicant_type"), None)
    return {option.value: option.label for option in found.rules.options} if found else {}


def _label(code: str) -> str:
    label = applicant_types().get(code, code)
    return label[:1].lower() + label[1:]


def _ramp(rules: Rules) -> str:
    if rules.ramp_most is None:
        return ""
    return ngettext(
        "Every week the weekly number is multiplied by %(times)s, up to %(most)s, while nothing gives cause to wait.",
        "Every %(weeks)d weeks the weekly number is multiplied by %(times)s, up to %(most)s, "
        "while nothing gives cause to wait.",
        rules.ramp_weeks,
    ) % {
        "weeks": rules.ramp_weeks,
        "times": f"{rules.ramp_percent / 100:g}",
        "most": grouped(rules.ramp_most),
    }


def _spread(rules: Rules) -> str:
    if rules.spread == Spread.DAILY:
        return _(
            "The seats of a week are given bit by bit: on each of its seven days a seventh more, rounded up."
        )
    if rules.spread == Spread.WORKING_DAYS:
        return _(
            "The seats of a week are given bit by bit: on each of its days from Monday to Friday a fifth more, "
            "rounded up."
        )
    return _("All seats of a week may be given from the moment it starts.")


def _share(share: Share) -> str:
    return _("%(percent)d %% of each week's seats, rounded down, are first for %(who)s.") % {
        "percent": share.percent,
        "who": who(share),
    }


def _unfilled(rules: Rules) -> str:
    says = {
        Unfilled.OTHERS: _(
            "Seats of such a share that nobody there waits for go to the others, in the order of the line."
        ),
        Unfilled.KEPT: _(
            "Seats of such a share that nobody there waits for stay empty and end with the week."
        ),
        Unfilled.CARRIED: _(
            "Seats of such a share that nobody there waits for stay empty and count as unused when the week ends."
        ),
    }
    return says[Unfilled(rules.unfilled)]


def _carry(rules: Rules) -> str:
    if rules.carry == Carry.NONE:
        return _("Seats that were not used, were declined or ran out are not given again.")
    if rules.carry == Carry.FULL:
        return _("Seats that were not used, were declined or ran out are added to the next week that opens.")
    return ngettext(
        "Seats that were not used, were declined or ran out are added to the next week that opens, "
        "at most %(most)s of them.",
        "Seats that were not used, were declined or ran out are added to the next week that opens, "
        "at most %(most)s of them.",
        rules.carry_most or 0,
    ) % {"most": grouped(rules.carry_most or 0)}
