"""How a lead's status is drawn."""

from django import template

from leads.models import Lead, Source

register = template.Library()
TONES = {
    "new": "sky",
    "attempted": "blue",
    "connected": "violet",
    "nurture": "amber",
    "qualified": "green",
    "converted": "green",
    "unqualified": "grey",
    "do_not_contact": "red",
}


@register.inclusion_tag("leads/lead_status.html")
def lead_status(status: str) -> dict[str, str]:
    return {"label": Lead.Status(status).label, "tone": TONES[status]}


@register.filter
def source_label(source: str) -> str:
    return Source(source).label if source else "—"
