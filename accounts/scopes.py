"""What a personal token may be used for. A token never reaches further than its person."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Scope(TextChoices):
    READ_APPLICATIONS = "applications:read", _("Read your applications and where they stand")
    WRITE_APPLICATIONS = "applications:write", _("Withdraw, leave the line, answer questions and invitations")
    READ_KEYS = "keys:read", _("List your access and keys with their limits; never a secret")
    WRITE_KEYS = "keys:write", _("Ask for keys, rename, suspend, resume, revoke, and give one a new secret")
    READ_USAGE = "usage:read", _("Read what was used and what is left of your limits")
    WRITE_APPEALS = "appeals:write", _("Appeal, ask for reinstatement, take either back")
    WRITE_REPORTS = "reports:write", _("Report problems with your keys, or with end users of yours")
    READ_EXPORT = "export:read", _("Take a copy of everything we keep about you")
