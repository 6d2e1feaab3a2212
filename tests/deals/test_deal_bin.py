"""The bin, copies, people and the history of a deal."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from activities.actions import add_note
from activities.models import Activity, Note
from deals.actions import (
    add_contact,
    add_item,
    change_many,
    convert_lead,
    delete_deal,
    duplicate_deal,
    move_to_stage,
    purge_deal,
    remove_contact,
    restore_contact,
    restore_deal,
    undo_conversion,
    update_contact,
    update_deal,
)
from deals.models import Deal, DealContact
from leads.actions import capture, create_company, create_contact, update_lead
from tests.factories import make_deal, url
from tests.pages import SCRIPT, read
from workspaces.action import NotAllowed, Refused
from workspaces.custom.actions import create_field
from workspaces.models import Workspace


@pytest.fixture
def bob(acme, login) -> Client:
    return login(acme.bob)


@pytest.fixture
def deal(acme) -> Deal:
    return make_deal(acme.bob, acme.stages["Qualified"], "Harbour", 1000)


def people(acme, deal: Deal) -> list[DealContact]:
    made = (create_contact(acme.workspace, by=acme.bob, first_name=name) for name in ("Uma", "Ida"))
    return [add_contact(deal, contact, by=acme.bob) for contact in made]


# --- the bin ----------------------------------------------------------------------------------------


def test_the_bin_says_who_deleted_what_and_until_when_it_stays(acme, bob, login, deal):
    delete_deal(deal, by=acme.alice)
    Deal.all_objects.filter(pk=deal.pk).update(deleted_at=timezone.now() - timedelta(days=9, hours=1))
    page = read(bob.get(url(acme.workspace, "deal_bin")))
    row = page.one("tbody").one("tr")
    assert "Harbour" in row.text and "by Alice" in row.text and "in 20 days" in row.text
    assert not row.all("a")  # a rep does not delete for good
    form = row.one("form")
    assert bob.post(form["action"]).status_code == 302
    assert read(bob.get(url(acme.workspace, "deal_bin"))).one("main").one("h2").text == "The bin is empty"
    assert Deal.objects.get(pk=deal.pk).deleted_by is None
    viewer = read(login(acme.vera).get(url(acme.workspace, "deal_bin")))
    assert not viewer.one("main").all("form")


def test_the_list_leads_to_the_bin(acme, bob, deal):
    assert read(bob.get(url(acme.workspace, "deal_list"))).all("a", href=url(acme.workspace, "deal_bin"))


def test_what_one_may_not_see_is_in_no_bin(acme, bob, deal):
    delete_deal(make_deal(acme.alice, acme.stages["New"], "Secret"), by=acme.alice)
    Workspace.objects.update(visibility=Workspace.Visibility.OWN)
    assert "Secret" not in bob.get(url(acme.workspace, "deal_bin")).content.decode()


def test_managers_delete_for_good_what_is_in_the_bin(acme, login, deal):
    add_note(deal, "Said", by=acme.bob)
    add_item(deal, name="Probe", unit_price=Decimal(5), by=acme.bob)
    people(acme, deal)
    with pytest.raises(Refused, match="Only what is in the bin"):
        purge_deal(deal, by=acme.alice)
    delete_deal(deal, by=acme.bob)
    with pytest.raises(NotAllowed):
        purge_deal(deal, by=acme.bob)
    path = url(acme.workspace, "deal_purge", deal.pk)
    alice = login(acme.alice)
    assert "cannot be undone" in read(alice.get(path, headers=SCRIPT)).text
    assert alice.post(path, headers=SCRIPT)["HX-Redirect"] == url(acme.workspace, "deal_bin")
    assert not Deal.all_objects.filter(pk=deal.pk).exists() and not Note.objects.exists()
    assert alice.get(path).status_code == 404
    with pytest.raises(Refused, match="for good meanwhile"):
        restore_deal(deal, by=acme.bob)


# --- copies -----------------------------------------------------------------------------------------


def test_a_copy_has_facts_people_and_lines_and_none_of_the_past(acme, bob, deal):
    blue = create_company(acme.workspace, name="Blue", by=acme.bob)
    lead = capture(acme.workspace, email="uma@blue.example", by=acme.bob, owner_id=acme.bob.user_id)
    update_deal(deal, by=acme.bob, version=1, company_id=blue.pk, lead_id=lead.pk, probability=77, source="event", next_step="Call")  # fmt: skip
    links = people(acme, deal)
    update_contact(links[0], role="champion", is_primary=True, by=acme.bob)
    add_item(deal, name="Probe", unit_price=Decimal(5), quantity=Decimal(3), by=acme.bob)
    response = bob.post(url(acme.workspace, "deal_duplicate", deal.pk))
    copy = Deal.objects.exclude(pk=deal.pk).get()
    assert response["Location"] == url(acme.workspace, "deal_detail", copy.pk)
    assert (copy.name, copy.stage_id, copy.company_id, copy.probability, copy.source) == ("Harbour – copy", deal.stage_id, blue.pk, 77, "event")  # fmt: skip
    assert (copy.amount, copy.amount_source, copy.lead_id, copy.next_step) == (15, "items", None, "")
    assert [(link.contact.name, link.role, link.is_primary) for link in copy.contacts.order_by("pk")] == [("Uma", "champion", True), ("Ida", "", False)]  # fmt: skip
    assert [item.name for item in copy.items.all()] == ["Probe"] and deal.items.count() == 1
    assert Activity.objects.filter(deal=copy).count() == 1 and copy.rank != deal.rank


def test_a_copy_is_taken_back_and_a_restored_deal_says_so(acme, bob, deal):
    shown = read(bob.get(bob.post(url(acme.workspace, "deal_duplicate", deal.pk))["Location"]))
    response = bob.post(shown.one("form", data_undo=None)["action"])
    assert response["Location"] == url(acme.workspace, "deal_detail", deal.pk)
    copy = Deal.all_objects.get(deleted_at__isnull=False)
    assert copy.name == "Harbour – copy" and Deal.objects.get() == deal
    undo = read(bob.get(response["Location"])).one("form", data_undo=None)
    assert "Harbour – copy is back" in read(bob.get(bob.post(undo["action"])["Location"])).text


def test_a_copy_of_a_closed_deal_starts_in_the_first_stage(acme, deal):
    old = make_deal(acme.bob, acme.stages["Qualified"], "x" * 200, expected_close_date=date(2020, 1, 1))
    move_to_stage(old, acme.stages["Won"], by=acme.bob)
    copy = duplicate_deal(old, by=acme.bob)
    assert (copy.stage.name, copy.status, copy.closed_at, copy.expected_close_date) == ("New", "open", None, None)
    assert len(copy.name) == 200 and copy.name.endswith("x – copy") and copy.probability == 10
    with pytest.raises(NotAllowed):
        duplicate_deal(deal, by=acme.vera)


# --- people -----------------------------------------------------------------------------------------


def test_parts_change_and_one_is_primary(acme, bob, deal):
    uma, ida = people(acme, deal)
    path = url(acme.workspace, "deal_contact_edit", deal.pk, ida.pk)
    assert bob.post(path, {"role": "blocker", "is_primary": "on"}, headers=SCRIPT).status_code == 200
    uma.refresh_from_db()
    ida.refresh_from_db()
    assert (uma.is_primary, ida.is_primary, ida.role) == (False, True, "blocker")
    refused = bob.post(path, {"role": "blocker"}, headers=SCRIPT)
    assert refused.status_code == 422 and "somebody else the primary contact" in read(refused).text
    told = read(bob.get(url(acme.workspace, "deal_detail", deal.pk))).one(id="activity").text
    assert "changed role of Ida Blocker , primary contact Uma → Ida" in told
    deal.refresh_from_db()
    assert deal.version == 1


def test_who_was_taken_out_comes_back_in_the_part_they_played(acme, bob, deal):
    uma, ida = people(acme, deal)
    update_contact(uma, role="champion", is_primary=True, by=acme.bob)
    gone = bob.post(url(acme.workspace, "deal_contact_remove", deal.pk, uma.pk), headers=SCRIPT)
    ida.refresh_from_db()
    assert ida.is_primary and deal.contacts.count() == 1
    undo = read(gone).one("form", data_undo=None)["action"]
    for _ in range(2):
        assert bob.post(undo, headers=SCRIPT).status_code == 200
    back, ida = DealContact.objects.get(contact=uma.contact_id), DealContact.objects.get(pk=ida.pk)
    assert (back.role, back.is_primary, ida.is_primary) == ("champion", True, False)
    other = make_deal(acme.bob, acme.stages["New"], "Other")
    remove_contact(back, by=acme.bob)
    with pytest.raises(Refused):
        restore_contact(other, uma.pk, by=acme.bob)


# --- history ----------------------------------------------------------------------------------------


def told(row) -> list[str]:
    """Who, which fact, from and to; a phone shows the last two in one cell, whose title is the last."""
    who, what, before, after = row.all("td")[1:]
    return [who.text, what.text, before["title"], after["title"]]


def test_the_history_names_each_change_of_each_fact(acme, bob, login, deal):
    spring = create_company(acme.workspace, name="Spring", by=acme.bob)
    alice = login(acme.alice)
    path = url(acme.workspace, "deal_edit", deal.pk, "amount")
    assert bob.post(path, {"value": "2000", "version": 1}, headers=SCRIPT).status_code == 200
    assert alice.post(path, {"value": "3000.50", "version": 2}, headers=SCRIPT).status_code == 200
    company = url(acme.workspace, "deal_edit", deal.pk, "company")
    assert alice.post(company, {"value": spring.name, "version": 3}, headers=SCRIPT).status_code == 200
    history = url(acme.workspace, "deal_history", deal.pk)
    lines = [told(row) for row in read(bob.get(history)).one("tbody").all("tr")]
    assert lines == [
        ["Alice", "Company", "—", "Spring"],
        ["Alice", "Amount", "€2,000", "€3,000.50"],
        ["Bob", "Amount", "€1,000", "€2,000"],
    ]
    one = read(bob.get(f"{history}?field=amount"))
    assert [told(row)[3] for row in one.one("tbody").all("tr")] == ["€3,000.50", "€2,000"]
    assert [row.text for row in read(bob.get(f"{history}?field=name")).one("tbody").all("tr")] == []
    assert len(read(bob.get(f"{history}?field=id")).one("tbody").all("tr")) == 3


def test_a_long_history_is_paged(acme, bob, deal):
    for number in range(65):
        update_deal(deal, by=acme.bob, version=number + 1, amount=Decimal(number))
        if number == 40:
            Deal.objects.filter(pk=deal.pk).update(name="Renamed")
    for query in ("", "?field=amount"):
        path, amounts = url(acme.workspace, "deal_history", deal.pk) + query, []
        for _ in range(3):
            page = read(bob.get(path))
            amounts += [told(row)[3] for row in page.one("tbody").all("tr") if told(row)[1] == "Amount"]
            older = [link["href"] for link in page.one("main").all("a", "btn") if link.text == "Older"]
            path = url(acme.workspace, "deal_history", deal.pk) + older[0] if older else path
        assert amounts == [f"€{number}" for number in reversed(range(65))]


def test_a_lead_that_is_hidden_has_no_name_in_the_history(acme, bob, deal):
    lead = capture(acme.workspace, first_name="Zora", last_name="Secret", email="z@x.example", by=acme.alice, owner_id=acme.alice.user_id)  # fmt: skip
    update_deal(deal, by=acme.alice, version=1, lead_id=lead.pk)
    Deal.objects.filter(pk=deal.pk).update(lead=None)
    history = url(acme.workspace, "deal_history", deal.pk)
    assert "Zora Secret" in bob.get(history).content.decode()
    Workspace.objects.update(visibility=Workspace.Visibility.OWN)
    shown = bob.get(history).content.decode()
    assert "Zora" not in shown and "a lead" in shown
    assert bob.get(url(acme.workspace, "deal_history", make_deal(acme.alice, acme.stages["New"]).pk)).status_code == 404


def test_the_page_of_a_deal_in_the_bin_says_who_put_it_there_and_leads_back(acme, login, bob, deal):
    vera = login(acme.vera)
    path = url(acme.workspace, "deal_detail", deal.pk)
    delete_deal(deal, by=acme.alice)
    response = bob.get(path)
    said = read(response).one("div", id="gone")
    assert response.status_code == 404 and f"{acme.alice} deleted this deal" in said.text
    assert not read(vera.get(path)).one("div", id="gone").all("form")
    Workspace.objects.update(visibility=Workspace.Visibility.OWN)
    assert read(vera.get(path)).all("div", id="gone") == []
    bob.post(said.one("form")["action"])
    assert bob.get(path).status_code == 200


def test_the_history_names_custom_fields_too(acme, bob, deal):
    workspace = Workspace.objects.get(pk=acme.workspace.pk)
    size = create_field(workspace, entity="deal", label="Team size", type="number", by=acme.alice)
    owner = create_field(workspace, entity="deal", label="Engineer", type="user", by=acme.alice)
    deal = Deal.objects.get(pk=deal.pk)
    update_deal(deal, by=acme.alice, version=1, amount=Decimal(5), custom={size.key: "1200"})
    update_deal(deal, by=acme.alice, version=2, custom={size.key: None, owner.key: acme.bob.user_id})
    history = url(acme.workspace, "deal_history", deal.pk)

    def lines(query: str = "") -> list[list[str]]:
        rows = read(bob.get(history + query)).one("tbody").all("tr")
        return [told(row)[1:] for row in rows]

    assert lines() == [
        ["Team size", "1,200", "—"],
        ["Engineer", "—", "Bob"],
        ["Amount", "€1,000", "€5"],
        ["Team size", "—", "1,200"],
    ]
    assert lines(f"?field=cf_{size.key}") == [["Team size", "1,200", "—"], ["Team size", "—", "1,200"]]
    assert lines(f"?field=cf_{owner.key}") == [["Engineer", "—", "Bob"]]


def test_the_bin_says_who_by_every_way_into_it(acme):
    lead = capture(acme.workspace, last_name="Ann", by=acme.bob)
    update_lead(lead, by=acme.bob, version=1, status="qualified")
    converted, _ = convert_lead(lead, by=acme.bob)
    single, many = (make_deal(acme.bob, acme.stages["New"]) for _ in range(2))
    delete_deal(single, by=acme.bob)
    change_many(acme.workspace, "delete", Deal.objects.filter(pk=many.pk), {}, by=acme.bob, summary="Deleted")
    undo_conversion(lead, by=acme.bob)
    for deal in (single, many, converted):
        binned = Deal.all_objects.get(pk=deal.pk)
        assert binned.deleted_at and binned.deleted_by_id == acme.bob.user_id
