"""What comes back with a section's page: what it showed, what was chosen between two answers, what it has."""

from collections.abc import Iterable

from django.http import QueryDict

from onboarding.domain.merging import MINE, THEIRS, Choice, Seen
from onboarding.forms import WAS

THERE, KEEP, SHOWN = "there-", "keep-", "shown"
KEEP_ALL, CLASH = "keep", "clash"


def seen(post: QueryDict, keys: Iterable[str]) -> Seen:
    """Read what the page knew of these answers; what is strange counts as not said."""
    keys = list(keys)
    version = post.get("seen", "")
    return Seen(
        version=int(version) if version.isascii() and version.isdigit() and len(version) < 10 else -1,
        shown={key: post[WAS + key] for key in keys if WAS + key in post},
        chosen={
            key: Choice(keep, post.get(THERE + key, ""))
            for key in keys
            if THERE + key in post and (keep := _keep(post, key))
        },
    )


def _keep(post: QueryDict, key: str) -> str:
    said = post.get(KEEP_ALL) or post.get(KEEP + key, "")
    return said if said in (MINE, THEIRS) else ""
