"""The admin as this product's staff see it."""

from django.contrib.admin.apps import AdminConfig

from config import names


class StaffSite(AdminConfig):
    """The stock admin with our own site class: second factor, first page by role."""

    default_site = "config.admin_site.StaffSite"

    def ready(self) -> None:
        names.look_up()
        super().ready()
