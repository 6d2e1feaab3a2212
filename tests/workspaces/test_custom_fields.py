"""Custom fields from the settings page to the record."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from activities.models import Activity
from deals.actions import create_deal, update_deal
from deals.models import Deal
from leads.actions import capture, create_company, create_contact, update_company, update_lead
from leads.models import Company, Lead
from tests.factories import make_deal, url
from tests.pages import SCRIPT, read
from workspaces.action import NotAllowed, Refused, Stale
from workspaces.custom.actions import archive_field, change_field, create_field, move_field, restore_field
from workspaces.custom.fields import all_fields, live_fields
from workspaces.custom.values import MOST_FIELDS, Choice
from workspaces.models import CustomField, Workspace
from workspaces.tenancy import tenant


def field(acme, label="Team size", type="number", entity="deal", **more) -> CustomField:
    return create_field(acme.workspace, entity=entity, label=label, type=type, by=acme.alice, **more)


def labels(acme, entity="deal") -> list[str]:
    return [each.label for each in live_fields(acme.workspace, entity)]


# --- fields ---------------------------------------------------------------------------------------------


def test_the_key_stays_when_the_name_changes(acme):
    made = field(acme, "Team size (people)")
    changed = change_field(made, version=1, label="Headcount", by=acme.alice)
    assert (changed.key, changed.label) == ("team_size_people", "Headcount")
    assert field(acme, "Team size (people)").key == "team_size_people_2"


def test_only_admins_make_fields(acme):
    with pytest.raises(NotAllowed):
        create_field(acme.workspace, entity="deal", label="Size", type="number", by=acme.bob)


def test_a_name_is_there_once_among_the_live_ones(acme):
    made = field(acme)
    with pytest.raises(Refused, match="There is a field TEAM SIZE already"):
        field(acme, "TEAM SIZE")
    assert field(acme, "Team size", entity="lead")
    archive_field(made, by=acme.alice)
    again = field(acme)
    assert again.key == "team_size_2"
    with pytest.raises(Refused, match="There is a field Team size already"):
        restore_field(made, by=acme.alice)


def test_a_choice_that_is_left_out_is_archived_and_comes_back(acme):
    made = field(acme, "Tier", "choice", choices=["Gold", "Silver"])
    deal = make_deal(acme.bob, acme.stages["New"], custom={"tier": "gold"})
    changed = change_field(made, version=1, label="Tier", choices=[Choice("silver", "Argent"), Choice("", "Bronze")], by=acme.alice)  # fmt: skip
    assert [(c.key, c.label, c.is_archived) for c in changed.field.choices] == [
        ("silver", "Argent", False),
        ("bronze", "Bronze", False),
        ("gold", "Gold", True),
    ]
    deal.refresh_from_db()
    assert deal.custom == {"tier": "gold"}
    back = change_field(changed, version=2, label="Tier", choices=[Choice("gold", "Gold")], by=acme.alice)
    assert [choice.key for choice in back.field.offered] == ["gold"]


def test_a_stale_change_is_refused(acme):
    made = field(acme)
    change_field(made, version=1, label="Size", by=acme.alice)
    with pytest.raises(Stale):
        change_field(made, version=1, label="Other", by=acme.alice)
    assert labels(acme) == ["Size"]


def test_a_choice_needs_choices_and_a_checkbox_is_never_required(acme):
    with pytest.raises(Refused, match="something to choose from"):
        field(acme, "Tier", "choice")
    with pytest.raises(Refused, match="never empty"):
        field(acme, "Signed", "checkbox", required=True)
    with pytest.raises(Refused, match="twice"):
        field(acme, "Tier", "choice", choices=["Gold", "GOLD"])


def test_fields_move_and_there_is_a_most(acme):
    for number in range(MOST_FIELDS):
        last = field(acme, f"Field {number}")
    move_field(last, up=True, by=acme.alice)
    assert labels(acme)[-2:] == ["Field 49", "Field 48"]
    with pytest.raises(Refused, match=f"have {MOST_FIELDS} custom fields"):
        field(acme, "One more")
    archive_field(last, by=acme.alice)
    assert field(acme, "One more").position > last.position - 1


def test_what_a_process_keeps_is_of_the_newest_change_and_of_one_workspace(acme):
    made = field(acme)
    assert labels(acme) == ["Team size"]
    archive_field(made, by=acme.alice)
    acme.workspace.refresh_from_db()
    assert labels(acme) == []
    assert [each.is_archived for each in all_fields(acme.workspace, "deal")] == [True]
    with tenant(acme.rival, acme.charlie.user):
        # Even with the other one's token: the key of what is kept names the workspace, and RLS hides the rows.
        assert all_fields(Workspace(pk=acme.rival.pk, custom_token=acme.workspace.custom_token), "deal") == ()


# --- values, behind every action --------------------------------------------------------------------------


def test_a_deal_takes_values_tells_them_and_keeps_the_rest(acme, login):
    field(acme)
    field(acme, "Champion", "user")
    deal = make_deal(acme.bob, acme.stages["New"], custom={"team_size": "12"})
    deal = update_deal(deal, by=acme.bob, version=1, custom={"champion": acme.alice.user_id, "team_size": "1200.5"})
    assert deal.custom == {"team_size": "1200.5", "champion": acme.alice.user_id}
    assert deal.version == 2
    line = Activity.objects.get(deal=deal, kind="field_change")
    assert line.data["changes"] == {"custom:number:Team size": ["12", "1200.5"], "custom:user:Champion": ["", "Alice"]}
    page = login(acme.bob).get(url(acme.workspace, "deal_detail", deal.pk)).content.decode()
    assert "Team size <s>12</s> → <b>1,200.5</b>" in " ".join(page.split())
    # The audit trail has it as it was before.
    history = apps.get_model("deals", "DealHistory")
    assert history.objects.filter(pgh_obj_id=deal.pk, custom={"team_size": "12"}).exists()


def test_nothing_is_written_where_nothing_changed(acme):
    field(acme)
    deal = make_deal(acme.bob, acme.stages["New"], custom={"team_size": "12"})
    assert update_deal(deal, by=acme.bob, version=1, custom={"team_size": "12.0"}).version == 1


@pytest.mark.parametrize("entity", ["lead", "contact", "company"])
def test_leads_contacts_and_companies_take_them_too(acme, entity):
    field(acme, "Budget", "money", entity=entity, required=True)
    make = {
        "lead": lambda **more: capture(acme.workspace, by=acme.bob, email="ida@x.example", **more),
        "contact": lambda **more: create_contact(acme.workspace, by=acme.bob, first_name="Ida", **more),
        "company": lambda **more: create_company(acme.workspace, by=acme.bob, name="Harbour", **more),
    }[entity]
    with pytest.raises(Refused, match="Budget is needed"):
        make(custom={})
    assert make(custom={"budget": "5"}).custom == {"budget": "5"}


def test_who_was_not_asked_is_not_refused(acme):
    """A company that a lead brings with it: nobody could have filled in its fields."""
    field(acme, "Budget", "money", entity="company", required=True)
    lead = capture(acme.workspace, by=acme.bob, email="ida@x.example", company_name="Harbour", custom={})
    assert Company.objects.get(name="Harbour") == lead.company
    update_company(lead.company, by=acme.bob, version=1, industry="Fish", custom={})


def test_a_lead_changes_with_its_other_facts(acme):
    field(acme, "Fit", "multi", entity="lead", choices=["Size", "Place"])
    lead = capture(acme.workspace, by=acme.bob, email="ida@x.example")
    lead = update_lead(lead, by=acme.bob, version=1, status="connected", custom={"fit": ["place", "size"]})
    assert Lead.objects.get().custom == {"fit": ["size", "place"]}
    line = Activity.objects.get(lead=lead, kind="field_change")
    assert line.data["changes"]["custom:multi:Fit"] == ["", "Size, Place"]


def test_a_member_of_elsewhere_is_no_value(acme):
    field(acme, "Champion", "user")
    with pytest.raises(Refused, match="member of this workspace"):
        make_deal(acme.bob, acme.stages["New"], custom={"champion": acme.charlie.user_id})


# --- pages ------------------------------------------------------------------------------------------------


def test_an_admin_makes_changes_and_archives_a_field(acme, login):
    alice = login(acme.alice)
    new = url(acme.workspace, "custom_field_new", "deal")
    assert alice.post(new, {"label": "Tier", "type": "choice", "choices": "Gold\n\nSilver\n"}).status_code == 302
    made = CustomField.objects.get()
    assert [choice.label for choice in made.field.offered] == ["Gold", "Silver"]
    edit = url(acme.workspace, "custom_field_edit", made.pk)
    sent = {"label": "Level", "version": 1, "place-gold": "2", "choice-gold": "Oro", "place-silver": "1", "archived-silver": "on", "choices": "Bronze"}  # fmt: skip
    assert alice.post(edit, sent).status_code == 302
    made.refresh_from_db()
    assert [(c.label, c.is_archived) for c in made.field.choices] == [
        ("Silver", True),
        ("Oro", False),
        ("Bronze", False),
    ]
    assert alice.post(edit, sent).status_code == 409
    page = url(acme.workspace, "custom_fields")
    assert alice.post(url(acme.workspace, "custom_field_archive", made.pk)).status_code == 302
    assert "Archived" in alice.get(page).content.decode()
    assert alice.post(url(acme.workspace, "custom_field_restore", made.pk)).status_code == 302
    assert login(acme.bob).get(page).status_code == 403


def test_a_fact_is_edited_in_place_and_refused_beside_it(acme, login):
    field(acme, "Site", "url")
    deal = make_deal(acme.bob, acme.stages["New"])
    bob = login(acme.bob, **SCRIPT)
    edit = url(acme.workspace, "deal_edit", deal.pk, "cf_site")
    assert "Site" in bob.get(edit).content.decode()
    answer = bob.post(edit, {"value": "javascript:alert(1)", "version": 1})
    assert answer.status_code == 422
    assert "This is no web address" in answer.content.decode()
    assert bob.post(edit, {"value": "example.com", "version": 1}).status_code == 200
    page = bob.get(url(acme.workspace, "deal_detail", deal.pk)).content.decode()
    assert 'href="https://example.com" target="_blank" rel="noopener noreferrer nofollow"' in page
    stale = bob.post(edit, {"value": "example.org", "version": 1})
    assert stale.status_code == 409
    assert "It is now https://example.com." in stale.content.decode()
    assert bob.get(url(acme.workspace, "deal_edit", deal.pk, "cf_nothing")).status_code == 404


def test_the_overview_has_them_too(acme, login):
    create_field(acme.workspace, entity="deal", label="Seats", type="number", by=acme.alice)
    deal = make_deal(acme.bob, acme.stages["New"], custom={"seats": "12"})
    page = read(login(acme.bob).get(url(acme.workspace, "deal_detail", deal.pk), {"tab": "overview"}))
    assert "Seats 12" in page.one(id="activity").text


def test_required_fields_are_asked_for_in_new_forms(acme, login):
    field(acme, "Team size", required=True)
    field(acme, "Nice to know", "text")
    field(acme, "Budget", "money", entity="company", required=True)
    bob = login(acme.bob)
    form = bob.get(url(acme.workspace, "deal_new")).content.decode()
    assert "Team size" in form
    assert "Nice to know" not in form
    sent = {"name": "New", "stage": acme.stages["New"].pk, "owner": acme.bob.user_id}
    assert bob.post(url(acme.workspace, "deal_new"), sent).status_code == 422
    assert bob.post(url(acme.workspace, "deal_new"), sent | {"cf_team_size": "1,200"}).status_code == 302
    assert Deal.objects.get().custom == {"team_size": "1200"}
    new = url(acme.workspace, "company_new")
    assert bob.post(new, {"name": "Harbour"}).status_code == 422
    assert bob.post(new, {"name": "Harbour", "cf_budget": "5"}).status_code == 302
    company = Company.objects.get()
    assert company.custom == {"budget": "5"}
    # An edit shows all fields; the required one cannot be emptied.
    edit = url(acme.workspace, "company_edit", company.pk)
    assert bob.post(edit, {"name": "Harbour", "version": 1, "cf_budget": ""}).status_code == 422
    assert bob.post(edit, {"name": "Harbour", "version": 1, "cf_budget": "6"}).status_code == 302
    assert "€6" in bob.get(url(acme.workspace, "company_detail", company.pk)).content.decode()


def test_records_of_before_are_not_broken(acme, login):
    deal = make_deal(acme.bob, acme.stages["New"])
    company = create_company(acme.workspace, name="Harbour", by=acme.bob)
    field(acme, "Team size", required=True)
    field(acme, "Budget", "money", entity="company", required=True)
    bob = login(acme.bob)
    assert update_deal(deal, by=acme.bob, version=1, name="Other").name == "Other"
    edit = url(acme.workspace, "company_edit", company.pk)
    assert bob.post(edit, {"name": "Harbour North", "version": 1, "cf_budget": ""}).status_code == 302


def test_fields_cost_a_page_no_query(acme, login):
    deal = make_deal(acme.bob, acme.stages["New"])
    bob = login(acme.bob)
    page = url(acme.workspace, "deal_detail", deal.pk)
    bob.get(page)
    with CaptureQueriesContext(connection) as before:
        bob.get(page)
    for number in range(5):
        field(acme, f"Field {number}", "text")
    update_deal(deal, by=acme.bob, version=1, custom={"field_1": "x"})
    Activity.objects.filter(kind="field_change").delete()
    bob.get(page)
    with CaptureQueriesContext(connection) as after:
        assert "Field 1" in bob.get(page).content.decode()
    assert len(after) == len(before)


def test_create_deal_by_the_system_needs_no_required_field(acme):
    field(acme, required=True)
    assert create_deal(acme.workspace, name="By rule", stage=acme.stages["New"], by=None, owner_id=acme.bob.user_id)
