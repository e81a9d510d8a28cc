"""Statements of reasons: what was decided, on which facts and clause, found and decided how, how to appeal.

After Article 17 of the Digital Services Act; standard wording for like cases, no personal data in it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.languages import spoken
from enforcement.models import Flag, Sanction
from enforcement.states import SanctionKind, SanctionTarget
from onboarding.domain import notices
from outbox import letters
from policies.models import Category

APPEAL_WITHIN = 14  # days in which an appeal is answered, see `remedies`
WHAT = {
    SanctionKind.WARN: gettext_lazy("This is a warning; everything works as before."),
    SanctionKind.LIMIT: gettext_lazy("Fewer requests pass than before."),
    SanctionKind.SUSPEND: gettext_lazy("It is suspended: requests are refused."),
    SanctionKind.TERMINATE: gettext_lazy("It is to end for good: requests are refused from now on."),
}
KEPT_OUT = gettext_lazy("Requests that name this end user are refused; your keys go on for all others.")


def what(sanction: Sanction) -> str:
    """Return what a sanction does, in a sentence."""
    is_kept_out = (sanction.kind, sanction.target) == (SanctionKind.SUSPEND, SanctionTarget.END_USER)
    return str(KEPT_OUT if is_kept_out else WHAT[SanctionKind(sanction.kind)])


def automatic_facts(flag: Flag) -> str:
    """Return the standard wording of what a machine acted on."""
    return _("Automatic detection found use of the kind “%(category)s” on %(date)s (flag %(receipt)s).") % {
        "category": clause(flag.category, None),
        "date": f"{flag.raised_at:%-d %B %Y}",
        "receipt": flag.receipt,
    }


def clause(category: str, guidelines: int | None) -> str:
    """Return what a category is called in a version of the guidelines, or in the newest."""
    rows = Category.objects.filter(code=category).order_by("-guidelines")
    found = rows.filter(guidelines=guidelines).first() if guidelines else rows.first()
    return found.name if found else category


def clauses(codes: Iterable[str]) -> dict[str, str]:
    """Return what these categories are called in the newest guidelines that have them; others are left out."""
    rows = Category.objects.filter(code__in=set(codes)).order_by("guidelines")
    return dict(rows.values_list("code", "name"))


def write(kind: str, sanction: Sanction, *, at: datetime) -> None:
    """Write the letter `enforcement/<kind>` about a sanction to whoever reads for the owner."""
    application = sanction.grant.application
    reader = notices.reader_of(application)
    if reader is None:
        return
    with letters.read_in(spoken(reader.language), reader.time_zone):
        letters.write(
            f"enforcement/{kind}",
            to=reader.email,
            at=at,
            about=sanction,
            once=f"{kind}:{sanction.pk}",
            name=str(reader),
            program=sanction.grant.program.name,
            target=sanction.get_target_display(),
            is_wide=sanction.target == SanctionTarget.OWNER,
            key=sanction.key.name if sanction.key else "",
            end_user=sanction.end_user,
            sort=sanction.get_kind_display(),
            what=what(sanction),
            is_warning=sanction.kind == SanctionKind.WARN,
            per_minute=sanction.per_minute,
            per_day=sanction.per_day,
            ends_at=sanction.ends_at,
            is_past_end=sanction.grant.expires_at <= at,
            active_at=sanction.active_at,
            ground=sanction.get_reason_code_display(),
            clause=clause(sanction.category, sanction.guidelines_id),
            clause_url=notices.page("guidelines_category", sanction.guidelines.version, sanction.category),
            version=sanction.guidelines.version,
            facts=sanction.facts,
            would_change=sanction.would_change,
            detected_automatically=sanction.detected_automatically,
            is_automatic=sanction.is_automatic,
            close_reason=sanction.close_reason,
            number=sanction.number,
            days=sanction.grant.program.appeal_days,
            answered_within=APPEAL_WITHIN,
            url=notices.page("sanction", sanction.number),
        )


def answer_reports(flags: Sequence[Flag], *, is_confirmed: bool, at: datetime) -> None:
    """Write to whoever reported something and said where, and forget the address: each once."""
    asked = [flag for flag in flags if flag.reply_to]
    drafts = (
        letters.Draft(
            "enforcement/report_answered",
            flag.reply_to,
            {
                "receipt": flag.receipt,
                "is_confirmed": is_confirmed,
                "url": notices.page("report_receipt", flag.receipt),
            },
            flag,
            f"report_answered:{flag.pk}",
            language=settings.LANGUAGE_CODE,
            zone=settings.TIME_ZONE,
        )
        for flag in asked
    )
    letters.write_many(drafts, at=at)
    Flag.objects.filter(pk__in=[flag.pk for flag in asked]).update(reply_to="")
