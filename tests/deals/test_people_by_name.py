"""A person is added to a deal by what one types, with suggestions; the page does not hold every contact there is."""

import pytest

from deals.models import DealContact
from leads.actions import create_company, create_contact
from leads.models import Company, Contact
from tests.factories import make_deal, url
from workspaces.tenancy import tenant


@pytest.fixture
def people(acme):
    blue = create_company(acme.workspace, name="Blue", by=acme.bob)
    return [
        create_contact(
            acme.workspace,
            by=acme.bob,
            first_name="Ada",
            last_name="Lovelace",
            emails=["ada@blue.example"],
            company=blue,
        ),
        create_contact(acme.workspace, by=acme.bob, first_name="Ada", last_name="Byron", emails=["ab@blue.example"]),
        create_contact(acme.workspace, by=acme.bob, first_name="Ada", last_name="Byron"),
        create_contact(acme.workspace, by=acme.bob, emails=["noname@blue.example"]),
    ]


@pytest.fixture
def add(acme, login, people):
    deal = make_deal(acme.bob, acme.stages["New"])
    page = url(acme.workspace, "deal_contact_add", deal.pk)
    return lambda text: login(acme.bob).post(page, {"contact": text})


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Ada Lovelace", 0), ("ada lovelace ", 0), ("ADA@blue.example", 0), ("Ada Lovelace <ada@blue.example>", 0),
        ("Ada Byron <ab@blue.example>", 1), ("noname@blue.example", 3),
    ],
)  # fmt: skip
def test_one_person_is_found_by_name_or_address(people, add, text, number):
    assert add(text).status_code == 302
    assert DealContact.objects.get().contact == people[number]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Ada Byron", "Several people"),
        ("Ada", "No contact"),
        ("x@blue.example", "No contact"),
        ("<>", "No contact"),
        ("%", "No contact"),
        ("", "required"),
    ],
)
def test_none_or_several_are_refused_in_words(add, text, why):
    answer = add(text)
    assert answer.status_code == 422 and why in str(answer.context["form"].errors["contact"])
    assert not DealContact.objects.exists()


def test_somebody_new_becomes_a_contact_of_the_deals_company(acme, login, people):
    blue = Company.objects.get(workspace=acme.workspace, name="Blue")
    deal = make_deal(acme.bob, acme.stages["New"], company=blue)
    page = url(acme.workspace, "deal_contact_add", deal.pk)
    for _ in range(2):
        login(acme.bob).post(page, {"contact": "Grace Brewster Hopper <Grace@Blue.example>", "role": "champion"})
    link = DealContact.objects.select_related("contact").get()
    hopper = link.contact
    assert (hopper.first_name, hopper.last_name, hopper.company, link.role) == (
        "Grace Brewster",
        "Hopper",
        blue,
        "champion",
    )
    assert list(hopper.emails.values_list("email", flat=True)) == ["grace@blue.example"]


@pytest.mark.parametrize("text", ["Grace <grace>", "Grace <>", "<grace@blue.example>", "Grace Hopper"])
def test_nobody_new_is_made_of_half_an_answer(acme, add, text):
    before = Contact.objects.count()
    assert add(text).status_code == 422
    assert Contact.objects.count() == before and not DealContact.objects.exists()


def test_people_of_other_workspaces_are_nobody(cast, login):
    with tenant(cast.rival, cast.charlie.user):
        create_contact(cast.rival, by=cast.charlie, last_name="Secret", emails=["secret@rival.example"])
    with tenant(cast.workspace, cast.bob.user):
        deal = make_deal(cast.bob, cast.stages["New"])
    for text in ("Secret", "secret@rival.example"):
        answer = login(cast.bob).post(url(cast.workspace, "deal_contact_add", deal.pk), {"contact": text})
        assert answer.status_code == 422
    assert b"option" not in login(cast.bob).get(url(cast.workspace, "contact_suggest"), {"q": "secret"}).content


def test_what_is_suggested_is_taken(acme, login, people, add):
    answer = login(acme.bob).get(url(acme.workspace, "contact_suggest"), {"q": "lovel"}).content.decode()
    assert answer.strip() == '<option value="Ada Lovelace &lt;ada@blue.example&gt;">Blue</option>'
    assert "option" not in login(acme.bob).get(url(acme.workspace, "contact_suggest"), {"q": "a"}).content.decode()


def test_the_page_holds_no_list_of_everybody(acme, login, people):
    for number in range(30):
        create_contact(acme.workspace, by=acme.bob, last_name=f"Zuse {number:02}")
    deal = make_deal(acme.bob, acme.stages["New"])
    page = login(acme.bob).get(url(acme.workspace, "deal_contact_add", deal.pk)).content.decode()
    assert "Zuse" not in page and url(acme.workspace, "contact_suggest") in page and 'list="contacts"' in page
    offered = login(acme.bob).get(url(acme.workspace, "contact_suggest"), {"q": "zuse"}).content.decode()
    assert offered.count("<option") == 12
