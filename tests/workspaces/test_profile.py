"""One's own settings: name, time zone, formats, theme, single keys."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import make_deal, url
from tests.workspaces.accounts import text_of
from workspaces.models import User
from workspaces.tenancy import tenant

PROFILE = {"name": "Al Green", "time_zone": "America/New_York", "locale": "de", "theme": "dark"}


@pytest.fixture
def alice(cast, login) -> Client:
    return login(cast.alice)


def test_settings_are_ones_own_and_seen_at_once(cast, alice):
    before = text_of(alice.get("/profile/"))
    assert "data-theme" not in before and "data-no-single-keys" not in before
    response = alice.post("/profile/", PROFILE)  # without single_keys: switched off
    assert (response.status_code, response.url) == (302, "/profile/")
    page = text_of(alice.get("/profile/"))
    assert '<html lang="en" data-theme="dark">' in page and "<body data-no-single-keys>" in page
    assert "Saved." in page and 'value="Al Green"' in page
    assert User.objects.get(pk=cast.bob.user_id).theme == ""
    alice.post("/profile/", PROFILE | {"single_keys": "on", "theme": ""})
    assert "data-theme" not in text_of(alice.get("/profile/"))


def test_money_and_times_are_written_as_one_asked_for(cast, alice):
    with tenant(cast.workspace, cast.alice.user):
        make_deal(cast.alice, cast.stages["New"], amount=48000)
    page = url(cast.workspace, "deal_board")
    assert "€48,000" in text_of(alice.get(page))
    alice.post("/profile/", PROFILE)
    assert "48.000\xa0€" in text_of(alice.get(page))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "required"),
        ({"time_zone": "Mars/Base"}, "not one of the available choices"),
        ({"locale": "tlh"}, "not one of the available choices"),
        ({"theme": "pink"}, "not one of the available choices"),
    ],
)
def test_settings_that_cannot_be_change_nothing(cast, alice, changes, words):
    response = alice.post("/profile/", PROFILE | changes)
    assert response.status_code == 422 and words in text_of(response)
    assert 'title="Alice"' in text_of(response) and "data-theme" not in text_of(response)
    user = User.objects.get(pk=cast.alice.user_id)
    assert (user.name, user.time_zone, user.locale, user.theme) == ("Alice", "", "en", "")


def test_settings_are_for_who_is_logged_in(db):
    assert Client().get("/profile/").url == "/accounts/login/?next=/profile/"
