"""People and their roles, for those who may see them; only a superuser changes anything, and it is recorded."""

from typing import Any

from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.domain import people
from accounts.models import Membership, Organisation, User
from accounts.reading import ReadOnly
from accounts.roles import Duty, Role
from audit import clock


def _named(group: Group) -> str:
    return str(Role(group.name).label) if group.name in Role.values else group.name


class RolesField(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Group) -> str:
        return _named(obj)


class RolesForm(forms.ModelForm):
    groups = RolesField(
        queryset=Group.objects.filter(name__in=Role.values).order_by("name"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_("Roles"),
        help_text=_("Each role carries exactly its duties; see Groups."),
    )

    class Meta:
        model = User
        fields = ("is_staff", "groups")


@admin.register(User)
class UserAdmin(ReadOnly, admin.ModelAdmin):
    form = RolesForm
    list_display = ("email", "full_name", "staff", "roles", "joined_at", "last_login")
    list_filter = ("is_staff", "groups", "is_active")
    search_fields = ("email__istartswith", "full_name__istartswith")
    search_help_text = _("The beginning of an e-mail address or a name.")
    ordering = ("-id",)
    fields = (
        "email",
        "full_name",
        "time_zone",
        "is_active",
        "is_superuser",
        "joined_at",
        "last_login",
        "is_staff",
        "groups",
    )
    readonly_fields = (
        "email",
        "full_name",
        "time_zone",
        "is_active",
        "is_superuser",
        "joined_at",
        "last_login",
    )
    show_full_result_count = False
    actions = None

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_active and request.user.is_superuser

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(boolean=True, description=_("staff"), ordering="is_staff")
    def staff(self, user: User) -> bool:
        return user.is_staff

    @admin.display(description=_("roles"))
    def roles(self, user: User) -> str:
        return ", ".join(sorted(_named(group) for group in user.groups.all())) or "–"

    def save_model(self, request: HttpRequest, obj: User, form: RolesForm, change: bool) -> None:
        """Leave the writing to the domain: it records who changed what."""

    def save_related(self, request: HttpRequest, form: RolesForm, formsets: Any, change: bool) -> None:
        people.set_roles(
            User(pk=form.instance.pk),
            staff=form.cleaned_data["is_staff"],
            roles=[Role(group.name) for group in form.cleaned_data["groups"]],
            by=request.user,
            at=clock.now(),
        )


class MembershipInline(ReadOnly, admin.TabularInline):
    model = Membership
    extra = 0


@admin.register(Organisation)
class OrganisationAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("name", "website", "founded_at")
    search_fields = ("name__istartswith",)
    ordering = ("-id",)
    inlines = (MembershipInline,)
    show_full_result_count = False
    actions = None


admin.site.unregister(Group)
admin.site.unregister(UserSession)  # where people are signed in from is theirs to see, not the staff's


@admin.register(Group)
class GroupAdmin(ReadOnly, admin.ModelAdmin):
    """What each role may do, as accounts.roles says: read here, changed there."""

    list_display = ("role", "what_it_may")
    fields = ("role", "what_it_may")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("permissions")

    @admin.display(description=_("name"), ordering="name")
    def role(self, group: Group) -> str:
        return _named(group)

    @admin.display(description=_("duties"))
    def what_it_may(self, group: Group) -> str:
        duties = dict(Duty.choices)
        return "; ".join(
            sorted(str(duties.get(each.codename, each.name)) for each in group.permissions.all())
        )
