"""What one is asked about a message."""

from __future__ import annotations

from django import forms


class LinkForm(forms.Form):
    contact = forms.CharField(
        label="Person",
        max_length=500,
        help_text="The name or email address of a contact. The sender's address becomes theirs.",
        widget=forms.TextInput(attrs={"list": "contacts", "autocomplete": "off"}),
    )
