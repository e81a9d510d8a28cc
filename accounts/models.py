"""People, organisations, and the owner an application or a key belongs to."""

import uuid
from zoneinfo import available_timezones

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

from accounts.languages import Language
from accounts.roles import Duty


def must_be_a_zone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError("Choose a time zone such as Europe/Madrid.")


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        """Create a user; the e-mail's case does not count."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in by e-mail: applicant, staff, or both."""

    email = models.EmailField("e-mail", unique=True)
    full_name = models.CharField(max_length=120, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[must_be_a_zone])
    language = models.CharField(
        max_length=10, choices=Language.choices, default=Language.ENGLISH, help_text="Of pages and letters."
    )
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(
        default=False, help_text="May open the admin; what they may do there is their role."
    )
    joined_at = models.DateTimeField(db_default=Now(), editable=False)
    erasure_asked_at = models.DateTimeField(null=True, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []  # type: ignore[misc]
    PERSONAL_FIELDS = ("email", "full_name", "time_zone", "language")  # kept until erased

    objects = UserManager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(name="email_in_lower_case", condition=Q(email=Lower("email"))),
            models.CheckConstraint(name="language_known", condition=Q(language__in=Language.values)),
        ]

    def __str__(self) -> str:
        return self.full_name or self.email

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)


class Organisation(models.Model):
    """A company, university or body that people apply for together."""

    name = models.CharField("full legal name", max_length=200)
    website = models.URLField(blank=True)
    founded_at = models.DateTimeField(db_default=Now(), editable=False)
    members = models.ManyToManyField(User, through="Membership", related_name="organisations")

    PERSONAL_FIELDS = ()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class MemberRole(models.TextChoices):
    OWNER = "owner", "Owner"
    MEMBER = "member", "Member"


class Membership(models.Model):
    """One person in one organisation."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=10, choices=MemberRole.choices, default=MemberRole.MEMBER)
    since_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["organisation", "user"], name="one_membership_per_person"),
            models.CheckConstraint(name="member_role_known", condition=Q(role__in=MemberRole.values)),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.organisation}"


class OwnerQuerySet(models.QuerySet["Owner"]):
    def of(self, user: User) -> "OwnerQuerySet":
        """The owners this person may act for: themselves and their organisations."""
        return self.filter(Q(person=user) | Q(organisation__memberships__user=user)).distinct()


class Owner(models.Model):
    """Who an application, a place in line, a grant and a key belong to: one person or one organisation, never both."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.OneToOneField(User, null=True, blank=True, on_delete=models.PROTECT, related_name="owner")
    organisation = models.OneToOneField(
        Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="owner"
    )
    imported_as = models.CharField(
        max_length=200, blank=True, help_text="Name on an imported list; nobody can act for such an owner."
    )

    objects = OwnerQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="owner_is_one_person_or_one_organisation",
                condition=Q(person__isnull=False, organisation=None, imported_as="")
                | Q(person=None, organisation__isnull=False, imported_as="")
                | (Q(person=None, organisation=None) & ~Q(imported_as="")),
            )
        ]

    def __str__(self) -> str:
        return str(self.organisation or self.person or self.imported_as)


class DutyCarrier(models.Model):
    """No table: it only gives the permissions of `accounts.roles` a place in Django's permission tables."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = Duty.choices  # type: ignore[assignment]  # lists are invariant

    def __str__(self) -> str:
        return "duties"
