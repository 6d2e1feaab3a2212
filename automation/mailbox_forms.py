"""Shapes of what is asked about a mailbox. Passwords and keys are written, never shown again: empty keeps what is there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone

from automation.models import ImapLogin, Mailbox, Provider, Security, SignIn
from workspaces.models import Role

SILENCE = [("0", "Never"), ("4", "4 hours"), ("24", "a day"), ("72", "3 days"), ("168", "a week")]
BACK = [
    ("0", "Only what comes from now on"),
    ("7", "The last 7 days"),
    ("30", "The last 30 days"),
    ("365", "The last year"),
]
HOSTS = {
    "gmail.com": "imap.gmail.com", "googlemail.com": "imap.gmail.com", "outlook.com": "outlook.office365.com",
    "hotmail.com": "outlook.office365.com", "icloud.com": "imap.mail.me.com", "me.com": "imap.mail.me.com",
    "yahoo.com": "imap.mail.yahoo.com", "gmx.de": "imap.gmx.net", "gmx.net": "imap.gmx.net", "web.de": "imap.web.de",
}  # fmt: skip
# What each service signs with, and where it is found there.
KEYS = {
    Provider.MAILGUN: ("HTTP webhook signing key", "In Mailgun: Settings > API security."),
    Provider.SENDGRID: ("Public key", "In SendGrid, of the security policy of Inbound Parse; without it the secret address alone protects."),
}  # fmt: skip


class SecretInput(forms.PasswordInput):
    """Never filled in again, and not offered to be remembered as somebody's own login."""

    def __init__(self) -> None:
        super().__init__(attrs={"autocomplete": "new-password"})


class ChosenField(forms.ChoiceField):
    """One of several is always chosen: the first, where nobody says."""

    def clean(self, value: Any) -> Any:
        return super().clean(value or self.initial or self.choices[0][0])


class MailboxForm(forms.Form):
    address = forms.EmailField(max_length=254, label="Address", widget=forms.EmailInput(attrs={"autofocus": True}))
    name = forms.CharField(max_length=120, required=False, help_text="Its address, if you leave this empty.")
    whose = ChosenField(choices=[("workspace", "The workspace's"), ("mine", "Mine")], label="Whose mail it is", help_text="Mail from somebody unknown in a member's own mailbox is seen by them and by admins.")  # fmt: skip
    silent_hours = ChosenField(choices=SILENCE, label="Raise an alarm when nothing came for")

    def __init__(self, *args: Any, member, edited: Mailbox | None = None, **kwargs: Any):
        self.member, self.edited = member, edited
        initial = {}
        if edited:
            initial = {"address": edited.address, "name": edited.name, "silent_hours": str(edited.silent_hours or 0)}
        super().__init__(*args, initial=self.more_initial() | initial, **kwargs)
        if edited or not member.may(Role.ADMIN):
            del self.fields["whose"]
        if edited:
            self.fields["version"] = forms.IntegerField(widget=forms.HiddenInput, initial=edited.version)
        if edited and edited.silent_hours and str(edited.silent_hours) not in dict(SILENCE):
            self.fields["silent_hours"].choices = [*SILENCE, (str(edited.silent_hours), f"{edited.silent_hours} hours")]

    def more_initial(self) -> dict[str, object]:
        return {}

    def facts(self) -> dict[str, Any]:
        data = self.cleaned_data
        found = {name: data[name] for name in ("address", "name")}
        found["silent_hours"] = int(data["silent_hours"]) or None
        if self.edited:
            return found | {"version": data["version"]}
        is_own = "whose" not in self.fields or data["whose"] == "mine"
        return found | {"owner_id": self.member.user_id if is_own else None}


class FetchedForm(MailboxForm):
    """Of Google or Microsoft, which are told by the address alone."""

    sign_in = SignIn.PASSWORD
    folder = forms.CharField(max_length=120, initial="INBOX", help_text="Another one, if rules sort replies there.")
    back = forms.ChoiceField(choices=BACK, initial="7", label="The first time, fetch")

    def __init__(self, *args: Any, login: ImapLogin | None = None, sign_in: str = "", **kwargs: Any):
        self.login = login
        self.sign_in = SignIn(login.sign_in if login else sign_in or SignIn.PASSWORD)
        super().__init__(*args, **kwargs)
        if login:
            del self.fields["back"]

    def more_initial(self) -> dict[str, object]:
        names = ("folder", "username", "host", "port", "security")
        return {name: getattr(self.login, name) for name in names} if self.login else {}

    def facts(self) -> dict[str, Any]:
        return super().facts() | {"login": self.login_facts()}

    def login_facts(self) -> dict[str, Any]:
        data = self.cleaned_data
        facts = {"sign_in": self.sign_in, "folder": data["folder"], "username": data["address"]}
        if not self.login:
            facts["first_day"] = timezone.now().date() - timedelta(days=int(data["back"]))
        return facts


class PasswordForm(FetchedForm):
    username = forms.CharField(max_length=254, required=False, label="User name", help_text="The address, if you leave this empty.")  # fmt: skip
    password = forms.CharField(max_length=4000, required=False, strip=False, widget=SecretInput)
    host = forms.CharField(max_length=253, required=False, label="IMAP server", help_text="Guessed from the address, if you leave this empty.")  # fmt: skip
    port = forms.IntegerField(min_value=1, max_value=65535, initial=993)
    security = forms.ChoiceField(choices=Security.choices, initial=Security.TLS)
    field_order = ["address", "password", "host", "port", "security", "username", "folder", "back", "silent_hours", "name", "whose"]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if not settings.OUTBOUND_NETWORKS:
            self.fields["security"].choices = [choice for choice in Security.choices if choice[0] != Security.NONE]
        if self.login:
            self.fields["password"].help_text = "Empty: as it is. It is asked for again when the server or the user name changes."  # fmt: skip
        else:
            self.fields["password"].required = True

    def login_facts(self) -> dict[str, Any]:
        data = self.cleaned_data
        domain = data["address"].rpartition("@")[2].lower()
        return super().login_facts() | {
            "username": data["username"] or data["address"],
            "host": data["host"] or HOSTS.get(domain, f"imap.{domain}"),
            "port": data["port"],
            "security": data["security"],
            "password": data["password"],
        }


class InletForm(MailboxForm):
    """Of a service that sends mail to us."""

    key = forms.CharField(max_length=4000, required=False, widget=SecretInput)

    def __init__(self, *args: Any, provider: str, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.provider = Provider(provider)
        if self.provider not in KEYS:
            del self.fields["key"]
        else:
            field = self.fields["key"]
            field.label, field.help_text = KEYS[self.provider]
            field.required = self.provider == Provider.MAILGUN and not self.edited
            if self.edited:
                field.help_text = "Empty: as it is."
        if self.provider == Provider.API:
            self.fields["address"].required = self.fields["address"].widget.is_required = False
            self.fields["name"].required = not self.edited
            self.fields["name"].help_text = ""

    def facts(self) -> dict[str, Any]:
        found = super().facts() | {"key": self.cleaned_data.get("key", "")}
        return found if self.edited else found | {"provider": self.provider}
