"""Mailboxes are added, changed, paused, deleted and tried. Admins change all, members their own."""

from __future__ import annotations

import hashlib
import secrets
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from automation.imap import CONTROL
from automation.models import ImapLogin, Inlet, InletEvent, Mailbox, Provider, Security, SignIn
from automation.oauth import SERVICES, Tokens
from leads.actions import find_contact
from workspaces.access import check_may
from workspaces.action import Refused, Stale, action
from workspaces.background import after_commit
from workspaces.models import Membership, Role, Workspace
from workspaces.outbound import Blocked, check_host
from workspaces.sealing import seal

FETCH = "automation.tasks.fetch_mailbox"
KEPT = timedelta(days=30)
MOST = 100
# What says where a password goes: who changes that types it again, or it could be sent to a server of theirs.
PLACE = ("host", "port", "security", "username", "sign_in")
LONGEST_SECRET = 4000


@action
def add_mailbox(
    workspace: Workspace,
    *,
    by: Membership,
    name: str,
    address: str,
    owner_id: int | None,
    silent_hours: int | None = None,
    login: dict[str, Any] | None = None,
    provider: str = "",
    key: str = "",
) -> tuple[Mailbox, str]:
    """(the mailbox, the token of its address, "" where it is fetched): fetched as `login` says (fields of ImapLogin and the
    "password"), or sent to us by `provider`, which signs with `key`."""
    mailbox = Mailbox(workspace=workspace, owner_id=owner_id)
    describe(mailbox, name, address, silent_hours, by)
    if Mailbox.objects.live().filter(workspace=workspace).count() >= MOST:
        raise Refused(f"There are {MOST} mailboxes: delete one first.")
    mailbox.check_may_change(by)
    mailbox.save()
    if login is not None:
        row = ImapLogin(workspace=workspace, mailbox=mailbox, first_day=timezone.now().date())
        set_login(row, login)
        return mailbox, ""
    if provider not in Provider.values:
        raise Refused("There is no such service.")
    inlet = Inlet(workspace=workspace, mailbox=mailbox, provider=provider)
    token = new_token(inlet)
    inlet.save()
    set_key(inlet, key)
    return mailbox, token


@action
def change_mailbox(
    mailbox: Mailbox,
    *,
    by: Membership,
    version: int,
    name: str,
    address: str,
    silent_hours: int | None = None,
    login: dict[str, Any] | None = None,
    key: str = "",
) -> Mailbox:
    """An empty password or key stays what it is."""
    mailbox = lock(mailbox, by, version)
    describe(mailbox, name, address, silent_hours, by)
    mailbox.version += 1
    mailbox.save()
    if login is not None and (row := mailbox.logins.select_for_update().first()):
        set_login(row, login)
    if key and (inlet := mailbox.inlets.select_for_update().first()):
        set_key(inlet, key)
    return mailbox


@action
def pause(mailbox: Mailbox, *, by: Membership, go_on: bool = False) -> Mailbox:
    """Nothing is fetched and nothing is taken, until it goes on."""
    mailbox = lock(mailbox, by)
    mailbox.is_active = go_on
    if go_on:
        mailbox.since = timezone.now()
    return settled(mailbox)


@action
def delete_mailbox(mailbox: Mailbox, *, by: Membership) -> Mailbox:
    """It comes back for 30 days; then its password goes too. Its mail stays."""
    mailbox = lock(mailbox, by)
    mailbox.deleted_at = timezone.now()
    return settled(mailbox)


@action
def restore_mailbox(mailbox: Mailbox, *, by: Membership) -> Mailbox:
    mailbox = lock(mailbox, by, gone=True)
    if Mailbox.objects.live().filter(workspace_id=mailbox.workspace_id, name=mailbox.name).exists():
        raise Refused(f"There is another mailbox of the name {mailbox.name} now: rename that first.")
    mailbox.deleted_at, mailbox.since = None, timezone.now()
    return settled(mailbox)


@action
def renew_address(mailbox: Mailbox, *, by: Membership) -> str:
    """A new token; the one before it opens nothing any more."""
    mailbox = lock(mailbox, by)
    inlet = mailbox.inlets.select_for_update().first()
    if inlet is None:
        raise Refused("This mailbox is fetched: it has no address of that kind.")
    token = new_token(inlet)
    inlet.save(update_fields=["token_hash", "token_at"])
    return token


@action
def connect_login(mailbox: Mailbox, tokens: Tokens, *, by: Membership) -> ImapLogin:
    """The member said yes at Google or Microsoft."""
    mailbox = lock(mailbox, by)
    row = mailbox.logins.select_for_update().first()
    if row is None or row.sign_in not in SERVICES:
        raise Refused("This mailbox is not one of Google or Microsoft.")
    if not tokens.refresh:
        raise Refused("They let us read the mailbox for an hour only: try again, and allow access.")
    keep(row, tokens)
    row.secret_at = timezone.now()
    begin(row)
    row.save()
    forget_problem(mailbox)
    ring(row)
    return row


def keep(row: ImapLogin, tokens: Tokens) -> None:
    row.access = seal(row, "access", tokens.access)
    row.access_until = timezone.now() + timedelta(seconds=tokens.seconds)
    if tokens.refresh:
        row.secret = seal(row, "secret", tokens.refresh)


# --- how it does ------------------------------------------------------------------------------------


def failed(mailbox_id: int, words: str) -> None:
    box = Mailbox.objects.select_for_update(no_key=True).get(pk=mailbox_id)
    box.problem = words[:300]
    box.failing_since = box.failing_since or timezone.now()
    box.save(update_fields=["problem", "failing_since"])


def worked(mailbox_id: int) -> None:
    now = timezone.now()
    Mailbox.objects.filter(pk=mailbox_id).update(last_success_at=now, problem="", failing_since=None)


def forget_problem(mailbox: Mailbox) -> None:
    """What was wrong with how it was set up may be right now: nothing is said before it is tried."""
    Mailbox.objects.filter(pk=mailbox.pk).update(problem="", failing_since=None)


def forget_old(workspace_id: int) -> None:
    """Deleted mailboxes with their passwords, and calls that could not be repeated any more."""
    before = timezone.now() - KEPT
    Mailbox.objects.filter(workspace_id=workspace_id, deleted_at__lt=before).delete()
    InletEvent.objects.filter(workspace_id=workspace_id, at__lt=before).delete()


# --- parts ------------------------------------------------------------------------------------------


def lock(mailbox: Mailbox, by: Membership, version: int | None = None, *, gone: bool = False) -> Mailbox:
    found = Mailbox.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=mailbox.pk)
    found.check_may_change(by)
    if (found.deleted_at is not None) != gone:
        raise Refused(f"{found} is there already." if gone else f"{found} was deleted.")
    if version is not None and version != found.version:
        raise Stale(f"Somebody changed {found} meanwhile.")
    return found


def describe(mailbox: Mailbox, name: str, address: str, silent_hours: int | None, by: Membership) -> None:
    check_may(by, Role.REP, "have a mailbox here")
    mailbox.address = address.strip().lower()
    mailbox.name = (name.strip() or mailbox.address)[:120]
    mailbox.silent_hours = silent_hours
    others = Mailbox.objects.live().filter(workspace_id=mailbox.workspace_id, name=mailbox.name).exclude(pk=mailbox.pk)
    if others.exists():
        raise Refused("There is one of this name.", fields={"name": "There is a mailbox of this name already."})
    if mailbox.address and (person := find_contact(mailbox.workspace, mailbox.address)):
        say = f"This is the address of {person}: their mail would count as ours."
        raise Refused(say, fields={"address": say})
    if not mailbox.name:
        raise Refused("It needs a name.", fields={"name": "What is it called?"})


def set_login(row: ImapLogin, facts: dict[str, Any]) -> None:
    """`facts`: fields of ImapLogin, and "password", empty for the one that is kept."""
    password, facts = facts.get("password", ""), {name: value for name, value in facts.items() if name != "password"}
    is_new = row.pk is None
    if facts.get("sign_in") in SERVICES:
        facts |= {"host": SERVICES[facts["sign_in"]].host, "port": 993, "security": Security.TLS}
    before = {name: getattr(row, name) for name in (*PLACE, "folder")}
    for name, value in facts.items():
        setattr(row, name, value)
    check_login(row)
    moved = {name for name, value in before.items() if getattr(row, name) != value}
    if row.sign_in == SignIn.PASSWORD and not password and (is_new or not row.secret or moved & set(PLACE)):
        words = "The password." if is_new else "Type the password again: it goes to another place now."
        raise Refused(words, fields={"password": words})
    if len(password) > LONGEST_SECRET or CONTROL.search(password):
        raise Refused("The password is a line of text.", fields={"password": "It is a line of text."})
    if is_new:
        row.save()
    elif moved:
        row.uid_validity = row.last_uid = 0
    if moved & set(PLACE):
        row.secret = row.access = ""
    if password:
        row.secret, row.secret_at = seal(row, "secret", password), timezone.now()
    begin(row)
    row.save()
    forget_problem(row.mailbox)
    ring(row)


def check_login(row: ImapLogin) -> None:
    try:
        row.host = check_host(row.host)
    except Blocked as blocked:
        raise Refused(str(blocked), fields={"host": str(blocked)}) from None
    for name in ("username", "folder"):
        if not getattr(row, name) or CONTROL.search(getattr(row, name)):
            raise Refused("It is a line of text.", fields={name: "It is a line of text."})
    if not 1 <= row.port <= 65535:
        raise Refused("There is no such port.", fields={"port": "From 1 to 65,535."})
    if row.sign_in not in SignIn.values or row.security not in Security.values:
        raise Refused("There is no such way to log in.")
    today = timezone.now().date()
    row.first_day = min(max(row.first_day, date(1990, 1, 1)), today)


def begin(row: ImapLogin) -> None:
    """At once; whoever fetches now by what it was before stops."""
    row.lease = row.lease_until = None
    row.next_at, row.failures = timezone.now(), 0


def settled(mailbox: Mailbox) -> Mailbox:
    mailbox.version += 1
    mailbox.save()
    for row in mailbox.logins.select_for_update():
        begin(row)
        row.save()
        if mailbox.is_active and mailbox.deleted_at is None:
            ring(row)
    return mailbox


def ring(row: ImapLogin) -> None:
    after_commit(FETCH, row.workspace_id, row.pk)


def set_key(inlet: Inlet, key: str) -> None:
    if inlet.provider in (Provider.MAILGUN,) and not (key or inlet.key):
        raise Refused("The signing key.", fields={"key": "Mailgun signs: its signing key is needed to tell."})
    if not key:
        return
    if len(key) > LONGEST_SECRET or not key.isascii():
        raise Refused("This is no key.", fields={"key": "This is no key."})
    inlet.key, inlet.key_at = seal(inlet, "key", key.strip()), timezone.now()
    inlet.save(update_fields=["key", "key_at"])


def new_token(inlet: Inlet) -> str:
    token = secrets.token_urlsafe(32)
    inlet.token_hash, inlet.token_at = hashed(token), timezone.now()
    return token


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
