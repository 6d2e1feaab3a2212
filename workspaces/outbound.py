"""Connections to servers that somebody named in a form: to public addresses alone, and to the very address looked at.

A name is resolved once; every address that it has must be public, or in one of settings.OUTBOUND_NETWORKS, which whoever
runs the installation opens for servers of their own. Names are not believed a second time (DNS rebinding), and each hop of
a redirect is looked at anew.
"""

from __future__ import annotations

import re
import socket
import ssl
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx
from django.conf import settings

CONNECTING = 5  # seconds
LARGEST = 1024 * 1024  # bytes of an answer
HOPS = 2
NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*\.?", re.IGNORECASE)
NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
Address = IPv4Address | IPv6Address


class Blocked(Exception):
    """Not a server that we connect to; says why, for people."""


def check_host(host: str) -> str:
    """The name as it is looked up. An IPv6 address may stand in brackets."""
    plain = host.strip().removeprefix("[").removesuffix("]")
    try:
        return str(ip_address(plain))
    except ValueError:
        pass
    try:
        name = plain.encode("idna").decode()
    except UnicodeError:
        name = ""
    if not NAME.fullmatch(name) or len(name) > 253:
        raise Blocked(f"“{host[:80]}” is not the name of a server.")
    return name.lower()


def addresses(host: str, port: int) -> list[str]:
    """Of a server that may be connected to: all of its addresses are fine."""
    name = check_host(host)
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except OSError:
        raise Blocked(f"There is no server of the name {name}.") from None
    known = list(dict.fromkeys(str(info[4][0]) for info in found))
    if not known or not all(is_allowed(ip_address(each.partition("%")[0])) for each in known):
        raise Blocked(f"{name} is not on the public internet, and this installation connects to nothing else.")
    return known


def is_allowed(address: Address) -> bool:
    inner = unwrapped(address)
    if any(each in ip_network(network) for network in settings.OUTBOUND_NETWORKS for each in (inner,)):
        return True
    return inner.is_global and not inner.is_multicast and not inner.is_reserved


def unwrapped(address: Address) -> Address:
    """The IPv4 address within an IPv6 one, where that is what it leads to."""
    if isinstance(address, IPv4Address):
        return address
    if inner := address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1]):
        return inner
    if any(address in network for network in NAT64):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def connect(host: str, port: int, timeout: float = CONNECTING) -> socket.socket:
    """A socket to the server: to the first of its addresses that answers."""
    error: OSError = OSError("no address")
    for address in addresses(host, port):
        try:
            return socket.create_connection((address, port), timeout)
        except OSError as failed:
            error = failed
    raise error


class _Pinned(httpx.BaseTransport):
    """Connects to the address that was looked at; certificate and Host header are the name's."""

    def __init__(self) -> None:
        self.inner = httpx.HTTPTransport(verify=ssl.create_default_context(), retries=0)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host, port = request.url.host, request.url.port or (443 if request.url.scheme == "https" else 80)
        found = addresses(host, port)
        own = all(not unwrapped(ip_address(each)).is_global for each in found)
        if not own and (request.url.scheme != "https" or port != 443):
            raise Blocked(f"{host} is asked by https, and on no other port than 443.")
        url = request.url.copy_with(host=found[0])
        extensions = request.extensions | {"sni_hostname": host}
        pinned = httpx.Request(
            request.method, url, headers=request.headers, stream=request.stream, extensions=extensions
        )
        return self.inner.handle_request(pinned)

    def close(self) -> None:
        self.inner.close()


def ask(
    method: str,
    url: str,
    *,
    data: dict[str, str] | None = None,
    json: object = None,
    timeout: float = CONNECTING,
    **headers: str,
) -> tuple[int, bytes]:
    """(status, body) of a request by HTTP. What goes wrong is Blocked, or an httpx.HTTPError."""
    with (
        httpx.Client(
            transport=_Pinned(), timeout=timeout, follow_redirects=True, max_redirects=HOPS, trust_env=False
        ) as client,
        client.stream(method, url, data=data, json=json, headers=headers) as response,
    ):
        body = b""
        for part in response.iter_bytes():
            body += part
            if len(body) > LARGEST:
                raise Blocked("The answer is too long.")
        return response.status_code, body


def shut(connection: socket.socket) -> None:
    """End a connection that somebody else waits on: they read its end."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it ended by itself
