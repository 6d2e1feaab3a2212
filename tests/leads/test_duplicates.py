"""Before a record is made a second time: a warning with a link, and who has read it may go on."""

from __future__ import annotations

import pytest
from django.test import Client

from activities.models import Activity
from deals.models import Deal
from leads.actions import capture, create_company, create_contact
from leads.models import Company, Contact, Lead
from tests.factories import make_deal, url
from tests.pages import SCRIPT, Element, read
from workspaces.models import Workspace

MODELS = {"company": Company, "contact": Contact, "lead": Lead, "deal": Deal}


@pytest.fixture
def bob(acme, login) -> Client:
    return login(acme.bob)


@pytest.fixture
def there(acme) -> dict[str, object]:
    """One of each; the lead and the deal are alice's."""
    company = create_company(acme.workspace, name="Brightwater Foods", domain="bright.test", by=acme.alice)
    contact = create_contact(
        acme.workspace, first_name="Anna", last_name="Schmidt", emails=["anna@bright.test"], phones=["+4930123456"], company=company, by=acme.alice
    )  # fmt: skip
    lead = capture(acme.workspace, email="anna@bright.test", owner_id=acme.alice.user_id, by=acme.alice)
    deal = make_deal(acme.alice, acme.stages["New"], "Cold-chain monitoring", company=company)
    return {"company": company, "contact": contact, "lead": lead, "deal": deal}


def send(client: Client, acme, kind: str, facts: dict[str, object], **headers: str):
    if kind == "deal":
        facts = {"stage": acme.stages["New"].pk} | facts
    return client.post(url(acme.workspace, f"{kind}_new"), facts, headers=headers)


def page_of(record) -> str:
    return url(record.workspace, f"{record._meta.model_name}_detail", record.pk)


def links(page: Element) -> list[str]:
    return [link["href"] for note in page.all("div", "note") for link in note.all("a")]


@pytest.mark.parametrize(
    ("kind", "facts", "alike"),
    [
        ("company", {"name": "Brightwatr Foods"}, ["company"]),
        ("company", {"name": "BRIGHTWATER FOODS GmbH"}, ["company"]),
        ("contact", {"first_name": "Ana", "last_name": "Schmidt"}, ["contact"]),
        ("contact", {"first_name": "Otto", "phones": "+49 30 123456"}, ["contact"]),
        ("contact", {"first_name": "Otto", "company_name": "Brightwater Food"}, ["company"]),
        ("lead", {"first_name": "Anna", "last_name": "Schmitt"}, ["lead"]),
        ("lead", {"email": "anna@bright.test"}, ["lead"]),
        ("lead", {"email": "otto@new.test", "company_name": "Brigtwater Foods"}, ["company"]),
        ("deal", {"name": "Cold chain monitoring"}, ["deal"]),
        ("deal", {"name": "Cold-chain monitoring", "company_name": "Brightwater Foods"}, ["deal"]),
        ("deal", {"name": "Freezers", "company_name": "Brightwater Fods"}, ["company"]),
    ],
)
@pytest.mark.parametrize("headers", [{}, SCRIPT], ids=["plain", "script"])
def test_who_makes_it_again_is_warned_and_may_go_on(acme, bob, there, kind, facts, alike, headers):
    before = MODELS[kind].objects.count()
    answer = send(bob, acme, kind, facts, **headers)
    assert answer.status_code == 422 and MODELS[kind].objects.count() == before
    page = read(answer)
    assert links(page) == [page_of(there[name]) for name in alike]
    form = next(form for form in page.all("form") if "seen" in form.fields)
    assert "Create anyway" in form.text
    assert {name: form.fields[name] for name in facts} == facts
    again = send(bob, acme, kind, facts | {"seen": form.fields["seen"]}, **headers)
    assert again.status_code in (200, 302) and MODELS[kind].objects.count() == before + 1


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("company", {"name": "Steel Works"}),
        ("contact", {"first_name": "Uma", "last_name": "Green", "company_name": "Brightwater Foods"}),
        ("lead", {"first_name": "Uma", "last_name": "Green", "company_name": "brightwater foods"}),
        ("deal", {"name": "Freezers", "company_name": "Brightwater Foods"}),
        ("deal", {"name": "Cold-chain monitoring", "company_name": "Steel Works"}),
    ],
)
def test_what_is_new_is_made_at_once(acme, bob, there, kind, facts):
    assert send(bob, acme, kind, facts).status_code == 302


def test_who_was_warned_of_one_is_warned_of_another(acme, bob, there):
    seen = f"company-{there['company'].pk}"
    create_company(acme.workspace, name="Brightwater Food", by=acme.alice)
    answer = send(bob, acme, "company", {"name": "Brightwater Foods", "seen": seen})
    assert answer.status_code == 422 and len(links(read(answer))) == 2


@pytest.mark.parametrize(("kind", "facts"), [("lead", {"email": "anna@bright.test"}), ("lead", {"first_name": "Anna", "last_name": "Schmidt"}), ("deal", {"name": "Cold-chain monitoring"})])  # fmt: skip
def test_what_one_may_not_see_is_not_told_of(acme, bob, there, kind, facts):
    Workspace.objects.filter(pk=acme.workspace.pk).update(visibility=Workspace.Visibility.OWN)
    answer = send(bob, acme, kind, facts)
    assert answer.status_code == 302, links(read(answer))


def test_nothing_of_another_workspace_is_told(acme, login, there):
    charlie, facts = login(acme.charlie), {"name": "Brightwater Foods", "domain": "bright.test"}
    assert charlie.post(url(acme.rival, "company_new"), facts).status_code == 302


@pytest.mark.parametrize(
    ("kind", "facts", "other"),
    [
        ("company", {"name": "Quite another", "domain": "https://www.bright.test/"}, "company"),
        ("contact", {"first_name": "Otto", "emails": "ANNA@bright.test"}, "contact"),
    ],
)
def test_what_can_be_there_only_once_is_refused_with_a_link_to_it(acme, bob, there, kind, facts, other):
    before = Activity.objects.count()
    answer = send(bob, acme, kind, facts)
    assert answer.status_code == 422 and links(read(answer)) == [page_of(there[other])]
    assert "Create anyway" not in read(answer).text and Activity.objects.count() == before


def test_an_edit_is_refused_with_a_link_too(acme, bob, there):
    mine = create_company(acme.workspace, name="Quite another", by=acme.bob)
    facts = {"name": mine.name, "domain": "bright.test", "version": mine.version}
    answer = bob.post(url(acme.workspace, "company_edit", mine.pk), facts)
    assert answer.status_code == 422 and links(read(answer)) == [page_of(there["company"])]
