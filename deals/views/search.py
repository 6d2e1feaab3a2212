"""The palette's answers, and the page with all of them."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from deals.search import search
from workspaces.access import MemberRequest, member_required
from workspaces.dialogs import is_script
from workspaces.formats import Formats


@member_required()
def search_page(request: MemberRequest) -> HttpResponse:
    text = request.GET.get("q", "")
    hits = search(text, request.member, Formats.of(request), limit=4 if is_script(request) else 20)
    return render(
        request, "deals/search_page.html" + ("#results" if is_script(request) else ""), {"q": text, "hits": hits}
    )
