"""Who calls, as far as a limit is concerned: an IPv4 address, or the /64 of an IPv6 address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.datastructures import Headers
from starlette.types import Scope

from chatbot.errors import SettingsError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

WITH_PORT = re.compile(r"\[([^\]]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+")  # as some proxies write it


def networks(written: Sequence[str]) -> tuple[Network, ...]:
    """Addresses and networks as `10.0.0.0/8`. Raises SettingsError for what is neither."""
    try:
        return tuple(ip_network(one.strip()) for one in written)
    except ValueError as error:
        raise SettingsError(f"{error}. Write an address such as 127.0.0.1 or a network such as 10.0.0.0/8.") from error


def address_of(scope: Scope, trusted: Sequence[Network] = ()) -> Address | str:
    """Where a request is from: the peer, or the last untrusted one of X-Forwarded-For if the peer is trusted.

    Each proxy appends whom it heard from, so only what trusted ones wrote is believed: read from the end, up to the
    first address that is not trusted. What is no address ends the reading: then it is the proxy that wrote it. A peer
    without an address, as at a Unix socket, is told by its name.
    """
    peer = str((scope.get("client") or ("",))[0])
    address = _address(peer)
    if address is None:
        return peer
    forwarded = ",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(",")
    while forwarded and is_within(address, trusted) and (before := _address(forwarded.pop())):
        address = before
    return address


def counted_as(address: Address | str) -> str:
    """One name for all that a single caller can easily be: any address of a /64."""
    return str(ip_network((address, 64), strict=False) if isinstance(address, IPv6Address) else address)


def is_within(address: Address | str, known: Sequence[Network]) -> bool:
    """Whether it lies in one of the networks."""
    return not isinstance(address, str) and any(address in network for network in known)


def _address(written: str) -> Address | None:
    """An address as itself, an IPv4 address in IPv6's clothes (RFC 4291, 2.5.5.2) as IPv4; None if it is none."""
    written = written.strip()
    if found := WITH_PORT.fullmatch(written):
        written = found[1] or found[2]
    try:
        address = ip_address(written.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
