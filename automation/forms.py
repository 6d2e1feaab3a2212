"""What one is asked about a message, and for one."""

from __future__ import annotations

import re

from django import forms

from activities.models import LONGEST_TEXT
from automation.models import MailTemplate


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


class MailForm(forms.Form):
    to = forms.CharField(label="To", max_length=2000, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    subject = forms.CharField(label="Subject", max_length=250)
    body = forms.CharField(
        label="Text",
        max_length=LONGEST_TEXT,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 5, "placeholder": "Write an email"}),
    )

    def facts(self) -> dict[str, object]:
        """What send_mail takes."""
        data = self.cleaned_data
        to = [text for text in re.split(r"[\s,;]+", data["to"]) if text]
        return {"to": to, "subject_line": data["subject"], "body": data["body"]}
