"""What a person can type or a crawler send into forms and lists of people: an answer in words, never a broken page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.models import Activity
from leads.actions import create_company, create_contact, update_company, update_contact, update_lead
from leads.models import Company, Contact, ContactEmail, Lead
from leads.names import domain_of
from tests.factories import url
from workspaces.action import Refused

LONG = "a" * 290 + "@acme.example"
# 230 characters: an address, though longer than a name may be.
LONG_ADDRESS = "a" * 60 + "@" + ".".join(["b" * 55] * 3) + ".example"


@pytest.fixture
def post(acme, login):
    def send(page, *args, **data):
        return login(acme.bob).post(url(acme.workspace, page, *args), data)

    return send


@pytest.mark.parametrize("text", ["http://[foo", "http://[::1", "//[", "acme", "http://a\u2100b.com"])
def test_a_website_that_is_none_is_refused_at_its_field(post, text):
    answer = post("company_new", name="Acme", domain=text)
    assert answer.status_code == 422 and "domain" in answer.context["form"].errors
    assert not Company.objects.exists()


def test_a_website_that_is_there_already_hinders_no_other_change(acme):
    old = create_company(acme.workspace, name="Acme", by=acme.bob)
    Company.objects.update(domain="intranet")
    assert update_company(old, by=acme.bob, version=1, industry="Fish", domain="intranet").domain == "intranet"


@given(st.text(alphabet="htp:/[]@.?#%a0 ü℀", max_size=20))
def test_no_text_breaks_domain_of(text):
    assert isinstance(domain_of(text), str)


def test_more_employees_than_a_column_holds(post):
    answer = post("company_new", name="Acme", size="99999999999")
    assert answer.status_code == 422 and "size" in answer.context["form"].errors


@pytest.mark.parametrize("text", [LONG, "not an email address", "a@b", "@", "a@b.example, junk"])
def test_what_is_no_address_is_refused_at_its_field(acme, post, text):
    answer = post("contact_new", last_name="Lovelace", emails=text, company_name="Analytical Engines")
    assert answer.status_code == 422 and "emails" in answer.context["form"].errors
    assert not Contact.objects.exists() and not Company.objects.exists()
    ada = create_contact(acme.workspace, by=acme.bob, last_name="Lovelace", emails=["ada@acme.example"])
    answer = post("contact_edit", ada.pk, last_name="Lovelace", emails=text, version=1)
    assert answer.status_code == 422 and "emails" in answer.context["form"].errors
    assert [str(email) for email in ada.emails.all()] == ["ada@acme.example"]


def test_an_address_in_place_of_a_name_may_be_longer_than_one(acme, post):
    assert len(LONG_ADDRESS) > 201
    assert post("contact_new", emails=LONG_ADDRESS).status_code == 302
    contact = Contact.objects.get()
    assert LONG_ADDRESS.startswith(contact.name) and contact.emails.get().email == LONG_ADDRESS
    assert post("lead_new", email="c" + LONG_ADDRESS).status_code == 302
    assert post("lead_new", email=LONG).status_code == 422


@pytest.mark.parametrize(
    "query", ["industry=junk", "industry=%00", "country=%F0%9F%94%A5&industry=%27", "q=%00", "owner=%00"]
)
def test_a_list_stands_any_filter(acme, login, query):
    create_company(acme.workspace, name="Acme", industry="Retail", by=acme.bob)
    for path in (url(acme.workspace, "company_list"), url(acme.workspace, "company_filter", "industry")):
        answer = login(acme.bob).get(f"{path}?{query}")
        assert answer.status_code == (400 if "%00" in query else 200)


def test_a_nul_is_refused_wherever_it_stands(acme, login, client):
    bob = login(acme.bob)
    page = url(acme.workspace, "company_new")
    for answer in (
        bob.post(page, {"name": "A\0cme"}),
        bob.post(page, {"na\0me": "Acme"}),
        bob.post(page, "name=A%00cme", content_type="application/x-www-form-urlencoded"),
        bob.get(page + "?a=%00"),
        bob.get(page + "%00/"),
        client.post("/accounts/login/", {"login": "a\0@acme.example", "password": "\0"}),
    ):
        assert answer.status_code == 400
    assert client.get(page, HTTP_COOKIE='sessionid="abcdefgh\\000"').status_code == 400
    assert not Company.objects.exists()


# --- what is refused writes nothing, what is changed is named ----------------------------------------


def test_a_stale_contact_leaves_no_company_behind(acme, post):
    ada = create_contact(acme.workspace, by=acme.bob, last_name="Lovelace")
    with pytest.raises(Refused):
        update_contact(ada, by=acme.bob, version=7, company_name="Analytical Engines")
    with pytest.raises(Refused):
        create_contact(acme.workspace, by=acme.bob, last_name="A", emails=["junk"], company_name="Analytical Engines")
    answer = post("contact_edit", ada.pk, last_name="Byron", version=7, company_name="Analytical Engines")
    assert answer.status_code == 409 and not Company.objects.exists()


def test_a_named_company_is_found_made_kept_and_left(acme, post):
    twin, other = (create_company(acme.workspace, name="Engines", by=acme.bob) for _ in range(2))
    ada = create_contact(acme.workspace, by=acme.bob, last_name="Lovelace", company=other)
    # Two of one name: saving something else moves nobody to the other.
    assert post("contact_edit", ada.pk, last_name="Byron", version=1, company_name="Engines").status_code == 302
    ada.refresh_from_db()
    assert (ada.company, ada.last_name) == (other, "Byron")
    ada = update_contact(ada, by=acme.bob, version=2, company_name="")
    assert ada.company is None
    assert update_contact(ada, by=acme.bob, version=3, company_name="ENGINES").company == twin
    assert create_contact(acme.workspace, by=acme.bob, last_name="B", company_name="New").company.name == "New"


def test_changes_are_told_with_old_and_new(acme):
    ada = create_contact(
        acme.workspace,
        by=acme.bob,
        last_name="Lovelace",
        emails=["ada@a.example", "b@a.example"],
        phones=["+493012345678"],
    )
    first = ada.emails.get(is_primary=True).pk
    same = update_contact(ada, by=acme.bob, version=1, emails=["ada@a.example", "b@a.example"], last_name="Lovelace")
    assert same.version == 1 and Activity.objects.filter(contact=ada, kind="field_change").count() == 0
    update_contact(ada, by=acme.bob, version=1, emails=["ada@a.example", "c@a.example"], phones=[], title="Countess")
    line = Activity.objects.get(contact=ada, kind="field_change")
    assert line.data["changes"] == {
        "title": ["", "Countess"],
        "emails": ["ada@a.example, b@a.example", "ada@a.example, c@a.example"],
        "phones": ["+493012345678", ""],
    }
    assert ada.emails.get(is_primary=True).pk == first
    update_contact(ada, by=acme.bob, version=2, emails=["c@a.example", "ada@a.example"])
    assert ada.emails.get(is_primary=True).email == "c@a.example"
    assert ContactEmail.objects.filter(contact=ada).count() == 2


def test_owners_are_told_by_name(acme):
    company = create_company(acme.workspace, name="Acme", by=acme.bob, owner_id=acme.bob.user_id)
    update_company(company, by=acme.bob, version=1, owner_id=acme.alice.user_id, annual_revenue=None)
    lead = Lead.objects.create(workspace=acme.workspace, name="A", company=company)
    update_lead(lead, by=acme.bob, version=1, status="attempted")
    assert Activity.objects.get(company=company, kind="field_change", lead=None).data["changes"] == {
        "owner_id": ["Bob", "Alice"]
    }
    assert Activity.objects.get(lead=lead, kind="field_change").data["changes"] == {"status": ["new", "attempted"]}
