"""Custom fields on pages, built in to every template."""

from __future__ import annotations

from django import template

from workspaces.custom.fields import live_fields, member_names
from workspaces.custom.values import Type, say
from workspaces.formats import Formats

register = template.Library()


@register.simple_tag(takes_context=True)
def custom_facts(context: dict, record: object) -> list[dict[str, str]]:
    """The custom fields of a deal, lead, contact or company, in order: {name, label, text, href, help}; `text` is "" for
    an empty one, `href` the address of one that is a link. Asks the database only where a member is named."""
    request = context["request"]
    fields = live_fields(request.workspace, record._meta.model_name)
    values = record.custom
    named = any(field.type == Type.USER and values.get(field.key) for field in fields)
    names = member_names(request.workspace.pk) if named else {}
    formats = Formats.of(request)
    return [
        {
            "name": field.name,
            "label": field.label,
            "text": (text := say(field, values.get(field.key), formats, names)),
            "href": text if field.type == Type.URL else "",
            "help": field.help,
        }
        for field in fields
    ]
