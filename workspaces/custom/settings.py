"""The settings page of custom fields, for admins."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from workspaces.access import MemberRequest, member_required
from workspaces.action import Refused
from workspaces.custom import actions
from workspaces.custom.values import CHOSEN, MOST_FIELDS, Choice, Entity, Type
from workspaces.dialogs import dialog, done, form_refused
from workspaces.models import CustomField, Role

# What each type is for, where it is chosen.
HINTS = {
    Type.TEXT: "a line of text", Type.NUMBER: "any number", Type.MONEY: "in the workspace's currency", Type.DATE: "a day",
    Type.CHOICE: "one of a list", Type.MULTI: "any of a list", Type.CHECKBOX: "yes or no", Type.URL: "opens in a new tab",
    Type.USER: "somebody of this workspace",
}  # fmt: skip


class FieldForm(forms.Form):
    """A new field. Its type cannot change afterwards."""

    label = forms.CharField(max_length=60, label="Name", widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}))  # fmt: skip
    type = forms.ChoiceField(choices=[(each.value, f"{each.label}: {HINTS[each]}") for each in Type])
    choices = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 4}), label="Choices", help_text="One a line; for the two types with choices."
    )  # fmt: skip
    help = forms.CharField(
        max_length=200, required=False, label="Help text", help_text="Stands below the field in forms."
    )
    required = forms.BooleanField(
        required=False, label="Ask for it when a record is created", help_text="Records that are there already are left alone."
    )  # fmt: skip

    def clean_choices(self) -> list[str]:
        return lines(self.cleaned_data["choices"])


class ChangeForm(FieldForm):
    """Its choices stand in inputs of their own: their name, place and whether they are still offered."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    field_order = ["label", "help", "required", "choices", "version"]

    def __init__(self, *args, edited: CustomField, **kwargs):
        initial = {"label": edited.label, "help": edited.help, "required": edited.required, "version": edited.version}
        super().__init__(*args, initial=initial, **kwargs)
        del self.fields["type"]
        if edited.type == Type.CHECKBOX:
            del self.fields["required"]
        if edited.type in CHOSEN:
            self.fields["choices"].label, self.fields["choices"].help_text = "More choices", "One a line."
        else:
            del self.fields["choices"]

    def facts(self) -> dict[str, object]:
        return {name: value for name, value in self.cleaned_data.items() if name != "choices"}


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def entity_of(text: str) -> Entity:
    if text not in Entity.values:
        raise Http404("No such records")
    return Entity(text)


@member_required(Role.ADMIN)
def custom_fields(request: MemberRequest) -> HttpResponse:
    entity = entity_of(request.GET.get("of", Entity.DEAL))
    fields = list(CustomField.objects.filter(workspace=request.workspace, entity=entity))
    live = [field for field in fields if field.archived_at is None]
    context = {
        "entity": entity,
        "entities": [(each.value, each.label) for each in Entity],
        "fields": live,
        "archived": [field for field in fields if field.archived_at is not None],
        "most": MOST_FIELDS,
        "is_full": len(live) >= MOST_FIELDS,
    }
    return render(request, "workspaces/custom_fields.html", context)


@member_required(Role.ADMIN, methods=("GET", "POST"))
def custom_field_new(request: MemberRequest, entity: str) -> HttpResponse:
    of = entity_of(entity)
    form = FieldForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return dialog(request, "workspaces/custom_field_new.html", form, entity=of)
    try:
        field = actions.create_field(request.workspace, entity=of, by=request.member, **form.cleaned_data)
    except Refused as refusal:
        return form_refused(request, "workspaces/custom_field_new.html", form, refusal, entity=of)
    messages.success(request, f"{field} is a field of {of.label.lower()} now.")
    return done(request, address(of))


@member_required(Role.ADMIN, methods=("GET", "POST"))
def custom_field_edit(request: MemberRequest, pk: int) -> HttpResponse:
    edited = own_field(request, pk)
    form = ChangeForm(request.POST or None, edited=edited)
    context: dict[str, object] = {"edited": edited, "choices": edited.field.choices}
    if request.method == "GET" or not form.is_valid():
        return dialog(request, "workspaces/custom_field_edit.html", form, **context)
    facts = form.facts()
    if edited.type in CHOSEN:
        facts["choices"] = chosen(request, edited, form.cleaned_data["choices"])
    try:
        field = actions.change_field(edited, by=request.member, **facts)
    except Refused as refusal:
        return form_refused(request, "workspaces/custom_field_edit.html", form, refusal, **context)
    messages.success(request, f"{field} saved.")
    return done(request, address(Entity(field.entity)))


def chosen(request: HttpRequest, edited: CustomField, more: list[str]) -> list[Choice]:
    """All choices as the form has them: in the order of their numbers, the new ones behind."""
    sent = []
    for place, choice in enumerate(edited.field.choices, 1):
        number = request.POST.get(f"place-{choice.key}", "")
        label = request.POST.get(f"choice-{choice.key}", choice.label).strip() or choice.label
        is_archived = f"archived-{choice.key}" in request.POST
        where = int(number) if number.isascii() and number.isdecimal() and len(number) < 6 else place
        sent.append((where, place, Choice(choice.key, label, is_archived)))
    return [choice for _, _, choice in sorted(sent, key=lambda each: each[:2])] + [Choice("", label) for label in more]


@member_required(Role.ADMIN, methods=("POST",))
def custom_field_move(request: MemberRequest, pk: int) -> HttpResponse:
    field = own_field(request, pk)
    actions.move_field(field, up=request.POST.get("to") == "up", by=request.member)
    return HttpResponseRedirect(address(Entity(field.entity)))


@member_required(Role.ADMIN, methods=("POST",))
def custom_field_archive(request: MemberRequest, pk: int) -> HttpResponse:
    field = actions.archive_field(own_field(request, pk), by=request.member)
    messages.success(request, f"{field} was archived; its values are kept.", reverse("custom_field_restore", args=[pk]))
    return HttpResponseRedirect(address(Entity(field.entity)))


@member_required(Role.ADMIN, methods=("POST",))
def custom_field_restore(request: MemberRequest, pk: int) -> HttpResponse:
    field = actions.restore_field(own_field(request, pk), by=request.member)
    messages.success(request, f"{field} is back.")
    return HttpResponseRedirect(address(Entity(field.entity)))


def own_field(request: MemberRequest, pk: int) -> CustomField:
    return get_object_or_404(CustomField.objects.select_related("workspace"), workspace=request.workspace, pk=pk)


def address(entity: Entity) -> str:
    return f"{reverse('custom_fields')}?of={entity}"
