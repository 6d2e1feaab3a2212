"""Servers that somebody names: whatever the address looks like, nothing of our own network is connected to."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

import httpx
import pytest

from automation.imap import MailProblem, Server, opened
from workspaces.outbound import Blocked, addresses, ask, check_host, is_allowed, unwrapped

LOCAL = (
    "127.0.0.1", "127.1", "127.0.1", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "2130706433", "017700000001", "127.0.0.2",
    "127.255.255.254", "0.0.0.0", "0", "localhost", "LOCALHOST", "localhost.", "[::1]", "::1", "0:0:0:0:0:0:0:1", "::", "[::]",
    "::ffff:127.0.0.1", "::ffff:7f00:1", "[::ffff:127.0.0.1]", "64:ff9b::7f00:1", "64:ff9b::127.0.0.1", "64:ff9b:1::7f00:1",
    "2002:7f00:1::", "2002:7f00:0001::1", "2001:0:7f00:1::80ff:fffe", "10.0.0.1", "10.255.255.255", "172.16.0.1",
    "172.31.255.254", "192.168.0.1", "192.168.1.254", "169.254.169.254", "169.254.0.1", "100.64.0.1", "100.127.255.254",
    "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
    "255.255.255.255", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "2002:a00:1::", "2002:c0a8:1::1", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe", "0x0a000001", "0xa9fea9fe", "2852039166",
    "012.0.0.1", "10.1", "192.168.257",
)  # fmt: skip
NO_NAMES = (
    "user@127.0.0.1", "127.0.0.1:80", "127.0.0.1/", "http://127.0.0.1", "gopher://127.0.0.1", "a b", "a\r\nb", "a\0b", "-a.b",
    "a..b", "", " ", "[::1", "a_b.example", "*.example", "ex%61mple.com", "x" * 300,
)  # fmt: skip


@pytest.fixture
def canary() -> Iterator[list[str]]:
    """Listens on this machine; whatever reaches it is a hole."""
    reached: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reached.append(self.path)
            self.send_response(302)
            self.send_header("Location", self.path[1:] or "/again")
            self.end_headers()

        def log_message(self, *said: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    reached.append(str(server.server_port))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield reached
    server.shutdown()
    server.server_close()


@pytest.fixture
def production(settings) -> None:
    settings.OUTBOUND_NETWORKS = []


@pytest.mark.parametrize("host", LOCAL + NO_NAMES)
def test_nothing_of_our_own_network_is_connected_to(host, canary, production):
    port = int(canary[0])
    with pytest.raises(Blocked):
        addresses(host, port)
    with pytest.raises(MailProblem) as problem, opened(Server(host, port, "none", "me"), "secret"):
        pass
    assert problem.value.is_lasting
    bracketed = f"[{host}]" if ":" in host and host.count(":") > 1 and not host.startswith("[") else host
    for scheme in ("http", "https"):
        with pytest.raises((Blocked, httpx.HTTPError, httpx.InvalidURL)):
            ask("GET", f"{scheme}://{bracketed}:{port}/")
    assert len(canary) == 1


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/", "//127.0.0.1/", "127.0.0.1"]
)
def test_no_other_scheme(url, canary, production):
    with pytest.raises((Blocked, httpx.HTTPError, httpx.InvalidURL)):
        ask("GET", url)


def test_what_is_public_may_be_connected_to():
    for text in ("93.184.215.14", "2606:4700:4700::1111", "64:ff9b::808:808", "2002:808:808::1"):
        assert is_allowed(ip_address(text)), text
    assert str(unwrapped(ip_address("64:ff9b::808:808"))) == "8.8.8.8"


def test_networks_of_ones_own_are_opened_by_name(settings):
    settings.OUTBOUND_NETWORKS = ["10.1.0.0/16"]
    assert is_allowed(ip_address("10.1.2.3")) and is_allowed(ip_address("::ffff:10.1.2.3"))
    assert not is_allowed(ip_address("10.2.0.1")) and not is_allowed(ip_address("127.0.0.1"))


def test_a_redirect_is_looked_at_like_the_first_address(canary, settings):
    """To a place that is open from one that is closed, and round in circles."""
    settings.OUTBOUND_NETWORKS = ["127.0.0.1/32"]
    port = canary[0]
    with pytest.raises(Blocked):
        ask("GET", f"http://127.0.0.1:{port}/http://127.0.0.2:{port}/")
    with pytest.raises(Blocked):
        ask("GET", f"http://127.0.0.1:{port}/http://localhost.localdomain.invalid/")
    with pytest.raises(httpx.TooManyRedirects):
        ask("GET", f"http://127.0.0.1:{port}/")
    assert len(canary) <= 6


def test_names_as_they_are_looked_up():
    assert check_host("IMAP.Example.com") == "imap.example.com"
    assert check_host("bücher.example") == "xn--bcher-kva.example"
    assert check_host("[2606:4700::1]") == "2606:4700::1"


def test_a_name_with_one_address_of_ours_among_others_is_refused(production):
    """This machine's own name, which resolves to addresses of its own network."""
    with pytest.raises(Blocked):
        addresses(socket.gethostname(), 993)


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["head", "body"])
def test_who_answers_drop_by_drop_is_cut_off(first, settings):
    """Each wait is short; all of them together are not."""
    settings.OUTBOUND_NETWORKS = ["127.0.0.0/8"]
    server = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection, _ = server.accept()
        with connection:
            try:
                connection.sendall(first)
                for _ in range(50):
                    connection.sendall(b"x")
                    time.sleep(0.1)
            except OSError:
                return  # it was cut off

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    began = time.monotonic()
    with server, pytest.raises(httpx.ReadTimeout):
        ask("GET", f"http://127.0.0.1:{server.getsockname()[1]}/", timeout=0.5)
    assert time.monotonic() - began < 2
    thread.join()
