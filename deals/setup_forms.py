"""Shapes of what admins type about pipelines and stages; the rules are in deals.setup."""

from __future__ import annotations

from django import forms

from activities.models import Task
from deals.actions import TEMPLATES
from deals.models import CloseReason, Kind, Pipeline, PlaybookTask, Stage
from deals.transitions import earliest_to_win
from workspaces.fields import WholeField
from workspaces.models import Workspace

# Colours beside the browser's own choice of any.
PALETTE = (
    "#6B7280", "#3B82F6", "#0EA5E9", "#6366F1", "#8B5CF6", "#EC4899", "#F59E0B", "#F97316", "#14B8A6", "#10B981", "#EF4444",
)  # fmt: skip
SKIPS = [("any", "as many stages as one likes"), ("0", "no stage"), *((str(n), f"at most {n} stage{'s' * (n > 1)}") for n in range(1, 6))]  # fmt: skip


class ColorInput(forms.TextInput):
    """The browser's own, which offers our palette first."""

    input_type = "color"
    template_name = "django/forms/color.html"

    def get_context(self, name, value, attrs):
        return super().get_context(name, value, attrs | {"list": "colors"}) | {"palette": PALETTE}


class VersionedForm(forms.Form):
    """Names the version that the page showed."""

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


class NewPipelineForm(forms.Form):
    name = forms.CharField(max_length=80, widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}))
    template = forms.ChoiceField(label="Stages", widget=forms.RadioSelect, initial="default")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["template"].choices = [
            (name, f"{label}: {', '.join(stage[0] for stage in stages)}") for name, (label, stages) in TEMPLATES.items()
        ]


class PipelineForm(VersionedForm):
    name = forms.CharField(max_length=80)


def number_or_any(text: str) -> int | None:
    return None if text == "any" else int(text)


class RulesForm(VersionedForm):
    """The transition policy in words."""

    win_from = forms.TypedChoiceField(label="A deal can be won from", coerce=number_or_any)
    max_skip = forms.TypedChoiceField(label="One move forward may skip", coerce=number_or_any, choices=SKIPS)

    def __init__(self, *args, pipeline: Pipeline, stages: list[Stage], **kwargs):
        super().__init__(*args, **kwargs)
        usual = earliest_to_win(stages, None)
        self.fields["win_from"].choices = [
            ("any", f"any stage but the first: from {usual}"),
            *((str(stage.position), f"{stage} on") for stage in stages if stage.is_open),
        ]
        earliest = "any" if pipeline.win_from is None else earliest_to_win(stages, pipeline.win_from).position
        most = "any" if pipeline.max_skip is None else pipeline.max_skip
        if str(most) not in dict(SKIPS):
            self.fields["max_skip"].choices = [*SKIPS, (str(most), f"at most {most} stages")]
        self.initial |= {"version": pipeline.version, "win_from": earliest, "max_skip": most}


class NewStageForm(forms.Form):
    name = forms.CharField(max_length=60, widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}))
    kind = forms.ChoiceField(choices=Kind.choices, initial=Kind.OPEN)
    color = forms.RegexField(r"^#[0-9A-Fa-f]{6}$", label="Colour", initial=PALETTE[1], widget=ColorInput())
    probability = WholeField(
        min_value=0, max_value=100, initial=50, help_text="Percent. A won stage has 100, a lost one 0."
    )
    rotting_days = WholeField(
        min_value=1,
        max_value=3650,
        required=False,
        label="Rots after",
        help_text="Days without activity; empty: never.",
    )
    forecast_category = forms.ChoiceField(
        choices=[("", "By probability"), *Stage.Forecast.choices], required=False, label="Forecast"
    )


class StageForm(NewStageForm, VersionedForm):
    field_order = ["name", "kind", "color", "probability", "rotting_days", "forecast_category", "version"]

    def __init__(self, *args, stage: Stage, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial = {name: getattr(stage, name) for name in self.fields}
        self.fields["name"].widget.attrs.pop("autofocus")


class ClearStageForm(VersionedForm):
    into = forms.ModelChoiceField(Stage.objects.none(), label="Where shall they go?", empty_label=None)

    def __init__(self, *args, stage: Stage, deals: int, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["version"] = stage.version
        others = Stage.objects.filter(workspace_id=stage.workspace_id, kind=stage.kind, pipeline__archived_at=None)
        others = others.exclude(pk=stage.pk).select_related("pipeline")
        offered = self.fields["into"]
        offered.queryset = others.order_by("pipeline__position", "pipeline_id", "position")
        offered.label_from_instance = lambda other: (
            str(other) if other.pipeline_id == stage.pipeline_id else f"{other.pipeline}: {other}"
        )
        beside = others.filter(pipeline_id=stage.pipeline_id)
        nearest = beside.filter(position__lt=stage.position).order_by("-position").first() or beside.first()
        self.initial["into"] = nearest and nearest.pk
        if not deals:
            del self.fields["into"]


class ClearPipelineForm(VersionedForm):
    into = forms.ModelChoiceField(
        Pipeline.objects.none(),
        required=False,
        label="Where shall they go?",
        empty_label=None,
        help_text="To the stage of the same name there, else the first of its kind.",
    )

    def __init__(self, *args, pipeline: Pipeline, deals: int, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["version"] = pipeline.version
        others = Pipeline.objects.filter(workspace_id=pipeline.workspace_id).exclude(pk=pipeline.pk)
        self.fields["into"].queryset = others
        self.initial["into"] = others.order_by("-is_default", "position").values_list("pk", flat=True).first()
        if not deals:
            del self.fields["into"]


class ReasonForm(forms.Form):
    label = forms.CharField(max_length=80, label="Reason", widget=forms.TextInput(attrs={"autofocus": True}))
    needs_note = forms.BooleanField(required=False, label="Needs a note", help_text="Whoever chooses it says more.")


class EditReasonForm(ReasonForm, VersionedForm):
    field_order = ["label", "needs_note", "version"]

    def __init__(self, *args, reason: CloseReason, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial = {name: getattr(reason, name) for name in self.fields}


class PlaybookTaskForm(forms.Form):
    title = forms.CharField(max_length=200, widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}))
    type = forms.ChoiceField(choices=Task.Type.choices, initial=Task.Type.TODO)
    assignee_rule = forms.ChoiceField(choices=PlaybookTask.Assignee.choices, label="For")
    assignee = forms.ModelChoiceField(
        None, to_field_name="user_id", required=False, label="Which member", empty_label="—"
    )
    due_amount = WholeField(min_value=0, max_value=1000, initial=1, label="Due after")
    due_unit = forms.ChoiceField(
        choices=PlaybookTask.Unit.choices,
        initial=PlaybookTask.Unit.WORKING_DAYS,
        label="Of",
        help_text="Counted from when the deal enters, in the working time of the workspace.",
    )
    is_active = forms.BooleanField(required=False, initial=True, label="Active")

    def __init__(self, *args, workspace: Workspace, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["assignee"].queryset = workspace.memberships.working()

    def facts(self) -> dict[str, object]:
        """As the action takes them: a user's id for the member."""
        facts = dict(self.cleaned_data)
        member = facts.pop("assignee")
        return facts | {"assignee_id": member and member.user_id}


class EditPlaybookTaskForm(PlaybookTaskForm, VersionedForm):
    field_order = ["title", "type", "assignee_rule", "assignee", "due_amount", "due_unit", "is_active", "version"]

    def __init__(self, *args, task: PlaybookTask, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial = {name: getattr(task, name) for name in self.fields} | {"assignee": task.assignee_id}
