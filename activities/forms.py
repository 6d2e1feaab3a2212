"""The composer's modes: shapes only."""

from __future__ import annotations

import re
from datetime import date, datetime, time

from django import forms
from django.utils import timezone

from activities.models import LONGEST_TEXT, Activity, Attendee, Task
from workspaces.fields import ClockField, DayField, MomentField, WholeField, speak
from workspaces.formats import Formats
from workspaces.models import Membership, Workspace


class NoteForm(forms.Form):
    body = forms.CharField(
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "Write a note. @ to mention"}),
        label="Note",
    )
    pinned = forms.BooleanField(required=False, label="Pin to overview")


class NoteEditForm(NoteForm):
    seen = forms.CharField(required=False, widget=forms.HiddenInput)


class CallForm(forms.Form):
    # Typing comes first. No outcome is chosen beforehand: nobody should log by accident that somebody was reached.
    body = forms.CharField(
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "What was said"}),
        required=False,
        label="Notes",
    )
    outcome = forms.ChoiceField(choices=[("", "—"), *Activity.Outcome.choices], required=False)
    minutes = WholeField(min_value=0, max_value=1440, required=False)
    at = MomentField(required=False, label="When")


class MeetingForm(forms.Form):
    body = forms.CharField(
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "What was agreed"}),
        required=False,
        label="Notes",
    )
    outcome = forms.ChoiceField(choices=[("", "—"), *Activity.MeetingOutcome.choices], required=False)
    minutes = WholeField(min_value=0, max_value=1440, required=False)
    at = MomentField(required=False, label="When")


class EmailForm(forms.Form):
    body = forms.CharField(
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "What you wrote"}),
        label="Email sent",
    )
    at = MomentField(required=False, label="When")


class TaskForm(forms.Form):
    """How long and where is asked of meetings alone; the stylesheet hides it from others."""

    title = forms.CharField(max_length=200, label="What is to be done")
    type = forms.ChoiceField(choices=Task.Type.choices, required=False)
    due_on = DayField(required=False, label="Due")
    due_time = ClockField(required=False, label="At", help_text="Without a time it is due all day.")
    minutes = WholeField(min_value=1, max_value=1440, required=False, label="Minutes")
    place = forms.CharField(max_length=300, required=False, label="Place or link")
    assignee = forms.ModelChoiceField(
        queryset=Membership.objects.none(), to_field_name="user_id", required=False, empty_label=None
    )
    priority = forms.TypedChoiceField(
        choices=Task.Priority.choices, coerce=int, required=False, empty_value=Task.Priority.NORMAL
    )
    remind = forms.ChoiceField(choices=Task.Remind.choices, required=False, label="Reminder")
    repeat = forms.ChoiceField(choices=Task.Repeat.choices, required=False)

    def __init__(self, *args, workspace: Workspace, formats: Formats, initial: dict | None = None, **kwargs):
        super().__init__(*args, initial={"priority": Task.Priority.NORMAL} | (initial or {}), **kwargs)
        speak(self, formats)
        self.workspace = workspace
        self.fields["assignee"].queryset = workspace.memberships.working(initial and initial.get("assignee"))

    def clean(self) -> dict[str, object]:
        data = super().clean()
        if data.get("due_time") and not data.get("due_on") and "due_on" not in self.errors:
            self.add_error("due_on", "On which day?")
        return data

    def as_task(self) -> dict[str, object]:
        """What plan_task takes."""
        data = self.cleaned_data
        plain = {name: data[name] for name in ("title", "minutes", "place", "priority", "remind", "repeat")}
        return (
            plain
            | due(data["due_on"], data["due_time"])
            | {"type": data["type"] or Task.Type.TODO, "assignee_id": data["assignee"] and data["assignee"].user_id}
        )


class TaskEditForm(TaskForm):
    version = forms.IntegerField(widget=forms.HiddenInput)
    KEPT = ("title", "type", "minutes", "place", "priority", "remind", "repeat", "version")

    def __init__(self, *args, task: Task, **kwargs):
        local = None if task.due_on or task.due_at is None else timezone.localtime(task.due_at)
        initial = {name: getattr(task, name) for name in self.KEPT} | {"assignee": task.assignee_id}
        initial["due_on"] = local.date() if local else task.due_on
        initial["due_time"] = local and local.time().replace(second=0, microsecond=0)
        super().__init__(*args, initial=initial, **kwargs)
        self.fields["assignee"].empty_label = "Nobody"

    def changes(self) -> dict[str, object]:
        """What update_task takes. A time that nobody touched keeps its seconds."""
        found = self.as_task()
        return found if {"due_on", "due_time"} & set(self.changed_data) else without(found, "due_at", "due_on")


class InviteForm(forms.Form):
    """Who is asked to a meeting. `people` are (address, name, contact id) to choose from, `asked` are asked already."""

    people = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple, label="People")
    others = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 2}), label="Other addresses", help_text="One a line."
    )

    def __init__(self, *args, people: list[tuple[str, str, int | None]], asked: list[Attendee], **kwargs):
        current = [person for person in asked if not person.is_off]
        self.known = {person.email: (person.email, person.name, person.contact_id) for person in current}
        self.known |= {email: (email, name, pk) for email, name, pk in people}
        initial = {"people": [person.email for person in current]}
        super().__init__(*args, initial=initial, **kwargs)
        choices = [(email, f"{name} · {email}" if name else email) for email, name, _ in self.known.values()]
        self.fields["people"].choices = choices
        if not choices:
            del self.fields["people"]

    def chosen(self) -> list[tuple[str, str, int | None]]:
        data = self.cleaned_data
        others = [(text, "", None) for text in re.split(r"[\s,;]+", data["others"]) if text]
        return [*(self.known[email] for email in data.get("people", ())), *others]


class RescheduleForm(forms.Form):
    due_on = forms.DateField()
    version = forms.IntegerField()


def without(facts: dict[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in facts.items() if name not in names}


def due(day: date | None, at: time | None) -> dict[str, object]:
    """A day alone, or a moment in the reader's zone."""
    if day is None or at is None:
        return {"due_on": day, "due_at": None}
    return {"due_on": None, "due_at": datetime.combine(day, at, timezone.get_current_timezone())}


COMPOSER = {"note": NoteForm, "call": CallForm, "meeting": MeetingForm, "email": EmailForm}
