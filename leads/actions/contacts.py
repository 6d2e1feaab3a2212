"""To create and to change people, with their addresses and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from datetime import datetime
from itertools import takewhile

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone

from activities.actions import record
from activities.models import Activity, Door
from leads.actions.finding import NAMED, find_contact, find_or_create_company, named_contact
from leads.actions.records import changed, lock, save_changes
from leads.models import Company, Contact, ContactEmail, ContactPhone
from leads.names import full_name, normalise_email, normalise_phone, split_name
from workspaces.access import check_may
from workspaces.action import Refused, action
from workspaces.custom.records import set_custom
from workspaces.custom.values import Entity
from workspaces.dates import check_dates
from workspaces.models import Membership, Role, Workspace

LONGEST_NAME = Contact._meta.get_field("name").max_length
LONGEST_EMAIL = ContactEmail._meta.get_field("email").max_length or 254


@action
def create_contact(
    workspace: Workspace,
    *,
    by: Membership | None,
    first_name: str = "",
    last_name: str = "",
    emails: list[str] | None = None,
    phones: list[str] | None = None,
    company_name: str = "",
    door: Door = Door.WEB,
    at: datetime | None = None,
    custom: Mapping[str, object] | None = None,
    **fields: object,
) -> Contact:
    """A person, once: an address that somebody has already is refused with that person's name. A company that is named
    is found or created. `custom`: values of custom fields by key; None where nobody was asked for them."""
    check_may(by, Role.REP, "create contacts")
    contact = Contact(
        workspace=workspace,
        first_name=first_name.strip(),
        last_name=last_name.strip(),
        created_at=at or timezone.now(),
        **fields,
    )
    emails = read_emails(emails or [])
    check_dates(consent_at=contact.consent_at)
    name_contact(contact, emails)
    if company_name:
        contact.company = find_or_create_company(workspace, company_name, by=by, door=door)
    set_custom(contact, Entity.CONTACT, custom, is_new=True)
    contact.save()
    set_emails(contact, emails)
    set_phones(contact, phones or [])
    record(contact, Activity.Kind.SYSTEM, by=by, door=door, at=at, body="Contact created")
    return contact


def name_contact(contact: Contact, emails: list[str]) -> None:
    name = full_name(contact.first_name, contact.last_name) or (emails[0] if emails else "")
    contact.name = name[:LONGEST_NAME]
    if not contact.name:
        raise Refused(
            "A contact needs a name or an email address.", fields={"first_name": "A name or an email address, please."}
        )


@action
def update_contact(
    contact: Contact,
    *,
    by: Membership | None,
    version: int,
    emails: list[str] | None = None,
    phones: list[str] | None = None,
    company_name: str | None = None,
    door: Door = Door.WEB,
    custom: Mapping[str, object] | None = None,
    **changes: object,
) -> Contact:
    """`emails` and `phones`: all that there are from now on. `company_name`: found or created, "" for none."""
    contact = lock(contact, version, by)
    before, lists = copy(contact), {}
    if company_name is not None and company_name.strip() != str(contact.company or ""):
        changes["company"] = find_or_create_company(contact.workspace, company_name, by=by, door=door)
    for field, value in changes.items():
        setattr(contact, field, value)
    check_dates(consent_at=contact.consent_at)
    if emails is not None:
        lists["emails"] = set_emails(contact, read_emails(emails))
    if phones is not None:
        lists["phones"] = set_phones(contact, phones)
    first = contact.emails.filter(is_primary=True).first()
    name_contact(contact, [first.email if first else contact.name])
    facts = changed(before, contact, [*changes, "name"])
    facts |= {name: [", ".join(old), ", ".join(new)] for name, (old, new) in lists.items() if old != new}
    facts |= set_custom(contact, Entity.CONTACT, custom)
    return save_changes(contact, facts, by=by, door=door)


@action
def named_or_new_contact(
    workspace: Workspace, text: str, *, by: Membership | None, company: Company | None = None, door: Door = Door.WEB
) -> Contact:
    """As `named_contact`, but "Ada Lovelace <ada@acme.com>" whose address nobody has becomes one, of `company`."""
    found = NAMED.fullmatch(text.strip())
    if not found or not found[1].strip() or find_contact(workspace, normalise_email(found[2])):
        return named_contact(workspace, text)
    first, last = split_name(found[1].strip(" \"'"))
    return create_contact(
        workspace, by=by, first_name=first, last_name=last, emails=[found[2]], company=company, door=door
    )


def read_emails(emails: list[str]) -> list[str]:
    """Normalised, each once."""
    found = [normalise_email(email) for email in emails if email.strip()]
    for email in found:
        try:
            validate_email(email)
        except ValidationError:
            raise not_an_email(email) from None
        if len(email) > LONGEST_EMAIL:
            raise not_an_email(email)
    return list(dict.fromkeys(found))


def not_an_email(text: str) -> Refused:
    return Refused(
        f"{text[:60]} is not an email address.", fields={"emails": f"“{text[:60]}” is not an email address."}
    )


def set_emails(contact: Contact, emails: list[str]) -> tuple[list[str], list[str]]:
    """Exactly these, the first one primary. Returns those of before, and these."""
    other = (
        ContactEmail.objects.filter(workspace_id=contact.workspace_id, email__in=emails)
        .exclude(contact=contact)
        .select_related("contact")
        .first()
    )
    if other:
        raise email_taken(other.email, other.contact.name, other.contact)
    rows = list(contact.emails.order_by("-is_primary", "pk"))
    old = [row.email for row in rows]
    same = same_start(old, emails)
    contact.emails.filter(pk__in=[row.pk for row in rows[same:]]).delete()
    ContactEmail.objects.bulk_create(
        ContactEmail(workspace_id=contact.workspace_id, contact=contact, email=email, is_primary=i == 0)
        for i, email in enumerate(emails)
        if i >= same
    )
    return old, emails


def same_start(old: list[str], new: list[str]) -> int:
    """How many stay as they are: only what comes behind is written anew."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))


def email_taken(email: str, name: str, other: Contact | None = None) -> Refused:
    return Refused(
        f"{name} has the address {email} already.", fields={"emails": f"{email} belongs to {name}."}, other=other
    )


def set_phones(contact: Contact, phones: list[str]) -> tuple[list[str], list[str]]:
    """Exactly these. Returns those of before, and these."""
    numbers = read_phones(phones)
    rows = list(contact.phones.order_by("pk"))
    old = [row.phone for row in rows]
    same = same_start(old, numbers)
    contact.phones.filter(pk__in=[row.pk for row in rows[same:]]).delete()
    ContactPhone.objects.bulk_create(
        ContactPhone(workspace_id=contact.workspace_id, contact=contact, phone=number) for number in numbers[same:]
    )
    return old, numbers


def read_phones(phones: list[str]) -> list[str]:
    """In E.164, each once."""
    numbers = []
    for phone in phones:
        if not phone.strip():
            continue
        number = normalise_phone(phone)
        if not number:
            raise Refused(
                f"{phone} is not a phone number; write it with its country code: +49 30 123456.",
                fields={"phones": "With country code, such as +49 30 123456."},
            )
        numbers.append(number)
    return list(dict.fromkeys(numbers))
