"""What the demo's provider tells the public: weaknesses, results, practices, lessons, and the report of a quarter."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from accounts.models import User
from audit import seals
from policies.domain import evaluations, practices, weakness_records
from transparency.domain import days, lessons, quarters, reports
from transparency.domain.lessons import Words
from transparency.models import Report

DATA = yaml.safe_load((Path(__file__).parent / "account.yaml").read_text())
DAY = timedelta(days=1)


def tell(staff: dict[str, User], *, start: datetime, at: datetime) -> Report | None:
    """Publish all of it by the product's verbs; return the report of the last quarter that is over.

    None where the demo's ledger does not reach back into one: its page then says that none is published yet.
    """
    _tell_of_models(staff, start=start, at=at)
    for said in DATA["lessons"]:
        _learn(said, staff, at=at)
    while days.take_owed(at=at):
        pass
    seals.seal(at=at)
    return _report(staff, at=at)


def _tell_of_models(staff: dict[str, User], *, start: datetime, at: datetime) -> None:
    pia, root = staff["pia"], staff["root"]
    for said in DATA["weaknesses"]:
        record = weakness_records.checked(said["record"])
        weakness_records.publish(said["program"], record, by=pia, at=start, tell=False)
    for said in DATA["evaluations"]:
        words = evaluations.checked(said["record"] | {"evaluated_on": (at - said["days"] * DAY).date()})
        evaluations.publish(evaluations.propose(said["program"], words, by=pia, at=at), by=root, at=at)
    for said in DATA["practices"]:
        practices.publish(said["program"], said["domain"], text=said["text"], by=pia, at=start)


def _learn(said: dict[str, Any], staff: dict[str, User], *, at: datetime) -> None:
    on = (at - said["days"] * DAY).date()
    words = Words(said["title"], on, said["happened"], said["changed"], said["links"])
    draft = lessons.write(said["slug"], words, by=staff["pia"], at=at)
    lessons.publish(lessons.review(draft, by=staff["axel"], at=at), by=staff["pia"], at=at)


def _report(staff: dict[str, User], *, at: datetime) -> Report | None:
    quarter = quarters.of(quarters.of(at).start - DAY)
    try:
        asked = reports.ask(quarter, by=None, at=at)
    except (reports.NotSealed, reports.NotTaken):
        return None
    begun = reports.begin(asked.pk)
    assert begun is not None, "nobody else is at it in a fresh site"
    draft = reports.build(begun, at=at)
    return reports.publish(reports.review(draft, by=staff["axel"], at=at), by=staff["pia"], at=at)
