"""The pages of programs: what anybody reads before applying."""

import pytest
from django.urls import reverse

from onboarding.domain import programs
from onboarding.states import Stage
from policies.domain import weaknesses
from tests.factories import (
    MONDAY,
    make_entry,
    make_manager,
    make_program,
    make_rate,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]


def test_the_list_shows_each_program_with_stage_pace_and_line(client, program):
    make_rate(program, 1000)
    make_entry(program)
    make_program("gone", stage=Stage.CLOSED)

    shown = client.get("/").content.decode()

    assert "Code" in shown
    assert "Gone" not in shown
    assert "Limited access" in shown
    assert "1,000 invited a week · 1 in line" in shown.replace("\n", " ")


def test_without_programs_the_list_says_so(client):
    assert "No program is open yet" in client.get("/").content.decode()


def test_the_list_needs_as_many_queries_with_three_programs_as_with_one(client, django_assert_num_queries):
    for number in (1, 2, 3):
        make_rate(make_program(f"p{number}"), 10)
        with django_assert_num_queries(1):
            client.get("/")


def test_a_program_shows_its_rule_limits_models_and_weaknesses(client, program, alice):
    make_rate(program, 1000)
    weaknesses.publish("code", text="It **repeats** itself. <script>alert(1)</script>", by=alice, at=MONDAY)

    shown = client.get("/programs/code/").content.decode()

    assert "At most 1,000 people are invited a week" in shown
    assert "60 requests a minute, 1,000 a day" in shown
    assert "The first" in shown
    assert "<strong>repeats</strong>" in shown
    assert "<script>alert" not in shown
    assert reverse("apply", args=["code"]) in shown


def test_a_program_page_needs_a_fixed_number_of_queries(client, program, django_assert_num_queries):
    with django_assert_num_queries(11):
        client.get("/programs/code/")


def test_a_paused_program_says_that_nobody_is_invited(client, program):
    programs.pause(program, by=make_manager(), at=MONDAY, reason="Too many open cases")

    assert "Admission is paused" in client.get("/programs/code/").content.decode()


@pytest.mark.parametrize("stage", [Stage.CLOSED, Stage.INVITATION_ONLY])
def test_a_program_that_takes_no_applications_says_why_and_has_no_button(client, stage):
    make_program("code", stage=stage)

    shown = client.get("/programs/code/").content.decode()

    assert "apply now" in shown or "nobody new can apply" in shown
    assert "/apply/code/" not in shown


@pytest.mark.parametrize("address", ["/programs/nothing/", "/apply/nothing/"])
def test_an_unknown_program_is_not_found(client, alice, address):
    assert client.get(address).status_code == 404
