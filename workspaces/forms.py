"""Shapes of what people type; the rules are in actions."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from babel.numbers import list_currencies
from django import forms

from workspaces.formats import LOCALES
from workspaces.models import Membership, Role, Team, User, Workspace, time_zone_choices

COMMON = ("EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "CAD", "AUD", "JPY", "INR", "BRL")
WEEK = ((0, "Mon"), (1, "Tue"), (2, "Wed"), (3, "Thu"), (4, "Fri"), (5, "Sat"), (6, "Sun"))


def currency_choices() -> list[tuple[str, str]]:
    return [(code, code) for code in (*COMMON, *sorted(list_currencies("en") - set(COMMON)))]


class SignupNameForm(forms.Form):
    """Joined to allauth's sign-up form; its adapter saves the name."""

    name = forms.CharField(max_length=150, label="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"}))
    field_order = ["name", "email", "password1"]

    def clean(self):
        super().clean()
        if email := self.cleaned_data.get("email"):
            try:
                get_adapter().check_may_sign_up(email)
            except forms.ValidationError as error:
                self.add_error("email", error)
        return self.cleaned_data

    def signup(self, request, user) -> None:
        """allauth asks for this method; AccountAdapter.save_user has done the work."""


class WorkspaceForm(forms.Form):
    name = forms.CharField(max_length=100, label="Company or team name")
    slug = forms.SlugField(
        max_length=50, label="Address", help_text="Small letters, digits and hyphens; it stands in every link."
    )
    currency = forms.ChoiceField(choices=currency_choices, help_text="Of all amounts and sums.")
    time_zone = forms.ChoiceField(choices=time_zone_choices, initial="Europe/Berlin")

    def clean_slug(self) -> str:
        return self.cleaned_data["slug"].lower()


class WorkspaceSettingsForm(forms.ModelForm):
    time_zone = forms.ChoiceField(choices=time_zone_choices)
    work_days = forms.TypedMultipleChoiceField(
        choices=WEEK, coerce=int, required=False, widget=forms.CheckboxSelectMultiple, label="Working days"
    )

    class Meta:
        model = Workspace
        fields = ["name", "time_zone", "work_start", "work_end", "work_days", "visibility"]
        widgets = {
            "work_start": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "work_end": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # None named means the usual ones, and so it shows.
        self.initial["work_days"] = self.instance.work_days or list(range(5))


class ProfileForm(forms.ModelForm):
    time_zone = forms.ChoiceField(choices=lambda: [("", "Like the workspace"), *time_zone_choices()], required=False)
    locale = forms.ChoiceField(choices=list(LOCALES.items()), label="Dates, numbers and money")

    class Meta:
        model = User
        fields = ["name", "time_zone", "locale", "theme", "single_keys"]


class _TeamForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices, initial=Role.REP)
    team = forms.ModelChoiceField(queryset=None, required=False, empty_label="No team")

    def __init__(self, *args, member: Membership, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [(role.value, role.label) for role in Role if member.may(role)]
        self.fields["team"].queryset = Team.objects.filter(workspace_id=member.workspace_id)


class InvitationForm(_TeamForm):
    email = forms.EmailField()
    field_order = ["email", "role", "team"]


class MemberForm(_TeamForm):
    status = forms.ChoiceField(choices=Membership.Status.choices[:2])


class TeamForm(forms.ModelForm):
    class Meta:
        model = Team
        fields = ["name"]
