"""People asked by hand, for tests of who may apply to a program by invitation only."""

import io
import re
from uuid import uuid4

from onboarding.domain import pick_rows, picks
from onboarding.models import Pick, PickList, Program
from onboarding.states import Stage
from outbox.models import Letter
from tests.factories import MONDAY, make_manager, make_program

WHY = "Partners of the lab, the first cohort"


def make_picky(slug: str = "", **settings) -> Program:
    """Return a program by invitation only."""
    return make_program(slug, stage=Stage.INVITATION_ONLY, **settings)


def csv_of(*emails: str) -> bytes:
    return "\n".join(["email,name,note", *(f"{email},Ana Silva,Met in Porto" for email in emails)]).encode()


def look(program: Program, *emails: str, by, file: bytes | None = None) -> pick_rows.Looked:
    return pick_rows.look(program, io.BytesIO(file or csv_of(*emails)), name="a.csv", by=by)


def make_list(program: Program, *emails: str, by=None, at=MONDAY, once=None) -> PickList:
    """Return a list that was confirmed; nobody was asked yet."""
    by = by or make_manager(f"manager-of-{program.pk}")
    looked = look(program, *emails, by=by)
    return picks.ask(
        program, looked.new, left_out=looked.left_out, file_name="a.csv", once=once or uuid4(), by=by, at=at,
        reason=WHY,
    )  # fmt: skip


def run(asked: PickList, *, at=MONDAY) -> PickList:
    while picks.ask_chunk(asked.pk, at=at):
        pass
    asked.refresh_from_db()
    return asked


def make_pick(program: Program, email: str, *, by=None, at=MONDAY) -> tuple[Pick, str]:
    """Return what somebody was asked, and the secret of the link in its letter, which was not sent yet."""
    run(make_list(program, email, by=by, at=at), at=at)
    pick = Pick.objects.get(program=program, email=email, state="asked")
    return pick, token_of(pick)


def token_of(pick: Pick) -> str:
    letter = Letter.objects.get(kind=picks.LETTER, about_id=str(pick.pk))
    return re.search(r"/asked/([\w-]+)/", letter.text)[1]
