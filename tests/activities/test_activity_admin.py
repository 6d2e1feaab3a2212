"""The activity list, tasks and notes in the admin."""

from __future__ import annotations

import pytest
from django.test import Client

from activities.actions import add_note, log_call, plan_task
from activities.models import Activity, Note, Task
from tests.factories import make_deal
from tests.workspaces.adminpages import bulk, errors, form_of, messages, path
from workspaces.models import User
from workspaces.tenancy import tenant


@pytest.fixture
def alice(acme, login) -> Client:
    return login(acme.alice)


@pytest.fixture
def root(cast) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root@crm.example", "demo", name="Root"))
    return client


def test_the_global_list_can_be_searched_and_narrowed_down(cast, root):
    for workspace, member, stages in (
        (cast.workspace, cast.alice, cast.stages),
        (cast.rival, cast.charlie, cast.rival_stages),
    ):
        with tenant(workspace, member.user):
            deal = make_deal(member, stages["New"], f"Deal of {workspace}")
            log_call(deal, by=member, outcome="connected", body=f"Spoke about {workspace}")
    url = path(None, "activities_activity_changelist")

    def found(**query: object) -> int:
        return root.get(url, query).context["cl"].result_count

    assert (found(), found(q="spoke"), found(q="about rival"), found(q="charlie")) == (4, 2, 1, 2)
    assert (found(kind__exact="call"), found(workspace__id__exact=cast.rival.pk), found(door__exact="admin")) == (
        2,
        2,
        0,
    )


def test_activities_are_read_only(acme, alice, root):
    make_deal(acme.alice, acme.stages["New"])
    line = Activity.objects.get()
    for client, workspace in ((alice, acme.workspace), (root, None)):
        url = path(workspace, "activities_activity_change", line.pk)
        assert client.get(url).status_code == 200
        assert client.post(url, {"body": "Forged"}).status_code == 403
        assert client.get(path(workspace, "activities_activity_add")).status_code == 403
        assert client.post(path(workspace, "activities_activity_delete", line.pk), {"post": "yes"}).status_code == 403
    assert Activity.objects.get().body == ""


def test_a_note_is_edited_by_the_action(acme, alice, root):
    note = add_note(make_deal(acme.bob, acme.stages["New"]), "First", by=acme.bob)
    url = path(acme.workspace, "activities_note_change", note.pk)
    assert alice.post(url, form_of(alice, url, Note) | {"body": "Second"}).status_code == 302
    assert "body" in errors(alice.post(url, form_of(alice, url, Note) | {"body": " "}))
    url = path(None, "activities_note_change", note.pk)
    assert root.post(url, form_of(root, url, Note) | {"pinned": "on"}).status_code == 302
    note.refresh_from_db()
    assert (note.body, note.pinned, note.author_id) == ("Second", True, acme.bob.user_id) and note.edited_at is not None


def test_tasks_are_done_by_whoever_is_a_member(acme, alice, root):
    deal = make_deal(acme.bob, acme.stages["New"])
    tasks = [plan_task(deal, title, by=acme.bob) for title in ("Call", "Write")]
    assert messages(bulk(alice, acme.workspace, Task, "mark_done", tasks)) == ["2 tasks done."]
    assert Activity.objects.filter(kind="task_done", actor=acme.alice.user, door="admin").count() == 2
    assert messages(bulk(alice, acme.workspace, Task, "reopen", tasks[:1]))[-1] == "1 task open again."
    bulk(root, None, Task, "mark_done", tasks)
    assert sorted(Task.objects.values_list("title", "status")) == [("Call", "open"), ("Write", "done")]


def test_a_task_goes_to_active_members_only(acme, alice):
    task = plan_task(make_deal(acme.bob, acme.stages["New"]), "Call", by=acme.bob)
    url = path(acme.workspace, "activities_task_change", task.pk)
    data = form_of(alice, url, Task)
    assert "assignee" in errors(alice.post(url, data | {"assignee": acme.charlie.user_id}))
    assert alice.post(url, data | {"assignee": acme.vera.user_id, "status": "done", "title": "Ring"}).status_code == 302
    task.refresh_from_db()
    assert (task.title, task.assignee_id, task.status) == ("Ring", acme.vera.user_id, "open")


def test_deleting_in_the_admin_is_what_it_is_elsewhere(acme, alice, root):
    """A task is cancelled; a note's line stays, struck."""
    deal = make_deal(acme.bob, acme.stages["New"])
    for client, workspace in ((alice, acme.workspace), (root, None)):
        note = add_note(deal, "Private", by=acme.bob)
        task = plan_task(deal, "Call", by=acme.bob)
        for model, row in (("task", task), ("note", note)):
            page = path(workspace, f"activities_{model}_delete", row.pk)
            assert client.get(page).status_code == 200
            assert client.post(page, {"post": "yes"}).status_code == 302
        assert Task.objects.get(pk=task.pk).status == "cancelled"
        assert Note.all_objects.get(pk=note.pk).deleted_at is not None
        assert Activity.objects.get(note=note).undone_at is not None
        assert Activity.objects.get(task=task).door == "admin"
    notes = [add_note(deal, "Another", by=acme.bob) for _ in range(2)]
    bulk(alice, acme.workspace, Note, "delete_selected", notes, post="yes")
    assert Note.all_objects.count() == 4 and not Note.objects.exists()
