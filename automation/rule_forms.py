"""The editor of rules: one form, and what it asks for depends on what was chosen. It is drawn by the server alone; what its
buttons do to it (another step, another condition) is done here too, and nothing is saved by it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from django import forms
from django.http import QueryDict

from activities.models import Task
from automation.models import MailTemplate, RuleStep
from automation.rules import conditions
from automation.rules.editing import MOST_STEPS, NAMING, OF_DEALS, OF_LEADS, Said, Step
from automation.rules.events import EVENTS, GROUPS
from deals.models import Stage, Tag
from leads.models import Lead
from workspaces.action import Refused
from workspaces.fields import WholeField
from workspaces.filtering import Chip, ListFilter
from workspaces.formats import Formats
from workspaces.models import Team, Workspace
from workspaces.numbers import parse_id

Kind, Who = RuleStep.Kind, RuleStep.Who
PERSON = ("who", "member", "team")
ASKED: Mapping[str, tuple[str, ...]] = {
    Kind.TASK: ("text", "type", *PERSON, "due_amount", "due_unit"),
    Kind.NOTIFY: ("text", "who", "member"),
    Kind.MOVE: ("stage", "text"),
    Kind.STATUS: ("status", "text"),
    Kind.ASSIGN: PERSON,
    Kind.TAG: ("tag",),
    Kind.MAIL: ("template",),
    Kind.WEBHOOK: ("url", "secret", "unsigned", "kept"),
}
TEXT = {
    Kind.TASK: "Title",
    Kind.NOTIFY: "Text",
    Kind.MOVE: "Reason, where that closes the deal",
    Kind.STATUS: "Reason, where that is unqualified",
}


class Lists:
    """What steps and events choose from, each read once."""

    def __init__(self, workspace: Workspace):
        self.workspace = workspace

    @cached_property
    def stages(self) -> dict[int, Stage]:
        found = Stage.objects.filter(workspace=self.workspace, pipeline__archived_at=None).select_related("pipeline")
        return {row.pk: row for row in found.order_by("pipeline__position", "pipeline_id", "position")}

    @cached_property
    def stage_names(self) -> dict[int, str]:
        one = len({stage.pipeline_id for stage in self.stages.values()}) < 2
        return {pk: str(stage) if one else f"{stage.pipeline}: {stage}" for pk, stage in self.stages.items()}

    @cached_property
    def members(self) -> dict[int, str]:
        return {each.user_id: str(each) for each in self.workspace.memberships.working()}

    @cached_property
    def teams(self) -> dict[int, Team]:
        return {row.pk: row for row in Team.objects.filter(workspace=self.workspace)}

    @cached_property
    def tags(self) -> dict[int, Tag]:
        return {row.pk: row for row in Tag.objects.filter(workspace=self.workspace)[:500]}

    @cached_property
    def templates(self) -> dict[int, MailTemplate]:
        return {row.pk: row for row in MailTemplate.objects.filter(workspace=self.workspace).offered()}


def choices(rows: Mapping[int, object], empty: str = "—") -> list[tuple[object, str]]:
    return [("", empty), *((pk, str(row)) for pk, row in rows.items())]


class StepForm(forms.Form):
    """What a step of one kind asks for."""

    kind = forms.ChoiceField(choices=Kind.choices, widget=forms.HiddenInput)
    stage = forms.TypedChoiceField(coerce=int, empty_value=None, label="Stage")
    status = forms.ChoiceField(
        label="Status", choices=[each for each in Lead.Status.choices if each[0] != Lead.Status.CONVERTED]
    )
    text = forms.CharField(max_length=500, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    type = forms.ChoiceField(choices=Task.Type.choices)
    who = forms.ChoiceField(label="For")
    member = forms.TypedChoiceField(coerce=int, empty_value=None, required=False, label="Which member")
    team = forms.TypedChoiceField(coerce=int, empty_value=None, required=False, label="Which team")
    due_amount = WholeField(min_value=0, max_value=1000, label="Due after")
    due_unit = forms.ChoiceField(choices=RuleStep.Unit.choices, label="Of")
    tag = forms.TypedChoiceField(coerce=int, empty_value=None, label="Tag")
    template = forms.TypedChoiceField(coerce=int, empty_value=None, label="Template")
    url = forms.CharField(max_length=500, label="Address", widget=forms.URLInput(attrs={"autocomplete": "off"}))
    # What was typed and not yet saved comes back with the form; what is stored never does.
    secret = forms.CharField(
        max_length=200, required=False, label="Secret", widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}, render_value=True)
    )  # fmt: skip
    unsigned = forms.BooleanField(required=False, label="No secret any more: calls are not signed")
    kept = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, kind: str, lists: Lists, **kwargs):
        super().__init__(*args, **kwargs)
        self.step_kind, self.lists = Kind(kind), lists
        for name in self.fields.keys() - {"kind", *ASKED[kind]}:
            del self.fields[name]
        offered = {
            "stage": lambda: choices(lists.stage_names, "Choose a stage"),
            "member": lambda: choices(lists.members),
            "team": lambda: choices(lists.teams),
            "tag": lambda: choices(lists.tags, "Choose a tag"),
            "template": lambda: choices(lists.templates, "Choose a template"),
            "who": lambda: [(who, Who(who).label) for who in NAMING[kind]],
        }
        for name in self.fields.keys() & offered.keys():
            self.fields[name].choices = offered[name]()
        if text := self.fields.get("text"):
            text.label, text.required = TEXT[self.step_kind], kind in (Kind.TASK, Kind.NOTIFY)
        if kind == Kind.WEBHOOK:
            has = (
                "It is kept unless you type another."
                if self.has_secret
                else "It signs each call; nobody sees it again."
            )
            self.fields["secret"].help_text = has
            if not self.has_secret:
                del self.fields["unsigned"]
        if kind in (Kind.NOTIFY, Kind.ASSIGN):
            self.fields["who"].label = "Whom"

    @property
    def has_secret(self) -> bool:
        kept = self.data.get(self.add_prefix("kept")) if self.is_bound else self.initial.get("kept")
        row = RuleStep.objects.filter(workspace=self.lists.workspace, pk=parse_id(str(kept or "")) or 0).first()
        return bool(row and row.secret)

    def step(self) -> Step:
        facts = {name: value for name, value in self.cleaned_data.items() if name not in PERSON}
        rows = {"stage": self.lists.stages, "tag": self.lists.tags, "template": self.lists.templates}
        for name in rows.keys() & facts.keys():
            facts[name] = rows[name].get(facts[name])
        if "secret" in facts:
            facts["secret"] = "" if facts.pop("unsigned", False) else facts["secret"] or None
        who = self.cleaned_data.get("who", "")
        if who == Who.MEMBER:
            facts["member_id"] = self.cleaned_data["member"]
        if who == Who.TEAM:
            facts["team"] = self.lists.teams.get(self.cleaned_data["team"])
        return Step(**facts, who=who)


class HeadForm(forms.Form):
    name = forms.CharField(max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    event = forms.ChoiceField(choices=GROUPS, label="Happens")
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


def of_step(step: Step) -> dict[str, object]:
    """What its form shows."""
    names = {name for names in ASKED.values() for name in names} - {"secret", "unsigned"}
    plain = {name: getattr(step, name) for name in names - {"member", "stage", "team", "tag", "template"}}
    rows = {name: row.pk for name in ("stage", "team", "tag", "template") if (row := getattr(step, name))}
    return plain | rows | {"kind": step.kind, "member": step.member_id}


class Editor:
    """What stands in the form: as it is stored, or as it was sent."""

    def __init__(self, workspace: Workspace, formats: Formats, said: Said, name: str = "", version: int | None = None):
        self.workspace, self.formats, self.lists = workspace, formats, Lists(workspace)
        self.head: dict[str, object] = {"name": name, "event": said.event, "version": version}
        self.of = [str(value) for values in said.of.values() for value in values]
        self.query = QueryDict(said.query, mutable=True)
        self.rows = [of_step(step) for step in said.steps]
        self.shown = [chip.name for chip in self.filter.chips if any(field in self.query for field in chip.fields)]
        self.is_checked, self.problems, self.wrong = False, [], {}

    @classmethod
    def sent(cls, workspace: Workspace, formats: Formats, data: QueryDict) -> Editor:
        event = data.get("event", "")
        editor = cls(workspace, formats, Said(event if event in EVENTS else next(iter(EVENTS))))
        editor.head |= {"name": data.get("name", ""), "version": data.get("version")}
        editor.of = data.getlist("of")
        editor.shown = [chip.name for chip in editor.filter.chips if chip.name in data.getlist("if")]
        for chip in editor.chips:
            for field in chip.fields:
                if values := [value for value in data.getlist(f"if-{field}") if value.strip()]:
                    editor.query.setlist(field, values)
        count = min(parse_id(data.get("steps", "")) or 0, MOST_STEPS)
        prefixes = [f"step-{number}-" for number in range(count)]
        found = [{key.removeprefix(each): data[key] for key in data if key.startswith(each)} for each in prefixes]
        editor.rows = [row for row in found if row.get("kind") in Kind.values]
        if data.get("was") != str(editor.head["event"]):
            editor.of = []
        return editor

    # --- what it shows ----------------------------------------------------------------------------------

    @property
    def event(self):
        return EVENTS.get(str(self.head["event"])) or next(iter(EVENTS.values()))

    @property
    def filter(self) -> ListFilter:
        return conditions.asked(self.event.about, self.query, self.workspace, formats=self.formats)

    @property
    def chips(self) -> list[Chip]:
        return [chip for chip in self.filter.chips if chip.name in self.shown]

    @cached_property
    def form(self) -> HeadForm:
        form = HeadForm({**self.head}) if self.is_checked else HeadForm(initial=self.head)
        return form

    @cached_property
    def steps(self) -> list[StepForm]:
        found = []
        for number, row in enumerate(self.rows):
            how = {"prefix": f"step-{number}", "kind": str(row["kind"]), "lists": self.lists}
            if self.is_checked:
                found.append(StepForm({f"step-{number}-{name}": value for name, value in row.items()}, **how))
            else:
                usual = {"due_amount": 1, "due_unit": RuleStep.Unit.WORKING_DAYS, "type": Task.Type.TODO}
                found.append(StepForm(initial=usual | row, **how))
        return found

    @property
    def parameter(self) -> dict[str, object] | None:
        """What the event may be narrowed down to."""
        parameter = self.event.parameter
        if parameter is None:
            return None
        offered = parameter.choices or tuple((str(pk), name) for pk, name in self.lists.stage_names.items())
        options = [{"value": value, "label": label, "checked": value in self.of} for value, label in offered]
        return {"label": parameter.label, "options": options}

    @property
    def conditions(self) -> list[dict[str, object]]:
        """Each with its choices and its inputs, which are named if-<parameter>."""
        filterset = self.filter
        return [self.condition(filterset, chip) for chip in filterset.chips if chip.name in self.shown]

    def condition(self, filterset: ListFilter, chip: Chip) -> dict[str, object]:
        form, first = filterset.form, chip.fields[0]
        is_choice = isinstance(form.fields[first], forms.MultipleChoiceField | forms.ModelMultipleChoiceField)
        chosen = self.query.getlist(first)
        options = filterset.options(first) if is_choice else []
        inputs = []
        for name in chip.fields[1:] if is_choice else chip.fields:
            field = form.fields[name]
            if field.widget.is_hidden:
                continue
            attrs = {"id": f"if-{name}", "aria-label": f"{chip.label}: {field.label or name}"}
            html = field.widget.render(f"if-{name}", field.prepare_value(self.query.get(name)), attrs)
            inputs.append({"label": field.label or chip.label, "html": html, "id": f"if-{name}"})
        wrong = [problem for name in chip.fields for problem in filterset.errors.get(name, [])]
        return {
            "chip": chip,
            "name": first,
            "options": [{"value": v, "label": label, "checked": v in chosen} for v, label in options],
            "inputs": inputs,
            "wrong": " ".join(wrong) if self.is_checked or wrong else "",
        }

    @property
    def more_conditions(self) -> list[Chip]:
        return [chip for chip in self.filter.chips if chip.name not in self.shown]

    @property
    def kinds(self) -> list[tuple[str, str]]:
        other = OF_LEADS if self.event.about == "deal" else OF_DEALS
        return [(kind.value, str(kind.label)) for kind in Kind if kind not in other]

    @property
    def is_full(self) -> bool:
        return len(self.rows) >= MOST_STEPS

    # --- what its buttons do ----------------------------------------------------------------------------

    def do(self, what: str, data: QueryDict) -> None:
        verb, _, number = what.partition("-")
        place = parse_id(number) if number.isdigit() else None
        if verb == "add" and data.get("new") in Kind.values and not self.is_full:
            self.rows.append({"kind": data["new"]})
        elif verb == "if" and data.get("new-if") in [chip.name for chip in self.more_conditions]:
            self.shown.append(data["new-if"])
        elif verb == "unless" and number in self.shown:
            self.drop(number)
        elif place is not None and place < len(self.rows):
            self.arrange(verb, place)

    def drop(self, name: str) -> None:
        for chip in self.chips:
            if chip.name == name:
                for field in chip.fields:
                    self.query.pop(field, None)
        self.shown.remove(name)

    def arrange(self, verb: str, place: int) -> None:
        rows = self.rows
        if verb == "remove":
            del rows[place]
        other = {"up": place - 1, "down": place + 1}.get(verb, -1)
        if 0 <= other < len(rows):
            rows[place], rows[other] = rows[other], rows[place]

    # --- what it says -----------------------------------------------------------------------------------

    def said(self) -> Said | None:
        """None where something cannot be read; it is said beside its field."""
        self.is_checked = True
        is_fine = all([self.form.is_valid(), *(form.is_valid() for form in self.steps)])
        filterset = self.filter
        if not filterset.is_valid():
            self.problems += filterset.problems()
            return None
        if not is_fine:
            return None
        name = self.event.parameter.name if self.event.parameter else ""
        values = [int(value) if name == "stage" else value for value in self.of if name != "stage" or value.isdigit()]
        known = dict(self.event.parameter.choices) if self.event.parameter else {}
        values = [value for value in values if value in (known or self.lists.stages)]
        if len(values) < len(self.of):  # a rule for some stages must not become one for all
            self.problems.append("What it waits for is gone, or is none of those to choose from. Choose again.")
            return None
        query = filterset.plain() or self.query.urlencode()
        return Said(self.event.key.value, {name: values} if values else {}, query, [form.step() for form in self.steps])

    def refuse(self, refusal: Refused) -> None:
        """Beside the fields that it is about."""
        for field, message in refusal.fields.items():
            head, _, rest = field.partition("-")
            number, _, name = rest.partition("-")
            if head == "step" and number.isdigit() and int(number) < len(self.steps):
                form = self.steps[int(number)]
                form.add_error(name if name in form.fields else None, message)
            else:
                self.form.add_error(field if field in self.form.fields else None, message)
        if not refusal.fields:
            self.problems.append(refusal.message)
