"""Mailboxes at Google and Microsoft: a member allows us to read theirs, and keeps the password (RFC 6749 with PKCE; pure)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx
from django.conf import settings

from automation.imap import MailProblem
from workspaces.outbound import Blocked, ask


@dataclass(frozen=True)
class Service:
    label: str
    host: str  # of IMAP
    base: str
    authorize: str
    token: str
    scope: str
    more: tuple[tuple[str, str], ...] = ()


SERVICES = {
    "google": Service(
        "Google", "imap.gmail.com", "https://accounts.google.com", "https://accounts.google.com/o/oauth2/v2/auth",
        "https://oauth2.googleapis.com/token", "https://mail.google.com/",
        (("access_type", "offline"), ("prompt", "consent")),
    ),
    "microsoft": Service(
        "Microsoft", "outlook.office365.com", "https://login.microsoftonline.com",
        "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        "https://login.microsoftonline.com/common/oauth2/v2.0/token",
        "offline_access https://outlook.office.com/IMAP.AccessAsUser.All", (("prompt", "select_account"),),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Tokens:
    """`access` is good for `seconds`; `refresh` is asked with the next time, "" where the one before still is."""

    access: str
    refresh: str
    seconds: int


def offered() -> list[str]:
    """The services that know this installation (docs/mail.md)."""
    return [name for name in SERVICES if all(settings.MAIL_CLIENTS.get(name, ("", "")))]


def new_verifier() -> str:
    return secrets.token_urlsafe(48)


def authorize_url(name: str, *, state: str, verifier: str, redirect: str, hint: str) -> str:
    """Where the member says yes."""
    service = SERVICES[name]
    digest = hashlib.sha256(verifier.encode()).digest()
    values = {
        "client_id": settings.MAIL_CLIENTS[name][0],
        "response_type": "code",
        "redirect_uri": redirect,
        "scope": service.scope,
        "state": state,
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
        "login_hint": hint,
        **dict(service.more),
    }
    return f"{endpoint(name, service.authorize)}?{urlencode(values)}"


def exchange(name: str, code: str, *, verifier: str, redirect: str) -> Tokens:
    return _tokens(name, grant_type="authorization_code", code=code, code_verifier=verifier, redirect_uri=redirect)


def refreshed(name: str, refresh: str) -> Tokens:
    return _tokens(name, grant_type="refresh_token", refresh_token=refresh)


def endpoint(name: str, url: str) -> str:
    base = settings.MAIL_ENDPOINTS.get(name)
    return url if base is None else base + "/" + url.split("/", 3)[3]


def _tokens(name: str, **values: str) -> Tokens:
    service = SERVICES[name]
    client, secret = settings.MAIL_CLIENTS.get(name, ("", ""))
    if not client:
        raise MailProblem(f"This installation is not known to {service.label} any more.", is_lasting=True)
    try:
        status, body = ask(
            "POST", endpoint(name, service.token), data={"client_id": client, "client_secret": secret} | values
        )
        found = json.loads(body)
    except (Blocked, httpx.HTTPError, ValueError):
        raise MailProblem(f"{service.label} cannot be asked for access at the moment.") from None
    if not isinstance(found, dict):
        found = {}
    if status == 200 and isinstance(found.get("access_token"), str):
        refresh, seconds = found.get("refresh_token", ""), found.get("expires_in", 3600)
        return Tokens(
            found["access_token"],
            refresh if isinstance(refresh, str) else "",
            seconds if isinstance(seconds, int) else 3600,
        )
    if found.get("error") == "invalid_grant":
        raise MailProblem(
            f"{service.label} does not let us read this mailbox any more: connect it again.", is_lasting=True
        )
    raise MailProblem(f"{service.label} gave no access (status {status}).", is_lasting=400 <= status < 500)
