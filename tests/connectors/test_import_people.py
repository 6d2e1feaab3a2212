"""Companies, contacts and leads out of files."""

from datetime import UTC, datetime

from activities.models import Activity
from connectors.models import ExternalId
from leads.actions import create_company, create_contact
from leads.models import Company, Contact, Lead
from tests.shared_data import shared


def test_companies_with_all_their_facts(acme, run_import):
    found = run_import(
        "companies",
        "name,website,industry,employees,country,annual revenue,phone,owner,parent\n"
        "Isdom,https://www.Isdom.example/en,Retail,120,Kenya,$1.5M,+49 30 123456,Bob,Sonron\nSonron,,,,,,,,\nBetatech,,,,,,,,Nobody\n",
    )
    assert found.counts == {"created": 3} and found.problems == [
        ("2", "warning", "annual revenue"),
        ("4", "warning", "parent"),
    ]
    isdom = Company.objects.get(name="Isdom")
    assert (isdom.domain, isdom.industry, isdom.size, isdom.country) == ("isdom.example", "Retail", 120, "Kenya")
    assert (isdom.annual_revenue, isdom.phone, isdom.owner_id, isdom.parent.name) == (
        1_500_000,
        "+4930123456",
        acme.bob.user_id,
        "Sonron",
    )
    line = Activity.objects.get(company=isdom)
    assert (line.body, line.door, line.actor_id) == ("Company created", "import", acme.alice.user_id)


def test_companies_are_known_by_domain_else_by_name(acme, run_import):
    create_company(acme.workspace, name="Isdom GmbH", domain="isdom.example", by=acme.bob)
    create_company(acme.workspace, name="Betatech", by=acme.bob)
    found = run_import(
        "companies",
        "name,domain\nISDOM Kenya,www.isdom.example\nIsdom,isdom.other\nBETATECH Inc.,\nBetatech,betatech.example\nGolddex,\nGolddex Ltd,\nGolddex,golddex.example\n",
    )
    # Isdom of another domain is another company; Golddex is one, however often it is written.
    assert found.counts == {"created": 2, "skipped": 5}
    assert sorted(Company.objects.values_list("name", flat=True)) == ["Betatech", "Golddex", "Isdom", "Isdom GmbH"]
    assert ExternalId.objects.count() == 7
    assert run_import("companies", "name,domain\nGolddex,\n").counts == {"skipped": 1}


def test_an_update_of_companies_changes_what_differs(acme, run_import):
    run_import("companies", "id,name,industry\n1,Isdom,retail\n2,Betatech,medical\n")
    found = run_import("companies", "id,name,industry\n1,Isdom,finance\n2,Betatech,\n", update=True)
    assert found.counts == {"skipped": 1, "updated": 1}
    isdom = Company.objects.get(name="Isdom")
    assert (isdom.industry, isdom.version) == ("finance", 2) and Company.objects.get(
        name="Betatech"
    ).industry == "medical"
    assert Activity.objects.get(kind="field_change").data["fields"] == ["industry"]


def test_a_company_that_cannot_be_is_named(acme, run_import):
    create_company(acme.workspace, name="Isdom", domain="isdom.example", by=acme.bob)
    run_import("companies", "id,name,domain\n1,Betatech,beta.example\n")
    found = run_import("companies", "id,name,domain\n2,,\n1,Betatech,isdom.example\n", update=True)
    assert found.counts == {"error": 2}
    assert found.problems == [("2", "error", "name"), ("3", "error", "domain")]
    assert "Isdom has the domain isdom.example already" in found.report[1]["reason"]


def test_contacts_with_addresses_numbers_and_company(acme, run_import):
    found = run_import(
        "contacts",
        'name,email,phone,company,job title,owner,do not call,created\n"Frase, Moses","Moses@X.example; m.frase@y.example",030 123456,Isdom,CTO,Bob,yes,2026-01-02\n'
        "Zoe van der Berg,,not a number,,,,,\n,info@z.example,,,,,,\n",
        mapping={"region": "DE"},
        create="companies",
    )
    assert found.counts == {"created": 3} and found.problems == [("3", "warning", "phone")]
    moses = Contact.objects.get(last_name="Frase")
    assert (moses.name, moses.title, moses.company.name, moses.owner_id, moses.do_not_call) == (
        "Moses Frase",
        "CTO",
        "Isdom",
        acme.bob.user_id,
        True,
    )
    assert list(moses.emails.order_by("pk").values_list("email", "is_primary")) == [
        ("moses@x.example", True),
        ("m.frase@y.example", False),
    ]
    assert moses.phones.get().phone == "+4930123456" and moses.created_at == datetime(2026, 1, 2, tzinfo=UTC)
    assert Contact.objects.get(last_name="Berg").first_name == "Zoe van der"
    assert Contact.objects.filter(name="info@z.example").exists()


def test_contacts_are_known_by_address(acme, run_import):
    create_contact(acme.workspace, by=acme.bob, last_name="Frase", emails=["m@x.example"])
    text = "first name,last name,email,phone\nMoses,Frase,M@X.example,+49 30 123456\nZoe,Berg,zoe@x.example,\nZoë,Berg,zoe@x.example,\n"
    assert run_import("contacts", text).counts == {"created": 1, "skipped": 2}
    assert Contact.objects.get(last_name="Frase").first_name == ""
    found = run_import("contacts", text, update=True)
    assert found.counts == {"skipped": 1, "updated": 2}
    moses = Contact.objects.get(last_name="Frase")
    assert (moses.name, moses.phones.get().phone, moses.emails.get().email) == (
        "Moses Frase",
        "+4930123456",
        "m@x.example",
    )
    assert Contact.objects.get(last_name="Berg").first_name == "Zoë" and Contact.objects.count() == 2


def test_contacts_that_cannot_be_are_named(acme, run_import):
    found = run_import(
        "contacts", "first name,email,company,phone\nA,nobody,,\nB,b@x.example,Nobody Inc,\n,,,+49 30 123456\n"
    )
    assert found.counts == {"error": 3}
    assert [(line["line"], line["column"]) for line in found.report] == [
        ("2", "email"),
        ("3", "company"),
        ("4", "first name"),
    ]
    assert not Contact.objects.exists()


def test_leads_find_or_make_their_people(acme, run_import):
    create_contact(acme.workspace, by=acme.bob, last_name="Frase", emails=["m@x.example"])
    create_company(acme.workspace, name="Isdom GmbH", domain="isdom.example", by=acme.bob)
    found = run_import(
        "leads",
        "last name,email,company,lead source,lead status,owner,phone\n"
        "Frase,m@x.example,,Trade Show,Contacted,Bob,\nBerg,zoe@isdom.example,,Cold Call,Lost Lead,,+49 30 123456\n"
        "Amato,a@y.example,Betatech,,,,\nBruni,b@y.example,BETATECH Inc,,,,\n",
    )
    assert found.counts == {"created": 4} and not found.report
    leads = {lead.name: lead for lead in Lead.objects.select_related("company", "contact")}
    assert (leads["Frase"].source, leads["Frase"].status, leads["Frase"].owner_id) == (
        "event",
        "connected",
        acme.bob.user_id,
    )
    assert (leads["Berg"].company.name, leads["Berg"].status, leads["Berg"].unqualified_reason) == (
        "Isdom GmbH",
        "unqualified",
        "Not recorded",
    )
    assert leads["Berg"].contact.phones.get().phone == "+4930123456"
    assert leads["Amato"].company == leads["Bruni"].company and leads["Amato"].company.name == "Betatech"
    assert Contact.objects.count() == 4 and Company.objects.count() == 2
    assert Activity.objects.filter(kind="lead_created", door="import").count() == 4


def test_leads_are_known_by_their_contacts_address(acme, run_import):
    text = "last name,email,status,value\nFrase,m@x.example,new,100\n"
    assert run_import("leads", text).counts == {"created": 1}
    again = "name,email,status,value\nMoses Frase,M@x.example,qualified,250\n"
    assert run_import("leads", again).counts == {"skipped": 1}
    assert run_import("leads", again, update=True).counts == {"updated": 1}
    lead = Lead.objects.get()
    assert (lead.status, lead.estimated_amount, lead.version) == ("qualified", 250, 2) and lead.qualified_at


def test_a_lead_of_nobody_is_named(acme, run_import):
    found = run_import("leads", "last name,email,value\n,,5\n")
    assert found.counts == {"error": 1} and "needs a name" in found.report[0]["reason"]


def test_zoho_contacts_find_their_accounts_by_id(acme, run_import):
    """Accounts, then contacts that say "Account Id": real files, real duplicates."""
    accounts, contacts = (
        shared(f"zoho-sample/{name}.csv").read_text(encoding="utf-8-sig") for name in ("Accounts", "Contacts")
    )
    companies = run_import("companies", accounts, create="owners")
    assert companies.counts == {"created": 1862, "error": 2, "skipped": 365}
    assert {line["reason"] for line in companies.report} == {"a company needs a name"}
    people = run_import("contacts", contacts, create="owners", mapping={"region": "US"})
    assert people.counts == {"created": 1265}
    assert Contact.objects.filter(company=None).count() == len(people.report) == 1
    assert run_import("contacts", contacts, create="owners", mapping={"region": "US"}).counts == {"skipped": 1265}
