"""Give onboarding managers the duty to run the gateway."""

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from accounts.roles import Duty, Role


def give(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # Permissions are otherwise made after all migrations, too late for this one.
    config = apps.get_app_config("accounts")
    config.models_module = True
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    group, permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    duty = permission.objects.filter(content_type__app_label="accounts", codename=str(Duty.RUN_GATEWAY))
    for managers in group.objects.filter(name=str(Role.ONBOARDING_MANAGER)):
        managers.permissions.add(*duty)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0014_run_gateway"), ("auth", "0012_alter_user_first_name_max_length")]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
