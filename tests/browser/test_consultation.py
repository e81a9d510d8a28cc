"""A consultation in a real browser: somebody comments, a person reads it, it shows, and its theme is answered."""

from datetime import timedelta

import pgtrigger
import pytest
from playwright.sync_api import expect

from audit import clock
from policies.domain import consultations, guidelines, themes
from policies.models import Comment, Consultation
from tests.browser import axe
from tests.browser.conftest import Browse, Site, Watch, newcomer, person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGE = "/guidelines/3.1.0/consultation/"
HOSTILE = "<script>alert(1)</script> " + "Donaudampfschifffahrtsgesellschaft" * 4


def opened(version: str = "3.1.0") -> Consultation:
    pia, at = person("pia"), clock.now() - timedelta(days=2)
    draft = guidelines.load(guidelines.shipped() | {"version": version}, by=pia, at=at)
    guidelines.consult(draft, by=pia, at=at)
    made = consultations.prepare(
        draft, opens_at=at, closes_at=at + timedelta(days=9), introduction="Is it *clear*?", by=pia, at=at
    )
    consultations.add_question(made, kind="scale", text="The text is fair.", by=pia, at=at)
    return consultations.open_(made, by=pia, at=at)


def close(made: Consultation) -> None:
    """Let its last moment be now, which no verb can."""
    with pgtrigger.ignore("policies.Consultation:rests_once_it_is_open"):
        Consultation.objects.filter(pk=made.pk).update(closes_at=clock.now())


def test_a_comment_is_sent_read_shown_grouped_and_answered(browse: Browse, watch: Watch):
    made = opened()
    author = browse(newcomer("conny"))
    author.goto(PAGE)
    assert axe.look(author) == []
    author.get_by_label("4 · I agree", exact=True).check()
    author.get_by_label("On the text as a whole").fill(HOSTILE)
    author.get_by_label("Part of the text").first.select_option("weapons")
    author.get_by_label("What you say about it").first.fill("Say what a weapon is.")
    author.get_by_label("Your name").fill("Conny")
    author.get_by_label("I agree that a person reads").check()
    author.get_by_role("button", name="Send the comment").click()
    expect(author.locator(".standing")).to_contain_text("We have it.")
    assert axe.look(author) == []

    pia = browse(person("pia"))
    pia.goto("/admin/policies/consultation/comments/")
    assert axe.look(pia) == []
    number = Comment.objects.get(consultation=made).number
    pia.get_by_role("link", name=number).click()
    pia.get_by_role("button", name="Take it").click()
    pia.get_by_label("Shown", exact=True).check()
    assert axe.look(pia) == []
    pia.get_by_role("button", name="Decide").click()
    expect(pia.locator(".messagelist")).to_contain_text("is decided")

    author.goto(PAGE)
    expect(author.locator("#comments")).to_contain_text("<script>alert(1)</script>")
    expect(author.locator("#figures")).to_contain_text("The text is fair.")

    close(made)
    theme = themes.write(
        made, title="Weapons", outcome="accepted", text="We say it now.", by=person("pia"), at=clock.now()
    )
    themes.write_summary(made, summary="Thank you.", by=person("pia"), at=clock.now())
    pia.goto(f"/admin/policies/consultation/{made.pk}/group/")
    pia.get_by_label(theme.title).check()
    pia.get_by_role("button", name="Save").click()
    expect(pia.locator(".messagelist")).to_contain_text("is grouped")

    petra = browse(person("petra"))
    petra.goto(f"/admin/policies/consultation/{made.pk}/work/")
    assert axe.look(petra) == []
    petra.get_by_text("Publish the summary").click()
    petra.get_by_role("button", name="Publish it now").click()
    expect(petra.locator(".messagelist")).to_contain_text("The summary is public")

    author.goto(PAGE)
    expect(author.locator("#answers")).to_contain_text("We say it now.")
    assert axe.look(author) == []
    author.get_by_role("link", name="1 comment").click()
    expect(author.locator("#comments")).to_contain_text("Say what a weapon is.")


def test_a_comment_is_confirmed_and_taken_back_by_the_link_in_a_letter(
    browse: Browse, watch: Watch, site: Site
):
    opened("3.2.0")
    reader = browse()
    reader.goto("/guidelines/3.2.0/consultation/")
    reader.get_by_label("On the text as a whole").fill("Clear.")
    reader.get_by_label("E-mail address").fill("anon@example.org")
    reader.get_by_label("I agree that a person reads").check()
    reader.get_by_role("button", name="Send the comment").click()
    expect(reader.locator("body")).to_contain_text("A letter with a link is on its way")

    reader.goto(site.mailed(r"/guidelines/3\.2\.0/consultation/yours/[\w-]+/", to="anon@example.org"))
    reader.locator('button[value="confirm"]').click()
    expect(reader.locator(".standing")).to_contain_text("We have it.")
    reader.locator("summary", has_text="Take my comment back").click()
    reader.locator('button[value="withdraw"]').click()
    expect(reader.locator("body")).to_contain_text("is taken back")


def test_letters_about_guidelines_are_confirmed_and_ended_by_their_link(
    browse: Browse, watch: Watch, site: Site
):
    reader = browse()
    reader.goto("/guidelines/subscribe/")
    reader.get_by_label("E-mail address").fill("sub@example.org")
    reader.locator("main form button").click()
    reader.goto(site.mailed(r"/guidelines/subscription/[\w-]+/", to="sub@example.org"))
    reader.locator('button[value="confirm"]').click()
    expect(reader.locator("body")).to_contain_text("You get a letter from now on")
    reader.locator("main form button").click()
    expect(reader.locator("body")).to_contain_text("You get no more letters")
