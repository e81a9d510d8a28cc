"""The pages of people asked by hand: the manager's list, its dry run, its confirming; and the page the link opens."""

import csv
import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from onboarding import jobs
from onboarding.admin import paging
from onboarding.admin import picks as door
from onboarding.domain import picks, stages
from onboarding.models import Application, Pick, PickList
from onboarding.states import Stage
from outbox.models import Letter
from tests.factories import MONDAY, accept_guidelines, make_manager, make_senior, make_user, verified
from tests.onboarding.picking import WHY, csv_of, make_list, make_pick, make_picky, run

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(hours=1)


@pytest.fixture
def dora():
    return make_manager()


@pytest.fixture
def program():
    return make_picky("gate-model")


@pytest.fixture
def desk(client, dora, monkeypatch):
    monkeypatch.setattr("audit.clock.now", lambda: LATER)
    monkeypatch.setattr(
        jobs, "enqueue_pick_list", lambda asked: jobs.run_pick_list(asked.pk)
    )  # at once, not by rq
    client.force_login(dora)
    return client


def at(program, name="picks", *args):
    return reverse(f"admin:{name}", args=[program.slug, *args])


def upload(desk, program, *emails, file=None):
    return desk.post(at(program), {"file": SimpleUploadedFile("list.csv", file or csv_of(*emails))})


def sheet_of(answer):
    return answer.context["sheet"]


def test_a_list_is_looked_at_before_anything_is_kept(desk, program):
    answer = upload(desk, program, "ana@example.org", "no address")

    page = answer.content.decode()
    for said in (
        "1 would be asked",
        "1 would be left out",
        "ana@example.org",
        "This is no e-mail address.",
        "Met in",
    ):
        assert said in page
    assert (PickList.objects.count(), Pick.objects.count(), Letter.objects.count()) == (0, 0, 0)


def test_confirming_it_with_a_reason_asks_them_once_however_often_it_is_clicked(desk, dora, program):
    sheet = sheet_of(upload(desk, program, "ana@example.org", "no address"))

    for _ in range(2):
        answer = desk.post(at(program, "picks_ask"), {"sheet": sheet, "reason": WHY})

    assert answer.url == at(program)
    asked = PickList.objects.get()
    assert (asked.reason, asked.asked_by, asked.made, asked.file_name) == (WHY, dora, 1, "list.csv")
    page = desk.get(at(program)).content.decode()
    for said in ("ana@example.org", "Ana Silva", "1 of 1 asked; 1 row left out.", WHY, "list.csv"):
        assert said in page
    assert Letter.objects.count() == 1


def test_without_a_reason_the_list_is_shown_again(desk, program):
    sheet = sheet_of(upload(desk, program, "ana@example.org"))

    answer = desk.post(at(program, "picks_ask"), {"sheet": sheet, "reason": " "})

    page = answer.content.decode()
    assert (answer.status_code, "This field is required." in page, "ana@example.org" in page) == (
        422,
        True,
        True,
    )
    assert not PickList.objects.exists()


@pytest.mark.parametrize("sheet", ["", "rubbish", "e30:x:y"])
def test_a_list_that_was_changed_on_its_way_is_not_taken(desk, program, sheet):
    answer = desk.post(at(program, "picks_ask"), {"sheet": sheet, "reason": WHY})

    assert (answer.status_code, str(door.STALE) in answer.content.decode()) == (422, True)


def test_a_list_is_taken_from_who_looked_at_it_for_its_program_alone(desk, program):
    sheet = sheet_of(upload(desk, program, "ana@example.org"))
    other = make_picky()

    answers = [desk.post(at(other, "picks_ask"), {"sheet": sheet, "reason": WHY})]
    desk.force_login(make_manager("dolores"))
    answers += [desk.post(at(program, "picks_ask"), {"sheet": sheet, "reason": WHY})]

    assert ([answer.status_code for answer in answers], PickList.objects.count()) == ([422, 422], 0)


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (b"name\nAna\n", "must name the columns"),
        (b"x" * (1024 * 1024 + 1), "larger than 1 MB"),
        (b"\xff\xfea", "UTF-16"),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_a_sentence(desk, program, file, says):
    answer = upload(desk, program, file=file)

    assert (answer.status_code, says in answer.content.decode()) == (422, True)


def test_no_file_is_said(desk, program):
    answer = desk.post(at(program), {})

    assert (answer.status_code, "Choose a file." in answer.content.decode()) == (422, True)


def test_every_row_comes_as_a_file_that_no_spreadsheet_runs(desk, program):
    sheet = sheet_of(upload(desk, program, "ana@example.org", "=cmd()", "ana@example.org"))

    answer = desk.post(at(program, "picks_rows"), {"sheet": sheet})

    rows = list(csv.reader(io.StringIO(answer.content.decode().removeprefix("\ufeff"))))
    assert rows == [
        ["line", "email", "what"],
        ["2", "ana@example.org", "would be asked"],
        ["3", "'=cmd()", "This is no e-mail address."],
        ["4", "ana@example.org", "stands in the list already, further up"],
    ]
    assert desk.post(at(program, "picks_rows"), {"sheet": "x"}).url == at(program)


def test_after_the_program_was_opened_the_page_says_that_no_list_is_needed(desk, dora, program):
    sheet = sheet_of(upload(desk, program, "ana@example.org"))
    stages.plan(program, to=Stage.LIMITED, from_at=LATER, by=dora, at=LATER, reason="Now all")

    page = desk.get(at(program)).content.decode()
    answer = desk.post(at(program, "picks_ask"), {"sheet": sheet, "reason": WHY})

    assert ("is not by invitation only any more" in page, "picks_file" in page) == (True, False)
    assert (answer.status_code, "a list is for a program by invitation only" in answer.content.decode()) == (
        422,
        True,
    )


def test_pages_follow_the_key_and_keep_what_was_looked_for(desk, dora, program, monkeypatch):
    monkeypatch.setattr(paging, "PAGE", 2)
    run(make_list(program, *(f"p{n}@x.org" for n in range(5)), by=dora))
    picks.withdraw(Pick.objects.get(email="p0@x.org"), by=dora, at=LATER, reason="x")

    seen, url = [], "?state=asked"
    while url:
        answer = desk.get(at(program) + url)
        seen.append([pick.email for pick in answer.context["picks"]])
        url = answer.context["older_url"]

    assert seen == [["p4@x.org", "p3@x.org"], ["p2@x.org", "p1@x.org"]]
    found = desk.get(at(program) + "?email=P2@x.org").context["picks"]
    assert [pick.email for pick in found] == ["p2@x.org"]
    assert desk.get(at(program) + "?after=x&state=y&email=%00").status_code == 200


def test_a_page_costs_the_same_for_many_as_for_few(desk, dora, program, django_assert_max_num_queries):
    run(make_list(program, *(f"p{n}@x.org" for n in range(30)), by=dora))

    with django_assert_max_num_queries(12):
        desk.get(at(program))


def test_one_is_taken_back_and_so_is_a_list_each_with_a_reason(desk, dora, program):
    asked = run(make_list(program, "a@x.org", "b@x.org", "c@x.org", by=dora))
    first = Pick.objects.get(email="a@x.org")

    desk.post(at(program, "pick_withdraw", first.pk), {"reason": " "})
    still = Pick.objects.get(pk=first.pk).state
    desk.post(at(program, "pick_withdraw", first.pk), {"reason": "A slip"})
    twice = desk.post(at(program, "pick_withdraw", first.pk), {"reason": "A slip"}, follow=True)
    desk.post(at(program, "pick_list_act", asked.pk, "withdraw"), {"reason": "The wrong file"})

    assert (still, set(Pick.objects.values_list("state", flat=True))) == ("asked", {"withdrawn"})
    assert "This is “withdrawn” already" in twice.content.decode()
    assert "A slip" in desk.get(at(program)).content.decode()


def test_a_list_that_waits_says_how_far_it_is_and_the_worker_can_be_asked_again(desk, dora, program):
    asked = make_list(program, "a@x.org", by=dora)

    answer = desk.get(at(program, "pick_list_progress", asked.pk))
    page = desk.get(at(program)).content.decode()
    desk.post(at(program, "pick_list_act", asked.pk, "again"))

    assert answer.json() == {
        "done": 0,
        "total": 1,
        "says": "Waiting for a worker.",
        "finished": False,
        "url": None,
    }
    assert ("Ask the worker again" in page, Pick.objects.count()) == (True, 1)


def test_who_may_not_set_rates_asks_nobody(client, program):
    client.force_login(make_senior())

    assert client.post(at(program), {}).status_code == 403


# --- the page that the link opens


@pytest.fixture
def link(dora, program):
    _, token = make_pick(program, "ana@example.org", by=dora)
    return reverse("picked", args=[token])


def test_opening_the_link_burns_nothing_and_leads_to_signing_up(client, link, program):
    pages = [client.get(link).content.decode() for _ in range(3)]

    assert f"/accounts/signup/?next={link.replace('/', '%2F')}" in pages[2]
    assert ("ana@" in pages[2], Pick.objects.get().state) == (False, "asked")
    assert (client.post(link).status_code, Pick.objects.get().state) == (302, "asked")


def test_taking_it_up_leads_to_the_application_and_to_nobody_elses(client, link, program, monkeypatch):
    monkeypatch.setattr("audit.clock.now", lambda: LATER)
    ana = verified(make_user("ana"))
    accept_guidelines(ana)
    client.force_login(ana)
    before = client.get("/apply/gate-model/").content.decode()

    for _ in range(2):
        answer = client.post(link)

    assert ("takes no applications now" in before, answer.url) == (True, "/apply/gate-model/")
    assert "Start the application" in client.get(answer.url).content.decode()
    assert 'href="/apply/gate-model/"' in client.get("/programs/gate-model/").content.decode()
    started = client.post("/apply/gate-model/", {"owner": "me"})
    made = Application.objects.get()
    assert (made.pick, started.url) == (
        Pick.objects.get(),
        reverse("apply_section", args=[made.number, "you"]),
    )
    assert (
        "takes no applications now"
        not in client.get(reverse("apply_check", args=[made.number])).content.decode()
    )
    assert "You followed this link already" in client.get(link).content.decode()
    client.force_login(verified(make_user("ben")))
    assert "takes no applications now" in client.get("/apply/gate-model/").content.decode()
    assert "This link was used already" in client.get(link).content.decode()
    assert client.post(link).status_code == 409


def test_somebody_else_is_refused_without_whose_it_is(client, link):
    client.force_login(verified(make_user("ben")))

    shown, refused = client.get(link), client.post(link)

    for answer in (shown, refused):
        page = answer.content.decode()
        assert ("for another address" in page or "not a confirmed one of yours" in page, "ana@" in page) == (
            True,
            False,
        )
    assert (refused.status_code, Pick.objects.get().state) == (409, "asked")


@pytest.mark.parametrize(
    ("end", "says"),
    [
        (
            lambda pick: picks.withdraw(pick, by=pick.asked_by, at=LATER, reason="x"),
            "This invitation was taken back.",
        ),
        (lambda pick: picks.expire_due(at=MONDAY + picks.LASTS), "This invitation has run out."),
        (
            lambda pick: stages.plan(
                pick.program, to=Stage.CLOSED, from_at=LATER, by=pick.asked_by, at=LATER, reason="x"
            ),
            "is closed: nobody new can apply",
        ),
    ],
)
def test_what_is_over_says_so_before_and_after_signing_in(client, link, monkeypatch, end, says):
    monkeypatch.setattr("audit.clock.now", lambda: LATER)
    end(Pick.objects.get())

    pages = [client.get(link).content.decode()]
    client.force_login(verified(make_user("ana")))
    pages += [client.get(link).content.decode(), client.post(link).content.decode()]

    assert [says in page for page in pages] == [True, True, True]


def test_a_link_that_was_never_sent_is_not_there(client):
    assert client.get(reverse("picked", args=["x" * 43])).status_code == 404
