"""A page, or the part of it that was asked for. The view picks the part, never the client."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def render_page(request: HttpRequest, template: str, context: dict[str, object]) -> HttpResponse:
    """The whole page; its partial `page` when htmx changes a filter or sort, `rows` when a list asks for what is next."""
    part = request.headers.get("X-Part", "page" if request.htmx else "")
    return render(request, f"{template}#{part}" if part in ("page", "rows") else template, context)
