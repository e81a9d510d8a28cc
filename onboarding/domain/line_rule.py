"""The rule of the line in words, made from the program's settings: what is written is what is done."""

from onboarding.models import Program
from onboarding.states import Stage

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def in_words(program: Program, *, per_week: int | None) -> list[str]:
    """Return the rule as sentences; `per_week` is the rate in force, None without one."""
    if program.stage == Stage.CLOSED:
        return [
            "This program is closed: nobody joins the line or is invited. Those let in keep their access."
        ]
    return [
        "Who is approved joins the end of the line at the moment the approval is told.",
        _pace(program, per_week),
        "Whoever joined first is invited first. A change of this order needs a written reason by a named "
        "person, and is kept in the ledger.",
        f"An invitation is open for {_days(program.invitation_days)} from the letter that announces it. When "
        "it runs out you keep your old place and are invited once more; the second time you leave the line.",
        "A seat that is declined or runs out is not given again in the same week.",
        _access(program),
    ]


def _pace(program: Program, per_week: int | None) -> str:
    if program.paused_at:
        return "Admission is paused: nobody is invited until it goes on. Places in line stay as they are."
    if per_week is None:
        return "No weekly rate is set yet: nobody is invited until there is one."
    if per_week == 0:
        return "The weekly rate is 0 now: nobody is invited until it is raised."
    people = "1 person is" if per_week == 1 else f"{per_week:,} people are"
    return (
        f"At most {people} invited a week. The week starts on {DAYS[program.week_starts_on]} at "
        f"{program.week_starts_hour:02}:00, {program.time_zone.replace('_', ' ')} time."
    )


def _access(program: Program) -> str:
    if program.production_review:
        return "Whoever accepts gets a trial key first; a second review opens the full limits, with no wait."
    return (
        f"Whoever accepts gets a key that works for {program.grant_months} months, unless rules are broken."
    )


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"
