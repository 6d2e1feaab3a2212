"""The product's own template tags, built in to every template."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django import template
from django.utils.http import url_has_allowed_host_and_scheme

from workspaces.formats import Formats
from workspaces.models import Workspace
from workspaces.mounting import root_url, workspace_url
from workspaces.people import initials, tone_of

register = template.Library()


@register.inclusion_tag("components/icon.html")
def icon(name: str, size: str = "") -> dict[str, str]:
    """An icon of templates/icons.txt; `size` is s12, s14 or s20, else 16 px."""
    return {"name": name, "size": size}


@register.inclusion_tag("components/avatar.html")
def avatar(user: object, size: str = "") -> dict[str, str]:
    """A person's initials on their colour."""
    name = str(user) if user else ""
    return {"name": name, "initials": initials(name), "tone": tone_of(getattr(user, "pk", 0)), "size": size}


@register.inclusion_tag("components/logo.html")
def logo(name: object, pk: int, size: str = "") -> dict[str, str]:
    """A company's monogram."""
    return {"initials": initials(str(name)), "tone": tone_of(pk), "size": size}


@register.simple_tag(takes_context=True)
def locale(context: dict) -> str:
    """The reader's locale as browsers name it: en-GB."""
    return str(Formats.of(context["request"]).locale).replace("_", "-")


@register.simple_tag(takes_context=True)
def money(context: dict, amount: Decimal | None, style: str = "whole") -> str:
    formats = Formats.of(context["request"])
    return {"whole": formats.money, "exact": formats.money_exact, "short": formats.money_short}[style](amount)


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
def clock(context: dict, value: datetime) -> str:
    return Formats.of(context["request"]).clock(value)


@register.simple_tag(takes_context=True)
def task_due(context: dict, task: object) -> str:
    """When a task is due: the day, with the time where it has one."""
    formats = Formats.of(context["request"])
    day = formats.day(formats.local_day(task.due_at))
    return day if task.due_all_day else f"{day}, {formats.clock(task.due_at)}"


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
def back(context: dict) -> str:
    """Where the reader came from, if that was one of our pages; else the front door."""
    request = context["request"]
    referer = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(
        referer, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return referer if is_ours else root_url("home")
