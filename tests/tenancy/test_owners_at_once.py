"""Two owners at once: each demotes the other, or both leave; one stays. Real transactions, each on its connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.test import Client

from tests.factories import make_cast
from tests.tenancy.walk import path_of
from tests.tenancy.world import join
from workspaces.action import Refused
from workspaces.actions import leave
from workspaces.models import Membership, Role, User
from workspaces.tenancy import all_workspaces, tenant

Status = Membership.Status


def role_of(member: Membership) -> tuple[str, str]:
    with all_workspaces():
        return Membership.objects.values_list("role", "status").get(pk=member.pk)


@pytest.fixture
def two_owners(transactional_db) -> Iterator[list[Membership]]:
    cast = make_cast()
    with tenant(cast.workspace, cast.alice.user):
        olga = join(cast.workspace, User.objects.create_user("olga@acme.example", name="Olga"), Role.OWNER)
    return [cast.alice, olga]


def together(verbs: list[Callable[[], object]]) -> list[object]:
    """Each in a thread and connection of its own, begun at the same time."""
    start, results = Barrier(len(verbs)), [None] * len(verbs)

    def run(number: int) -> None:
        try:
            start.wait()
            results[number] = verbs[number]()
        finally:
            connection.close()

    threads = [Thread(target=run, args=(number,)) for number in range(len(verbs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def post(member: Membership, name: str, data: dict, **kwargs: int) -> int:
    client = Client()
    client.force_login(member.user)
    return client.post(path_of("acme", name, **kwargs), data).status_code


@pytest.mark.parametrize("round_", range(3))
def test_two_owners_who_demote_each_other_at_once(two_owners, round_):
    alice, olga = two_owners
    demoted = {"role": "viewer", "status": "active"}
    pairs = ((alice, olga), (olga, alice))
    statuses = together([lambda by=by, of=of: post(by, "member_edit", demoted, pk=of.pk) for by, of in pairs])
    assert [role_of(member)[0] for member in two_owners].count(Role.OWNER) == 1
    assert 302 in statuses and statuses.count(302) == 1


@pytest.mark.parametrize("round_", range(3))
def test_two_owners_who_leave_at_once(two_owners, round_):
    def go(member: Membership) -> object:
        with tenant(member.workspace, member.user):
            try:
                return leave(member)
            except Refused as refusal:
                return refusal

    results = together([lambda member=member: go(member) for member in two_owners])
    assert sorted(role_of(member)[1] for member in two_owners) == [Status.ACTIVE, Status.LEFT]
    assert sum(isinstance(result, Refused) for result in results) == 1
