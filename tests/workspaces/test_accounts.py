"""Accounts: logging in, being kept out, passwords, signing up."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.management import call_command
from django.test import Client

from tests.workspaces.accounts import (
    LOGIN,
    PASSWORD,
    RESET,
    SIGNUP,
    TOO_MANY,
    WRONG,
    is_in,
    log_in,
    pass_time,
    reset_link,
    set_password,
    text_of,
)
from workspaces.models import User

# --- logging in ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("email", ["ada@calc.example", "ADA@Calc.Example", " ada@calc.example "])
def test_one_logs_in_by_email(ada, email):
    client = Client()
    response = log_in(client, email)
    assert (response.status_code, response.url) == (302, "/") and is_in(client)


@pytest.mark.parametrize(("email", "password"), [("ada@calc.example", "guess"), ("nobody@calc.example", PASSWORD)])
def test_a_wrong_password_and_an_unknown_address_look_alike(ada, email, password):
    client = Client()
    response = log_in(client, email, password)
    assert WRONG in text_of(response) and not is_in(client)
    assert "Too many" not in text_of(response)


def test_who_is_no_longer_active_cannot_log_in(ada):
    User.objects.update(is_active=False)
    client = Client()
    log_in(client)
    assert not is_in(client)


def test_logging_in_leads_back_but_never_off_the_site(ada):
    for path, expected in (("/profile/", "/profile/"), ("//evil.example/", "/"), ("https://evil.example/", "/")):
        assert log_in(Client(), path=f"{LOGIN}?next={path}").url == expected
        assert log_in(Client(), next=path).url == expected
    form = text_of(Client().get(f"{LOGIN}?next=/profile/")).partition("</form>")[0]
    assert '<input type="hidden" name="next" value="/profile/">' in form
    anonymous = Client()
    assert anonymous.get("/w/acme/deals/?owner=1").url == "/accounts/login/?next=/w/acme/deals/%3Fowner%3D1"


def test_the_session_is_another_after_logging_in(ada):
    client = Client()
    client.session["x"] = 1
    session = client.session
    session["x"] = 1
    session.save()
    client.cookies["session"] = session.session_key
    log_in(client)
    assert client.session.session_key != session.session_key


def test_logging_out_takes_a_post(ada):
    client = Client()
    log_in(client)
    assert "<form" in text_of(client.get("/accounts/logout/")) and is_in(client)
    client.post("/accounts/logout/")
    assert not is_in(client)


# --- being kept out -----------------------------------------------------------------------------------


def test_guessing_stops_after_five_and_the_right_password_too(ada):
    client = Client()
    for number in range(5):
        assert WRONG in text_of(log_in(client, password=f"guess {number}"))
    assert TOO_MANY in text_of(log_in(client, "ADA@calc.example", "guess 6"))
    assert TOO_MANY in text_of(log_in(client)) and not is_in(client)
    assert TOO_MANY in text_of(log_in(Client(REMOTE_ADDR="9.9.9.9")))  # the account is closed, wherever one comes from
    pass_time(301)
    assert log_in(client).status_code == 302


def test_an_account_is_tried_twenty_times_an_hour_at_most(ada):
    tried = 0
    for _ in range(10):
        client = Client(REMOTE_ADDR=f"9.9.9.{tried}")
        tried += sum(WRONG in text_of(log_in(client, password=f"guess {number}")) for number in range(6))
        pass_time(301)
    assert tried == 20


def test_one_address_tries_ten_accounts_a_minute_and_locks_nobody_else_out(ada):
    client = Client(REMOTE_ADDR="9.9.9.9")
    answers = [text_of(log_in(client, f"user{number}@calc.example", "guess")) for number in range(11)]
    assert [WRONG in answer for answer in answers] == [True] * 10 + [False] and TOO_MANY in answers[-1]
    assert log_in(Client(REMOTE_ADDR="9.9.9.8")).status_code == 302


def test_a_flood_gets_a_page_that_says_so(ada):
    client = Client(REMOTE_ADDR="9.9.9.9")
    for number in range(20):
        client.post(RESET, {"email": f"user{number}@calc.example"})
    response = client.post(RESET, {"email": "ada@calc.example"})
    assert response.status_code == 429 and "Try again in a few minutes" in text_of(response)
    assert 'href="/static/css/base' in text_of(response)
    assert not [letter for letter in mail.outbox if letter.to == ["ada@calc.example"]]


# --- passwords ----------------------------------------------------------------------------------------


def test_a_forgotten_password_is_set_by_mail(ada):
    logged_in = Client()
    log_in(logged_in)
    client = Client()
    client.post(RESET, {"email": "Ada@calc.example"})
    [letter] = mail.outbox
    assert letter.to == ["ada@calc.example"] and "example.com" not in letter.body + letter.subject
    link = reset_link()
    response = set_password(client, link, "nine paper lanterns")
    assert response.status_code == 302
    assert WRONG in text_of(log_in(Client())) and not is_in(logged_in)  # the old one, and who was in by it
    assert log_in(Client(), password="nine paper lanterns").status_code == 302
    assert "already been used" in text_of(Client().get(link, follow=True))


def test_an_unknown_address_is_answered_alike_and_told_by_mail(ada):
    known, unknown = (
        text_of(Client().post(RESET, {"email": email}, follow=True))
        for email in ("ada@calc.example", "eve@calc.example")
    )
    without_token = [re.sub(r'value="\w{64}"|content="\w{64}"', "", page) for page in (known, unknown)]
    assert without_token[0] == without_token[1]
    assert "reset/key" in mail.outbox[0].body and "reset/key" not in mail.outbox[1].body


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("short", "at least 10"),
        ("password123", "too common"),
        ("ada@calc.example", "too similar"),
        ("", "required"),
    ],
)
def test_a_weak_password_is_refused_in_words(ada, password, words):
    client = Client()
    client.post(RESET, {"email": "ada@calc.example"})
    assert words in text_of(set_password(client, reset_link(), password))
    assert words in text_of(client.post(SIGNUP, {"name": "Ada", "email": "ada@calc.example", "password1": password}))
    assert log_in(Client()).status_code == 302


def test_an_owner_made_by_the_command_opens_their_account_by_mail(db, settings):
    settings.ACCOUNT_EMAIL_VERIFICATION, settings.ALLOW_SIGNUP = "mandatory", False
    call_command("create_workspace", "calc", owner="ada@calc.example")
    client = Client()
    client.post(RESET, {"email": "ada@calc.example"})
    set_password(client, reset_link(), PASSWORD)
    client = Client()
    log_in(client)
    assert client.get("/w/calc/", follow=True).status_code == 200


# --- a new account ------------------------------------------------------------------------------------


def test_strangers_make_an_account_where_they_may(db):
    client = Client()
    response = client.post(SIGNUP, {"name": "Eve Moss", "email": "Eve@Calc.example", "password1": PASSWORD})
    assert (response.status_code, response.url) == (302, "/") and is_in(client)
    eve = User.objects.get()
    assert (eve.email, eve.name, eve.is_staff, eve.is_superuser) == ("eve@calc.example", "Eve Moss", False, False)
    assert not EmailAddress.objects.get(user=eve).verified


def test_strangers_make_none_where_they_may_not(db, settings):
    settings.ALLOW_SIGNUP = False
    for call in (Client().get, Client().post):
        assert (
            "closed" in text_of(call(SIGNUP, {"name": "E", "email": "e@calc.example", "password1": PASSWORD})).lower()
        )
    assert not User.objects.exists()
    assert SIGNUP not in text_of(Client().get(LOGIN))


def test_nobody_signs_up_as_somebody_else(ada):
    client = Client()
    client.post(SIGNUP, {"name": "Eve", "email": "ADA@calc.example", "password1": "nine paper lanterns"})
    assert not is_in(client) and User.objects.get().name == "Ada Byron"
    assert log_in(Client()).status_code == 302
