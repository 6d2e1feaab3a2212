"""What the frame of every page says of its reader's tasks."""

from django import template

from activities.due import due_by
from activities.models import Task
from workspaces.formats import Formats

register = template.Library()


@register.simple_tag(takes_context=True)
def due_count(context: dict) -> str:
    """How many of the reader's tasks are overdue or due today; empty for none. One count, from an index."""
    request = context["request"]
    formats = Formats.of(request)
    count = Task.objects.of(request.member).open().filter(due_by(formats.today, formats.zone)).count()
    return formats.number(count) if count else ""
