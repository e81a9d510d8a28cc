"""Which network a call comes from, as a keyed hash: enough to count how many there are, and no address.

The address is the connection's own or, where that belongs to a proxy the site trusts, what the proxy says in
X-Forwarded-For: uvicorn reads that header from nobody but `--forwarded-allow-ips` (127.0.0.1 unless set).
"""

import hmac
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from django.conf import settings

BYTES_OF_IPV4, BYTES_OF_IPV6 = 3, 6  # /24, /48: what one office, house or machine room has, more or less
HASH_BYTES = 8
PURPOSE = b"network:"  # no secret begins so: the pepper hashes nothing else to the same


def name_of(host: str) -> str:
    """Return the keyed hash of the network an address is in, "" where the text is no address (a unix socket)."""
    return _name_of(host, next(iter(settings.KEY_PEPPERS.values())))


@lru_cache(maxsize=1024)  # the same few proxies and clients ask again and again
def _name_of(host: str, pepper: bytes) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    network = address.packed[: BYTES_OF_IPV4 if address.version == 4 else BYTES_OF_IPV6]
    return hmac.digest(pepper, PURPOSE + network, "sha256")[:HASH_BYTES].hex()
