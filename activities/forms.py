"""The composer's modes: shapes only."""

from __future__ import annotations

from datetime import datetime, time

from django import forms
from django.utils import timezone

from activities.actions import end_of_day
from activities.models import Activity, Task
from workspaces.models import Membership, Workspace

MOMENT = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class NoteForm(forms.Form):
    body = forms.CharField(widget=forms.Textarea(attrs={"rows": 2, "placeholder": "Write a note"}), label="Note")
    pinned = forms.BooleanField(required=False, label="Pin on top")


class CallForm(forms.Form):
    # Typing comes first: the outcome is the usual one more often than not.
    body = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "What was said"}), required=False, label="Notes"
    )
    outcome = forms.ChoiceField(choices=Activity.Outcome.choices)
    minutes = forms.IntegerField(min_value=0, max_value=1440, required=False)
    at = forms.DateTimeField(required=False, label="When", widget=MOMENT)


class MeetingForm(forms.Form):
    body = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "What was agreed"}), required=False, label="Notes"
    )
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
    due_on = forms.DateField(
        required=False, label="Due", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    due_time = forms.TimeField(
        required=False, label="At", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    assignee = forms.ModelChoiceField(
        queryset=Membership.objects.none(), to_field_name="user_id", required=False, empty_label=None
    )

    def __init__(self, *args, workspace: Workspace, **kwargs):
        super().__init__(*args, **kwargs)
        self.workspace = workspace
        self.fields["assignee"].queryset = workspace.memberships.active().select_related("user")

    def as_task(self) -> dict[str, object]:
        """What plan_task takes: a day alone is due at its end, a day and a time at that moment in the reader's zone."""
        data = self.cleaned_data
        day: datetime | None = None
        at: time | None = data["due_time"]
        if data["due_on"]:
            zone = timezone.get_current_timezone()
            day = (
                datetime.combine(data["due_on"], at, zone)
                if at
                else end_of_day(data["due_on"], self.workspace, zone=str(zone))
            )
        return {
            "title": data["title"],
            "type": data["type"] or Task.Type.TODO,
            "due_at": day,
            "due_all_day": at is None,
            "assignee_id": data["assignee"] and data["assignee"].user_id,
        }


COMPOSER = {"note": NoteForm, "call": CallForm, "meeting": MeetingForm, "email": EmailForm}
