"""The composer: the forms that add to a timeline, the same in a record's page and in a dialog over any page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.db.models import Model
from django.http import Http404
from django.urls import reverse

from activities.due import follow_up_day
from activities.forms import COMPOSER, TaskForm
from workspaces.access import MemberRequest
from workspaces.fields import speak
from workspaces.formats import Formats

TASK = "task"
PREFILLED = frozenset(("title", "type", "due_on"))


@dataclass(frozen=True)
class Mode:
    """One kind of entry. `key` opens it on a record's page, `button` saves it. `page`: the name of the page that has its
    form, where that is not one of ours; `under` is the tab that it is reached from, where it has none of its own."""

    name: str
    label: str
    icon: str
    button: str
    key: str = ""
    page: str = ""
    under: str = ""


MAIL = "mail"
MODES = (
    Mode("note", "Note", "notebook-pen", "Save note", "n"),
    Mode(MAIL, "Email", "mail", "Send", "r", page="mail_new"),
    Mode("call", "Log call", "phone", "Log call", "p"),
    Mode(TASK, "Task", "calendar-plus", "Plan task", "t"),
    Mode("meeting", "Meeting", "video", "Log meeting"),
)
BY_NAME = {mode.name: mode for mode in (*MODES, Mode("email", "Log email", "mail", "Log email", under=MAIL))}


def usual_step(today: date) -> dict[str, object]:
    """What one plans next unless one says otherwise: two keys plan it."""
    return {"title": "Follow up", "due_on": follow_up_day(today)}


def form_of(request: MemberRequest, mode: str) -> forms.Form:
    """As it is sent, or fresh; of a task the address may fill in some (PREFILLED)."""
    data: Any = request.POST or None
    if mode == TASK:
        initial = {"assignee": request.member.user_id} | usual_step(Formats.of(request).today)
        initial |= {name: request.GET[name] for name in PREFILLED & request.GET.keys()}
        form = TaskForm(data, workspace=request.workspace, formats=Formats.of(request), initial=initial)
        assignee = form.fields["assignee"]
        assignee.widget.choices = list(iter(assignee.choices))  # asked for once: a select looks at them twice
        return form
    if mode not in COMPOSER:
        raise Http404("No such kind of entry")
    form = COMPOSER[mode](data)
    speak(form, Formats.of(request))
    return form


class Composer:
    """One mode's form as it stands in a record's page; the links to the other modes work without JavaScript, too."""

    modes = MODES

    def __init__(self, request: MemberRequest, subject: Model, mode: str = "", form: forms.Form | None = None):
        asked = mode or request.GET.get("compose", "")
        self.mode = BY_NAME.get(asked, MODES[0])
        self.subject, self.kind = subject, subject._meta.model_name
        # The form of another app comes from its own page, once it is asked for.
        self.form = form or (None if self.mode.page else form_of(request, self.mode.name))
        if self.form:
            self.form.auto_id = "new_%s"  # beside it may stand a dialog with the same fields
        # A draft is one reader's, for one record.
        self.draft = f"{request.member.pk}/{self.kind}/{subject.pk}/{self.mode.name}"

    @property
    def action(self) -> str:
        return self.url(self.mode.name)

    @property
    def page(self) -> str:
        """The form by itself."""
        return self.action.partition("?")[0]

    @property
    def logging(self) -> str:
        """Where a mail that was sent elsewhere is logged."""
        return self.url("email")

    def url(self, mode: str) -> str:
        name, more = ("task_new", []) if mode == TASK else ("compose", [mode])
        if page := BY_NAME[mode].page:
            name, more = page, []
        return reverse(name, args=[self.kind, self.subject.pk, *more]) + "?inline=1"

    def links(self) -> list[tuple[Mode, str, bool]]:
        """Each mode, where its form is, and whether it is the one that is shown."""
        shown = self.mode.under or self.mode.name
        return [(mode, self.url(mode.name), mode.name == shown) for mode in self.modes]
