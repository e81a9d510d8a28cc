"""The pre-check before sending: what usually comes back, each with the place to mend it. It warns and never blocks."""

from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from onboarding.domain import answers, websites
from onboarding.domain.drafts import Draft
from onboarding.models import Application
from reviews.domain import precheck
from reviews.domain.precheck import History, Share

SHORT = 400  # characters: the published figure is about texts, it warns those who write little


@dataclass(frozen=True)
class Said:
    key: str
    says: str
    source: str = ""


@dataclass(frozen=True)
class Hint:
    """One thing that usually comes back. `key` is the question to look at again; `source` where a figure is from."""

    key: str
    name: str
    says: str
    source: str = ""


def hints(application: Application, draft: Draft) -> list[Hint]:
    """Return what is worth a second look, in the form's order; one query."""
    given = draft.reading.given
    detail, models = given("detail"), given("models")
    length = len(detail) if isinstance(detail, str) else 0
    offered = draft.reading.paper.models
    chosen = len(models) if isinstance(models, list) else 0
    history = precheck.history(application.program, detail_length=length, models=max(chosen, 1))
    says = [
        _about_the_website(draft),
        _about_the_length(length, history.as_long) if length else None,
        _about_deciding_alone(draft),
        _about_the_models(chosen, history) if 1 < chosen == len(offered) else None,
    ]
    by_key = draft.reading.paper.form.by_key
    return [Hint(one.key, by_key[one.key].name, one.says, one.source) for one in says if one]


def _about_the_website(draft: Draft) -> Said | None:
    website, email = draft.reading.given("website"), draft.reading.given("work_email")
    if not isinstance(website, str) or not isinstance(email, str) or websites.same_house(website, email):
        return None
    free = draft.reading.paper.form.settings.get("work_email_domain")
    domain = email.rpartition("@")[2]
    if isinstance(free, list) and domain in free:
        return None  # a reason of its own to be looked at by a person; it says nothing about the website
    says = _("Your website is at %(host)s and your work e-mail at %(domain)s. A reviewer compares them; say in the "
             "description how they belong together, or use an address of the website's own.")  # fmt: skip
    return Said("website", says % {"host": websites.host_of(website), "domain": domain})


def _about_the_length(length: int, share: Share) -> Said | None:
    if share.warns:
        least, most = precheck.band(length)
        says = _("The description is %(length)s characters. Of %(of)s applications here with %(least)s to %(most)s, "
                 "%(asked)s (%(per_cent)s %%) were first asked for more.")  # fmt: skip
        figures = {"length": length, "of": share.of, "least": least, "most": most} | _figures(share)
        if most == precheck.BANDS[-1][1]:
            says = _("The description is %(length)s characters. Of %(of)s applications here with %(least)s or more, "
                     "%(asked)s (%(per_cent)s %%) were first asked for more.")  # fmt: skip
        return Said("detail", says % _written(figures), _("Counted from this program's own decisions."))
    if share.is_enough or length >= SHORT:
        return None
    says = _("The description is %(length)s characters. A short one is the commonest reason to be asked for more: "
             "87 %% of 1,070 published product pitches have fewer than 200, too few to judge a use by.")  # fmt: skip
    source = _(
        "A published figure: this program has decided too few comparable applications to give its own."
    )
    return Said("detail", says % _written({"length": length}), source)


def _about_deciding_alone(draft: Draft) -> Said | None:
    areas = draft.reading.given("areas")
    if draft.reading.given("decides") != "decides_alone" or not isinstance(areas, list) or areas == ["none"]:
        return None
    question = draft.reading.paper.form.by_key["areas"]
    says = _("You say that the output decides and no person looks, in: %(areas)s. Without an accountable person that "
             "is a prohibited use. If somebody does look, say so there; if not, expect a refusal.")  # fmt: skip
    return Said("decides", says % {"areas": answers.in_words(draft.reading.paper, question, areas)})


def _about_the_models(chosen: int, history: History) -> Said:
    says = _("You ask for all %(n)s models. Asking for more than the use needs is a common reason for a question back; "
             "leave out what you can do without.")  # fmt: skip
    source, share = "", history.all_models
    if share.is_enough:
        source = _("Here, %(asked)s of %(of)s applications that asked for as many (%(per_cent)s %%) were first asked "
                   "for more.") % _written({"of": share.of} | _figures(share))  # fmt: skip
    return Said("models", says % {"n": chosen}, source)


def _figures(share: Share) -> dict[str, int]:
    return {"asked": share.asked, "per_cent": share.per_cent}


def _written(figures: dict[str, int]) -> dict[str, str]:
    return {
        name: number_format(figure, use_l10n=True, force_grouping=True) for name, figure in figures.items()
    }
