"""Companies, contacts and leads are made and changed: nobody is there twice, nothing is overwritten unseen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from activities.models import Activity
from leads.actions import (
    capture,
    create_company,
    create_contact,
    find_company,
    refresh_segment,
    update_company,
    update_contact,
    update_lead,
)
from leads.models import Campaign, Company, Contact, ContactEmail, Lead, Segment, SegmentMember
from leads.tasks import refresh_segments
from workspaces.action import NotAllowed, Refused, Stale
from workspaces.tenancy import tenant

THEN = datetime(2026, 3, 1, 9, tzinfo=UTC)


def lines(**about: object) -> list[tuple]:
    found = Activity.objects.filter(**about).order_by("pk")
    return [(line.kind, line.actor_id, line.door) for line in found]


def counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Company, Contact, ContactEmail, Lead, Activity))


def refused(verb, *args, **kwargs) -> Refused:
    """What the verb is refused with; nothing may be written."""
    before = counts()
    with pytest.raises(Refused) as refusal:
        verb(*args, **kwargs)
    assert counts() == before
    return refusal.value


# --- capture ------------------------------------------------------------------------------------------


def test_a_new_lead_brings_its_person_and_company(acme):
    lead = capture(
        acme.workspace, by=acme.bob, door="api", at=THEN, first_name=" Uma ", last_name="Fish", email="Uma@Blue.example", company_name=" Blue Fish GmbH ", source="event", estimated_amount=Decimal(900), owner_id=acme.bob.user_id,
    )  # fmt: skip
    lead.refresh_from_db()
    assert (lead.name, lead.status, lead.source, lead.estimated_amount, lead.owner_id) == ("Uma Fish", "new", "event", 900, acme.bob.user_id)  # fmt: skip
    assert (lead.contact.name, lead.company.name, lead.contact.company_id) == ("Uma Fish", "Blue Fish GmbH", lead.company_id)  # fmt: skip
    assert list(lead.contact.emails.values_list("email", "is_primary")) == [("uma@blue.example", True)]
    assert lead.created_at == lead.contact.created_at == lead.company.created_at == THEN
    assert lines(lead=lead) == [("lead_created", acme.bob.user_id, "api")]
    # Its company's timeline holds all three.
    assert [kind for kind, *_ in lines(company=lead.company)] == ["system", "system", "lead_created"]


def test_nobody_is_copied(acme):
    """The person by address, the company by name without its legal form, whatever else was typed."""
    first = capture(acme.workspace, by=acme.bob, first_name="Uma", email="uma@blue.example", company_name="Blue Fish GmbH")  # fmt: skip
    second = capture(acme.workspace, by=acme.alice, last_name="Other", email="UMA@blue.example ", company_name="BLUE FISH")  # fmt: skip
    assert (second.contact_id, second.company_id, second.name) == (first.contact_id, first.company_id, "Uma")
    assert (Company.objects.count(), Contact.objects.count(), Lead.objects.count()) == (1, 1, 2)


@pytest.mark.parametrize(
    ("email", "company_name", "found"),
    [
        ("new@blue.example", "", "Blue"),
        ("new@BLUE.example", "", "Blue"),
        # Subdomains are not guessed at, and a name weighs more than an address.
        ("new@mail.blue.example", "", None),
        ("new@blue.example", "Steel", "Steel"),
        ("new@elsewhere.example", "blue", "Blue"),
    ],
)
def test_the_company_is_found_by_name_else_by_the_domain_of_the_address(acme, email, company_name, found):
    create_company(acme.workspace, name="Blue", domain="www.blue.example", by=acme.bob)
    lead = capture(acme.workspace, by=acme.bob, email=email, company_name=company_name)
    assert (lead.company and lead.company.name) == found
    assert lead.contact.company_id == lead.company_id


def test_free_mail_makes_no_company_and_joins_nobody(acme):
    one, other = (capture(acme.workspace, by=acme.bob, email=f"{name}@gmail.com") for name in ("a", "b"))
    assert one.company is None and other.company is None and not Company.objects.exists()
    assert one.contact_id != other.contact_id and one.name == "a@gmail.com"


def test_the_company_of_a_known_person_is_that_of_the_lead(acme):
    blue = create_company(acme.workspace, name="Blue", by=acme.bob)
    create_contact(acme.workspace, by=acme.bob, first_name="Uma", emails=["uma@gmail.com"], company=blue)
    assert capture(acme.workspace, by=acme.bob, email="uma@gmail.com").company_id == blue.pk


def test_a_lead_may_be_a_company_alone(acme):
    lead = capture(acme.workspace, by=acme.bob, company_name="Blue")
    assert (lead.name, lead.contact) == ("Blue", None) and not Contact.objects.exists()


def test_a_lead_needs_somebody(acme):
    assert list(refused(capture, acme.workspace, by=acme.bob, source="event").fields) == ["last_name"]
    assert isinstance(refused(capture, acme.workspace, by=acme.vera, last_name="A", company_name="New"), NotAllowed)
    # Not even the company stays of a lead that cannot be.
    assert "not an email" in refused(capture, acme.workspace, by=acme.bob, email="junk", company_name="New").message


def test_workspaces_know_nothing_of_each_other_s_people(cast):
    with tenant(cast.rival, cast.charlie.user):
        create_company(cast.rival, name="Blue", domain="blue.example", by=cast.charlie)
        create_contact(cast.rival, by=cast.charlie, first_name="Uma", emails=["uma@blue.example"])
    with tenant(cast.workspace, cast.bob.user):
        lead = capture(cast.workspace, by=cast.bob, email="uma@blue.example")
        assert lead.company is None and lead.contact.name == "uma@blue.example"


# --- a lead's status ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "contacted", "qualified"),
    [
        ("attempted", True, False),
        ("connected", True, False),
        ("nurture", False, False),
        ("qualified", False, True),
        ("do_not_contact", False, False),
    ],
)
def test_a_status_says_when_it_was_first_reached(acme, status, contacted, qualified):
    lead = update_lead(capture(acme.workspace, by=acme.bob, last_name="A"), by=acme.bob, version=1, status=status, at=THEN)  # fmt: skip
    lead.refresh_from_db()
    assert (lead.status, lead.version) == (status, 2)
    assert (lead.contacted_at, lead.qualified_at) == (THEN if contacted else None, THEN if qualified else None)
    for version, again in enumerate(("new", "connected", "qualified"), 2):
        update_lead(lead, by=acme.bob, version=version, status=again, at=THEN + timedelta(days=1))
    lead.refresh_from_db()
    assert lead.contacted_at == (THEN if contacted else THEN + timedelta(days=1))
    assert lead.qualified_at == (THEN if qualified else THEN + timedelta(days=1))


def test_unqualified_says_why(acme):
    lead = capture(acme.workspace, by=acme.bob, last_name="A")
    found = refused(update_lead, lead, by=acme.bob, version=1, status="unqualified")
    assert list(found.fields) == ["unqualified_reason"]
    lead = update_lead(lead, by=acme.bob, version=1, status="unqualified", unqualified_reason="No budget")
    # Said once, it need not be said again.
    lead = update_lead(lead, by=acme.bob, version=2, status="new")
    lead = update_lead(lead, by=acme.bob, version=3, status="unqualified")
    assert (lead.status, lead.unqualified_reason) == ("unqualified", "No budget")


def test_only_conversion_converts_and_unconverts(acme):
    lead = capture(acme.workspace, by=acme.bob, last_name="A")
    assert list(refused(update_lead, lead, by=acme.alice, version=1, status="converted").fields) == ["status"]
    Lead.objects.update(status="converted", converted_at=THEN)
    for status in ("new", "qualified", "unqualified"):
        assert list(refused(update_lead, lead, by=acme.alice, version=1, status=status).fields) == ["status"]
    assert update_lead(lead, by=acme.bob, version=1, status="converted", name="B").name == "B"


# --- changes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["company", "contact", "lead"])
def test_a_change_is_written_with_who_from_to_and_door(acme, kind):
    make = {
        "company": lambda: create_company(acme.workspace, name="Blue", by=acme.bob, country="Norway"),
        "contact": lambda: create_contact(acme.workspace, by=acme.bob, last_name="Fish", title="Boss"),
        "lead": lambda: capture(acme.workspace, by=acme.bob, last_name="Fish", source="event"),
    }
    update = {"company": update_company, "contact": update_contact, "lead": update_lead}[kind]
    field, old, new = {"company": ("country", "Norway", "Chile"), "contact": ("title", "Boss", ""), "lead": ("source", "event", "ads")}[kind]  # fmt: skip
    row = make[kind]()
    with tenant(acme.workspace, acme.bob.user, door="api"):
        row = update(row, by=acme.bob, version=1, door="api", **{field: new})
    row.refresh_from_db()
    assert (getattr(row, field), row.version) == (new, 2)
    line = Activity.objects.filter(**{kind: row}).order_by("pk").last()
    assert (line.kind, line.actor_id, line.door, line.data["changes"]) == ("field_change", acme.bob.user_id, "api", {field: [old, new]})  # fmt: skip
    audit = type(row).pgh_event_model.objects.get(pgh_obj_id=row.pk)
    assert getattr(audit, field) == old and audit.pgh_context == {"door": "api", "user": acme.bob.user_id}
    # What is so already is no change.
    assert update(row, by=acme.alice, version=2, **{field: new}).version == 2
    # Somebody else's version is refused, and so are viewers.
    stale = refused(update, row, by=acme.alice, version=1, **{field: old})
    assert isinstance(stale, Stale) and "Somebody changed" in stale.message
    assert isinstance(refused(update, row, by=acme.vera, version=2, **{field: old}), NotAllowed)
    row.refresh_from_db()
    assert getattr(row, field) == new


def test_a_domain_belongs_to_one_company(acme):
    blue = create_company(acme.workspace, name="Blue", domain="https://www.BLUE.example/about", by=acme.bob)
    assert blue.domain == "blue.example"
    found = refused(create_company, acme.workspace, name="Other", domain="blue.example", by=acme.bob)
    assert found.message == "Blue has the domain blue.example already." and list(found.fields) == ["domain"]
    other = create_company(acme.workspace, name="Other", by=acme.bob)
    assert list(refused(update_company, other, by=acme.bob, version=1, domain="Blue.example").fields) == ["domain"]
    # Its own it keeps, and two without one are no twins.
    update_company(blue, by=acme.bob, version=1, domain="www.blue.example", size=5)
    create_company(acme.workspace, name="Third", by=acme.bob)


def test_a_company_of_the_same_name_is_taken_and_the_oldest_is_found(acme):
    first, second = (create_company(acme.workspace, name=name, by=acme.bob) for name in ("Blue", "Blue AG"))
    assert find_company(acme.workspace, "blue").pk == first.pk
    update_company(first, by=acme.bob, version=1, name="Red")
    assert find_company(acme.workspace, "blue").pk == second.pk and find_company(acme.workspace, "RED").pk == first.pk
    assert find_company(acme.workspace, "nobody") is None


def test_a_company_keeps_a_name(acme):
    assert list(refused(create_company, acme.workspace, name="  ", by=acme.bob).fields) == ["name"]
    blue = create_company(acme.workspace, name="Blue", by=acme.bob)
    assert list(refused(update_company, blue, by=acme.bob, version=1, name="").fields) == ["name"]


def test_an_address_belongs_to_one_person(acme):
    uma = create_contact(acme.workspace, by=acme.bob, first_name="Uma", emails=[" Uma@Blue.example", "uma@blue.example", "u@blue.example"])  # fmt: skip
    assert list(uma.emails.order_by("pk").values_list("email", "is_primary")) == [("uma@blue.example", True), ("u@blue.example", False)]  # fmt: skip
    found = refused(create_contact, acme.workspace, by=acme.bob, first_name="Ida", emails=["U@blue.example"])
    assert found.message == "Uma has the address u@blue.example already." and list(found.fields) == ["emails"]
    ida = create_contact(acme.workspace, by=acme.bob, first_name="Ida", emails=["ida@blue.example"])
    assert list(refused(update_contact, ida, by=acme.bob, version=1, emails=["u@blue.example"]).fields) == ["emails"]
    assert list(ida.emails.values_list("email", flat=True)) == ["ida@blue.example"]


def test_a_person_is_called_by_name_else_by_address(acme):
    uma = create_contact(acme.workspace, by=acme.bob, emails=["u@blue.example"], phones=["+49 30 123456", "+4930123456"])  # fmt: skip
    assert uma.name == "u@blue.example" and list(uma.phones.values_list("phone", flat=True)) == ["+4930123456"]
    assert update_contact(uma, by=acme.bob, version=1, first_name="Uma", last_name="Fish").name == "Uma Fish"
    assert update_contact(uma, by=acme.bob, version=2, first_name="", last_name="").name == "u@blue.example"
    assert list(refused(create_contact, acme.workspace, by=acme.bob, phones=["+49 30 1"]).fields) == ["first_name"]
    assert list(refused(create_contact, acme.workspace, by=acme.bob, first_name="A", phones=["030 1"]).fields) == ["phones"]  # fmt: skip


# --- segments -----------------------------------------------------------------------------------------


def members(segment: Segment) -> set[str]:
    return set(SegmentMember.objects.filter(segment=segment).values_list("lead__name", flat=True))


@pytest.fixture
def leads(acme) -> dict[str, Lead]:
    spring = Campaign.objects.create(workspace=acme.workspace, name="Spring")
    facts = {
        "Ann": {"source": "event", "owner_id": acme.bob.user_id},
        "Ben": {"source": "ads", "campaign": spring},
        "Cam": {"source": "event", "campaign": spring, "owner_id": acme.alice.user_id},
    }
    return {name: capture(acme.workspace, by=acme.bob, last_name=name, **more) for name, more in facts.items()}


def test_a_segment_by_filter_follows_its_leads(acme, leads):
    segment = Segment.objects.create(workspace=acme.workspace, name="Fair", filter={"source": ["event"]})
    refresh_segment(segment)
    assert members(segment) == {"Ann", "Cam"} and segment.refreshed_at is not None
    kept = SegmentMember.objects.get(segment=segment, lead=leads["Cam"])
    update_lead(leads["Ann"], by=acme.bob, version=1, source="ads")
    update_lead(leads["Ben"], by=acme.bob, version=1, source="event")
    refresh_segment(segment)
    assert members(segment) == {"Ben", "Cam"}
    # Who stays was not put in anew.
    assert SegmentMember.objects.get(segment=segment, lead=leads["Cam"]).pk == kept.pk


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({}, {"Ann", "Ben", "Cam"}),
        ({"source": ["event", "ads"]}, {"Ann", "Ben", "Cam"}),
        ({"source": ["event"], "owner": ["bob"]}, {"Ann"}),
        ({"campaign": ["Spring"]}, {"Ben", "Cam"}),
        ({"q": "be"}, {"Ben"}),
        ({"status": ["qualified"]}, set()),
    ],
)
def test_what_a_segment_can_ask_for(acme, leads, asked, wanted):
    ids = {"bob": acme.bob.user_id, "Spring": Campaign.objects.get().pk}
    asked = {key: [ids.get(one, one) for one in value] if isinstance(value, list) else value for key, value in asked.items()}  # fmt: skip
    segment = Segment.objects.create(workspace=acme.workspace, name="S", filter=asked)
    refresh_segment(segment)
    assert members(segment) == wanted


@pytest.mark.parametrize("asked", [{"source": ["nowhere"]}, {"owner": ["x"]}, {"nonsense": "1"}, [], {"source": {}}])
def test_a_segment_that_cannot_be_read_keeps_its_members(acme, leads, asked):
    segment = Segment.objects.create(workspace=acme.workspace, name="S", filter={"source": ["event"]})
    refresh_segment(segment)
    segment.filter = asked
    with pytest.raises(Refused, match="The filter of S cannot be read"):
        refresh_segment(segment)
    assert members(segment) == {"Ann", "Cam"}


def test_the_task_refreshes_those_by_filter_in_each_workspace(cast):
    made = {}
    for member in (cast.bob, cast.charlie):
        with tenant(member.workspace, member.user):
            lead = capture(member.workspace, by=member, last_name=f"Of {member}", source="event")
            by_filter = Segment.objects.create(workspace=member.workspace, name="Fair", filter={"source": ["event"]})
            by_hand = Segment.objects.create(workspace=member.workspace, name="Friends")
            other = capture(member.workspace, by=member, last_name="Other", source="ads")
            SegmentMember.objects.create(workspace=member.workspace, segment=by_hand, lead=other)
            made[member] = (by_filter, by_hand, lead)
    refresh_segments()
    for member, (by_filter, by_hand, lead) in made.items():
        with tenant(member.workspace, member.user):
            assert members(by_filter) == {lead.name} and members(by_hand) == {"Other"}
