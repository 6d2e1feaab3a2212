"""The product's own template tags, built in to every template."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.db.models import Model
from django.template import Context
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from workspaces.drawing import drawn, filled
from workspaces.formats import Formats
from workspaces.frame import LINKS, OUTSIDE, avatar_of, current_links, frame_row
from workspaces.models import Workspace
from workspaces.mounting import root_url, workspace_url
from workspaces.people import initials, tone_of

register = template.Library()

register.simple_tag(filled)


@register.simple_tag
def icon(name: str, size: str = "") -> str:
    """An icon of templates/icons.txt; `size` is s12, s14 or s20, else 16 px."""
    return drawn("components/icon.html", ("name", name), ("size", size))


@register.simple_tag(takes_context=True)
def cell(context: Context, column: Any) -> str:
    """A list's cell: its column's template, with the row's text of that name as `value`."""
    row = context.flatten()
    return render_to_string(column.template, row | {"column": column, "value": row.get(column.name, "")})


@register.simple_tag(takes_context=True)
def frame(context: Context, template: str, **texts: str) -> str:
    """A part of the frame around every page, drawn once and filled in: with what it shows of its reader and workspace, and
    these texts."""
    request = context["request"]
    here = current_links(request.resolver_match, LINKS if context.get("workspace") else OUTSIDE)
    return filled(template, [frame_row(request, context) | texts], here=here)


@register.simple_tag
def fixed(template: str) -> str:
    """What is the same in every page."""
    return drawn(template)


@register.simple_tag(takes_context=True)
def nav(
    context: Context, name: str, icon: str, label: str, css: str = "nav", below: bool = False, count: str = ""
) -> str:
    """A link to the page `name`; current on that page and on others of its kind (deal_list, deal_detail), with `below` on
    all whose address begins with its own. `count` is what waits there."""
    url = reverse(name) if context.get("workspace") else root_url(name)
    here = context["here"] if "here" in context else current_links(context["request"].resolver_match, ((name, below),))
    values = {
        "url": url,
        "icon": icon,
        "label": label,
        "css": css,
        "current": "page" if name in here else "",
        "count": count,
    }
    return drawn("components/nav.html", *values.items())


@register.simple_tag
def stage_dot(color: str) -> str:
    """A dot in a stage's colour."""
    return drawn("components/stage_dot.html", ("color", color))


@register.simple_tag
def avatar(user: object, size: str = "") -> str:
    """A person's initials on their colour."""
    return avatar_of(user, size)


@register.simple_tag
def logo(name: object, pk: int, size: str = "") -> str:
    """A company's monogram."""
    return drawn("components/logo.html", ("initials", initials(str(name))), ("tone", tone_of(pk)), ("size", size))


@register.simple_tag(takes_context=True)
def locale(context: dict) -> str:
    """The reader's locale as browsers name it: en-GB."""
    return str(Formats.of(context["request"]).locale).replace("_", "-")


@register.simple_tag(takes_context=True)
def money(context: dict, amount: Decimal | None, style: str = "whole", currency: str = "") -> str:
    """In the workspace's currency, if none is named."""
    formats = Formats.of(context["request"])
    return {"whole": formats.money, "exact": formats.money_exact, "short": formats.money_short}[style](amount, currency)


@register.simple_tag(takes_context=True)
def number(context: dict, value: Decimal | int | None, digits: int = 0) -> str:
    return Formats.of(context["request"]).number(value, digits)


@register.simple_tag(takes_context=True)
def percent(context: dict, share: float | None, digits: int = 0) -> str:
    return Formats.of(context["request"]).percent(share, digits)


@register.simple_tag(takes_context=True)
def day(context: dict, value: date | None) -> str:
    return Formats.of(context["request"]).day(value)


@register.simple_tag(takes_context=True)
def moment(context: dict, value: datetime | None) -> str:
    return Formats.of(context["request"]).moment(value)


@register.simple_tag(takes_context=True)
def ago(context: dict, value: datetime | None) -> str:
    return Formats.of(context["request"]).ago(value)


@register.simple_tag(takes_context=True)
def clock(context: dict, value: datetime) -> str:
    return Formats.of(context["request"]).clock(value)


@register.simple_tag(takes_context=True)
def moment_full(context: dict, value: datetime | None) -> str:
    return Formats.of(context["request"]).moment_full(value)


@register.simple_tag(name="root_url")
def root_url_tag(name: str, *args: object) -> str:
    """A URL outside the workspaces (accounts, profile, list of workspaces), from wherever the page is."""
    return root_url(name, *args)


@register.simple_tag(name="workspace_url")
def workspace_url_tag(workspace: Workspace, name: str, *args: object) -> str:
    """A URL of another workspace than the page's."""
    return workspace_url(workspace, name, *args)


@register.filter
def kind(record: Model) -> str:
    """What a record is: "company"."""
    return str(record._meta.verbose_name)


@register.simple_tag(takes_context=True)
def query(context: dict, **changes: object) -> str:
    """This page's query string with some parameters changed; None takes one away."""
    parameters = context["request"].GET.copy()
    for key, value in changes.items():
        if value is None or value == "":
            parameters.pop(key, None)
        else:
            parameters[key] = value
    text = parameters.urlencode()
    return f"?{text}" if text else "?"


@register.simple_tag(takes_context=True)
def query_only(context: dict, *names: str, **more: str) -> str:
    """This page's query string with these parameters alone, and `more` of them."""
    parameters = context["request"].GET.copy()
    for name in parameters.keys() - set(names):
        del parameters[name]
    for name, value in more.items():
        parameters[name] = value
    return f"?{parameters.urlencode()}" if parameters else "?"


@register.simple_tag(takes_context=True)
def back(context: dict) -> str:
    """Where the reader came from, if that was one of our pages; else the front door."""
    request = context["request"]
    referer = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(
        referer, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return referer if is_ours else root_url("home")
