"""Settings of mail: how it goes out, how mailboxes are logged in to, and which servers may be connected to."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured
from environ import Env

SHORTEST = 32  # letters of a key
# What goes out by the one outbox (activities/actions/mailing.py), and who writes it: {model: function}.
LETTERS = {
    "activities.NotificationMail": "activities.letters.write",
    "activities.Attendee": "activities.actions.meetings.write_invitation",
    "automation.Sending": "automation.actions.sending.write_mail",
}


def outgoing(env: Env) -> dict[str, object]:
    """Django's settings of how mail goes out."""
    folder = env.str("MAIL_FOLDER", default="")
    found = env.email_url("EMAIL_URL", default="filemail://" + folder if folder else "smtp://localhost:25")
    if folder and not env.str("EMAIL_URL", default=""):
        found["EMAIL_FILE_PATH"] = folder
    return found | {
        "EMAIL_TIMEOUT": 20,  # seconds; a server that does not answer must not hold a worker
        "DEFAULT_FROM_EMAIL": env.str("DEFAULT_FROM_EMAIL", default="Dealwright <crm@localhost>"),
    }


def clients(env: Env) -> dict[str, tuple[str, str]]:
    """What Google and Microsoft know this installation by, where members let it read their mail: (id, secret)."""
    return {
        name: (env.str(f"{name.upper()}_CLIENT_ID", default=""), env.str(f"{name.upper()}_CLIENT_SECRET", default=""))
        for name in ("google", "microsoft")
    }


def keys(env: Env, *, production: bool, secret_key: str) -> list[str]:
    """What stored passwords are sealed with (workspaces/sealing.py), the newest first. In production none is made up:
    without any, none are stored."""
    found = [key.strip() for key in env.list("SECRETS_KEYS", default=[]) if key.strip()]
    if any(len(key) < SHORTEST for key in found):
        raise ImproperlyConfigured(
            f"SECRETS_KEYS: each key has at least {SHORTEST} letters. "
            'Make one: python -c "import secrets; print(secrets.token_urlsafe(32))"'
        )
    return found or ([] if production else [f"development {secret_key}"])
