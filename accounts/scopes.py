"""What a personal token may be used for. A token never reaches further than its person."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Scope(TextChoices):
    READ_APPLICATIONS = "applications:read", _("Read your applications and where they stand")
    WRITE_APPLICATIONS = "applications:write", _("Withdraw, leave the line, answer an invitation")
    READ_KEYS = "keys:read", _("List your keys and their limits; never a secret")
    WRITE_APPEALS = "appeals:write", _("Appeal, ask for reinstatement, take either back")
