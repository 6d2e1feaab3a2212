"""Where allauth asks us."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request) -> bool:
        """Whoever follows an invitation may always make an account; others where ALLOW_SIGNUP says so."""
        return settings.ALLOW_SIGNUP or "invitation" in request.session

    def is_email_verified(self, request, email) -> bool:
        """The link of an invitation went to this very address."""
        return email.lower() == request.session.get("invitation_email")

    def save_user(self, request, user, form, commit=True):
        user.name = form.cleaned_data.get("name", "")
        return super().save_user(request, user, form, commit)
