"""What a key may be called: a line people can read, unlike the names of its sisters."""

import unicodedata
from itertools import count

from django.utils.translation import gettext as _

from onboarding.models import Grant, Key

LONGEST = 60
JOINERS = "\u200c\u200d"  # some scripts are not written without them


class BadName(Exception):
    """The name is too long, or has nothing to see, or hides something."""


class NameTaken(Exception):
    def __init__(self, name: str):
        super().__init__(_("A key of this access is called “%(name)s” already.") % {"name": name})


def clean(text: str) -> str:
    """Return the name with its spaces in order, "" for none; raise BadName.

    Control characters and direction marks are refused: they could make one key look like another.
    """
    name = " ".join(text.split())
    if len(name) > LONGEST:
        raise BadName(
            _("A name has at most %(longest)d characters; this one has %(length)d.")
            % {"longest": LONGEST, "length": len(name)}
        )
    kinds = [unicodedata.category(character) for character in name if character not in JOINERS]
    if any(kind.startswith("C") for kind in kinds) or (name and not kinds):
        raise BadName(
            _("The name has characters nobody can see, such as direction marks. Type it without them.")
        )
    return name


def by_number(grant: Grant) -> str:
    """Return the name of the next key of this locked grant where nobody chose one: its number, or the next free."""
    taken = set(grant.keys.live().values_list("name", flat=True))
    names = (_("Key %(number)d") % {"number": number} for number in count(grant.key_request + 1))
    return next(name for name in names if name not in taken)


def must_be_free(name: str, grant: Grant, *, but: Key | None = None) -> None:
    """Raise NameTaken where a live or promised key of this locked grant has the name."""
    others = grant.keys.live().filter(name=name)
    if but:
        others = others.exclude(pk=but.pk)
    if (grant.key_owed and grant.key_name == name) or others.exists():
        raise NameTaken(name)
