"""The second factor: a phone with codes, recovery codes, passkeys."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import caches
from django.test import Client

from tests.workspaces.accounts import (
    ACTIVATE,
    AGAIN,
    AUTHENTICATE,
    DEACTIVATE,
    LOGIN,
    RESET,
    confirm,
    is_in,
    log_in,
    reset_link,
    set_password,
    text_of,
)


def code_now(secret: str, steps: int = 0) -> str:
    """RFC 6238, as the app on a phone works it out; `steps` of 30 s ago or ahead."""
    counter = int(time.time() // 30) + steps
    digest = hmac.digest(base64.b32decode(secret), counter.to_bytes(8, "big"), hashlib.sha1)
    offset = digest[-1] & 15
    return f"{int.from_bytes(digest[offset : offset + 4], 'big') % 2**31 % 10**6:06}"


def other(code: str) -> str:
    return f"{(int(code) + 500_000) % 10**6:06}"


@pytest.fixture
def secret(ada) -> str:
    """Of ada's phone, enrolled through the pages."""
    client = Client()
    log_in(client)
    assert client.get(ACTIVATE).url.startswith(AGAIN)
    confirm(client)
    page = text_of(client.get(ACTIVATE))
    found = re.search(r'value="([A-Z2-7]{32})"', page)[1]
    assert "data:image/svg+xml" in page
    assert "Incorrect code" in text_of(client.post(ACTIVATE, {"code": other(code_now(found))}))
    assert not Authenticator.objects.exists()
    assert client.post(ACTIVATE, {"code": code_now(found)}).status_code == 302
    caches["default"].clear()  # a code is taken once, and the tests cannot wait for the next
    return found


def test_a_phone_is_asked_for_from_then_on(secret):
    client = Client()
    response = log_in(client)
    assert response.url == AUTHENTICATE and not is_in(client)
    assert "Incorrect code" in text_of(client.post(AUTHENTICATE, {"code": other(code_now(secret))}))
    assert not is_in(client)
    assert client.post(AUTHENTICATE, {"code": code_now(secret)}).url == "/" and is_in(client)


def test_a_phones_clock_may_be_half_a_minute_off(secret):
    taken = []
    for steps in (-3, 3, 1):
        client = Client()
        log_in(client)
        client.post(AUTHENTICATE, {"code": code_now(secret, steps)})
        taken.append(is_in(client))
    assert taken == [False, False, True]


def test_a_code_is_taken_once(secret):
    first, second = Client(), Client()
    code = code_now(secret)
    for client in (first, second):
        log_in(client)
        client.post(AUTHENTICATE, {"code": code})
    assert is_in(first) and not is_in(second)


def test_codes_cannot_be_guessed_without_end(secret):
    client = Client()
    log_in(client)
    answers = [text_of(client.post(AUTHENTICATE, {"code": other(code_now(secret))})) for _ in range(7)]
    assert "Too many" in answers[-1]
    assert not is_in(client)


def test_a_recovery_code_opens_once(secret):
    codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    for expected in (True, False):
        client = Client()
        log_in(client)
        client.post(AUTHENTICATE, {"code": codes[0]})
        assert is_in(client) == expected


def test_the_reset_link_does_not_get_past_the_phone(secret):
    client = Client()
    client.post(RESET, {"email": "ada@calc.example"})
    set_password(client, reset_link(), "nine paper lanterns")
    assert not is_in(client)
    assert log_in(client, password="nine paper lanterns").url == AUTHENTICATE and not is_in(client)


def test_the_secret_is_not_in_the_clear_in_the_database(secret):
    kept = Authenticator.objects.get(type="totp").data["secret"]
    assert secret not in kept and len(kept) > len(secret)


def test_an_older_key_still_reads_it(secret, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    client = Client()
    log_in(client)
    client.post(AUTHENTICATE, {"code": code_now(secret)})
    assert is_in(client)


def test_turning_it_off_asks_for_the_password_again(secret):
    client = Client()
    log_in(client)
    client.post(AUTHENTICATE, {"code": code_now(secret)})
    assert client.post(DEACTIVATE).url.startswith(AGAIN)
    assert Authenticator.objects.filter(type="totp").exists()
    confirm(client)
    assert client.post(DEACTIVATE).status_code == 302
    assert not Authenticator.objects.filter(type="totp").exists()
    assert log_in(Client()).url == "/"


def test_passkeys_have_their_pages(ada):
    client = Client()
    page = text_of(client.get(LOGIN))
    assert 'id="passkey_login"' in page and 'form id="mfa_login" action="/accounts/2fa/webauthn/login/"' in page
    challenge = client.get("/accounts/2fa/webauthn/login/", headers={"Accept": "application/json"}).json()
    assert challenge["request_options"]["publicKey"]["challenge"]
    log_in(client)
    assert 'href="/accounts/2fa/webauthn/' in text_of(client.get("/accounts/2fa/"))
    confirm(client)
    assert 'href="/accounts/2fa/webauthn/add/"' in text_of(client.get("/accounts/2fa/webauthn/"))
    assert '"creation_options"' in text_of(client.get("/accounts/2fa/webauthn/add/"))
