"""Shapes of what is set on many deals at once."""

from __future__ import annotations

from django import forms

from activities.models import Task
from deals.forms import fact_form
from deals.models import Deal, Tag
from workspaces.fields import DayField, speak
from workspaces.formats import Formats
from workspaces.models import Workspace

# The facts that may be the same on many deals.
FIELDS = (
    "owner", "expected_close_date", "amount", "probability", "company", "source", "product", "next_step", "competitor", "won_reason", "lost_reason",
)  # fmt: skip


def fact_for_many(field: str, workspace: Workspace, data: dict | None, formats: Formats) -> forms.Form:
    """The form of a single fact, without a version: of each deal the newest is taken."""
    form = fact_form(field, workspace, data, Deal(workspace=workspace), formats)
    del form.fields["version"]
    form.fields["value"].initial = None
    if note := form.fields.get("note"):
        note.initial, note.help_text = "", "Empty: each keeps the note that it has."
    if field == "owner":
        form.fields["value"].empty_label = "Choose…"  # one Enter must not give them all to whoever stands first
        form.fields["hand_over"] = forms.BooleanField(
            required=False, label="Hand over their open tasks too", initial=True
        )
    return form


class BulkTaskForm(forms.Form):
    title = forms.CharField(max_length=200, widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}))
    type = forms.ChoiceField(choices=Task.Type.choices)
    due_on = DayField(required=False, label="Due on")

    def __init__(self, *args, formats: Formats, **kwargs):
        super().__init__(*args, **kwargs)
        speak(self, formats)


class BulkTagForm(forms.Form):
    add = forms.ModelMultipleChoiceField(Tag.objects.none(), required=False, widget=forms.CheckboxSelectMultiple)
    new = forms.CharField(
        max_length=200, required=False, label="New tags", help_text="Several with commas between them.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    remove = forms.ModelMultipleChoiceField(Tag.objects.none(), required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args, workspace: Workspace, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("add", "remove"):
            self.fields[name].queryset = Tag.objects.filter(workspace=workspace)

    def clean(self) -> dict:
        data = super().clean() or {}
        if not self.errors and not any(data.values()):
            raise forms.ValidationError("Choose a tag, or write a new one.")
        return data
