"""Companies, contacts, leads, campaigns and segments in the admin."""

from __future__ import annotations

import pytest
from django.test import Client

from activities.models import Activity
from leads.actions import capture, create_company, create_contact, update_company
from leads.models import Campaign, CampaignMember, Company, Contact, Lead, Segment, SegmentMember
from tests.workspaces.adminpages import bulk, errors, form_of, messages, path
from workspaces.custom.actions import create_field
from workspaces.models import User


@pytest.fixture
def alice(acme, login) -> Client:
    return login(acme.alice)


@pytest.fixture
def root(cast) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root@crm.example", "demo", name="Root"))
    return client


def test_a_company_is_made_and_changed_by_actions(acme, alice):
    url = path(acme.workspace, "leads_company_add")
    data = form_of(alice, url, Company) | {
        "name": "Blue Fish AG",
        "domain": "https://www.Blue.example/about",
        "size": "12",
    }
    assert alice.post(url, data).status_code == 302
    blue = Company.objects.get()
    assert (blue.domain, blue.name_key, blue.size) == ("blue.example", "blue fish", 12)
    assert Activity.objects.get(company=blue).door == "admin"
    refused = alice.post(url, data | {"name": "Other"})
    assert errors(refused) == {"domain": ["Blue Fish AG has this domain already."]}

    url = path(acme.workspace, "leads_company_change", blue.pk)
    data = form_of(alice, url, Company)
    update_company(blue, by=acme.bob, version=1, country="Norway")
    stale = alice.post(url, data | {"industry": "Fish"})
    assert "Somebody changed Blue Fish AG" in str(errors(stale))
    assert alice.post(url, form_of(alice, url, Company) | {"industry": "Fish"}).status_code == 302
    blue.refresh_from_db()
    assert (blue.industry, blue.country, blue.version) == ("Fish", "Norway", 3)


def test_a_page_that_changed_nothing_writes_nothing(acme, alice):
    blue = create_company(acme.workspace, name="Blue", by=acme.bob)
    url = path(acme.workspace, "leads_company_change", blue.pk)
    assert alice.post(url, form_of(alice, url, Company)).status_code == 302
    blue.refresh_from_db()
    assert blue.version == 1 and Activity.objects.filter(company=blue).count() == 1


def test_a_contact_with_addresses_and_numbers(acme, alice):
    create_contact(acme.workspace, by=acme.bob, first_name="Ida", emails=["ida@blue.example"])
    url = path(acme.workspace, "leads_contact_add")
    data = form_of(alice, url, Contact) | {
        "first_name": "Uma",
        "emails": "Uma@Blue.example, u@blue.example",
        "phones": "+49 30 123456",
    }
    assert alice.post(url, data).status_code == 302
    uma = Contact.objects.get(first_name="Uma")
    assert list(uma.emails.order_by("pk").values_list("email", "is_primary")) == [
        ("uma@blue.example", True),
        ("u@blue.example", False),
    ]
    url = path(acme.workspace, "leads_contact_change", uma.pk)
    data = form_of(alice, url, Contact)
    assert data["emails"] == "uma@blue.example, u@blue.example" and data["phones"] == "+4930123456"
    taken = alice.post(url, data | {"emails": "ida@blue.example"})
    assert errors(taken) == {"emails": ["ida@blue.example belongs to Ida."]}
    assert (
        alice.post(url, data | {"emails": "u@blue.example", "last_name": "Blue", "do_not_call": "on"}).status_code
        == 302
    )
    uma.refresh_from_db()
    assert (uma.name, uma.do_not_call) == ("Uma Blue", True) and uma.phones.count() == 1
    assert list(uma.emails.values_list("email", "is_primary")) == [("u@blue.example", True)]


def test_a_lead_finds_its_contact_and_company(acme, alice):
    ida = create_contact(acme.workspace, by=acme.bob, first_name="Ida", emails=["ida@blue.example"])
    url = path(acme.workspace, "leads_lead_add")
    data = form_of(alice, url, Lead) | {
        "email": "IDA@blue.example",
        "company_name": "Blue",
        "source": "event",
        "owner": acme.bob.user_id,
    }
    assert alice.post(url, data).status_code == 302
    lead = Lead.objects.get()
    assert (lead.contact_id, lead.company.name, lead.owner_id, lead.source) == (
        ida.pk,
        "Blue",
        acme.bob.user_id,
        "event",
    )
    empty = alice.post(url, form_of(alice, url, Lead))
    assert "last_name" in errors(empty)


def test_converted_is_set_by_conversion_alone(acme, alice):
    lead = capture(acme.workspace, by=acme.bob, first_name="Leo")
    url = path(acme.workspace, "leads_lead_change", lead.pk)
    data = form_of(alice, url, Lead)
    assert "status" in errors(alice.post(url, data | {"status": "converted"}))
    assert errors(alice.post(url, data | {"status": "unqualified"})) == {"unqualified_reason": ["A reason, please."]}
    assert alice.post(url, data | {"status": "connected"}).status_code == 302
    lead.refresh_from_db()
    assert lead.status == "connected" and lead.contacted_at is not None
    Lead.objects.filter(pk=lead.pk).update(status="converted", converted_at=lead.created_at)
    assert "status" not in form_of(alice, url, Lead)
    assert alice.post(url, form_of(alice, url, Lead) | {"status": "new", "name": "Leonie"}).status_code == 302
    lead.refresh_from_db()
    assert (lead.status, lead.name) == ("converted", "Leonie")


def test_many_leads_at_once(acme, alice):
    leads = [capture(acme.workspace, by=acme.bob, first_name=name) for name in ("Leo", "Lea")]
    Lead.objects.filter(pk=leads[1].pk).update(status="converted", converted_at=leads[1].created_at)
    told = messages(
        bulk(alice, acme.workspace, Lead, "change_status", leads, status="unqualified", unqualified_reason="No need")
    )
    assert told == ["Lea: A lead becomes converted by converting it, and stays so.", "1 lead changed."]
    told = messages(bulk(alice, acme.workspace, Lead, "assign", leads, owner=acme.alice.user_id))
    assert told == ["2 leads handed over."]
    assert sorted(Lead.objects.values_list("name", "status", "owner_id")) == [
        ("Lea", "converted", acme.alice.user_id),
        ("Leo", "unqualified", acme.alice.user_id),
    ]
    assert Activity.objects.filter(lead=leads[0], kind="field_change", door="admin", actor=acme.alice.user).count() == 2


def test_the_super_admin_makes_records(acme, root):
    add = {"workspace": acme.rival.pk, "name": "Theirs"}
    assert root.post(path(None, "leads_company_add"), add).status_code == 302
    assert not Company.objects.exists()


def test_campaigns_and_segments(acme, alice):
    lead = capture(acme.workspace, by=acme.bob, first_name="Leo", source="event")
    url = path(acme.workspace, "leads_campaign_add")
    spring = form_of(alice, url, Campaign) | {"name": "Spring", "start": "2026-03-01", "end": "2026-05-01"}
    assert alice.post(url, spring).status_code == 302
    backwards = alice.post(url, spring | {"name": "Other", "end": "2026-01-01"})
    assert errors(backwards) == {"__all__": ["This is not possible: look at end, start."]}
    campaign = Campaign.objects.get()
    url = path(acme.workspace, "leads_campaignmember_add")
    member = form_of(alice, url, CampaignMember) | {"campaign": campaign.pk, "lead": lead.pk}
    assert alice.post(url, member).status_code == 302
    assert "already exists" in str(errors(alice.post(url, member)))
    url = path(acme.workspace, "leads_segment_add")
    strange = form_of(alice, url, Segment) | {"name": "Odd", "filter": '{"source": "\\u0000"}'}
    assert "cannot be read" in str(errors(alice.post(url, strange)))
    hot = Segment.objects.create(workspace=acme.workspace, name="Hot", filter={"source": ["event"]})
    cold = Segment.objects.create(workspace=acme.workspace, name="Cold", filter={"source": ["nonsense"]})
    told = messages(bulk(alice, acme.workspace, Segment, "refresh", [hot, cold]))
    assert told[-1] == "1 segment refreshed." and told[-2].startswith("Cold: The filter of Cold cannot be read")
    assert SegmentMember.objects.get().lead == lead


def test_what_goes_with_a_row_is_counted_before_it_goes(acme, alice):
    lead = capture(acme.workspace, by=acme.bob, first_name="Leo")
    spring = Campaign.objects.create(workspace=acme.workspace, name="Spring")
    CampaignMember.objects.create(workspace=acme.workspace, campaign=spring, lead=lead)
    url = path(acme.workspace, "leads_campaign_delete", spring.pk)
    page = alice.get(url).content.decode()
    assert "Campaigns: 1" in page and "Campaign members: 1" in page
    assert alice.post(url, {"post": "yes"}).status_code == 302
    assert not Campaign.objects.exists() and Lead.objects.exists()


def test_records_are_not_deleted_past_the_product(acme, alice):
    blue = create_company(acme.workspace, name="Blue", by=acme.bob)
    assert alice.post(path(acme.workspace, "leads_company_delete", blue.pk), {"post": "yes"}).status_code == 403
    assert Company.objects.exists()


def test_custom_values_go_through_the_same_check_here(acme, alice):
    create_field(acme.workspace, entity="company", label="Budget", type="money", required=True, by=acme.alice)
    create_field(acme.workspace, entity="company", label="Region", type="text", by=acme.alice)
    url = path(acme.workspace, "leads_company_add")
    data = form_of(alice, url, Company) | {"name": "Blue"}
    assert "Budget is needed" in str(errors(alice.post(url, data)))
    assert "is not a number" in str(errors(alice.post(url, data | {"custom_values": '{"budget": "much"}'})))
    assert alice.post(url, data | {"custom_values": '{"budget": "5.50", "region": "North"}'}).status_code == 302
    blue = Company.objects.get()
    assert blue.custom == {"budget": "5.5", "region": "North"}
    url = path(acme.workspace, "leads_company_change", blue.pk)
    data = form_of(alice, url, Company)
    assert alice.post(url, data).status_code == 302
    assert Company.objects.get().version == 1
    assert "no field nonsense" in str(
        errors(alice.post(url, data | {"custom_values": '{"budget": "6", "nonsense": 1}'}))
    )
    assert "Write an object" in str(errors(alice.post(url, data | {"custom_values": "[1]"})))
    # What was taken out of the object is emptied.
    assert alice.post(url, data | {"custom_values": '{"budget": "6"}'}).status_code == 302
    assert Company.objects.get().custom == {"budget": "6"}
