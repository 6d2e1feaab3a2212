"""Goals in the admin: their action writes them, for whom is said once and stays."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.test import Client

from insights.models import Goal
from tests.workspaces.adminpages import errors, form_of, path


@pytest.fixture
def alice(acme, login) -> Client:
    return login(acme.alice)


def test_a_goal_is_set_put_right_and_deleted(acme, alice):
    url = path(acme.workspace, "insights_goal_add")
    data = form_of(alice, url, Goal) | {"first": "2026-11-20", "target": "500", "member": acme.bob.user_id}
    response = alice.post(url, data)
    assert response.status_code == 302, errors(response)
    goal = Goal.objects.get()
    assert (goal.scope, goal.member_id, goal.team_id, goal.first) == (
        "member",
        acme.bob.user_id,
        None,
        date(2026, 11, 1),
    )
    assert goal.target == 500
    url = path(acme.workspace, "insights_goal_change", goal.pk)
    assert alice.post(url, form_of(alice, url, Goal) | {"target": "700", "metric": "deals"}).status_code == 302
    goal = Goal.objects.get()
    assert (goal.target, goal.metric) == (Decimal(700), "revenue")
    alice.post(path(acme.workspace, "insights_goal_delete", goal.pk), {"post": "yes"})
    assert not Goal.objects.exists()


def test_a_goal_is_for_one(acme, alice):
    url = path(acme.workspace, "insights_goal_add")
    data = form_of(alice, url, Goal) | {"first": "2026-11-20", "target": "-1"}
    assert "target" in errors(alice.post(url, data))
    both = data | {"target": "5", "member": acme.bob.user_id, "team": acme.north.pk}
    assert "member" in errors(alice.post(url, both))
    assert not Goal.objects.exists()
