"""Calls to webhooks: signed, once for each run, made again until they are taken, and never into our own network."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.utils import timezone

from activities.models import Notification
from automation.models import WebhookCall
from automation.rules import calling
from deals.actions import move_to_stage
from tests.automation.rules import Step, again, make_rule, work
from tests.factories import make_deal
from workspaces.action import NotAllowed, Refused

SECRET = "a secret that signs"
DRIPS = 202
State = WebhookCall.State


class Receiver:
    def __init__(self) -> None:
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.url = ""


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    """A server of our own, in a network that this installation opened."""
    settings.OUTBOUND_NETWORKS = ["127.0.0.0/8"]
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status = found.answers.pop(0) if found.answers else 204
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "/log-in")
            self.end_headers()
            if status == DRIPS:
                self.drip()

        def do_GET(self) -> None:
            found.calls.append(({}, b""))
            self.send_response(200)
            self.end_headers()

        def drip(self) -> None:
            try:
                for _ in range(60):
                    self.wfile.write(b"x")
                    time.sleep(0.1)
            except OSError:
                return  # nobody reads it

        def log_message(self, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/in"
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


def ring(cast) -> WebhookCall:
    """What the worker does with what is due."""
    WebhookCall.objects.filter(next_try_at__isnull=False).update(next_try_at=timezone.now())
    for pk in WebhookCall.objects.filter(next_try_at__isnull=False).values_list("pk", flat=True):
        calling.make_call(cast.workspace.pk, pk)
    return WebhookCall.objects.get()


def moved(cast, url: str, secret: str = SECRET) -> WebhookCall:
    make_rule(cast, "deal_moved", Step("webhook", url=url, secret=secret), name="Tell them")
    move_to_stage(make_deal(cast.bob, cast.stages["Contacted"]), cast.stages["Qualified"], by=cast.bob)
    work(cast)
    return WebhookCall.objects.get()


def test_a_call_is_signed_and_tells_what_happened(acme, receiver):
    moved(acme, receiver.url)
    call = ring(acme)
    assert (call.state, call.answered, call.next_try_at) == (State.DONE, 204, None)
    [(headers, body)] = receiver.calls
    told = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = hmac.new(SECRET.encode(), told, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(mac).decode()}"
    said = json.loads(body)
    assert said["type"] == "deal_moved" and said["data"]["rule"] == "Tell them"
    assert said["data"]["deal"]["stage"] == "Qualified" and "/w/acme/deals/" in said["data"]["deal"]["url"]


def test_a_secret_as_standard_webhooks_writes_it_is_decoded(acme, receiver):
    key = b"twenty-four bytes of key"
    moved(acme, receiver.url, secret=f"whsec_{base64.b64encode(key).decode()}")
    ring(acme)
    [(headers, body)] = receiver.calls
    told = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    assert (
        headers["webhook-signature"] == f"v1,{base64.b64encode(hmac.new(key, told, hashlib.sha256).digest()).decode()}"
    )


def test_without_a_secret_it_is_not_signed(acme, receiver):
    moved(acme, receiver.url, secret="")
    ring(acme)
    assert "webhook-signature" not in receiver.calls[0][0]


def test_what_is_not_taken_is_called_again_under_the_same_id(acme, receiver):
    receiver.answers = [500, 429]
    moved(acme, receiver.url)
    call = ring(acme)
    assert (call.state, call.problem) == (State.WAITING, "It answered 500.") and call.next_try_at > timezone.now()
    ring(acme)
    assert ring(acme).state == State.DONE
    assert len(receiver.calls) == 3 and len({headers["webhook-id"] for headers, _ in receiver.calls}) == 1
    ring(acme)
    again("stage_change", acme)
    assert len(receiver.calls) == 3 and WebhookCall.objects.count() == 1


def test_it_is_given_up_in_the_end_and_says_so(acme, receiver):
    receiver.answers = [500] * 20
    moved(acme, receiver.url)
    for _ in range(calling.TRIES + 2):
        call = ring(acme)
    assert (call.state, call.attempts, call.next_try_at) == (State.FAILED, calling.TRIES, None)
    assert len(receiver.calls) == calling.TRIES
    told = Notification.objects.get(kind="rule", recipient=acme.alice.user)
    assert "was given up. It answered 500." in told.data["text"] and told.data["rule"] == "Tell them"
    with pytest.raises(NotAllowed):
        calling.call_again(call, by=acme.bob)
    receiver.answers = []
    calling.call_again(call, by=acme.alice)
    assert ring(acme).state == State.DONE and len({headers["webhook-id"] for headers, _ in receiver.calls}) == 1
    with pytest.raises(Refused):
        calling.call_again(call, by=acme.alice)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/", "https://169.254.169.254/", "https://0x7f000001/",
        "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://localhost/", "https://a.internal/",
        "http://hooks.example/", "https://hooks.example:8443/", "https://user:pass@hooks.example/", "file:///etc/passwd",
        "https:///x", "https://a b/", "gopher://hooks.example/", "//hooks.example/",
    ],
)  # fmt: skip
def test_addresses_that_are_none_of_the_internet_are_refused_where_they_are_typed(url, settings):
    settings.OUTBOUND_NETWORKS = []
    assert calling.check_url(url) or url == "https://0x7f000001/"  # a name until it is looked up


def test_a_name_is_looked_at_when_it_is_called_and_leads_to_nothing_of_ours(acme, receiver, settings):
    """As by DNS rebinding: it was fine when it was typed."""
    moved(acme, receiver.url)
    settings.OUTBOUND_NETWORKS = []
    call = ring(acme)
    assert receiver.calls == [] and call.state == State.WAITING and "not on the public internet" in call.problem


def test_a_key_that_is_gone_makes_no_unsigned_call(acme, receiver, settings):
    moved(acme, receiver.url)
    settings.SECRETS_KEYS = ["another"]
    call = ring(acme)
    assert receiver.calls == [] and "SECRETS_KEYS" in call.problem


def test_a_call_whose_worker_always_dies_is_given_up(acme, receiver):
    moved(acme, receiver.url)
    WebhookCall.objects.update(attempts=calling.TRIES)  # each was claimed, and none ended
    call = ring(acme)
    assert (call.state, call.next_try_at) == (State.FAILED, None) and "8 times its worker stopped" in call.problem
    assert receiver.calls == []


def test_a_redirect_is_not_followed_and_is_no_answer(acme, receiver):
    """A page to log in answers 200 to whoever is sent there."""
    receiver.answers = [302]
    moved(acme, receiver.url)
    call = ring(acme)
    assert (call.state, call.answered) == (State.WAITING, 302) and "Redirects are not followed" in call.problem
    assert len(receiver.calls) == 1


def test_only_the_status_counts_not_how_long_the_rest_takes(acme, receiver):
    receiver.answers = [DRIPS]
    moved(acme, receiver.url)
    began = time.monotonic()
    assert ring(acme).state == State.DONE and time.monotonic() - began < 3
