"""Rows that are put in order: by drag, key, button or undo."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.http import Http404, HttpResponse
from django.shortcuts import render

from workspaces.access import MemberRequest
from workspaces.dialogs import done, is_script
from workspaces.numbers import parse_id


def reordered(request: MemberRequest, act: Callable[[Sequence[int], Sequence[int]], None], url: str) -> HttpResponse:
    """An order by drag or key (`order` and `seen` name all ids), by a button (`up` or `down` names one), or by undo."""
    seen = ids(request.POST.get("seen", ""))
    order = ids(request.POST["order"]) if request.POST.get("order") else one_step(request, seen)
    act(order, seen)
    if is_script(request) and "undo" not in request.POST:
        return render(request, "deals/settings/reordered.html", {"order": order, "seen": seen})
    return done(request, url)


def ids(text: str) -> list[int]:
    return [pk for part in text.split(",") if (pk := parse_id(part)) is not None]


def one_step(request: MemberRequest, seen: Sequence[int]) -> list[int]:
    """The order after a button: a row at the end stays where it is. 404 for one that is none of them."""
    order = list(seen)
    for name, step in (("up", -1), ("down", 1)):
        if name not in request.POST:
            continue
        pk = parse_id(request.POST[name])
        if pk not in order:
            raise Http404("No such row")
        if 0 <= (place := order.index(pk)) + step < len(order):
            order[place], order[place + step] = order[place + step], order[place]
    return order
