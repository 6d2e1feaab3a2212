"""What tests of accounts do in the pages: log in, set a password, let time pass."""

from __future__ import annotations

import html
import re

from django.core import mail
from django.core.cache import caches
from django.test import Client

PASSWORD = "four wooden ladders"
LOGIN, SIGNUP, RESET = "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"
AUTHENTICATE, ACTIVATE = "/accounts/2fa/authenticate/", "/accounts/2fa/totp/activate/"
DEACTIVATE, AGAIN = "/accounts/2fa/totp/deactivate/", "/accounts/reauthenticate/"
WRONG = "The email address and/or password you specified are not correct."
TOO_MANY = "Too many failed login attempts. Try again later."


def text_of(response) -> str:
    return html.unescape(response.content.decode())


def confirm(client: Client) -> None:
    """Who changes how they log in says their password again."""
    assert client.post(f"{AGAIN}?next=/profile/", {"password": PASSWORD}).url == "/profile/"


def log_in(client: Client, email: str = "ada@calc.example", password: str = PASSWORD, path: str = LOGIN, **more: str):
    return client.post(path, {"login": email, "password": password} | more)


def is_in(client: Client) -> bool:
    return client.get("/profile/").status_code == 200


def pass_time(seconds: float) -> None:
    """Every attempt that was counted becomes so much older."""
    cache = caches["default"]
    for raw in list(cache._cache):
        key = raw.split(":", 2)[2]
        history = cache.get(key)
        if isinstance(history, list):
            cache.set(key, [moment - seconds for moment in history])


def reset_link() -> str:
    return re.search(r"http://testserver(/accounts/password/reset/key/\S+)", mail.outbox[-1].body)[1]


def set_password(client: Client, link: str, password: str):
    form = client.get(link, follow=True)
    return client.post(form.redirect_chain[-1][0], {"password1": password, "password2": password})
