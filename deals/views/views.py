"""Saved views: kept, changed, pinned; and the columns that a reader chooses."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from deals import actions
from deals.actions.views import MOST, views_of
from deals.columns import STANDARD, all_columns, chosen_columns
from deals.forms import ViewForm
from deals.models import SavedView
from deals.saved_views import STARTERS
from workspaces.access import MemberRequest, member_required
from workspaces.dialogs import done, frame, saved
from workspaces.models import Role


@member_required(methods=("GET", "POST"))
def view_new(request: MemberRequest) -> HttpResponse:
    """What the list shows now, under a name. The address of the list is this one's query."""
    form = ViewForm(request.POST or None)
    context = {"may_share": request.member.may(Role.MANAGER)}
    return saved(
        request,
        "deals/view_edit.html",
        form,
        lambda facts: actions.save_view(request.workspace, by=request.member, query=request.GET.urlencode(), **facts),
        lambda view: f"{reverse('deal_list')}?view={view.pk}",
        **context,
    )


@member_required(methods=("GET", "POST"))
def view_edit(request: MemberRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(views_of(request.member), pk=pk)
    form = ViewForm(request.POST or None, initial={"name": view.name, "shared": view.shared})
    context = {"view": view, "may_share": request.member.may(Role.MANAGER) or view.shared}
    return saved(
        request,
        "deals/view_edit.html",
        form,
        lambda facts: actions.change_view(view, by=request.member, **facts),
        f"{reverse('deal_list')}?view={view.pk}",
        **context,
    )


@member_required(methods=("POST",))
def view_save(request: MemberRequest, pk: int) -> HttpResponse:
    """The view becomes what the list shows now."""
    view = get_object_or_404(views_of(request.member), pk=pk)
    actions.change_view(view, by=request.member, query=request.GET.urlencode())
    return done(request, f"{reverse('deal_list')}?view={view.pk}")


@member_required(methods=("POST",))
def view_delete(request: MemberRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(views_of(request.member), pk=pk)
    actions.delete_view(view, by=request.member)
    messages.success(request, f"The view {view.name} is deleted.", extra_tags=reverse("view_restore", args=[view.pk]))
    return done(request, f"{reverse('deal_list')}?view=open")


@member_required(methods=("POST",))
def view_restore(request: MemberRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(views_of(request.member, deleted=True), pk=pk)
    actions.restore_view(view, by=request.member)
    return done(request, f"{reverse('deal_list')}?view={view.pk}")


@member_required()
def view_menu(request: MemberRequest, key: str) -> HttpResponse:
    """What can be done with a view: pin it, open the list with it, rename, delete."""
    name, view = named(request, key)
    likes = request.member.lists
    context = {
        "key": key,
        "name": name,
        "view": view,
        "may_change": view and (view.owner_id == request.member.user_id or request.member.may(Role.MANAGER)),
        "is_pinned": key in {pinned for pinned, _ in likes.get("pinned", [])},
        "is_default": likes.get("default", "open") == key,
        "frame": frame(request, "popover"),
    }
    return render(request, "deals/view_menu.html", context)


@member_required(methods=("POST",), writer=Role.VIEWER)
def view_like(request: MemberRequest, key: str, what: str) -> HttpResponse:
    """Pin to the sidebar or not, open the list with it or not: of one's own list alone, so viewers may."""
    if what not in ("pinned", "default"):
        raise Http404("No such wish")
    name, _ = named(request, key)
    likes = request.member.lists
    if what == "default":
        actions.like_list(request.member, default="" if likes.get("default") == key else key)
    else:
        pinned = [each for each in likes.get("pinned", []) if each[0] != key]
        is_new = len(pinned) == len(likes.get("pinned", []))
        actions.like_list(request.member, pinned=[*pinned, [key, name]][:MOST] if is_new else pinned)
    return done(request, f"{reverse('deal_list')}?view={key}")


def named(request: MemberRequest, key: str) -> tuple[str, SavedView | None]:
    if key in STARTERS:
        return STARTERS[key][0], None
    if not key.isdecimal():
        raise Http404("No such view")
    view = get_object_or_404(views_of(request.member), pk=int(key) if len(key) < 19 else 0)
    return view.name, view


@member_required(methods=("GET", "POST"), writer=Role.VIEWER)
def deal_columns(request: MemberRequest) -> HttpResponse:
    """Which columns, in which order: from now on, and in the address, so that a view keeps them."""
    known = all_columns(request.workspace)
    if request.method == "POST":
        names = [name for name in request.POST.getlist("columns") if name in known]
        if request.POST.get("reset"):
            names = [column.name for column in STANDARD]
        actions.like_list(request.member, columns=names)
        query = request.GET.copy()
        query["columns"] = ",".join(names)
        return done(request, f"{reverse('deal_list')}?{query.urlencode(safe=',')}")
    wanted = request.GET.get("columns", "") or ",".join(request.member.lists.get("columns", []))
    shown = chosen_columns(wanted, known)
    rest = [column for column in known.values() if column not in shown]
    context = {"shown": shown, "rest": rest, "frame": frame(request, "popover")}
    return render(request, "deals/columns.html", context)
