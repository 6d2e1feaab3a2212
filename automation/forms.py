"""What one is asked about a message, and for one."""

from __future__ import annotations

import re

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet

from activities.models import LONGEST_TEXT, Attachment
from automation.models import CampaignStep, MailTemplate
from leads.models import Segment
from workspaces.models import Workspace

MOST_FILES = 50  # that a mail is offered


class LinkForm(forms.Form):
    contact = forms.CharField(
        label="Person",
        max_length=500,
        help_text="The name or email address of a contact. The sender's address becomes theirs.",
        widget=forms.TextInput(attrs={"list": "contacts", "autocomplete": "off"}),
    )


class TemplateForm(forms.Form):
    name = forms.CharField(max_length=120)
    subject = forms.CharField(max_length=250, required=False)
    body = forms.CharField(label="Text", max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 10}))

    def __init__(self, *args, template: MailTemplate | None = None, **kwargs):
        names = ("name", "subject", "body", "version")
        super().__init__(*args, initial={name: getattr(template, name) for name in names if template}, **kwargs)
        if template:
            self.fields["version"] = forms.IntegerField(widget=forms.HiddenInput)


class SuppressionForm(forms.Form):
    email = forms.CharField(label="Address", max_length=254, widget=forms.TextInput(attrs={"autocomplete": "off"}))


class FilesInput(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files, as Django's documentation has it done."""

    widget = FilesInput

    def clean(self, data: list[UploadedFile], initial: object = None) -> list[UploadedFile]:
        return [super(FilesField, self).clean(file, initial) for file in data or ()]


class MailForm(forms.Form):
    to = forms.CharField(label="To", max_length=2000, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    cc = forms.CharField(
        label="Cc", max_length=2000, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    subject = forms.CharField(label="Subject", max_length=250)
    body = forms.CharField(
        label="Text",
        max_length=LONGEST_TEXT,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 9, "placeholder": "Write an email"}),
    )

    def __init__(self, *args, files: QuerySet[Attachment], **kwargs):
        """`files`: of the record that it is about. What is attached from elsewhere is added to them."""
        super().__init__(*args, **kwargs)
        begin = next((name for name in ("to", "subject") if not self.initial.get(name)), "body")
        self.fields[begin].widget.attrs["autofocus"] = True
        newest = [file.pk for file in files[:MOST_FILES]]
        if newest:
            offered, boxes = files.filter(pk__in=newest), forms.CheckboxSelectMultiple
            self.fields["files"] = forms.ModelMultipleChoiceField(offered, required=False, widget=boxes, label="Attach")
        self.fields["uploads"] = FilesField(required=False, label="Attach from this computer" if newest else "Attach")

    def facts(self) -> dict[str, object]:
        """What send_mail takes."""
        data = self.cleaned_data
        to, cc = ([text for text in re.split(r"[\s,;]+", data[name]) if text] for name in ("to", "cc"))
        files = {"files": list(data.get("files", ())), "uploads": data["uploads"]}
        return {"to": to, "cc": cc, "subject_line": data["subject"], "body": data["body"], **files}


class CampaignForm(forms.Form):
    name = forms.CharField(max_length=120)


class StepForm(forms.Form):
    """One mail of a campaign, and when it goes."""

    template = forms.ModelChoiceField(
        queryset=MailTemplate.objects.none(),
        empty_label=None,
        error_messages={"required": "A step needs a template, which is what it sends."},
    )
    delay = forms.IntegerField(min_value=0, max_value=365, initial=0, label="Wait")
    unit = forms.ChoiceField(choices=CampaignStep.Unit.choices, initial=CampaignStep.Unit.DAYS, label="Of")

    def __init__(self, *args, workspace: Workspace, step: CampaignStep | None = None, **kwargs):
        names = ("template", "delay", "unit")
        super().__init__(*args, initial={name: getattr(step, name) for name in names} if step else None, **kwargs)
        offered = MailTemplate.objects.filter(workspace=workspace)
        self.fields["template"].queryset = (
            offered.offered() | offered.filter(pk=step.template_id) if step else offered.offered()
        )


class AddMembersForm(forms.Form):
    segment = forms.ModelChoiceField(
        queryset=Segment.objects.none(),
        required=False,
        empty_label="Leads whose campaign is this one",
        label="Which leads",
    )
    contact = forms.CharField(
        label="Or one person",
        required=False,
        max_length=500,
        help_text="The name or email address of a contact who is a lead.",
        widget=forms.TextInput(attrs={"list": "contacts", "autocomplete": "off"}),
    )

    def __init__(self, *args, workspace: Workspace, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["segment"].queryset = Segment.objects.filter(workspace=workspace)


class PaceForm(forms.Form):
    per_hour = forms.IntegerField(min_value=1, max_value=100_000, label="Mails an hour, at most")
    per_day = forms.IntegerField(min_value=1, max_value=1_000_000, label="Mails a day, at most")
