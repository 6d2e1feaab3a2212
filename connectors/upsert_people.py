"""Companies, contacts and leads of a file -> records (leads/bulk.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from activities.models import Door
from connectors.models import ExternalId
from connectors.reading import Row
from connectors.references import Companies as CompanyReferences
from connectors.references import fast_key
from connectors.sync import Upsert, changed
from deals.transitions import NOT_RECORDED
from leads.actions import CONVERTED, update_company, update_contact, update_lead
from leads.bulk import (
    companies_by_domain,
    companies_by_key,
    contacts_by_email,
    create_companies,
    create_contacts,
    create_leads,
)
from leads.models import Company, Contact, Lead
from leads.names import split_name
from workspaces.action import Refused

LONGEST_NAME = 100


class People(Upsert):
    """What these three kinds share: each row becomes the keyword arguments of a verb."""

    plain: tuple[str, ...] = ()

    def arguments(self, row: Row) -> dict[str, Any]:
        """Of the verb that creates it; the row fails where it names what is not there."""
        facts = {name: row.values[name] for name in self.plain if name in row.values}
        try:
            owner = self.owner_of(row)
        except ValueError as error:
            row.fail(self.header("owner"), str(row.values["owner"]), str(error))
            return facts
        facts |= {"owner_id": owner} if owner else {}
        facts["custom"] = self.custom_of(row)
        return facts | ({"at": row.values["created_at"]} if "created_at" in row.values else {})

    def names(self, row: Row) -> dict[str, str]:
        """First and last name, from their own columns or out of one."""
        found: dict[str, str] = {name: row.values[name] for name in ("first_name", "last_name") if name in row.values}
        if found or "name" not in row.values:
            return found
        whole = str(row.values["name"])
        first, last = split_name(whole)
        if max(len(first), len(last)) > LONGEST_NAME:
            row.fail(self.header("name"), whole, f"a first or last name longer than {LONGEST_NAME} characters")
        return ({"first_name": first} if first else {}) | ({"last_name": last} if last else {})

    def make(self, rows: Sequence[Row], create: Callable[..., Sequence[Any]]) -> Sequence[int | None]:
        asked = [(row, self.arguments(row)) for row in rows]
        good = [facts for row, facts in asked if not row.outcome]
        self.made = create(self.workspace, good, by=self.by, door=Door.IMPORT)
        made = iter(self.made)
        return [None if row.outcome else self.settle(row, next(made)) for row, _ in asked]

    def update(self, found: Mapping[str, int], rows: Sequence[Row]) -> None:
        """One by one, by the verb for one, and only those that differ."""
        records, seen = self.manager.in_bulk({found[row.key] for row in rows}), set()
        for row in rows:
            pk = found[row.key]
            # The second row about a record must see what the first one did to it.
            record = self.manager.get(pk=pk) if pk in seen else records[pk]
            seen.add(pk)
            facts = self.arguments(row)
            facts.pop("at", None)
            if row.outcome:
                continue
            try:
                row.outcome = "updated" if self.update_one(record, facts) else "skipped"
            except Refused as refusal:
                self.refuse(row, refusal)

    def update_one(self, record: Any, facts: dict[str, Any]) -> bool:
        """Was anything different?"""
        raise NotImplementedError


class Companies(People):
    kind = ExternalId.Kind.COMPANY
    manager = Company.objects
    plain = ("name", "domain", "industry", "size", "country", "annual_revenue")

    def begin(self) -> None:
        super().begin()
        # Companies with a parent, by line. Few, so they are kept until all rows are through.
        self.orphans: dict[int, tuple[Row, int]] = {}

    def match(self, rows: Sequence[Row]) -> dict[str, int]:
        """By domain, else by name; companies of one name and different domains are different ones."""
        domains = companies_by_domain(self.workspace, (str(row.values.get("domain", "")) for row in rows))
        names = companies_by_key(self.workspace, (self.name_of(row) for row in rows))
        found = {}
        for row in rows:
            domain = str(row.values.get("domain", ""))
            same = domains.get(domain) or names.get(self.name_of(row))
            if same and not (domain and same.domain and same.domain != domain):
                found[row.key] = same.pk
        return found

    def claims(self, row: Row) -> set[str]:
        """Of several new companies of one name the first is made first; then `match` tells whether the others are it."""
        named = {f"name {self.name_of(row)}"} if "name" in row.values else set()
        return {row.key, f"domain {row.values['domain']}", *named} if "domain" in row.values else {row.key, *named}

    def name_of(self, row: Row) -> str:
        return fast_key(str(row.values.get("name", "")))

    def arguments(self, row: Row) -> dict[str, Any]:
        if "name" not in row.values:
            row.fail(self.header("name"), "", "a company needs a name")
        phones = row.values.get("phone")
        return super().arguments(row) | ({"phone": phones[0]} if phones else {})

    def create(self, rows: Sequence[Row]) -> Sequence[int | None]:
        made = self.make(rows, create_companies)
        self.orphans |= {
            row.line: (row, pk) for row, pk in zip(rows, made, strict=True) if pk and "parent" in row.values
        }
        return made

    def finish(self) -> list[Row]:
        """Parents may stand below their subsidiaries in the file, so they are looked for when all rows are through."""
        orphans = self.orphans.values()
        parents = companies_by_key(self.workspace, (fast_key(str(row.values["parent"])) for row, _ in orphans))
        children = Company.objects.in_bulk([pk for _, pk in orphans])
        reported, linked = [], []
        for row, pk in orphans:
            parent = parents.get(fast_key(str(row.values["parent"])))
            if parent is None or parent.pk == pk:
                row.problems.clear()
                row.warn(self.header("parent"), str(row.values["parent"]), "no company is called so; left out")
                reported.append(row)
            elif pk in children:
                children[pk].parent = parent
                linked.append(children[pk])
        Company.objects.bulk_update(linked, ["parent"], batch_size=500)
        return reported

    def update_one(self, record: Any, facts: dict[str, Any]) -> bool:
        custom = facts.pop("custom")
        facts = changed(record, facts.items())
        if not facts and not custom:
            return False
        before = record.version
        after = update_company(record, by=self.by, version=before, door=Door.IMPORT, custom=custom, **facts)
        return after.version != before


class Contacts(People):
    kind = ExternalId.Kind.CONTACT
    manager = Contact.objects
    plain = ("emails", "phones", "title", "do_not_email", "do_not_call")

    def load(self, rows: Sequence[Row]) -> None:
        super().load(rows)
        self.companies = CompanyReferences(self.workspace, self.source, [row.values for row in rows])
        if "companies" in self.options.create:
            self.companies.create(by=self.by)

    def match(self, rows: Sequence[Row]) -> dict[str, int]:
        owners = contacts_by_email(self.workspace, (email for row in rows for email in row.values.get("emails", ())))
        found = ((row, next((owners[e] for e in row.values.get("emails", ()) if e in owners), None)) for row in rows)
        return {row.key: contact.pk for row, contact in found if contact}

    def claims(self, row: Row) -> set[str]:
        return {row.key, *row.values.get("emails", ())}

    def create(self, rows: Sequence[Row]) -> Sequence[int | None]:
        return self.make(rows, create_contacts)

    def arguments(self, row: Row) -> dict[str, Any]:
        facts = super().arguments(row) | self.names(row)
        try:
            company = self.companies.find(row.values)
        except ValueError as error:
            row.fail(self.header("company"), str(row.values["company"]), str(error))
            return facts
        if company is None and "company_id" in row.values:
            row.warn(
                self.header("company_id"),
                str(row.values["company_id"]),
                "no company with this id was imported; left out",
            )
        return facts | ({"company_id": company} if company else {})

    def update_one(self, record: Any, facts: dict[str, Any]) -> bool:
        """Addresses and numbers are added, none is taken away."""
        lists = {}
        for name, column in (("emails", "email"), ("phones", "phone")):
            mine = list(getattr(record, name).order_by("pk").values_list(column, flat=True))
            if new := [value for value in facts.pop(name, ()) if value not in mine]:
                lists[name] = mine + new
        custom = facts.pop("custom")
        facts = changed(record, facts.items())
        if not facts and not lists and not custom:
            return False
        before = record.version
        after = update_contact(record, by=self.by, version=before, door=Door.IMPORT, custom=custom, **lists, **facts)
        return after.version != before


class Leads(People):
    """Contacts and companies of leads are found or made whatever --create says: a lead is always about somebody."""

    kind = ExternalId.Kind.LEAD
    manager = Lead.objects
    plain = ("emails", "phones", "title", "source", "status", "unqualified_reason", "estimated_amount")

    def match(self, rows: Sequence[Row]) -> dict[str, int]:
        wanted = {email for row in rows for email in row.values.get("emails", ())}
        leads = Lead.objects.filter(workspace=self.workspace, contact__emails__email__in=wanted).order_by("-pk")
        owners = dict(leads.values_list("contact__emails__email", "pk"))
        found = ((row, next((owners[e] for e in row.values.get("emails", ()) if e in owners), None)) for row in rows)
        return {row.key: pk for row, pk in found if pk}

    def claims(self, row: Row) -> set[str]:
        return {row.key, *row.values.get("emails", ())}

    def create(self, rows: Sequence[Row]) -> Sequence[int | None]:
        return self.make(rows, create_leads)

    def arguments(self, row: Row) -> dict[str, Any]:
        facts = super().arguments(row) | self.names(row)
        if "company" in row.values:
            facts["company_name"] = row.values["company"]
        if facts.get("status") == Lead.Status.UNQUALIFIED:
            facts.setdefault("unqualified_reason", NOT_RECORDED)
        return facts

    def update_one(self, record: Any, facts: dict[str, Any]) -> bool:
        """Of the lead alone: its person and company are contacts' and companies' business."""
        custom = facts.pop("custom")
        mine = ("source", "status", "unqualified_reason", "estimated_amount", "owner_id")
        facts = {name: value for name, value in facts.items() if name in mine}
        if record.status == CONVERTED:
            facts.pop("status", None)
        facts = changed(record, facts.items())
        if not facts and not custom:
            return False
        before = record.version
        after = update_lead(record, by=self.by, version=before, door=Door.IMPORT, custom=custom, **facts)
        return after.version != before
