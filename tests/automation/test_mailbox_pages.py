"""The pages of mailboxes: what each may set up, what is said, and that no secret comes back."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from automation.actions import add_mailbox
from automation.actions.fetching import fetch
from automation.models import ImapLogin, Inlet, Mailbox, Message
from tests.factories import url
from tests.imapserver import ImapServer, imap_server
from tests.pages import SCRIPT, read
from workspaces.sealing import unseal
from workspaces.tenancy import all_workspaces

CANARY = "zq-canary-s3cret"


@pytest.fixture
def imap() -> Iterator[ImapServer]:
    with imap_server() as server:
        server.password = CANARY
        yield server


@pytest.fixture
def alice(acme, login) -> Client:
    return login(acme.alice)


def form_of(imap: ImapServer, **other: object) -> dict:
    facts = {
        "address": "Sales@acme.example",
        "host": "127.0.0.1",
        "port": imap.port,
        "security": "none",
        "folder": "INBOX",
    }
    return (
        facts
        | {"password": CANARY, "back": "30", "silent_hours": "24", "name": "", "whose": "", "username": ""}
        | other
    )


def at(acme, name: str, *args: object) -> str:
    return url(acme.workspace, name, *args)


def add(client: Client, acme, imap: ImapServer, **other: object) -> Mailbox:
    response = client.post(at(acme, "mailbox_add", "imap"), form_of(imap, **other))
    assert response.status_code == 302, response.context["form"].errors
    return Mailbox.objects.latest("pk")


def said(client: Client, acme) -> str:
    return read(client.get(at(acme, "mailbox_list"))).text


# --- the way of a mailbox ---------------------------------------------------------------------------


def test_from_nothing_to_a_mailbox_that_works(acme, alice, imap):
    assert "No mailbox yet" in said(alice, acme)
    ways = read(alice.get(at(acme, "mailbox_new")))
    assert [link["href"].split("/")[-2] for link in ways.one("ul", "ways").all("a")] == ["imap", "mailgun", "sendgrid", "postmark", "ses", "api"]  # fmt: skip
    box = add(alice, acme, imap)
    login = box.logins.get()
    assert (box.name, box.address, box.owner_id, box.silent_hours) == (
        "sales@acme.example",
        "sales@acme.example",
        None,
        24,
    )
    assert (login.username, login.host) == ("Sales@acme.example", "127.0.0.1") and unseal(login, "secret") == CANARY
    assert "Waiting" in said(alice, acme)
    imap.folder.add(b"From: a@b.example\r\nMessage-ID: <1@b.example>\r\n\r\nHi")
    assert alice.post(at(acme, "mailbox_test", box.pk)).status_code == 302
    text = said(alice, acme)
    assert "sales@acme.example works: 1 new mail." in text and "Working" in text
    fetch(acme.workspace.pk, login.pk)
    assert Message.objects.count() == 1


def test_the_test_says_what_is_wrong(acme, alice, imap):
    box = add(alice, acme, imap, password="wrong")
    alice.post(at(acme, "mailbox_test", box.pk))
    text = said(alice, acme)
    assert text.count("127.0.0.1 does not accept this user name and password.") == 2 and "Not working" in text
    imap.password = "wrong"
    alice.post(at(acme, "mailbox_test", box.pk))
    assert "Not working" not in said(alice, acme)


def test_changed_paused_deleted_and_back(acme, alice, imap):
    box = add(alice, acme, imap)
    page = at(acme, "mailbox_edit", box.pk)
    form = read(alice.get(page)).one("form", action=page)
    assert form.fields["password"] == "" and form.fields["host"] == "127.0.0.1"
    sent = form.fields | {"name": "Sales", "folder": "INBOX"}
    assert alice.post(page, sent).status_code == 302 and unseal(box.logins.get(), "secret") == CANARY
    stale = alice.post(page, sent)
    assert stale.status_code == 409 and "meanwhile" in read(stale).text
    alice.post(at(acme, "mailbox_pause", box.pk))
    assert "Paused" in said(alice, acme)
    alice.post(at(acme, "mailbox_pause", box.pk), {"go_on": "1"})
    assert "Paused" not in said(alice, acme)
    alice.post(at(acme, "mailbox_delete", box.pk))
    gone = alice.get(at(acme, "mailbox_list")).content.decode()
    assert "No mailbox yet" in gone and at(acme, "mailbox_restore", box.pk) in gone
    alice.post(at(acme, "mailbox_restore", box.pk))
    assert "Sales is back." in said(alice, acme)


def test_where_a_password_goes_is_not_changed_without_it(acme, alice, imap):
    box = add(alice, acme, imap)
    page = at(acme, "mailbox_edit", box.pk)
    sent = read(alice.get(page)).one("form", action=page).fields | {"host": "localhost"}
    refused = alice.post(page, sent)
    assert refused.status_code == 422 and "Type the password again" in read(refused).text


def test_members_see_their_own(acme, alice, login, imap):
    bob = login(acme.bob)
    add(alice, acme, imap, name="Ours")
    mine = add(bob, acme, imap, name="Bob's")
    assert mine.owner_id == acme.bob.user_id
    text = said(bob, acme)
    assert "Bob's" in text and "Ours" not in text
    assert "Bob's" in said(alice, acme) and "Ours" in said(alice, acme)
    ours = Mailbox.objects.get(name="Ours")
    for name in ("mailbox_test", "mailbox_pause", "mailbox_delete"):
        assert bob.post(at(acme, name, ours.pk)).status_code == 404
    assert bob.get(at(acme, "mailbox_edit", ours.pk)).status_code == 404
    assert login(acme.vera).get(at(acme, "mailbox_list")).status_code == 403


def test_a_server_is_guessed_from_the_address(acme, alice, imap):
    assert (
        add(alice, acme, imap, host="", port=993, security="tls", address="a@gmail.com").logins.get().host
        == "imap.gmail.com"
    )
    assert (
        add(alice, acme, imap, host="", port=993, security="tls", address="a@firm.example").logins.get().host
        == "imap.firm.example"
    )


def test_without_networks_of_ones_own_there_is_no_bare_connection(acme, alice, imap, settings):
    settings.OUTBOUND_NETWORKS = []
    response = alice.post(at(acme, "mailbox_add", "imap"), form_of(imap))
    assert response.status_code == 422 and "security" in response.context["form"].errors
    alice.post(at(acme, "mailbox_add", "imap"), form_of(imap, security="tls"))
    alice.post(at(acme, "mailbox_test", Mailbox.objects.get().pk))
    assert "not on the public internet" in said(alice, acme) and not imap.seen


def test_a_number_of_questions_that_does_not_grow(acme, alice, imap, django_assert_max_num_queries):
    for number in range(8):
        add(alice, acme, imap, name=f"Box {number}")
    alice.get(at(acme, "mailbox_list"))
    with django_assert_max_num_queries(14):
        alice.get(at(acme, "mailbox_list"))


# --- addresses --------------------------------------------------------------------------------------


def test_a_secret_address_is_shown_once(acme, alice):
    page = alice.post(at(acme, "mailbox_add", "mailgun"), {"address": "in@acme.example", "key": CANARY})
    assert page["Cache-Control"] == "no-store"
    address = read(page).one("input", id="inlet-address")["value"]
    box, token = Mailbox.objects.get(), address.rsplit("/", 1)[1]
    assert "/inbound/mailgun/" in address and CANARY not in page.content.decode()
    again = alice.get(at(acme, "mailbox_address", box.pk))
    assert token not in again.content.decode()
    renewed = read(alice.post(at(acme, "mailbox_address", box.pk))).one("input", id="inlet-address")["value"]
    assert renewed != address and unseal(box.inlets.get(), "key") == CANARY
    edit = at(acme, "mailbox_edit", box.pk)
    assert alice.post(edit, read(alice.get(edit)).one("form", action=edit).fields).status_code == 302
    assert unseal(box.inlets.get(), "key") == CANARY


def test_a_token_of_the_api(acme, alice):
    page = read(alice.post(at(acme, "mailbox_add", "api"), {"name": "Shop"}))
    token = page.one("input", id="inlet-token")["value"]
    assert page.one("input", id="inlet-address")["value"] == "http://testserver/api/inbound"
    response = Client().post(
        "/api/inbound",
        b"Subject: x\r\n\r\n",
        content_type="message/rfc822",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert response.status_code == 200 and Message.objects.get().mailbox.name == "Shop"


def test_mailgun_needs_its_key(acme, alice):
    response = alice.post(at(acme, "mailbox_add", "mailgun"), {"address": "in@acme.example"})
    assert response.status_code == 422 and not Mailbox.objects.exists()


# --- secrets ----------------------------------------------------------------------------------------


def test_no_secret_comes_back(acme, alice, imap, caplog):
    """In no page, log, admin page, audit row, row of any table or argument of a task stands what was typed."""
    caplog.set_level(logging.DEBUG)
    box = add(alice, acme, imap)
    alice.post(at(acme, "mailbox_add", "mailgun"), {"address": "in@acme.example", "key": CANARY, "name": "Posted"})
    pages = [at(acme, name, box.pk) for name in ("mailbox_edit",)] + [at(acme, "mailbox_list")]
    seen = [alice.get(page, headers=headers).content.decode() for page in pages for headers in ({}, SCRIPT)]
    alice.post(at(acme, "mailbox_test", box.pk))
    imap.password = "other"
    ImapLogin.objects.update(next_at=timezone.now())
    fetch(acme.workspace.pk, box.logins.get().pk)
    edit = read(alice.get(pages[0])).one("form", action=pages[0]).fields
    seen.append(alice.post(pages[0], edit | {"password": CANARY, "port": "0"}).content.decode())
    acme.alice.user.is_superuser = acme.alice.user.is_staff = True
    acme.alice.user.save()
    for model in (ImapLogin, Inlet, Mailbox):
        name = model._meta.model_name
        path = f"/admin/automation/{name}/"
        seen += [
            alice.get(page).content.decode()
            for page in (
                path,
                f"{path}{model.objects.latest('pk').pk}/change/",
                f"{path}{model.objects.latest('pk').pk}/history/",
            )
        ]
    rung = repr([vars(ring) for _, ring, _ in connection.run_on_commit])
    assert "fetch_mailbox" in rung
    dumped = StringIO()
    with all_workspaces():
        call_command("dumpdata", "automation", stdout=dumped)
        with connection.cursor() as cursor:
            names = cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            for (name,) in names:
                seen.append(str(cursor.execute(f'SELECT array_agg(t::text) FROM "{name}" t').fetchone()))
    sealed = [
        *ImapLogin.objects.values_list("secret", flat=True),
        *Inlet.objects.exclude(key="").values_list("key", flat=True),
    ]
    assert all(sealed) and len(sealed) == 2
    for text in (*seen, dumped.getvalue(), caplog.text, rung):
        assert CANARY not in text
    # Not even sealed does it leave its own column.
    for text in (*seen[: -len(names)], caplog.text):
        assert not any(each in text for each in sealed)


# --- Google and Microsoft ---------------------------------------------------------------------------


class Service:
    """A token endpoint as Google's and Microsoft's."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.answers: list[tuple[int, object]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                service.asked.append({name: values[0] for name, values in parse_qs(body).items()} | {"path": self.path})
                status, said = service.answers.pop(0)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(said).encode())

            def log_message(self, *said: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()


@pytest.fixture
def service(settings) -> Iterator[Service]:
    found = Service()
    settings.MAIL_CLIENTS = {"google": ("client", "client-secret"), "microsoft": ("m", "m")}
    settings.MAIL_ENDPOINTS = {"google": found.base, "microsoft": found.base}
    yield found
    found.server.shutdown()
    found.server.server_close()


def connect(acme, client: Client, kind: str = "google") -> tuple[Mailbox, dict[str, str]]:
    """(the mailbox, what the service is asked by the address that the member is sent to)."""
    added = client.post(
        at(acme, "mailbox_add", kind), {"address": "sales@acme.example", "folder": "INBOX", "back": "7"}
    )
    box = Mailbox.objects.latest("pk")
    assert added["Location"] == at(acme, "mailbox_connect", box.pk)
    asked = urlsplit(client.get(added["Location"])["Location"])
    return box, {name: values[0] for name, values in parse_qs(asked.query).items()}


def test_a_member_allows_it_and_keeps_the_password(acme, alice, service, imap):
    box, asked = connect(acme, alice)
    assert asked["redirect_uri"] == "http://testserver/mail/connected/" and asked["code_challenge_method"] == "S256"
    assert asked["access_type"] == "offline" and "Connect" in said(alice, acme)
    service.answers = [(200, {"access_token": "access-1", "refresh_token": CANARY, "expires_in": 3600})]
    back = alice.get("/mail/connected/", {"state": asked["state"], "code": "c0de"})
    assert alice.get(back["Location"])["Location"] == at(acme, "mailbox_list")
    exchange = service.asked[0]
    assert exchange["code"] == "c0de" and exchange["code_verifier"] and exchange["path"] == "/token"
    login = box.logins.get()
    assert unseal(login, "secret") == CANARY and CANARY not in said(alice, acme)
    # The same answer a second time is nobody's question.
    assert alice.get("/mail/connected/", {"state": asked["state"], "code": "c0de"}).status_code == 404

    ImapLogin.objects.update(host="127.0.0.1", port=imap.port, security="none", next_at=timezone.now())
    imap.token = "access-1"
    assert fetch(acme.workspace.pk, login.pk) == 0 and len(service.asked) == 1  # the token of the hour is used
    ImapLogin.objects.update(access_until=timezone.now(), next_at=timezone.now())
    imap.token = "access-2"
    service.answers = [(200, {"access_token": "access-2", "refresh_token": "rotated", "expires_in": 3600})]
    fetch(acme.workspace.pk, login.pk)
    login.refresh_from_db()
    box.refresh_from_db()
    assert service.asked[1]["refresh_token"] == CANARY and unseal(login, "secret") == "rotated" and box.problem == ""
    ImapLogin.objects.update(access_until=timezone.now(), next_at=timezone.now())
    service.answers = [(400, {"error": "invalid_grant"})]
    fetch(acme.workspace.pk, login.pk)
    box.refresh_from_db()
    assert box.problem == "Google does not let us read this mailbox any more: connect it again."


def test_only_who_asked_is_answered(acme, alice, login, service):
    box, asked = connect(acme, alice, "microsoft")
    bob = login(acme.bob)
    for client, state in ((alice, "forged"), (alice, ""), (bob, asked["state"])):
        assert client.get("/mail/connected/", {"state": state, "code": "c"}).status_code == 404
        assert client.get(at(acme, "mailbox_connected", box.pk), {"state": state, "code": "c"}).status_code == 404
    other, _ = add_mailbox(
        acme.workspace, by=acme.alice, name="Other", address="o@acme.example", owner_id=None, provider="api"
    )
    assert alice.get(at(acme, "mailbox_connected", other.pk), {"state": asked["state"], "code": "c"}).status_code == 404
    assert service.asked == []
    alice.get(at(acme, "mailbox_connected", box.pk), {"state": asked["state"], "error": "access_denied"})
    assert "Microsoft did not allow it" in said(alice, acme)


@pytest.mark.parametrize("answer", [(500, {}), (200, {}), (200, []), (400, {"error": "invalid_client"})])
def test_a_service_that_says_no(acme, alice, service, answer):
    box, asked = connect(acme, alice)
    service.answers = [answer]
    alice.get(at(acme, "mailbox_connected", box.pk), {"state": asked["state"], "code": "c"})
    assert "Google gave no access" in said(alice, acme) and box.logins.get().secret == ""
