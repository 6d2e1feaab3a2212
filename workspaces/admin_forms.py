"""The forms of the admin: what an action refuses is an error of the form, and what is another workspace's is refused."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextareaWidget

from workspaces.models import Membership
from workspaces.tenant import MemberForeignKey, TenantForeignKey

GONE = "Choose something of this workspace."
NO_MEMBER = "Choose an active member of this workspace."


class RefusableForm(forms.ModelForm):
    """A form that shows why an action refused what it says. The ModelAdmin gives it `request`."""

    request: HttpRequest

    def clean(self) -> dict[str, Any]:
        super().clean()
        if refusal := getattr(self.request, "refusal", None):
            for name, message in refusal.fields.items():
                if name in self.fields:
                    self.add_error(name, message)
            if not any(name in self.fields for name in refusal.fields):
                self.add_error(None, refusal.message)
        return self.cleaned_data

    def facts(self) -> dict[str, object]:
        """What an action takes: on a change what was changed, else all that was filled in; foreign keys as ids."""
        names = (
            self.changed_data if self.instance.pk else [n for n, v in self.cleaned_data.items() if v not in ("", None)]
        )
        return {self.column(name): self.value(name) for name in names if name != "workspace"}

    def column(self, name: str) -> str:
        field = self.model_field(name)
        return field.attname if isinstance(field, models.ForeignKey) else name

    def value(self, name: str) -> object:
        value = self.cleaned_data[name]
        return value.pk if isinstance(value, models.Model) else value

    def model_field(self, name: str) -> models.Field | None:
        try:
            return self._meta.model._meta.get_field(name)
        except FieldDoesNotExist:
            return None


class TenantForm(RefusableForm):
    """A row of one workspace: nothing in it may be another workspace's, whatever ids were sent."""

    # Whether all constraints, or those with certain fields, are left to the action, which refuses in better words.
    action_checks = False
    left_to_action: frozenset[str] = frozenset()

    def clean(self) -> dict[str, Any]:
        super().clean()
        workspace = self.cleaned_data.get("workspace") or self.request.workspace
        if workspace and not self.instance.pk:
            self.instance.workspace = workspace
        if self.instance.workspace_id:
            for name in list(self.cleaned_data):
                if problem := self.problem_with(name, self.instance.workspace_id):
                    self.add_error(name, problem)
        return self.cleaned_data

    def problem_with(self, name: str, workspace_id: int) -> str:
        field, value = self.model_field(name), self.cleaned_data[name]
        if isinstance(field, TenantForeignKey) and value and value.workspace_id != workspace_id:
            return GONE
        if isinstance(field, MemberForeignKey) and value and name in self.changed_data:
            members = Membership.objects.active().filter(workspace_id=workspace_id, user_id=value.pk)
            return "" if members.exists() else NO_MEMBER
        return ""

    def _post_clean(self) -> None:
        # Django would leave out each constraint with a field that is not in the form, such as the workspace.
        self.instance.validate_constraints = lambda exclude=None: None
        super()._post_clean()
        del self.instance.validate_constraints
        if not self._errors and not self.action_checks:
            self.check_constraints()

    def check_constraints(self) -> None:
        model = type(self.instance)
        for constraint in model._meta.constraints:
            try:
                constraint.validate(model, self.instance, exclude=self.left_to_action)
            except forms.ValidationError as error:
                self.add_error(None, in_words(constraint, model) or error)


def in_words(constraint: models.BaseConstraint, model: type[models.Model]) -> str:
    """What a constraint that only has a name says; "" for one that speaks for itself."""
    if getattr(constraint, "condition", None) is None:
        return ""
    names = constraint.condition.referenced_base_fields | set(getattr(constraint, "fields", ()))
    labels = sorted(str(model._meta.get_field(name).verbose_name) for name in names - {"workspace"})
    return f"This is not possible: look at {', '.join(labels)}."


class VersionedForm(TenantForm):
    """Names the version that the page showed, for the action to compare."""

    action_checks = True
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["seen"].initial = self.instance.version

    def facts(self) -> dict[str, object]:
        facts = super().facts()
        facts.pop("seen", None)
        return facts | ({"version": self.cleaned_data["seen"] or 0} if self.instance.pk else {})


class CustomisedForm(VersionedForm):
    """With the values of custom fields as one JSON object; the action checks each as for every other door."""

    custom_values = forms.JSONField(
        required=False, label="Custom fields", help_text='By their keys: {"team_size": "12"}.', widget=UnfoldAdminTextareaWidget
    )  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "custom_values" in self.fields:
            self.initial["custom_values"] = self.instance.custom

    def clean_custom_values(self) -> dict[str, Any]:
        values = self.cleaned_data["custom_values"] or {}
        if not isinstance(values, dict):
            raise forms.ValidationError('Write an object of keys and values: {"team_size": "12"}.')
        return values

    def facts(self) -> dict[str, object]:
        """What was taken out of the object is emptied; a new record is asked for what is required."""
        facts = super().facts()
        given = facts.pop("custom_values", None)
        if not self.instance.pk:
            return facts | {"custom": given or {}}
        return facts if given is None else facts | {"custom": dict.fromkeys(self.instance.custom) | given}


class WorkspaceAutocomplete(AutocompleteSelect):
    """Offers rows of one workspace; None: of the one the page is in."""

    def __init__(self, *args, workspace_id: int | None, **kwargs):
        super().__init__(*args, **kwargs)
        self.workspace_id = workspace_id

    def get_url(self) -> str:
        return f"{super().get_url()}?workspace={self.workspace_id}" if self.workspace_id else super().get_url()
