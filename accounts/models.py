"""People, organisations, and the owner an application or a key belongs to."""

import uuid
from datetime import datetime
from zoneinfo import available_timezones

import pgtrigger
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.languages import Language
from accounts.personal_tokens import Token  # noqa: F401 - kept apart for its length
from accounts.roles import Duty
from accounts.states import JOIN_TRANSITIONS, OFFER_TRANSITIONS, JoinState, OfferState
from audit import moves


def must_be_a_zone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError(gettext("Choose a time zone such as Europe/Madrid."))


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
        max_length=10,
        choices=Language.choices,
        default=Language.ENGLISH,
        help_text=_("Of pages and letters."),
    )
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(
        default=False, help_text=_("May open the admin; what they may do there is their role.")
    )
    joined_at = models.DateTimeField(db_default=Now(), editable=False)
    erasure_asked_at = models.DateTimeField(null=True, editable=False)
    erased_at = models.DateTimeField(
        null=True, editable=False, help_text=_("Set last: every part is blanked.")
    )

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
            models.CheckConstraint(
                name="erasure_shuts_the_account_first",
                condition=Q(erasure_asked_at=None, erased_at=None)
                | Q(erasure_asked_at__isnull=False, is_active=False),
            ),
        ]

    def __str__(self) -> str:
        return str(_("a deleted account")) if self.erased_at else self.full_name or self.email

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
    OWNER = "owner", _("Owner")
    MEMBER = "member", _("Member")


# Asked with the organisation's row locked: two owners who demote each other at once are one after the other.
# An organisation that nobody belongs to any more may be without an owner.
AN_OWNER_REMAINS = """
    IF TG_OP = 'UPDATE' AND NEW.role = 'owner' AND NEW.organisation_id = OLD.organisation_id THEN
        RETURN NULL;
    END IF;
    PERFORM 1 FROM accounts_organisation WHERE id = OLD.organisation_id FOR UPDATE;
    IF EXISTS (SELECT FROM accounts_membership WHERE organisation_id = OLD.organisation_id)
        AND NOT EXISTS (
            SELECT FROM accounts_membership WHERE organisation_id = OLD.organisation_id AND role = 'owner') THEN
        RAISE EXCEPTION 'organisation % would be left without an owner', OLD.organisation_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;"""


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
        triggers = [
            pgtrigger.Trigger(
                name="an_owner_remains",
                operation=pgtrigger.Update | pgtrigger.Delete,
                when=pgtrigger.After,
                condition=pgtrigger.Condition("OLD.role = 'owner'"),
                func=AN_OWNER_REMAINS,
            )
        ]

    def __str__(self) -> str:
        return _("%(person)s in %(organisation)s") % {"person": self.user, "organisation": self.organisation}


class FormerMembership(models.Model):
    """Somebody belonged to an organisation once: they keep a part in its cases, and review none of them."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="former_memberships"
    )
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="former_memberships")
    ended_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.user}, once in {self.organisation}"


class OrganisationInvitationQuerySet(models.QuerySet["OrganisationInvitation"]):
    def live(self) -> "OrganisationInvitationQuerySet":
        """Not answered, revoked or expired."""
        return self.filter(state=JoinState.INVITED)

    def overdue(self, at: datetime) -> "OrganisationInvitationQuerySet":
        """Live, and past their time."""
        return self.live().filter(expires_at__lte=at)


class OrganisationInvitation(models.Model):
    """One address asked into one organisation; only whoever proves that address can accept."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=10, choices=MemberRole.choices, default=MemberRole.MEMBER)
    state = models.CharField(max_length=10, choices=JoinState.choices, default=JoinState.INVITED)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField()
    written_at = models.DateTimeField(help_text=_("When its newest letter was written."))
    letters = models.PositiveSmallIntegerField(
        default=1, help_text=_("How many letters were written for it.")
    )
    token_hash = models.CharField(max_length=64, help_text=_("SHA-256 of the newest letter's link, hex."))
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    PERSONAL_FIELDS = ("email",)  # kept until the address's owner is erased

    objects = OrganisationInvitationQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "email"],
                condition=Q(state=JoinState.INVITED),
                name="one_live_invitation_per_address",
            ),
            models.UniqueConstraint(fields=["token_hash"], name="one_invitation_per_link"),
            models.CheckConstraint(name="invited_address_in_lower_case", condition=Q(email=Lower("email"))),
            models.CheckConstraint(name="invited_role_known", condition=Q(role__in=MemberRole.values)),
            models.CheckConstraint(name="join_state_known", condition=Q(state__in=JoinState.values)),
            models.CheckConstraint(
                name="answered_by_the_person_invited",
                condition=Q(
                    state__in=[JoinState.ACCEPTED, JoinState.DECLINED],
                    answered_at__isnull=False,
                    answered_by__isnull=False,
                )
                | (
                    ~Q(state__in=[JoinState.ACCEPTED, JoinState.DECLINED])
                    & Q(answered_at=None, answered_by=None)
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="joining_overdue", condition=Q(state=JoinState.INVITED)),
        ]
        triggers = moves.only(JOIN_TRANSITIONS, first=(JoinState.INVITED,))

    def __str__(self) -> str:
        return f"{self.email} into {self.organisation}"


class OwnershipOfferQuerySet(models.QuerySet["OwnershipOffer"]):
    def live(self) -> "OwnershipOfferQuerySet":
        """Not taken, declined, withdrawn or expired."""
        return self.filter(state=OfferState.OFFERED)

    def overdue(self, at: datetime) -> "OwnershipOfferQuerySet":
        """Live, and past their time."""
        return self.live().filter(expires_at__lte=at)


class OwnershipOffer(models.Model):
    """One owner offers their place to another member; it moves when that person takes it."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="offers")
    offered_to = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    offered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    offered_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=OfferState.choices, default=OfferState.OFFERED)
    ended_at = models.DateTimeField(null=True)

    objects = OwnershipOfferQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["organisation"],
                condition=Q(state=OfferState.OFFERED),
                name="one_live_offer_per_organisation",
            ),
            models.CheckConstraint(name="offer_state_known", condition=Q(state__in=OfferState.values)),
            models.CheckConstraint(
                name="offer_is_to_somebody_else", condition=~Q(offered_to=models.F("offered_by"))
            ),
            models.CheckConstraint(
                name="offer_ended_when_not_live",
                condition=Q(state=OfferState.OFFERED, ended_at=None)
                | (~Q(state=OfferState.OFFERED) & Q(ended_at__isnull=False)),
            ),
        ]
        triggers = moves.only(OFFER_TRANSITIONS, first=(OfferState.OFFERED,))

    def __str__(self) -> str:
        return f"ownership of {self.organisation} offered to {self.offered_to}"


class OrganisationDomain(models.Model):
    """A domain at which an owner of the organisation reads mail. Departments of one body may share a domain."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="domains")
    domain = models.CharField(max_length=253)
    verified_at = models.DateTimeField()
    verified_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "domain"],
                condition=Q(ended_at=None),
                name="one_live_claim_per_domain",
            ),
            models.CheckConstraint(
                name="domain_in_lower_case", condition=Q(domain=Lower("domain")) & ~Q(domain="")
            ),
        ]

    def __str__(self) -> str:
        return self.domain


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
        max_length=200, blank=True, help_text=_("Name on an imported list; nobody can act for such an owner.")
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


class Part(models.TextChoices):
    """What each app forgets of a person. The account is last: the others still need its addresses."""

    LETTERS = "letters", _("Letters")
    APPLICATIONS = "applications", _("Applications, places and access")
    REVIEWS = "reviews", _("Decisions and questions")
    APPEALS = "appeals", _("Appeals")
    ACCOUNT = "account", _("Account")


class ErasureQuerySet(models.QuerySet["Erasure"]):
    def owed(self, part: Part, at: datetime) -> "ErasureQuerySet":
        return self.filter(part=part, paid_at=None, owed_at__lte=at)


class Erasure(models.Model):
    """A promise to a person who deletes their account: one part of it is blanked, once."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="erasures")
    part = models.CharField(max_length=20, choices=Part.choices)
    owed_at = models.DateTimeField(help_text=_("Not before: what was under way when it was asked has ended."))
    paid_at = models.DateTimeField(null=True)

    objects = ErasureQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["part", "owed_at"], name="erasure_owed", condition=Q(paid_at=None))]
        constraints = [
            models.UniqueConstraint(fields=["user", "part"], name="one_erasure_per_person_and_part"),
            models.CheckConstraint(name="erasure_part_known", condition=Q(part__in=Part.values)),
        ]

    def __str__(self) -> str:
        return f"{self.part} of user {self.user_id}"


class DutyCarrier(models.Model):
    """No table: it only gives the permissions of `accounts.roles` a place in Django's permission tables."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = Duty.choices  # type: ignore[assignment]  # lists are invariant

    def __str__(self) -> str:
        return "duties"
