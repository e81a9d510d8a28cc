"""The rule of the line in words, made from the program's settings: what is written is what is done."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.languages import grouped
from onboarding.domain import plan_words
from onboarding.domain.plans import WITHOUT, Rules
from onboarding.models import Program
from onboarding.states import Stage

STARTS = (
    gettext_lazy("The week starts on Monday at %(hour)s, %(zone)s time."),
    gettext_lazy("The week starts on Tuesday at %(hour)s, %(zone)s time."),
    gettext_lazy("The week starts on Wednesday at %(hour)s, %(zone)s time."),
    gettext_lazy("The week starts on Thursday at %(hour)s, %(zone)s time."),
    gettext_lazy("The week starts on Friday at %(hour)s, %(zone)s time."),
    gettext_lazy("The week starts on Saturday at %(hour)s, %(zone)s time."),
    gettext_lazy("The week starts on Sunday at %(hour)s, %(zone)s time."),
)


def in_words(
    program: Program, *, per_week: int | None, is_frozen: bool = False, rules: Rules = WITHOUT
) -> list[str]:
    """Return the rule as sentences: `per_week` is the rate in force, None without one; `rules` are the plan's.

    `is_frozen` by freeze rules.
    """
    if program.stage == Stage.CLOSED:
        return [
            _("This program is closed: nobody joins the line or is invited. Those let in keep their access.")
        ]
    sentences = [
        _joins(program),
        _pace(program, per_week, is_frozen),
        _starts(program),
        *plan_words.in_words(rules),
        _(
            "Whoever joined first is invited first. A change of this order needs a written reason by a named person; "
            "the reason is published here, and the change is kept in the ledger."
        ),
        _stays_open(program),
        _(
            "A deadline that falls outside Monday to Friday, 9 to 17 in your time zone, moves on to 17:00 of the next "
            "working day. Half-way through we remind you; the invitation never ends less than 24 hours after that "
            "letter was sent."
        ),
        _(
            "When it runs out you keep your old place and are invited once more; the second time you leave the line."
        ),
        _("A seat that is declined or runs out is not given again in the same week."),
        _access(program),
        _opens(program),
    ]
    return [sentence for sentence in sentences if sentence]


def _joins(program: Program) -> str:
    if program.stage == Stage.INVITATION_ONLY:
        return _(
            "Only those who were asked can apply. Who is approved joins the end of the line when the approval is told."
        )
    return _("Who is approved joins the end of the line at the moment the approval is told.")


def _pace(program: Program, per_week: int | None, is_frozen: bool) -> str:
    if program.paused_at:
        return _("Admission is paused: nobody is invited until it goes on. Places in line stay as they are.")
    if is_frozen:
        return _("Admission is stopped for now: nobody is invited until it goes on. Places in line are kept.")
    if per_week is None:
        return _("No weekly rate is set yet: nobody is invited until there is one.")
    if program.stage == Stage.OPEN:
        return _("The program is open: whoever is approved is invited at once, and nobody waits for a seat.")
    if per_week == 0:
        return _("The weekly rate is 0 now: nobody is invited until it is raised.")
    return ngettext(
        "At most %(people)s person is invited a week.",
        "At most %(people)s people are invited a week.",
        per_week,
    ) % {"people": grouped(per_week)}


def _starts(program: Program) -> str:
    return STARTS[program.week_starts_on] % {
        "hour": f"{program.week_starts_hour:02}:{program.week_starts_minute:02}",
        "zone": program.time_zone.replace("_", " "),
    }


def _stays_open(program: Program) -> str:
    return ngettext(
        "An invitation is open for at least %(days)d day from the moment its letter was sent.",
        "An invitation is open for at least %(days)d days from the moment its letter was sent.",
        program.invitation_days,
    ) % {"days": program.invitation_days}


def _access(program: Program) -> str:
    if program.production_review:
        return ngettext(
            "Whoever accepts gets a trial key first, for %(months)d month; a second review opens the full limits, "
            "with no second wait in line.",
            "Whoever accepts gets a trial key first, for %(months)d months; a second review opens the full limits, "
            "with no second wait in line.",
            program.grant_months,
        ) % {"months": program.grant_months}
    return ngettext(
        "Whoever accepts gets a key that works for %(months)d month, unless rules are broken.",
        "Whoever accepts gets a key that works for %(months)d months, unless rules are broken.",
        program.grant_months,
    ) % {"months": program.grant_months}


def _opens(program: Program) -> str:
    return ngettext(
        "The key waits %(days)d day to be opened.",
        "The key waits %(days)d days to be opened.",
        program.unopened_key_days,
    ) % {"days": program.unopened_key_days}
