"""Secrets in the database: sealed for their place, opened by any key of the ring, and refused without one."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from environ import Env

from crm_project.mail import keys
from workspaces.action import Refused
from workspaces.models import Team
from workspaces.sealing import Unreadable, is_newest, seal, unseal

SECRET = "correct horse battery staple"
OLD, NEW = "old " + "k" * 40, "new " + "k" * 40


@pytest.fixture
def team(acme) -> Team:
    return acme.north


def test_there_and_back(team):
    team.name = seal(team, "name", SECRET)
    assert SECRET not in team.name and unseal(team, "name") == SECRET
    assert seal(team, "name", SECRET) != team.name  # the same secret twice does not look the same
    team.name = seal(team, "name", "")
    assert team.name == unseal(team, "name") == ""


def test_elsewhere_it_does_not_open(acme, team):
    sealed = seal(team, "name", SECRET)
    other = Team.objects.create(workspace=acme.workspace, name="South")
    other.name = sealed
    with pytest.raises(Unreadable):
        unseal(other, "name")
    team.name = sealed
    team.workspace_id = acme.rival.pk
    with pytest.raises(Unreadable):
        unseal(team, "name")


def test_a_row_has_a_place_once_it_is_saved(acme):
    with pytest.raises(ValueError, match="saved"):
        seal(Team(workspace=acme.workspace), "name", SECRET)


def test_keys_are_replaced_one_after_the_other(team, settings):
    settings.SECRETS_KEYS = [OLD]
    team.name = seal(team, "name", SECRET)
    settings.SECRETS_KEYS = [NEW, OLD]
    assert unseal(team, "name") == SECRET and not is_newest(team.name)
    team.name = seal(team, "name", SECRET)
    settings.SECRETS_KEYS = [NEW]
    assert unseal(team, "name") == SECRET and is_newest(team.name)
    settings.SECRETS_KEYS = [OLD]
    with pytest.raises(Unreadable):
        unseal(team, "name")


def test_what_was_changed_does_not_open(team):
    sealed = seal(team, "name", SECRET)
    team.name = sealed[:-6] + ("AAAA" if sealed[-6:-2] != "AAAA" else "BBBB") + sealed[-2:]
    with pytest.raises(Unreadable):
        unseal(team, "name")


def test_without_a_key_nothing_is_stored(team, settings):
    settings.SECRETS_KEYS = []
    with pytest.raises(Refused, match="SECRETS_KEYS"):
        seal(team, "name", SECRET)


def test_the_keys_come_from_the_environment(monkeypatch):
    monkeypatch.delenv("SECRETS_KEYS", raising=False)
    assert keys(Env(), production=True, secret_key="s") == []
    assert keys(Env(), production=False, secret_key="s") == ["development s"]
    monkeypatch.setenv("SECRETS_KEYS", f"{NEW}, {OLD}")
    assert keys(Env(), production=True, secret_key="s") == [NEW, OLD]
    monkeypatch.setenv("SECRETS_KEYS", "short")
    with pytest.raises(ImproperlyConfigured, match="SECRETS_KEYS"):
        keys(Env(), production=True, secret_key="s")
