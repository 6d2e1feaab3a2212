"""Deals in the admin: saved, moved and deleted by the same actions as on the pages."""

from __future__ import annotations

import pytest
from django.test import Client

from activities.actions import plan_task
from activities.models import Activity, Task
from deals.actions import add_contact, move_to_stage, update_deal
from deals.models import Deal, DealContact, Product, StageEvent
from leads.models import Company, Contact
from tests.factories import make_deal
from tests.workspaces.adminpages import bulk, errors, form_of, messages, path
from workspaces.models import Membership, User
from workspaces.tenancy import tenant


@pytest.fixture
def root(cast) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root@crm.example", "demo", name="Root"))
    return client


@pytest.fixture
def alice(acme, login) -> Client:
    return login(acme.alice)


def lines(deal: Deal) -> list[tuple]:
    """What the deal's timeline got by the admin's door."""
    found = Activity.objects.filter(deal=deal, door="admin").order_by("pk")
    return [(line.kind, line.actor_id, line.data) for line in found]


# --- one deal ----------------------------------------------------------------------------------------


def test_a_deal_is_saved_by_the_action(acme, alice):
    deal = make_deal(acme.bob, acme.stages["New"])
    url = path(acme.workspace, "deals_deal_change", deal.pk)
    response = alice.post(url, form_of(alice, url, Deal) | {"amount": "2500", "owner": acme.alice.user_id})
    assert response.status_code == 302
    deal.refresh_from_db()
    assert (deal.amount, deal.owner_id, deal.version, deal.stage.name) == (2500, acme.alice.user_id, 2, "New")
    changes = {"amount": ["1000.00", "2500"], "owner_id": ["Bob", "Alice"]}
    assert lines(deal) == [("field_change", acme.alice.user_id, {"changes": changes})]


def test_a_stale_page_saves_nothing_and_says_who_was_faster(acme, alice):
    deal = make_deal(acme.bob, acme.stages["New"])
    url = path(acme.workspace, "deals_deal_change", deal.pk)
    old = form_of(alice, url, Deal)
    update_deal(deal, by=acme.bob, version=1, amount=7)
    response = alice.post(url, old | {"name": "Overwritten"})
    assert response.status_code == 200
    assert "Bob changed this deal meanwhile" in str(errors(response))
    deal.refresh_from_db()
    assert (deal.name, deal.amount, deal.version) == ("Cold-chain monitoring", 7, 2)
    assert not lines(deal)


def test_a_refused_change_is_an_error_beside_its_field(acme, alice):
    deal = make_deal(acme.bob, acme.stages["New"])
    url = path(acme.workspace, "deals_deal_change", deal.pk)
    data = form_of(alice, url, Deal)
    Membership.objects.filter(pk=acme.vera.pk).update(status=Membership.Status.SUSPENDED)
    for fields, where in (
        ({"won_reason": "Price"}, "__all__"),
        ({"owner": acme.vera.user_id}, "owner"),
        ({"amount": "-5"}, "amount"),
        ({"seen": ""}, "__all__"),
        ({"seen": "77"}, "__all__"),
    ):
        response = alice.post(url, data | {"name": "Other"} | fields)
        assert response.status_code == 200 and where in errors(response), (fields, errors(response))
    deal.refresh_from_db()
    assert (deal.name, deal.version) == ("Cold-chain monitoring", 1)


def test_an_owner_who_left_does_not_stop_other_changes(acme, alice):
    deal = make_deal(acme.bob, acme.stages["New"])
    Membership.objects.filter(pk=acme.bob.pk).update(status=Membership.Status.LEFT)
    url = path(acme.workspace, "deals_deal_change", deal.pk)
    assert alice.post(url, form_of(alice, url, Deal) | {"next_step": "Call"}).status_code == 302
    deal.refresh_from_db()
    assert (deal.next_step, deal.owner_id) == ("Call", acme.bob.user_id)


def test_an_empty_probability_gives_it_back_to_the_stage(acme, alice):
    deal = make_deal(acme.bob, acme.stages["New"], probability=55)
    url = path(acme.workspace, "deals_deal_change", deal.pk)
    assert alice.post(url, form_of(alice, url, Deal) | {"probability": ""}).status_code == 302
    deal.refresh_from_db()
    assert (deal.probability, deal.probability_source) == (10, "stage")


def test_what_rules_govern_cannot_be_set(acme, alice):
    deal = make_deal(acme.bob, acme.stages["New"])
    before = Deal.objects.filter(pk=deal.pk).values().get()
    url = path(acme.workspace, "deals_deal_change", deal.pk)
    forged = {
        "stage": acme.stages["Won"].pk, "pipeline": 1, "status": "won", "closed_at": "2026-01-01", "closed_at_0": "2026-01-01",
        "closed_at_1": "10:00", "rank": "a", "version": 9, "rate": "2", "furthest": acme.stages["Won"].pk, "probability_source": "model", "deleted_at": "2026-01-01",
        "created_by": acme.vera.user_id, "workspace": acme.rival.pk, "id": 5,
    }  # fmt: skip
    assert alice.post(url, form_of(alice, url, Deal) | forged).status_code == 302
    assert Deal.objects.filter(pk=deal.pk).values().get() == before


def test_a_new_deal_is_made_by_the_action(acme, alice):
    url = path(acme.workspace, "deals_deal_add")
    data = form_of(alice, url, Deal)
    assert data["owner"] == str(acme.alice.user_id)
    response = alice.post(url, data | {"name": "New one", "stage": acme.stages["Proposal"].pk, "amount": "10"})
    assert response.status_code == 302, errors(response)
    deal = Deal.objects.get(name="New one")
    assert (deal.stage.name, deal.probability, deal.currency, deal.created_by_id) == (
        "Proposal",
        80,
        "EUR",
        acme.alice.user_id,
    )
    assert StageEvent.objects.get(deal=deal).door == "admin" and lines(deal)[0][0] == "deal_created"
    refused = alice.post(url, data | {"name": "Another", "stage": acme.stages["Won"].pk})
    assert errors(refused) == {"stage": ["Choose an open stage."]}
    forged = alice.post(url, data | {"name": "Another", "stage": acme.rival_stages["New"].pk})
    assert "stage" in errors(forged)
    assert Deal.objects.count() == 1


def test_the_super_admin_works_on_any_workspace(cast, root):
    with tenant(cast.rival, cast.charlie.user):
        deal = make_deal(cast.charlie, cast.rival_stages["New"])
    url = path(None, "deals_deal_change", deal.pk)
    assert root.post(url, form_of(root, url, Deal) | {"next_step": "Ask"}).status_code == 302
    response = bulk(root, None, Deal, "move", [deal], stage=cast.rival_stages["Qualified"].pk)
    assert messages(response)[-1] == "1 deal moved."
    add = {
        "workspace": cast.rival.pk,
        "name": "By root",
        "stage": cast.rival_stages["New"].pk,
        "owner": cast.charlie.user_id,
    }
    assert root.post(path(None, "deals_deal_add"), add).status_code == 302
    foreign = root.post(path(None, "deals_deal_add"), add | {"stage": cast.stages["New"].pk, "owner": cast.bob.user_id})
    assert set(errors(foreign)) == {"stage", "owner"}
    with tenant(cast.rival, cast.charlie.user):
        deal.refresh_from_db()
        assert (deal.next_step, deal.stage.name) == ("Ask", "Qualified")
        assert [(kind, actor) for kind, actor, _ in lines(deal)] == [("field_change", None), ("stage_change", None)]
        assert Deal.objects.get(name="By root").owner_id == cast.charlie.user_id


# --- many deals ---------------------------------------------------------------------------------------


def test_moving_many_asks_for_a_stage_and_tells_what_was_refused(acme, alice):
    fresh, ripe = make_deal(acme.bob, acme.stages["New"], "Fresh"), make_deal(acme.bob, acme.stages["Proposal"], "Ripe")
    page = bulk(alice, acme.workspace, Deal, "move", [fresh, ripe])
    assert page.status_code == 200 and "Sales – Won" in page.content.decode()
    assert Deal.objects.get(pk=ripe.pk).version == 1
    response = bulk(alice, acme.workspace, Deal, "move", [fresh, ripe], stage=acme.stages["Won"].pk, reason="Price")
    assert messages(response) == [
        "Fresh: A deal cannot be won from New. Move it to Contacted or beyond first.",
        "1 deal moved.",
    ]
    fresh.refresh_from_db()
    ripe.refresh_from_db()
    assert (fresh.status, fresh.version, ripe.status, ripe.won_reason) == ("open", 1, "won", "Price")
    assert not lines(fresh) and [kind for kind, *_ in lines(ripe)] == ["stage_change"]


def test_moving_into_a_stage_of_others_is_refused(acme, alice):
    deal = make_deal(acme.bob, acme.stages["New"])
    response = bulk(alice, acme.workspace, Deal, "move", [deal], stage=acme.rival_stages["Qualified"].pk)
    assert "Select a valid choice" in response.content.decode()
    assert Deal.objects.get(pk=deal.pk).version == 1


def test_bulk_actions_work_on_one_workspace_at_a_time(cast, root):
    with tenant(cast.workspace, cast.alice.user):
        mine = make_deal(cast.alice, cast.stages["New"])
    with tenant(cast.rival, cast.charlie.user):
        theirs = make_deal(cast.charlie, cast.rival_stages["New"])
    assert messages(bulk(root, None, Deal, "move", [mine, theirs])) == ["Choose rows of one workspace."]


def test_losing_many_asks_why(acme, alice):
    deals = [make_deal(acme.bob, acme.stages["New"], f"Deal {number}") for number in range(2)]
    response = bulk(alice, acme.workspace, Deal, "mark_lost", deals, reason="Other")
    assert len(messages(response)) == 2 and "Say in a few words" in messages(response)[0]
    response = bulk(
        alice, acme.workspace, Deal, "mark_lost", deals, reason="No budget", note="Frozen", competitor="Them"
    )
    assert messages(response) == ["2 deals lost."]
    assert set(Deal.objects.values_list("status", "lost_reason", "competitor")) == {("lost", "No budget", "Them")}


def test_handing_over_many(acme, alice):
    deals = [make_deal(acme.bob, acme.stages["New"], f"Deal {number}") for number in range(2)]
    response = bulk(alice, acme.workspace, Deal, "change_owner", deals, owner=acme.charlie.user_id)
    assert "Select a valid choice" in response.content.decode()
    response = bulk(alice, acme.workspace, Deal, "change_owner", deals, owner=acme.alice.user_id)
    assert messages(response) == ["2 deals handed over."]
    assert set(Deal.objects.values_list("owner_id", flat=True)) == {acme.alice.user_id}
    assert all([kind for kind, *_ in lines(deal)] == ["field_change"] for deal in deals)


def test_deleting_puts_into_the_bin_and_restoring_takes_out(acme, alice):
    one, two = (make_deal(acme.bob, acme.stages["New"], name) for name in ("One", "Two"))
    url = path(acme.workspace, "deals_deal_delete", one.pk)
    assert "into the bin" in alice.get(url).content.decode()
    assert alice.post(url, {"post": "yes"}).status_code == 302
    told = messages(bulk(alice, acme.workspace, Deal, "bin", [two], sure="1"))
    assert told[-1] == "1 deal in the bin now, for 30 days."
    assert Deal.objects.count() == 0 and Deal.all_objects.filter(deleted_at__isnull=False).count() == 2
    listed = path(acme.workspace, "deals_deal_changelist")
    assert alice.get(listed).context["cl"].result_count == 0
    assert alice.get(listed, {"bin": "only"}).context["cl"].result_count == 2
    page = alice.get(path(acme.workspace, "deals_deal_change", one.pk)).content.decode()
    assert 'name="_save"' not in page
    restored = alice.post(
        f"{listed}?bin=only", {"action": "restore", "_selected_action": [one.pk, two.pk]}, follow=True
    )
    assert messages(restored) == ["2 deals restored."]
    assert Deal.objects.count() == 2
    assert [data for kind, _, data in lines(one)] == [{}, {}] and len(lines(two)) == 2


def test_django_cannot_delete_deals_past_the_action(acme, alice):
    deal = make_deal(acme.bob, acme.stages["New"])
    listed = path(acme.workspace, "deals_deal_changelist")
    alice.post(listed, {"action": "delete_selected", "_selected_action": [deal.pk], "post": "yes"})
    assert Deal.objects.get(pk=deal.pk).deleted_at is None


def test_too_many_at_once_are_refused(acme, alice, monkeypatch):
    monkeypatch.setattr("workspaces.admin_bulk.AT_ONCE", 1)
    deals = [make_deal(acme.bob, acme.stages["New"], f"Deal {number}") for number in range(2)]
    response = bulk(alice, acme.workspace, Deal, "change_owner", deals, owner=acme.alice.user_id)
    assert "At most 1 at once" in messages(response)[0]
    assert set(Deal.objects.values_list("version", flat=True)) == {1}


def test_people_of_a_deal(acme, alice):
    deal = make_deal(acme.bob, acme.stages["New"])
    uma = Contact.objects.create(workspace=acme.workspace, first_name="Uma", name="Uma")
    url = path(acme.workspace, "deals_dealcontact_add")
    assert alice.post(url, {"deal": deal.pk, "contact": uma.pk, "role": "champion"}).status_code == 302
    link = DealContact.objects.get()
    assert (link.role, link.is_primary) == ("champion", True)
    again = alice.post(url, {"deal": deal.pk, "contact": uma.pk, "role": ""})
    assert again.status_code == 200 and errors(again)
    assert "Uma" in alice.get(path(acme.workspace, "deals_deal_change", deal.pk)).content.decode()
    alice.post(path(acme.workspace, "deals_dealcontact_delete", link.pk), {"post": "yes"})
    assert not DealContact.objects.exists()
    add_contact(deal, uma, by=acme.bob)


# --- history -------------------------------------------------------------------------------------------


def test_the_history_says_who_changed_what_by_which_door(cast, login):
    blue = None
    with tenant(cast.workspace, cast.bob.user, door="web"):
        deal = make_deal(cast.bob, cast.stages["New"])
        blue = Company.objects.create(workspace=cast.workspace, name="Blue")
    with tenant(cast.workspace, cast.bob.user, door="api"):
        move_to_stage(deal, cast.stages["Qualified"], by=cast.bob)
    alice = login(cast.alice)
    url = path(cast.workspace, "deals_deal_change", deal.pk)
    alice.post(url, form_of(alice, url, Deal) | {"company": blue.pk, "owner": cast.alice.user_id, "source": "event"})
    found = alice.get(path(cast.workspace, "deals_deal_history", deal.pk)).context["entries"]
    told = [
        (entry.who, entry.door, {change.label: (change.before, change.after) for change in entry.changes})
        for entry in found
    ]
    assert told[0] == (
        "Alice",
        "admin",
        {"Company": ("—", "Blue"), "Owner": ("Bob", "Alice"), "Source": ("—", "Event")},
    )
    who, door, changes = told[1]
    assert (who, door) == ("Bob", "api")
    assert changes["Stage"] == ("New", "Qualified") and changes["Probability"] == ("10", "40")
    assert len(told) == 2


def test_the_history_is_paged_newest_first(acme, alice, monkeypatch):
    monkeypatch.setattr("workspaces.admin_history.PER_PAGE", 2)
    deal = make_deal(acme.bob, acme.stages["New"], amount=0)
    for number in range(1, 6):
        deal = update_deal(deal, by=acme.bob, version=number, amount=number)
    url = path(acme.workspace, "deals_deal_history", deal.pk)

    def amounts(page: int) -> list[tuple[str, str]]:
        return [
            (change.before, change.after)
            for entry in alice.get(url, {"p": page}).context["entries"]
            for change in entry.changes
        ]

    assert amounts(1) == [("4.00", "5.00"), ("3.00", "4.00")]
    assert amounts(2) == [("2.00", "3.00"), ("1.00", "2.00")]
    assert amounts(3) == [("0.00", "1.00")]
    assert "Created" in alice.get(url, {"p": 3}).content.decode()


def test_rows_without_an_audit_trail_offer_none(acme, alice):
    make_deal(acme.bob, acme.stages["New"])
    line = Activity.objects.first()
    page = alice.get(path(acme.workspace, "activities_activity_change", line.pk)).content.decode()
    assert "/history/" not in page and 'name="_save"' not in page


def test_products_are_kept_by_their_actions(acme, alice):
    url = path(acme.workspace, "deals_product_add")
    data = form_of(alice, url, Product) | {"name": "Pump", "code": "P1", "unit_price": "5"}
    assert alice.post(url, data).status_code == 302
    product = Product.objects.get()
    assert (product.name, product.unit_price, product.currency, product.version) == ("Pump", 5, "EUR", 1)
    assert "name" in errors(alice.post(url, data | {"code": "P2"}))
    url = path(acme.workspace, "deals_product_change", product.pk)
    stale = form_of(alice, url, Product)
    assert alice.post(url, stale | {"unit_price": "6"}).status_code == 302
    assert alice.post(url, stale | {"unit_price": "7"}).status_code == 200
    product.refresh_from_db()
    assert (product.unit_price, product.version) == (6, 2)
    assert alice.post(path(acme.workspace, "deals_product_delete", product.pk), {"post": "yes"}).status_code == 403


def test_open_tasks_go_along_with_a_new_owner(cast, login, root):
    for client, workspace in ((login(cast.alice), cast.workspace), (root, None)):
        with tenant(cast.workspace, cast.alice.user):
            deal = make_deal(cast.bob, cast.stages["New"])
            task = plan_task(deal, "Call", by=cast.bob)
        response = bulk(client, workspace, Deal, "change_owner", [deal], owner=cast.alice.user_id)
        assert messages(response) == ["1 deal handed over."]
        with tenant(cast.workspace):
            assert Task.objects.get(pk=task.pk).assignee_id == cast.alice.user_id
