"""Shapes of what managers type; the rules are in actions."""

from __future__ import annotations

from django import forms

from insights.models import Goal
from workspaces.access import visible_owners
from workspaces.fields import AmountField, DayField, speak
from workspaces.formats import Formats
from workspaces.models import Membership, Team


class ScopeForm(forms.Form):
    """For everybody, a team or a member: those that the manager sees all of."""

    team = forms.ModelChoiceField(Team.objects.none(), required=False, empty_label="—")
    member = forms.ModelChoiceField(
        Membership.objects.none(), to_field_name="user_id", required=False, empty_label="—", label="Member"
    )

    def __init__(self, *args, reader: Membership, formats: Formats, **kwargs):
        super().__init__(*args, **kwargs)
        seen = visible_owners(reader)
        teams = Team.objects.filter(workspace_id=reader.workspace_id).order_by("name")
        members = reader.workspace.memberships.active().select_related("user").order_by("user__name")
        self.fields["team"].queryset = teams if seen is None else teams.filter(pk=reader.team_id)
        self.fields["member"].queryset = members if seen is None else members.filter(user_id__in=seen)
        speak(self, formats)

    def clean(self):
        super().clean()
        if self.cleaned_data.get("team") and self.cleaned_data.get("member"):
            self.add_error("member", "Choose a team or a member, not both.")
        return self.cleaned_data


class GoalForm(ScopeForm):
    metric = forms.ChoiceField(choices=Goal.Metric.choices, label="What")
    period = forms.ChoiceField(choices=Goal.Period.choices, label="Each")
    target = AmountField(help_text="In the workspace's currency, or a number of deals or activities. 0 ends a goal.")
    first = DayField(label="From", help_text="The period of this day and all after it, until there is a newer goal.")
    field_order = ["metric", "period", "target", "first", "team", "member"]


class AdjustForm(forms.Form):
    amount = AmountField(required=False, label="Expected in all", help_text="Empty: what the categories add up to.")
    note = forms.CharField(required=False, max_length=1000, label="Why", widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args, formats: Formats, **kwargs):
        super().__init__(*args, **kwargs)
        speak(self, formats)
