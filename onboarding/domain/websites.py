"""Whether a website and an e-mail address look like the same house's. A hint for people; it decides nothing."""

from urllib.parse import urlsplit


def host_of(address: str) -> str:
    """Return the host of a web address in lower case, without a leading `www.`; empty where there is none."""
    try:
        return (urlsplit(address).hostname or "").rstrip(".").removeprefix("www.")
    except ValueError:
        return ""


def same_house(website: str, email: str) -> bool:
    """Return whether one's domain is the other's or stands under it; what cannot be read passes."""
    host, domain = host_of(website), email.rpartition("@")[2].lower()
    if not host or not domain:
        return True
    return f".{host}".endswith(f".{domain}") or f".{domain}".endswith(f".{host}")
