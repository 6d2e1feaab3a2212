"""A file that came with a mail is kept with what the mail is about."""

from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Model

from activities.actions import about, attach
from activities.models import Attachment
from automation.mail.parts import Attachment as Part
from automation.models import Message
from deals.models import Deal
from workspaces.access import check_may
from workspaces.action import Refused, action
from workspaces.models import Membership, Role


def is_seen(deal: Deal | None, owners: Collection[int] | None) -> bool:
    return deal is not None and deal.deleted_at is None and (owners is None or deal.owner_id in owners)


def record_of(message: Message, owners: Collection[int] | None) -> Model | None:
    """What it is about, as far as one who sees these owners' deals is concerned."""
    deal = message.deal if is_seen(message.deal, owners) else None
    return deal or message.lead or message.contact or message.company


@action
def keep_file(part: Part, subject: Model | None, *, by: Membership) -> Attachment:
    """Once, however often: what is there already, byte for byte, is it."""
    check_may(by, Role.REP, "add files")
    if subject is None:
        raise Refused("Nobody knows whose mail this is: link it to a person first.")
    same = Attachment.objects.filter(sha256=sha256(part.content).hexdigest(), deleted_at=None, **about(subject))
    return same.first() or attach(subject, SimpleUploadedFile(part.name or "file", part.content), by=by)
