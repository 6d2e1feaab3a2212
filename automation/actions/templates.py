"""Texts that are written again and again: made, changed and archived by managers, used by everybody."""

from __future__ import annotations

from django.utils import timezone

from activities.models import LONGEST_TEXT
from automation.models import MailTemplate
from automation.placeholders import unknown
from workspaces.access import check_may
from workspaces.action import Refused, Stale, action
from workspaces.models import Membership, Role, Workspace

MAY = (Role.MANAGER, "keep the templates")


@action
def create_template(workspace: Workspace, *, by: Membership, name: str, subject: str, body: str) -> MailTemplate:
    check_may(by, *MAY)
    facts = checked(workspace.pk, name=name, subject=subject, body=body)
    return MailTemplate.objects.create(workspace=workspace, **facts)


@action
def update_template(
    template: MailTemplate, *, by: Membership, version: int, name: str, subject: str, body: str
) -> MailTemplate:
    """What was sent from it stays as it was."""
    check_may(by, *MAY)
    template = MailTemplate.objects.select_for_update(no_key=True).get(pk=template.pk)
    if template.version != version:
        raise Stale(f"It was not changed: somebody changed {template} meanwhile.")
    facts = checked(template.workspace_id, template.pk, name=name, subject=subject, body=body)
    for field, value in facts.items():
        setattr(template, field, value)
    template.version += 1
    template.save()
    return template


@action
def archive_template(template: MailTemplate, *, by: Membership) -> MailTemplate:
    """Offered no more; campaigns that use it go on."""
    check_may(by, *MAY)
    return archived(template, timezone.now())


@action
def restore_template(template: MailTemplate, *, by: Membership) -> MailTemplate:
    check_may(by, *MAY)
    checked(template.workspace_id, template.pk, name=template.name, subject=template.subject, body=template.body)
    return archived(template, None)


def archived(template: MailTemplate, at: object) -> MailTemplate:
    template = MailTemplate.objects.select_for_update(no_key=True).get(pk=template.pk)
    template.archived_at = at
    template.save(update_fields=["archived_at"])
    return template


def checked(workspace_id: int, pk: int = 0, *, name: str, subject: str, body: str) -> dict[str, str]:
    """As they are kept; refused beside the field that is wrong."""
    name, subject, body = " ".join(name.split()), " ".join(subject.split()), body.strip()
    wrong = {}
    for field, text in (("subject", subject), ("body", body)):
        if found := unknown(text):
            wrong[field] = f"There is no placeholder {', '.join(found[:5])}."
    if not name:
        wrong["name"] = "What is it called?"
    elif MailTemplate.objects.offered().filter(workspace_id=workspace_id, name=name).exclude(pk=pk).exists():
        wrong["name"] = "Another template has this name."
    if not body or len(body) > LONGEST_TEXT:
        wrong["body"] = f"A text of at most {LONGEST_TEXT:,} characters, please."
    if wrong:
        raise Refused(" ".join(wrong.values()), fields=wrong)
    return {"name": name, "subject": subject, "body": body}
