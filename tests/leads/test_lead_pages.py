"""Companies, contacts and leads as pages: lists, forms in a dialog and on a page of their own, and what one record shows."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from activities.actions import add_note
from deals.actions import add_contact, delete_deal, move_to_stage
from leads.actions import capture, create_company, create_contact, update_company, update_lead
from leads.models import Campaign, Company, Contact, Lead, Segment, SegmentMember
from tests.deals.boards import pages
from tests.factories import make_deal, url
from tests.pages import SCRIPT, Element, read
from workspaces.custom.actions import create_field
from workspaces.models import Membership, Workspace

KINDS = ("company", "contact", "lead")


@pytest.fixture
def bob(acme, login) -> Client:
    return login(acme.bob)


def listed(client: Client, acme, kind: str, **query: object) -> Element:
    response = client.get(url(acme.workspace, f"{kind}_list"), query)
    assert response.status_code == 200
    return read(response)


def names(page: Element) -> list[str]:
    return [row.one("td", "m1").one("a", "med").text for row in page.all("tr", data_href=None)]


def detail(client: Client, record: Company | Contact | Lead) -> Element:
    response = client.get(url(record.workspace, f"{record._meta.model_name}_detail", record.pk))
    assert response.status_code == 200
    return read(response)


def make(acme, kind: str, name: str, **fields: object) -> Company | Contact | Lead:
    if kind == "company":
        return create_company(acme.workspace, name=name, by=acme.bob, **fields)
    verb = create_contact if kind == "contact" else capture
    return verb(acme.workspace, last_name=name, by=acme.bob, **fields)


# --- lists --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_is_sorted_and_paged_each_row_once(acme, bob, kind):
    model = {"company": Company, "contact": Contact, "lead": Lead}[kind]
    model.objects.bulk_create(model(workspace=acme.workspace, name=f"N {number % 40:03}") for number in range(120))
    rows = list(model.objects.values_list("name", "pk"))
    for sort in ("name", "-name"):
        parts = [part.all("tr", data_href=None) for part in pages(bob, listed(bob, acme, kind, sort=sort))]
        found = [int(row["data-href"].split("/")[-2]) for part in parts for row in part]
        assert [len(part) for part in parts] == [50, 50, 20]
        assert found == [pk for _, pk in sorted(rows, reverse=sort.startswith("-"))]


SORTS = {
    "lead": {"name": "name", "amount": "estimated_amount", "created": "created_at"},
    "company": {"name": "name", "size": "size", "revenue": "annual_revenue", "created": "created_at"},
    "contact": {"name": "name", "created": "created_at"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_sort_of_a_list_and_unknown_values_last(acme, bob, kind):
    for number, name in enumerate(("B", "A", "C", "D")):
        row = make(acme, kind, name)
        gaps = {field: None if number == 1 else (number + 2) % 4 for field in SORTS[kind].values() if field not in ("name", "created_at")}  # fmt: skip
        type(row).objects.filter(pk=row.pk).update(**gaps)
    links = {parse_qs(urlsplit(link["href"]).query)["sort"][0].removeprefix("-") for link in listed(bob, acme, kind).one("thead").all("a")}  # fmt: skip
    assert links == set(SORTS[kind])
    for sort, field in SORTS[kind].items():
        for sign in ("", "-"):
            rows = type(row).objects.values_list(field, "pk")
            known = sorted((one for one in rows if one[0] is not None), reverse=bool(sign))
            page = listed(bob, acme, kind, sort=sign + sort)
            found = [int(line["data-href"].split("/")[-2]) for line in page.all("tr", data_href=None)]
            assert found == [pk for _, pk in known] + [pk for value, pk in rows if value is None], (sort, sign)


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_says_how_many_there_are(acme, bob, kind):
    make(acme, kind, "Harbour")
    number = len(listed(bob, acme, kind).all("tr", data_href=None))
    assert listed(bob, acme, kind).one(id="count").text == f"1 {kind}" and number == 1
    for other in range(60):
        make(acme, kind, f"Other {other}")
    plural = {"company": "companies"}.get(kind, f"{kind}s")
    assert listed(bob, acme, kind).one(id="count").text == f"61 {plural}"
    assert listed(bob, acme, kind, q="harb").one(id="count").text == f"1 {kind}"


def test_more_than_a_thousand_are_not_counted(acme, bob):
    Company.objects.bulk_create(
        Company(workspace=acme.workspace, name=f"C {n}", name_key=f"c {n}") for n in range(1000)
    )
    assert listed(bob, acme, "company").one(id="count").text == "1,000 companies"
    make(acme, "company", "One more")
    assert listed(bob, acme, "company").one(id="count").text == "1,000+ companies"


def test_leads_come_newest_first_and_the_others_by_name(acme, bob):
    for kind in KINDS:
        for name in ("B", "A", "C"):
            make(acme, kind, name)
    assert names(listed(bob, acme, "lead")) == ["C", "A", "B"]
    assert names(listed(bob, acme, "company")) == ["A", "B", "C"]
    # Leads brought their people along.
    assert names(listed(bob, acme, "contact")) == ["A", "A", "B", "B", "C", "C"]


def test_rows_say_what_there_is(acme, bob):
    blue = create_company(acme.workspace, name="Blue", domain="blue.example", industry="Fish", country="Norway", size=1200, annual_revenue=Decimal(2500000), owner_id=acme.alice.user_id, by=acme.bob)  # fmt: skip
    create_contact(acme.workspace, by=acme.bob, last_name="Uma", title="Boss", company=blue, emails=["u@blue.example", "b@blue.example"])  # fmt: skip
    capture(acme.workspace, by=acme.bob, email="u@blue.example", source="event", estimated_amount=Decimal(900), owner_id=acme.bob.user_id)  # fmt: skip
    found = {kind: [cell.text for cell in listed(bob, acme, kind).one("tr", data_href=None).all("td")] for kind in KINDS}  # fmt: skip
    assert found == {
        "company": ["BL Blue", "blue.example", "Fish", "Norway", "1,200", "€2.50M", "Alice", "now"],
        "contact": ["Uma", "Boss", "BL Blue", "u@blue.example", "Nobody", "now"],
        "lead": ["Uma", "BL Blue", "New", "Event", "€900", "Bob", "now"],
    }


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_list_offers_the_first(acme, login, kind):
    page = listed(login(acme.bob), acme, kind)
    assert f"No {kind} here" in page.text and page.all("a", href=url(acme.workspace, f"{kind}_new"))
    assert not listed(login(acme.vera), acme, kind).all("a", href=url(acme.workspace, f"{kind}_new"))


@pytest.fixture
def people(acme) -> dict[str, Lead]:
    """Four leads of different kinds, with companies."""
    spring = Campaign.objects.create(workspace=acme.workspace, name="Spring")
    large, small = (Segment.objects.create(workspace=acme.workspace, name=name) for name in ("Large", "Small"))
    facts = {
        "Ann": {"source": "event", "owner_id": acme.bob.user_id, "company_name": "Blåfisk"},
        "Ben": {"source": "ads", "campaign": spring, "company_name": "Steel"},
        "Cam": {"source": "event", "campaign": spring, "owner_id": acme.alice.user_id},
        "Dée": {"owner_id": acme.alice.user_id},
    }
    leads = {name: capture(acme.workspace, by=acme.bob, last_name=name, **more) for name, more in facts.items()}
    update_lead(leads["Ben"], by=acme.bob, version=1, status="qualified")
    for segment, name in ((large, "Ann"), (small, "Ann"), (small, "Cam")):
        SegmentMember.objects.create(workspace=acme.workspace, segment=segment, lead=leads[name])
    Company.objects.filter(name="Steel").update(industry="Metal", country="Chile", owner_id=acme.bob.user_id)
    Company.objects.filter(name="Blåfisk").update(industry="Fish", country="Norway")
    Contact.objects.filter(name="Cam").update(owner_id=acme.bob.user_id)
    return leads


WANTED = {
    "lead": [
        ({}, ["Dée", "Cam", "Ben", "Ann"]),
        ({"status": "qualified"}, ["Ben"]),
        ({"status": ["qualified", "new"]}, ["Dée", "Cam", "Ben", "Ann"]),
        ({"owner": ["bob"]}, ["Ann"]),
        ({"owner": ["bob", "alice"]}, ["Dée", "Cam", "Ann"]),
        ({"source": ["event"]}, ["Cam", "Ann"]),
        ({"campaign": ["Spring"]}, ["Cam", "Ben"]),
        ({"segment": ["Small"]}, ["Cam", "Ann"]),
        # In two of them, and yet one row.
        ({"segment": ["Small", "Large"]}, ["Cam", "Ann"]),
        ({"segment": ["Large"], "source": ["ads"]}, []),
        ({"q": "dee"}, ["Dée"]),
        ({"q": "BLAF"}, ["Ann"]),
        ({"q": "%"}, []),
    ],
    "company": [
        ({}, ["Blåfisk", "Steel"]),
        ({"industry": ["Fish"]}, ["Blåfisk"]),
        ({"industry": ["Fish", "Metal"], "country": ["Chile"]}, ["Steel"]),
        ({"owner": ["bob"]}, ["Steel"]),
        ({"q": "blaf"}, ["Blåfisk"]),
        ({"industry": ["Nothing of this"]}, []),
    ],
    "contact": [({}, ["Ann", "Ben", "Cam", "Dée"]), ({"owner": ["bob"]}, ["Cam"]), ({"q": "DEE"}, ["Dée"])],
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_filter(acme, bob, people, kind):
    ids = {"bob": acme.bob.user_id, "alice": acme.alice.user_id, "Spring": Campaign.objects.get().pk}
    ids |= {segment.name: segment.pk for segment in Segment.objects.all()}
    for query, wanted in WANTED[kind]:
        asked = {key: [ids.get(one, one) for one in value] if isinstance(value, list) else value for key, value in query.items()}  # fmt: skip
        assert names(listed(bob, acme, kind, **asked)) == wanted, query


def test_a_filter_that_cannot_be_read_lists_nothing_and_says_so(acme, bob, people):
    for kind, query in (("lead", {"status": "nowhere"}), ("lead", {"segment": 0}), ("company", {"owner": acme.charlie.user_id})):  # fmt: skip
        page = listed(bob, acme, kind, **query)
        assert not names(page) and "This filter cannot be read" in page.one("span", role="alert").text


@pytest.mark.parametrize(
    ("kind", "chip", "counts"),
    [
        ("lead", "status", {"New": "3", "Qualified": "1", "Nurture": "0"}),
        ("lead", "owner", {"Alice": "2", "Bob": "1", "Vera": "0"}),
        ("lead", "segment", {"Large": "1", "Small": "2"}),
        ("company", "industry", {"Fish": "1", "Metal": "1"}),
        ("contact", "owner", {"Bob": "1"}),
    ],
)
def test_a_panel_counts_each_choice(acme, bob, people, kind, chip, counts):
    page = read(bob.get(url(acme.workspace, f"{kind}_filter", chip), headers=SCRIPT))
    found = {label.all("span")[0].text: label.all("span")[1].text for label in page.all("label", "choice")}
    assert {name: found[name] for name in counts} == counts
    assert bob.get(url(acme.workspace, f"{kind}_filter", "nonsense")).status_code == 404


# --- forms --------------------------------------------------------------------------------------------

NEW = {
    "company": {"name": "Blue Fish", "domain": "www.Blue.example", "industry": "Fish", "size": "12", "country": "Norway", "annual_revenue": "2.5M", "phone": "77"},
    "contact": {"first_name": "Uma", "last_name": "Fish", "title": "Boss", "company_name": "Blue", "emails": "U@blue.example, b@blue.example", "phones": "+49 30 123456", "do_not_call": "on"},
    "lead": {"first_name": "Uma", "last_name": "Fish", "email": "U@blue.example", "company_name": "Blue", "source": "event", "estimated_amount": "9k"},
}  # fmt: skip
KEPT = {
    "company": {"domain": "blue.example", "annual_revenue": "2,500,000"},
    "contact": {"emails": "u@blue.example, b@blue.example", "phones": "+4930123456"},
    "lead": {"estimated_amount": "9,000"},
}


def form_of(client: Client, path: str, script: bool = True) -> Element:
    response = client.get(path, headers=SCRIPT if script else {})
    assert response.status_code == 200
    return next(form for form in read(response).all("form", method="post") if "owner" in form.fields)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("script", [True, False])
def test_made_by_a_form_and_changed_by_another(acme, bob, kind, script):
    headers = SCRIPT if script else {}
    form = form_of(bob, url(acme.workspace, f"{kind}_new"), script)
    assert form.fields["owner"] == str(acme.bob.user_id)
    response = bob.post(form["action"], form.fields | NEW[kind], headers=headers)
    record = {"company": Company, "contact": Contact, "lead": Lead}[kind].objects.get()
    there = url(acme.workspace, f"{kind}_detail", record.pk)
    assert (response["HX-Redirect"] if script else response["Location"]) == there
    assert record.owner_id == acme.bob.user_id and record.version == 1
    edit = form_of(bob, url(acme.workspace, f"{kind}_edit", record.pk), script)
    wanted = {name: value for name, value in (NEW[kind] | KEPT[kind]).items() if name in edit.fields}
    assert len(wanted) > 1 and {name: edit.fields[name] for name in wanted} == wanted
    # As it stands it changes nothing; then one fact.
    assert bob.post(edit["action"], edit.fields, headers=headers).status_code == (200 if script else 302)
    record.refresh_from_db()
    assert record.version == 1
    field, value = {"company": ("country", "Chile"), "contact": ("title", "Chair"), "lead": ("status", "connected")}[kind]  # fmt: skip
    bob.post(edit["action"], edit.fields | {field: value, "owner": ""}, headers=headers)
    record.refresh_from_db()
    assert (getattr(record, field), record.owner_id, record.version) == (value, None, 2)
    # The same page again is stale: it says so and keeps what was typed.
    stale = bob.post(edit["action"], edit.fields | {field: value}, headers=headers)
    page = read(stale)
    assert stale.status_code == 409 and "Somebody changed" in page.one("div", role="alert").text
    assert next(form for form in page.all("form", method="post") if "owner" in form.fields).fields[field] == value


@pytest.mark.parametrize(
    ("kind", "typed", "field"),
    [
        ("company", {"name": " "}, "name"),
        ("company", {"size": "-1"}, "size"),
        ("company", {"annual_revenue": "lots"}, "annual_revenue"),
        ("company", {"domain": "taken.example"}, "domain"),
        ("company", {"owner": "charlie"}, "owner"),
        ("contact", {"first_name": "", "last_name": "", "emails": ""}, "first_name"),
        ("contact", {"emails": "taken@taken.example"}, "emails"),
        ("contact", {"phones": "030 123456"}, "phones"),
        ("lead", {"email": "junk"}, "email"),
        ("lead", {"first_name": "", "last_name": "", "email": "", "company_name": ""}, "last_name"),
        ("lead", {"source": "nowhere"}, "source"),
        ("lead", {"estimated_amount": "-1"}, "estimated_amount"),
    ],
)
def test_what_cannot_be_is_said_beside_it_and_the_rest_is_kept(acme, bob, kind, typed, field):
    create_company(acme.workspace, name="Taken", domain="taken.example", by=acme.bob)
    create_contact(acme.workspace, by=acme.bob, emails=["taken@taken.example"])
    typed = {key: str(acme.charlie.user_id) if value == "charlie" else value for key, value in typed.items()}
    sent = NEW[kind] | typed
    response = bob.post(url(acme.workspace, f"{kind}_new"), sent, headers=SCRIPT)
    form = read(response).one("form")
    assert response.status_code == 422 and [err["id"] for err in form.all("p", "err")] == [f"id_{field}_error"]
    kept = {name: value.strip() for name, value in sent.items() if name not in ("owner", "source")}
    assert {name: form.fields[name].strip() for name in kept} == kept
    assert (Company.objects.count(), Contact.objects.count(), Lead.objects.count()) == (1, 1, 0)


def test_a_lead_is_edited_within_its_rules(acme, bob, people):
    lead = people["Ann"]
    path = url(acme.workspace, "lead_edit", lead.pk)
    form = form_of(bob, path)
    options = [option["value"] for option in form.one("select", name="status").all("option")]
    assert "converted" not in options and len(options) == 7
    refused = bob.post(path, form.fields | {"status": "unqualified"}, headers=SCRIPT)
    assert refused.status_code == 422 and read(refused).one("p", "err")["id"] == "id_unqualified_reason_error"
    forged = bob.post(path, form.fields | {"status": "converted"}, headers=SCRIPT)
    assert forged.status_code == 422 and read(forged).one("p", "err")["id"] == "id_status_error"
    Lead.objects.filter(pk=lead.pk).update(status="converted", converted_at=lead.created_at)
    form = form_of(bob, path)
    assert "status" not in form.fields
    assert bob.post(path, form.fields | {"name": "Anna", "status": "new"}, headers=SCRIPT).status_code == 200
    lead.refresh_from_db()
    assert (lead.name, lead.status) == ("Anna", "converted")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [Membership.Status.SUSPENDED, Membership.Status.LEFT])
def test_an_owner_who_left_is_not_lost_by_another_change(acme, login, kind, status):
    record = make(acme, kind, "Blue", owner_id=acme.bob.user_id)
    Membership.objects.filter(pk=acme.bob.pk).update(status=status)
    alice = login(acme.alice)
    form = form_of(alice, url(acme.workspace, f"{kind}_edit", record.pk))
    assert form.fields["owner"] == str(acme.bob.user_id)
    name = {"company": "name", "contact": "last_name", "lead": "name"}[kind]
    assert alice.post(form["action"], form.fields | {name: "Red"}, headers=SCRIPT).status_code == 200
    record.refresh_from_db()
    assert (record.name, record.owner_id) == ("Red", acme.bob.user_id)
    # Nobody else's new owner, though.
    other = make(acme, kind, "Green")
    assert str(acme.bob.user_id) not in [option["value"] for option in form_of(alice, url(acme.workspace, f"{kind}_edit", other.pk)).one("select", name="owner").all("option")]  # fmt: skip


# --- one record ---------------------------------------------------------------------------------------


def test_a_company_with_its_people_leads_and_deals(acme, bob):
    parent = create_company(acme.workspace, name="Ocean", by=acme.bob)
    blue = create_company(acme.workspace, name="Blue", domain="blue.example", industry="Fish", parent=parent, by=acme.bob)  # fmt: skip
    create_contact(acme.workspace, by=acme.bob, last_name="Uma", company=blue, emails=["u@blue.example"])
    lead = capture(acme.workspace, by=acme.bob, email="u@blue.example", owner_id=acme.alice.user_id)
    deals = {name: make_deal(owner, acme.stages["Contacted"], name, company=blue, lead=lead) for name, owner in (("Hers", acme.alice), ("Mine", acme.bob), ("Done", acme.bob), ("Binned", acme.bob))}  # fmt: skip
    move_to_stage(deals["Done"], acme.stages["Won"], by=acme.bob)
    delete_deal(deals["Binned"], by=acme.bob)
    add_note(blue, "They like it", by=acme.bob)
    add_contact(deals["Mine"], lead.contact, by=acme.bob)

    def linked(page: Element, kind: str) -> list[str]:
        return [link.text for link in page.one("aside", "rail").all("a", "med") if f"/{kind}/" in link["href"]]

    page = detail(bob, blue)
    assert "part of Ocean" in page.text and "blue.example" in page.text and "They like it" in page.text
    assert linked(page, "deals") == ["Mine", "Hers", "Done"] and linked(page, "leads") == linked(page, "contacts") == ["Uma"]  # fmt: skip
    page = detail(bob, lead)
    assert linked(page, "deals") == ["Mine", "Hers", "Done"] and linked(page, "contacts") == ["Uma"]
    assert linked(detail(bob, lead.contact), "deals") == ["Mine"] and linked(detail(bob, lead.contact), "leads") == ["Uma"]  # fmt: skip
    Workspace.objects.filter(pk=acme.workspace.pk).update(visibility="own")
    page = detail(bob, blue)
    assert linked(page, "deals") == ["Mine", "Done"] and not linked(page, "leads") and "Hers" not in page.text
    assert bob.get(url(acme.workspace, "lead_detail", lead.pk)).status_code == 404
    assert bob.get(url(acme.workspace, "lead_edit", lead.pk)).status_code == 404
    assert "Uma" not in names(listed(bob, acme, "lead"))


def test_a_viewer_reads_and_finds_nothing_to_press(acme, login):
    vera = login(acme.vera)
    for kind in KINDS:
        record = make(acme, kind, "Blue", owner_id=acme.bob.user_id)
        page = detail(vera, record)
        assert page.one("h1").text == "Blue" and not page.all("a", data_dialog=None)
        sent = vera.post(url(acme.workspace, f"{kind}_edit", record.pk), {"name": "Red", "last_name": "Red", "version": 1})  # fmt: skip
        record.refresh_from_db()
        assert sent.status_code == 403 and record.name == "Blue"


def test_a_contact_says_how_to_be_reached_and_how_not(acme, bob):
    uma = create_contact(acme.workspace, by=acme.bob, last_name="Uma", emails=["b@blue.example", "a@blue.example"], phones=["+4930123456"], do_not_email=True)  # fmt: skip
    page = detail(bob, uma)
    reach = [link["href"] for link in page.all("a", "link") if link["href"].startswith(("mailto:", "tel:"))]
    assert reach == ["mailto:b@blue.example", "mailto:a@blue.example", "tel:+4930123456"]
    assert "Do not email" in page.text and "Do not call" not in page.text


def test_a_change_is_told_on_the_page_with_names_and_not_with_numbers(acme, bob):
    blue = create_company(acme.workspace, name="Blue", by=acme.bob, owner_id=acme.bob.user_id)
    update_company(blue, by=acme.bob, version=1, owner_id=acme.alice.user_id, country="Chile")
    told = next(entry.text for entry in detail(bob, blue).one("ol", "tl").all("li") if "changed" in entry.text)
    assert "Alice" in told and "Chile" in told and "industry" not in told


def test_custom_fields_are_columns_of_the_lists(acme, login):
    for entity in ("lead", "company", "contact"):
        create_field(acme.workspace, entity=entity, label="Region", type="text", by=acme.alice)
        create_field(acme.workspace, entity=entity, label="Size", type="number", by=acme.alice)
    capture(acme.workspace, by=acme.bob, email="ida@x.example", custom={"region": "North-West"})
    create_company(acme.workspace, by=acme.bob, name="Harbour", custom={"size": "1200"})
    create_contact(acme.workspace, by=acme.bob, first_name="Uma", custom={"region": "South-East", "size": "7"})
    bob = login(acme.bob)
    for entity, said, also in (("lead", "North-West", "—"), ("company", "1,200", "—"), ("contact", "South-East", "7")):
        path = url(acme.workspace, f"{entity}_list")
        plain, chosen = (bob.get(path + query).content.decode() for query in ("", "?columns=cf_region&columns=cf_size"))
        assert 'data-c="cf_region"' not in plain
        assert 'value="cf_region"' in plain  # offered
        assert 'data-c="cf_region"' in chosen
        assert f'title="{said}"' in chosen
        assert also in chosen
        new = bob.get(url(acme.workspace, "export_new", entity) + "?columns=cf_region").content.decode()
        assert "The columns that the list shows" in new


def test_the_row_that_brings_more_is_as_wide_as_the_others(acme, bob):
    """One column more would be an empty one, beside all that is shown."""
    Lead.objects.bulk_create(
        Lead(workspace=acme.workspace, name=f"Lead {number}", owner=acme.bob.user) for number in range(60)
    )
    page = read(bob.get(url(acme.workspace, "lead_list")))
    [more] = page.one("tr", "more-rows").all("td")
    assert int(more["colspan"]) == len(page.one("table", "records").all("th"))
