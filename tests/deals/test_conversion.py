"""From a lead to a deal: in one click, or by conversion, once however often and from however many sides."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection

from activities.actions import add_note, log_call, plan_task
from activities.models import Activity, Task
from deals.actions import (
    convert_lead,
    create_deal_from_lead,
    delete_deal,
    move_to_stage,
    restore_deal,
    undo_conversion,
    update_deal,
)
from deals.models import Conversion, Deal
from leads.actions import capture, update_lead
from leads.models import Contact, Lead
from tests.factories import make_cast, make_deal, url
from workspaces.action import NotAllowed, Refused, Stale
from workspaces.models import Workspace
from workspaces.tenancy import tenant


def make_lead(acme, status: str = "qualified", **facts) -> Lead:
    names = {"first_name": "Elise", "last_name": "Vang", "email": "elise@fjordline.test", "company_name": "Fjordline"}
    lead = capture(acme.workspace, by=acme.bob, owner_id=acme.bob.user_id, **names | facts)
    return lead if status == "new" else update_lead(lead, by=acme.bob, version=1, status=status)


@pytest.fixture
def lead(acme) -> Lead:
    return make_lead(acme, estimated_amount=Decimal(24000), source="event")


def fresh(row):
    return type(row)._base_manager.get(pk=row.pk)


# --- in one click -----------------------------------------------------------------------------------


def test_create_deal_makes_the_opportunity_of_any_lead(acme, login):
    lead = make_lead(acme, "new", estimated_amount=Decimal(24000))
    answer = login(acme.alice).post(url(acme.workspace, "lead_deal", lead.pk))
    deal = Deal.objects.get()
    assert answer.url == url(acme.workspace, "deal_detail", deal.pk)
    assert (deal.name, deal.stage.name, deal.lead, deal.company) == (
        "Elise Vang – Opportunity", "Qualified", lead, lead.company,
    )  # fmt: skip
    assert (deal.owner, deal.amount, deal.people.get()) == (acme.alice.user, 24000, lead.contact)
    assert fresh(lead).status == "new" and Contact.objects.count() == 1


def test_a_second_click_finds_the_open_deal_and_after_its_end_makes_another(acme, lead):
    first, _ = create_deal_from_lead(lead, by=acme.bob)
    assert create_deal_from_lead(lead, by=acme.alice) == (first, False)
    move_to_stage(first, acme.stages["Lost"], by=acme.bob, reason="No budget")
    second, is_new = create_deal_from_lead(lead, by=acme.bob)
    assert is_new and second != first


def test_a_pipeline_without_that_stage_begins_at_its_first(acme, lead):
    stage = acme.stages["Qualified"]
    stage.name = "Fit"
    stage.save()
    assert create_deal_from_lead(lead, by=acme.bob)[0].stage.name == "New"


def test_a_long_name_is_cut_before_its_ending(acme):
    lead = make_lead(acme, first_name="E" * 100, last_name="V" * 100)
    deal, _ = create_deal_from_lead(lead, by=acme.bob)
    assert len(deal.name) == 200 and deal.name.endswith("V – Opportunity")


# --- conversion -------------------------------------------------------------------------------------


def test_conversion_takes_along_what_there_is(acme, lead):
    note = add_note(lead, "Asked for two times", by=acme.bob)
    task = plan_task(lead, "Send times", by=acme.bob)
    deal, is_new = convert_lead(lead, by=acme.bob, name="Galley temperatures", next_step="Call Elise")
    assert is_new and (deal.name, deal.amount, deal.source, deal.stage.name) == (
        "Galley temperatures", 24000, "event", "Qualified",
    )  # fmt: skip
    lead = fresh(lead)
    assert lead.status == "converted" and lead.converted_at is not None
    assert fresh(note).deal == fresh(task).deal == deal
    assert set(Task.objects.filter(deal=deal).values_list("title", flat=True)) == {"Send times", "Call Elise"}
    line = Activity.objects.get(kind="lead_converted")
    assert (line.deal, line.lead, line.actor) == (deal, lead, acme.bob.user)
    assert Contact.objects.count() == 1 and deal.people.get() == lead.contact


@pytest.mark.parametrize("status", ["new", "attempted", "connected", "nurture", "do_not_contact"])
def test_only_a_qualified_lead_converts(acme, status):
    lead = make_lead(acme, status)
    with pytest.raises(Refused, match="Only a qualified lead"):
        convert_lead(lead, by=acme.bob)
    assert not Deal.objects.exists() and fresh(lead).status == status


def test_again_answers_with_the_deal_that_exists(acme, lead):
    deal, _ = convert_lead(lead, by=acme.bob, next_step="Call")
    assert convert_lead(lead, by=acme.alice, name="Another", next_step="Call") == (deal, False)
    assert Deal.objects.count() == Conversion.objects.count() == Task.objects.count() == 1


def test_however_parallel_it_is_called_there_is_one_deal(transactional_db):
    cast = make_cast()
    with tenant(cast.workspace, cast.bob.user):
        lead = make_lead(cast)

    def convert(number: int) -> tuple[int, bool]:
        try:
            with tenant(cast.workspace, cast.bob.user):
                deal, is_new = convert_lead(lead, by=cast.bob, name=f"Try {number}", next_step="Call")
                return deal.pk, is_new
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(convert, range(24)))
    assert len({pk for pk, _ in answers}) == 1 and sum(is_new for _, is_new in answers) == 1
    with tenant(cast.workspace):
        assert Deal.objects.count() == Conversion.objects.count() == Task.objects.count() == 1


def test_a_lead_joins_an_open_deal_of_its_company(acme, lead):
    there = make_deal(acme.bob, acme.stages["New"], "Galley monitoring", company=lead.company)
    deal, is_new = convert_lead(lead, by=acme.bob, deal=there, next_step="Call")
    assert is_new and deal == there and (deal.lead, deal.people.get()) == (lead, lead.contact)
    assert Deal.objects.count() == 1


def test_a_closed_deal_takes_no_lead(acme, lead):
    there = make_deal(acme.bob, acme.stages["New"], company=lead.company)
    move_to_stage(there, acme.stages["Lost"], by=acme.bob, reason="No budget")
    with pytest.raises(Refused, match="an open deal"):
        convert_lead(lead, by=acme.bob, deal=there, next_step="Call")
    assert fresh(lead).status == "qualified"


# --- undone -----------------------------------------------------------------------------------------


def test_undo_puts_everything_back(acme, lead):
    note, task = add_note(lead, "Asked", by=acme.bob), plan_task(lead, "Send", by=acme.bob)
    deal, _ = convert_lead(lead, by=acme.bob, next_step="Call")
    undo_conversion(lead, by=acme.bob)
    lead, deal = fresh(lead), fresh(deal)
    assert (lead.status, lead.converted_at) == ("qualified", None) and deal.deleted_at is not None
    assert fresh(note).deal is None and fresh(task).deal is None and fresh(task).status == "open"
    assert Task.objects.get(title="Call").status == "cancelled"
    assert Activity.objects.get(kind="lead_converted").undone_at is not None
    again, is_new = convert_lead(lead, by=acme.bob, next_step="Call")
    assert is_new and again != deal


def test_undo_leaves_a_deal_that_was_there_as_it_was(acme, lead):
    there = make_deal(acme.bob, acme.stages["New"], company=lead.company)
    convert_lead(lead, by=acme.bob, deal=there, next_step="Call")
    undo_conversion(lead, by=acme.bob)
    there = fresh(there)
    assert (there.deleted_at, there.lead, list(there.people.all())) == (None, None, [])


def call(acme, deal):
    log_call(deal, by=acme.alice, body="Spoke")


def rename(acme, deal):
    update_deal(deal, by=acme.alice, version=deal.version, name="Other")


def move(acme, deal):
    move_to_stage(deal, acme.stages["Proposal"], by=acme.alice)


@pytest.mark.parametrize("work", [call, rename, move])
def test_undo_is_refused_once_somebody_has_worked_the_deal(acme, lead, work):
    deal, _ = convert_lead(lead, by=acme.bob, next_step="Call")
    work(acme, deal)
    with pytest.raises((Refused, Stale), match="Alice"):
        undo_conversion(lead, by=acme.bob)
    assert fresh(lead).status == "converted" and fresh(deal).deleted_at is None


def test_undo_after_its_deal_went_to_the_bin_frees_the_lead(acme, lead):
    deal, _ = convert_lead(lead, by=acme.bob, next_step="Call")
    delete_deal(deal, by=acme.bob)
    with pytest.raises(Refused, match="deleted since"):
        convert_lead(lead, by=acme.bob)
    Deal.all_objects.filter(pk=deal.pk).delete()
    assert undo_conversion(lead, by=acme.bob).status == "qualified"


def test_only_managers_undo_what_others_did(acme, lead):
    convert_lead(lead, by=acme.alice, next_step="Call")
    with pytest.raises(NotAllowed):
        undo_conversion(lead, by=acme.bob)
    assert undo_conversion(lead, by=acme.alice).status == "qualified"


# --- pages ------------------------------------------------------------------------------------------


def test_the_dialog_comes_filled_in_and_lands_on_the_deal(acme, login, lead):
    client = login(acme.bob)
    page = client.get(url(acme.workspace, "lead_convert", lead.pk)).content.decode()
    assert 'value="Elise Vang – Opportunity"' in page and "Schedule discovery call" in page
    form = {"name": "Galley", "stage": acme.stages["Proposal"].pk, "owner": acme.alice.user_id, "next_step": "Call"}
    answer = client.post(url(acme.workspace, "lead_convert", lead.pk), form)
    deal = Deal.objects.get()
    assert answer.url == url(acme.workspace, "deal_detail", deal.pk)
    assert (deal.stage.name, deal.owner) == ("Proposal", acme.alice.user)
    assert Task.objects.get().assignee == acme.alice.user
    page = client.get(url(acme.workspace, "lead_detail", lead.pk)).content.decode()
    assert "Undo conversion" in page and "Galley" in page


def test_it_asks_for_a_next_step(acme, login, lead):
    form = {"name": "Galley", "stage": acme.stages["New"].pk, "owner": acme.bob.user_id, "next_step": ""}
    answer = login(acme.bob).post(url(acme.workspace, "lead_convert", lead.pk), form)
    assert answer.status_code == 422 and not Deal.objects.exists()


def test_open_deals_of_the_company_are_offered_unless_hidden(acme, login, lead):
    acme.workspace.visibility = Workspace.Visibility.OWN
    acme.workspace.save()
    make_deal(acme.bob, acme.stages["New"], "Mine", company=lead.company)
    hidden = make_deal(acme.alice, acme.stages["New"], "Hidden", company=lead.company)
    client = login(acme.bob)
    page = client.get(url(acme.workspace, "lead_convert", lead.pk)).content.decode()
    assert "Mine" in page and "Hidden" not in page
    form = {"name": "X", "stage": acme.stages["New"].pk, "next_step": "Call", "attach": hidden.pk}
    assert client.post(url(acme.workspace, "lead_convert", lead.pk), form).status_code == 404
    assert fresh(lead).status == "qualified"


def test_a_new_lead_is_qualified_by_a_click(acme, login):
    lead = make_lead(acme, "new")
    client = login(acme.bob)
    page = client.get(url(acme.workspace, "lead_detail", lead.pk)).content.decode()
    assert "Mark as qualified" in page and "Convert<" not in page
    client.post(url(acme.workspace, "lead_qualify", lead.pk), {"version": lead.version})
    assert fresh(lead).status == "qualified"
    assert "Convert<" in client.get(url(acme.workspace, "lead_detail", lead.pk)).content.decode()


def test_undo_is_refused_once_somebody_has_planned_something(acme, lead):
    deal, _ = convert_lead(lead, by=acme.bob, next_step="Call")
    plan_task(deal, "Send a sample", by=acme.alice)
    with pytest.raises(Refused, match="Alice has planned “Send a sample”"):
        undo_conversion(lead, by=acme.bob)
    assert fresh(lead).status == "converted" and fresh(deal).deleted_at is None


def test_a_lead_has_one_open_deal_though_an_undone_one_was_restored(acme, lead):
    first, _ = convert_lead(lead, by=acme.bob, next_step="Call")
    undo_conversion(lead, by=acme.bob)
    restore_deal(first, by=acme.bob)
    second, is_new = convert_lead(lead, by=acme.bob, next_step="Call")
    assert is_new and list(Deal.objects.filter(lead=lead)) == [second] and fresh(first).lead is None


def test_a_hidden_deal_of_the_lead_does_not_stand_in_the_way(acme, login, lead):
    acme.workspace.visibility = Workspace.Visibility.OWN
    acme.workspace.save()
    hidden, _ = create_deal_from_lead(lead, by=acme.alice)
    bob, page = login(acme.bob), url(acme.workspace, "lead_deal", lead.pk)
    mine = Deal.objects.exclude(pk=hidden.pk)
    for _ in range(2):
        answer = bob.post(page)
        assert answer.url == url(acme.workspace, "deal_detail", mine.get().pk)
