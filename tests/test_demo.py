"""The demo: its data, and the walk of `make demo`."""

import json
import os
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from demo.people import APPLICANTS, STAFF
from devstack.environment import OURS, SETTING_OF
from onboarding.models import Application
from onboarding.states import ApplicationState
from tests.factories import make_roles
from tests.processes import ROOT


@pytest.mark.django_db
def test_the_demo_data_show_every_state_and_break_no_invariant(capsys):
    make_roles()
    call_command("bootstrap", verbosity=0)
    call_command("demo_data")

    assert set(Application.objects.values_list("state", flat=True)) == set(ApplicationState.values)
    assert {row.email for row in STAFF + APPLICANTS} <= set(User.objects.values_list("email", flat=True))
    call_command("check_invariants")
    call_command("seal_ledger")
    call_command("verify_ledger")
    with pytest.raises(CommandError, match="only for a fresh one"):
        call_command("demo_data")


@pytest.mark.fault
def test_the_walk_of_make_demo_holds_step_by_step():
    """It starts servers and processes of its own, and takes them away again."""
    ours = {OURS, "GATEHOUSE_DATA", "DJANGO_SETTINGS_MODULE", *SETTING_OF.values()}
    clean = {
        name: value for name, value in os.environ.items() if name not in ours and not name.endswith("_FILE")
    }
    done = subprocess.run(
        [sys.executable, "-m", "devstack", "demo", "--json"],
        cwd=ROOT,
        env=clean,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert (said["ok"], [step["says"] for step in said["steps"] if not step["ok"]]) == (True, [])
    assert len(said["steps"]) > 20
