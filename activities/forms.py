"""The composer's modes: shapes only."""

from __future__ import annotations

from datetime import date, datetime, time

from django import forms
from django.utils import timezone

from activities.actions import end_of_day
from activities.models import Activity, Task
from workspaces.fields import DayField, speak
from workspaces.formats import Formats
from workspaces.models import Membership, Workspace

MOMENT = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class NoteForm(forms.Form):
    body = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "Write a note. @ to mention"}), label="Note"
    )
    pinned = forms.BooleanField(required=False, label="Pin to overview")


class CallForm(forms.Form):
    # Typing comes first. No outcome is chosen beforehand: nobody should log by accident that somebody was reached.
    body = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "What was said"}), required=False, label="Notes"
    )
    outcome = forms.ChoiceField(choices=[("", "—"), *Activity.Outcome.choices], required=False)
    minutes = forms.IntegerField(min_value=0, max_value=1440, required=False)
    at = forms.DateTimeField(required=False, label="When", widget=MOMENT)


class MeetingForm(forms.Form):
    body = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "What was agreed"}), required=False, label="Notes"
    )
    outcome = forms.ChoiceField(choices=[("", "—"), *Activity.MeetingOutcome.choices], required=False)
    minutes = forms.IntegerField(min_value=0, max_value=1440, required=False)
    at = forms.DateTimeField(required=False, label="When", widget=MOMENT)


class EmailForm(forms.Form):
    body = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "What you wrote"}), label="Email sent"
    )
    at = forms.DateTimeField(required=False, label="When", widget=MOMENT)


class TaskForm(forms.Form):
    title = forms.CharField(max_length=200, label="What is to be done")
    type = forms.ChoiceField(choices=Task.Type.choices, required=False)
    due_on = DayField(required=False, label="Due")
    due_time = forms.TimeField(
        required=False,
        label="At",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text="Without a time it is due all day.",
    )
    assignee = forms.ModelChoiceField(
        queryset=Membership.objects.none(), to_field_name="user_id", required=False, empty_label=None
    )

    def __init__(self, *args, workspace: Workspace, formats: Formats, **kwargs):
        super().__init__(*args, **kwargs)
        speak(self, formats)
        self.workspace = workspace
        self.fields["assignee"].queryset = workspace.memberships.active().select_related("user")

    def clean(self) -> dict[str, object]:
        data = super().clean()
        if data.get("due_time") and not data.get("due_on") and "due_on" not in self.errors:
            self.add_error("due_on", "On which day?")
        return data

    def as_task(self) -> dict[str, object]:
        """What plan_task takes."""
        data = self.cleaned_data
        return {
            "title": data["title"],
            "type": data["type"] or Task.Type.TODO,
            "due_at": due_moment(data["due_on"], data["due_time"], self.workspace),
            "due_all_day": data["due_time"] is None,
            "assignee_id": data["assignee"] and data["assignee"].user_id,
        }


class TaskEditForm(TaskForm):
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args, task: Task, **kwargs):
        local = task.due_at and timezone.localtime(task.due_at)
        initial = {name: getattr(task, name) for name in ("title", "type", "version")} | {"assignee": task.assignee_id}
        initial["due_on"] = local and local.date()
        initial["due_time"] = local.time() if local and not task.due_all_day else None
        super().__init__(*args, initial=initial, **kwargs)
        self.fields["assignee"].empty_label = "Nobody"

    def changes(self) -> dict[str, object]:
        """What update_task takes. A due day that nobody touched stays: in another zone it may read as its neighbour."""
        found = self.as_task()
        return found if {"due_on", "due_time"} & set(self.changed_data) else without(found, "due_at", "due_all_day")


class RescheduleForm(forms.Form):
    due_on = forms.DateField()
    version = forms.IntegerField()


def without(facts: dict[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in facts.items() if name not in names}


def due_moment(day: date | None, at: time | None, workspace: Workspace) -> datetime | None:
    """A day alone is due at its end, a day and a time at that moment, in the reader's zone."""
    zone = timezone.get_current_timezone()
    if day is None:
        return None
    return datetime.combine(day, at, zone) if at else end_of_day(day, workspace, zone=str(zone))


COMPOSER = {"note": NoteForm, "call": CallForm, "meeting": MeetingForm, "email": EmailForm}
