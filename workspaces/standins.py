"""Members by name only: people whom an import names as owners and who have no account here.

They own deals and appear in filters and reports, but nobody can log in as them: their address ends in .invalid (RFC
2606), which receives no mail, and they have no password. Somebody who joins later is invited and takes over their deals.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

from django.contrib.auth.hashers import make_password

from workspaces.access import check_may
from workspaces.action import action
from workspaces.models import Membership, Role, User, Workspace

NO_MAIL = "No mail can reach an address that ends in .invalid."


def receives_no_mail(email: str) -> bool:
    """Stand-ins alone have such addresses."""
    return email.lower().strip().rpartition("@")[2].rpartition(".")[2] == "invalid"


@action
def add_standins(workspace: Workspace, names: Sequence[str], *, by: Membership | None) -> None:
    """A rep for each name, whose address is always the same for the same name. Who is there already stays as they are."""
    check_may(by, Role.ADMIN, "add members")
    emails = {standin_email(workspace, name): name for name in names}
    users = [
        User(email=email, name=name[:150], password=make_password(None), is_standin=True)
        for email, name in emails.items()
    ]
    User.objects.bulk_create(users, ignore_conflicts=True)
    Membership.objects.bulk_create(
        [
            Membership(workspace=workspace, user=user, role=Role.REP)
            # Whoever else may have got such an address is not let in by an import.
            for user in User.objects.filter(email__in=emails, is_standin=True).order_by("pk")
        ],
        ignore_conflicts=True,
    )


def standin_email(workspace: Workspace, name: str) -> str:
    """Each workspace has stand-ins of its own: "Moses Frase" is moses.frase@SLUG.import.invalid.

    Names that differ only in what an address cannot say are told apart by a digest.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    local = re.sub(r"[^a-z0-9]+", ".", plain).strip(".")[:50]
    if not local or plain != name.lower() or re.search(r"[^a-z0-9 ]", plain):
        local = f"{local or 'member'}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return f"{local}@{workspace.slug}.import.invalid"
