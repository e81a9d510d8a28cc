"""What an e-mail address says without its owner: its aliases, and whose domain it is. Nothing is ever fetched."""

from functools import cache

from disposable_email_domains import blocklist

from accounts.domain import domains

DOTS_MEAN_NOTHING = frozenset({"gmail.com", "googlemail.com"})


def parts(email: str) -> tuple[str, str]:
    """Return what stands before and behind the @, in small letters."""
    local, _, domain = email.strip().lower().rpartition("@")
    return local, domain


def key(email: str) -> str:
    """Return the address that its plus-addresses, and at Gmail its dots, are aliases of; empty for none."""
    local, domain = parts(email)
    local = local.split("+", 1)[0]
    if domain in DOTS_MEAN_NOTHING:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}" if local and domain else ""


def is_alias(email: str) -> bool:
    """Return whether the address is written as one of several that reach the same mailbox."""
    local, domain = parts(email)
    return "+" in local or (domain in DOTS_MEAN_NOTHING and "." in local)


def own_domain(email: str) -> str:
    """Return the domain of an address; empty where it gives mailboxes to everybody, or for a day."""
    domain = parts(email)[1]
    return "" if domain in domains.free_mail() or is_disposable(email) else domain


def is_disposable(email: str) -> bool:
    """Return whether the domain, or one it is part of, gives addresses for a day."""
    labels = parts(email)[1].split(".")
    return any(".".join(labels[index:]) in _disposable() for index in range(len(labels) - 1))


@cache
def _disposable() -> frozenset[str]:
    return frozenset(blocklist)
