"""Who may do what among the staff: one list of duties, one table of roles."""

from django.db.models import TextChoices


class Duty(TextChoices):
    """Each is a Django permission `accounts.<value>`."""

    REVIEW_CASES = "review_cases", "Can claim and decide cases"
    MANAGE_QUEUE = "manage_queue", "Can see who has which case, take a case away, keep the days off"
    SIGN_AS_SENIOR = "sign_as_senior", "Can be the second person where a senior reviewer is asked for"
    DECIDE_APPEALS = "decide_appeals", "Can take up and decide appeals against others' decisions"
    MANAGE_RATES = "manage_rates", "Can set weekly rates, pause and resume a program"
    SEE_LINE = "see_line", "Can see applications, the line, seats and invitations"
    IMPORT_APPLICATIONS = "import_applications", "Can import an existing waiting list"
    MANAGE_ACCESS = "manage_access", "Can suspend, resume and revoke grants"
    RUN_GATEWAY = "run_gateway", "Can set limits, make and revoke the tokens of integrators"
    EDIT_POLICIES = "edit_policies", "Can draft guidelines and known weaknesses"
    SEE_LEDGER = "see_ledger", "Can read the audit ledger, the letters and who the staff are"
    RESEND_LETTERS = "resend_letters", "Can see the letters and put back those that were given up"


class Role(TextChoices):
    """The groups a fresh site has; made by accounts' second migration."""

    REVIEWER = "Reviewer"
    SENIOR_REVIEWER = "Senior reviewer"
    ONBOARDING_MANAGER = "Onboarding manager"
    POLICY_EDITOR = "Policy editor"
    AUDITOR = "Auditor"


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
