"""Where allauth asks us."""

import base64
import hashlib

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.forms import ValidationError

from workspaces.actions import end_streams
from workspaces.standins import NO_MAIL, receives_no_mail


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request) -> bool:
        """Whoever follows an invitation may make an account for its address; others where ALLOW_SIGNUP says so."""
        return settings.ALLOW_SIGNUP or "invitation" in request.session

    def check_may_sign_up(self, email: str) -> None:
        """The sign-up form asks: the session knows whose invitation opened it."""
        invited = self.request.session.get("invitation")
        if not settings.ALLOW_SIGNUP and email.lower() != invited:
            raise ValidationError(f"Your invitation is for {invited}: make the account with that address.")

    def is_email_verified(self, request, email) -> bool:
        """The mail with the link of an invitation went to this very address. One account is made by it."""
        if email.lower() != request.session.get("invitation_email"):
            return False
        del request.session["invitation_email"]
        return True

    def clean_email(self, email: str) -> str:
        if receives_no_mail(email):
            raise ValidationError(NO_MAIL)
        return super().clean_email(email)

    def logout(self, request) -> None:
        user_id = request.user.pk
        super().logout(request)
        end_streams(None, user_id)

    def set_password(self, user, password) -> None:
        """A new password ends the sessions elsewhere."""
        super().set_password(user, password)
        end_streams(None, user.pk)

    def save_user(self, request, user, form, commit=True):
        user.name = form.cleaned_data.get("name", "")
        request.session.pop("invitation", None)
        return super().save_user(request, user, form, commit)


class MfaAdapter(DefaultMFAAdapter):
    """Secrets of second factors are kept encrypted with SECRET_KEY: a copy of the database alone opens no account."""

    def encrypt(self, text: str) -> str:
        return _keys().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _keys().decrypt(encrypted_text.encode()).decode()


def _keys() -> MultiFernet:
    """Of SECRET_KEY and, to read what was written before it was changed, of SECRET_KEY_FALLBACKS."""
    texts = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    digests = (hashlib.sha256(b"second factors " + text.encode()).digest() for text in texts)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
