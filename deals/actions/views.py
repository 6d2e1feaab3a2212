"""Saved views of the list of deals, and how each member likes the list."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from deals.models import SavedView
from workspaces.access import check_may
from workspaces.action import NotAllowed, Refused, action
from workspaces.models import Membership, Role, Workspace

MOST = 50  # pinned ones, and shown tabs


def views_of(member: Membership, *, deleted: bool = False) -> QuerySet[SavedView]:
    """Those that a member sees: their own, and what others share; `deleted` says whether with those that can be restored."""
    found = SavedView.objects.filter(workspace_id=member.workspace_id)
    found = found.filter(Q(owner_id=member.user_id) | Q(shared=True)).order_by("name", "pk")
    return found if deleted else found.filter(deleted_at=None)


@action
def save_view(workspace: Workspace, *, by: Membership, name: str, query: str, shared: bool = False) -> SavedView:
    check_name(by, name, shared)
    taken = SavedView.objects.filter(workspace=workspace, owner_id=by.user_id, name=name.strip(), deleted_at=None)
    if taken.exists():
        raise Refused("You have a view of this name.", fields={"name": "You have a view of this name."})
    return SavedView.objects.create(
        workspace=workspace, owner_id=by.user_id, name=name.strip(), query=short(query), shared=shared
    )


@action
def change_view(
    view: SavedView, *, by: Membership, name: str | None = None, query: str | None = None, shared: bool | None = None
) -> SavedView:
    view = lock_view(view, by)
    name, shared = view.name if name is None else name.strip(), view.shared if shared is None else shared
    check_name(by, name, shared and not view.shared)
    taken = SavedView.objects.filter(workspace_id=view.workspace_id, owner_id=view.owner_id, name=name, deleted_at=None)
    if taken.exclude(pk=view.pk).exists():
        raise Refused("There is a view of this name.", fields={"name": "There is a view of this name."})
    view.name, view.shared, view.query = name, shared, view.query if query is None else short(query)
    view.save()
    return view


@action
def delete_view(view: SavedView, *, by: Membership) -> SavedView:
    view = lock_view(view, by)
    view.deleted_at = timezone.now()
    view.save(update_fields=["deleted_at"])
    return view


@action
def restore_view(view: SavedView, *, by: Membership) -> SavedView:
    view = lock_view(view, by)
    taken = SavedView.objects.filter(
        workspace_id=view.workspace_id, owner_id=view.owner_id, name=view.name, deleted_at=None
    )
    if view.deleted_at and taken.exists():
        raise Refused("There is another view of this name by now.")
    view.deleted_at = None
    view.save(update_fields=["deleted_at"])
    return view


@action
def like_list(by: Membership, **likes: object) -> Membership:
    """How a member likes the list of deals: `columns` (names), `default` (key of a view), `pinned` ([[key, name]])."""
    member = Membership.objects.select_for_update().get(pk=by.pk)
    member.lists = {name: value for name, value in (member.lists | likes).items() if value}
    member.save(update_fields=["lists"])
    by.lists = member.lists
    return by


def lock_view(view: SavedView, by: Membership) -> SavedView:
    view = SavedView.objects.select_for_update().get(pk=view.pk)
    if view.owner_id != by.user_id and not (view.shared and by.may(Role.MANAGER)):
        raise NotAllowed("Only whoever made this view, or a manager, may change it.")
    return view


def check_name(by: Membership, name: str, shared: bool) -> None:
    if not name.strip():
        raise Refused("A view needs a name.", fields={"name": "What is it called?"})
    if shared:
        check_may(by, Role.MANAGER, "share views with everybody")


def short(query: str) -> str:
    """Without what is no part of a view."""
    parameters = QueryDict(query, mutable=True)
    for name in ("after", "undo", "view", "ids", "page"):
        parameters.pop(name, None)
    text = parameters.urlencode()
    if len(text) > 2000:
        raise Refused("This filter is too long to be kept. Choose fewer values.")
    return text
