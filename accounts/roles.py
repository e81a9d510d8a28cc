"""Who may do what among the staff: one list of duties, one table of roles."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Duty(TextChoices):
    """Each is a Django permission `accounts.<value>`."""

    REVIEW_CASES = "review_cases", _("Can claim and decide cases")
    MANAGE_QUEUE = "manage_queue", _("Can see who has which case, take a case away, keep the days off")
    SIGN_AS_SENIOR = "sign_as_senior", _("Can be the second person where a senior reviewer is asked for")
    DECIDE_APPEALS = "decide_appeals", _("Can take up and decide appeals against others' decisions")
    MANAGE_RATES = "manage_rates", _("Can set weekly rates, pause and resume a program")
    SEE_LINE = "see_line", _("Can see applications, the line, seats and invitations")
    IMPORT_APPLICATIONS = "import_applications", _("Can import an existing waiting list")
    MANAGE_ACCESS = "manage_access", _("Can suspend, resume and revoke grants")
    RUN_GATEWAY = "run_gateway", _("Can set limits, make and revoke the tokens of integrators")
    EDIT_POLICIES = "edit_policies", _("Can draft guidelines and known weaknesses")
    SEE_LEDGER = "see_ledger", _("Can read the audit ledger, the letters and who the staff are")
    RESEND_LETTERS = "resend_letters", _("Can see the letters and put back those that were given up")


class Role(TextChoices):
    """The groups a fresh site has, by name; made by accounts' second migration."""

    REVIEWER = "Reviewer", _("Reviewer")
    SENIOR_REVIEWER = "Senior reviewer", _("Senior reviewer")
    ONBOARDING_MANAGER = "Onboarding manager", _("Onboarding manager")
    POLICY_EDITOR = "Policy editor", _("Policy editor")
    AUDITOR = "Auditor", _("Auditor")


DUTIES: dict[str, tuple[Duty, ...]] = {
    Role.REVIEWER: (Duty.REVIEW_CASES,),
    Role.SENIOR_REVIEWER: (
        Duty.REVIEW_CASES,
        Duty.MANAGE_QUEUE,
        Duty.SIGN_AS_SENIOR,
        Duty.DECIDE_APPEALS,
        Duty.MANAGE_ACCESS,
    ),
    Role.ONBOARDING_MANAGER: (
        Duty.MANAGE_QUEUE,
        Duty.MANAGE_RATES,
        Duty.SEE_LINE,
        Duty.IMPORT_APPLICATIONS,
        Duty.RUN_GATEWAY,
        Duty.RESEND_LETTERS,
    ),
    Role.POLICY_EDITOR: (Duty.EDIT_POLICIES,),
    Role.AUDITOR: (Duty.SEE_LEDGER, Duty.SEE_LINE),
}


def may(user, duty: Duty) -> bool:
    """Return whether this person holds the duty (active staff only)."""
    return bool(user.is_active and user.is_staff and user.has_perm(f"accounts.{duty}"))
