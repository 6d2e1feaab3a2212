"""Connections to servers that somebody named in a form: to public addresses alone, and to the very address looked at.

A name is resolved once; every address that it has must be public, or in one of settings.OUTBOUND_NETWORKS, which whoever
runs the installation opens for servers of their own. Names are not believed a second time (DNS rebinding), and each hop of
a redirect is looked at anew.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

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


class _Deadline:
    """Ends the connection that a call is on once its time is up. Each wait has a limit of its own as well, which whoever
    answers drop by drop never reaches."""

    def __init__(self, seconds: float):
        self.is_over = False
        self.connection: socket.socket | None = None
        self.timer = threading.Timer(seconds, self.end)
        self.timer.daemon = True

    def __enter__(self) -> _Deadline:
        self.timer.start()
        return self

    def __exit__(self, *failed: object) -> None:
        self.timer.cancel()

    def trace(self, event: str, facts: Mapping[str, Any]) -> None:
        """httpx tells how far it is: TLS puts a connection in the place of the first."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self.connection = facts["return_value"].get_extra_info("socket")
            if self.is_over:
                self.end()

    def end(self) -> None:
        self.is_over = True
        if self.connection:
            shut(self.connection)


class _Pinned(httpx.BaseTransport):
    """Connects to the address that was looked at; certificate and Host header are the name's."""

    def __init__(self, deadline: _Deadline) -> None:
        self.deadline = deadline
        self.inner = httpx.HTTPTransport(verify=ssl.create_default_context(), retries=0)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host, port = request.url.host, request.url.port or (443 if request.url.scheme == "https" else 80)
        found = addresses(host, port)
        own = all(not unwrapped(ip_address(each)).is_global for each in found)
        if not own and (request.url.scheme != "https" or port != 443):
            raise Blocked(f"{host} is asked by https, and on no other port than 443.")
        url = request.url.copy_with(host=found[0])
        extensions = request.extensions | {"sni_hostname": host, "trace": self.deadline.trace}
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
    content: bytes | None = None,
    timeout: float = CONNECTING,
    status_only: bool = False,
    **headers: str,
) -> tuple[int, bytes]:
    """(status, body) of a request by HTTP. `timeout` is that of each wait; all of it takes no longer than twice that.
    Where only the status counts, no redirect is followed and no body read. What goes wrong is Blocked, or an
    httpx.HTTPError."""
    with _Deadline(2 * timeout) as deadline:
        client = httpx.Client(
            transport=_Pinned(deadline), timeout=timeout, follow_redirects=not status_only, max_redirects=HOPS, trust_env=False
        )  # fmt: skip
        body = b""
        try:
            with client, client.stream(method, url, data=data, json=json, content=content, headers=headers) as response:
                for part in () if status_only else response.iter_bytes():
                    body += part
                    if len(body) > LARGEST:
                        raise Blocked("The answer is too long.")
        except httpx.TransportError:
            if not deadline.is_over:
                raise
        if deadline.is_over:
            raise httpx.ReadTimeout("It took too long altogether.")
    return response.status_code, body


def shut(connection: socket.socket) -> None:
    """End a connection that somebody else waits on: they read its end."""
    try:
        socket.socket.shutdown(connection, socket.SHUT_RDWR)  # below TLS, which its reader is in
    except OSError:
        return  # it ended by itself
