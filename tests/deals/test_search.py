"""Search over companies, contacts, leads and deals: what is found by what, in which order, and what never is."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from deals.actions import create_deal, delete_deal, move_to_stage, set_rate
from leads.actions import capture, create_company, create_contact
from tests.factories import make_deal, url
from tests.pages import SCRIPT, read
from workspaces.models import Membership, Workspace
from workspaces.tenancy import tenant


@pytest.fixture
def bob(acme, login) -> Client:
    return login(acme.bob)


def found(client: Client, acme, text: str, script: bool = True) -> list[tuple[str, str]]:
    """(kind, title) of each hit, best first."""
    response = client.get(url(acme.workspace, "search_page"), {"q": text}, headers=SCRIPT if script else {})
    assert response.status_code == 200
    hits = read(response).all("a", data_hit=None)
    kinds = {"deals": "deal", "companies": "company", "contacts": "contact", "leads": "lead"}
    return [(kinds[hit["href"].split("/")[-3]], hit.one("span", "grow").text.split(" · ")[0]) for hit in hits]


def fill(workspace: Workspace, by: Membership, stage) -> None:
    """A company, a person, a lead and two deals, with something of everything in their names."""
    with tenant(workspace, by.user):
        company = create_company(workspace, name="Brightwater Foods GmbH", by=by, industry="Food", domain="brightwater.example")  # fmt: skip
        create_company(workspace, name="Ålesund Straße 100%_pure", by=by)
        create_contact(workspace, by=by, first_name="Zoë", last_name="Müller", emails=["z.m@elsewhere.example"], title="Boss", company=company)  # fmt: skip
        capture(workspace, by=by, first_name="Ruben", last_name="Waterman", owner_id=by.user_id, source="event")
        create_deal(workspace, name="Cold-chain rollout", stage=stage, by=by, company=company)
        create_deal(workspace, name="Vélo fleet", stage=stage, by=by)


@pytest.fixture
def filled(acme) -> None:
    fill(acme.workspace, acme.bob, acme.stages["New"])


WATER = ("company", "Brightwater Foods GmbH")
STREET = ("company", "Ålesund Straße 100%_pure")
ZOE, RUBEN, RUBENS = ("contact", "Zoë Müller"), ("lead", "Ruben Waterman"), ("contact", "Ruben Waterman")
COLD, VELO = ("deal", "Cold-chain rollout"), ("deal", "Vélo fleet")


WANTED = {
    # whole, beginning, a word's beginning, somewhere
    "Brightwater Foods GmbH": {WATER, COLD},
    "bright": {WATER, COLD},
    "foods": {WATER, COLD},
    "htwat": {WATER, COLD},
    "rollout": {COLD},
    # a company brings its open deals
    "water": {WATER, COLD, RUBEN, RUBENS},
    # case and accents, either way
    "BRIGHTWATER": {WATER, COLD},
    "ruben WATER": {RUBEN, RUBENS},
    "alesund": {STREET},
    "ålesund": {STREET},
    "strasse": {STREET},
    "zoe muller": {ZOE},
    "Müller": {ZOE},
    "velo": {VELO},
    "  velo  ": {VELO},
    # short: the beginnings of words alone
    "z": {ZOE},
    "mü": {ZOE},
    "ve": {VELO},
    "lo": set(),
    # an address from its beginning
    "z.m@": {ZOE},
    "Z.M@ELSEWHERE.example": {ZOE},
    "elsewhere": set(),
    # typos, where nothing fits exactly
    "brigthwater": {WATER},
    "brihgtwater": {WATER},
    "rolout": {COLD},
    "mulller": {ZOE},
    "watermann": {RUBEN, RUBENS},
    "xqzwv": set(),
    # signs that mean something to LIKE mean themselves
    "100%": {STREET},
    "%_p": {STREET},
    "%": set(),
    "___": set(),
    "b%r": set(),
    "br_ght": set(),
    "\\": set(),
    "\\%\\": set(),
    "'; SELECT 1 --": set(),
    # nothing
    "": set(),
    "   ": set(),
}


def test_what_is_found_by_what(acme, bob, filled):
    hits = {text: found(bob, acme, text) for text in WANTED}
    assert {text: set(list_) for text, list_ in hits.items()} == WANTED
    assert all(len(list_) == len(set(list_)) for list_ in hits.values())


@pytest.mark.xfail(strict=True, reason="PostgreSQL has no NUL in texts: the page answers 500")
def test_a_sign_that_no_text_has_finds_nothing(acme, bob, filled):
    bob.raise_request_exception = False
    assert found(bob, acme, "\x00") == []


def test_what_starts_with_it_comes_first_then_words_then_the_rest(acme, bob):
    for name in ("Seawater Ltd", "Deep Water Ltd", "Water Ltd", "Waterworks"):
        create_company(acme.workspace, name=name, by=acme.bob)
    assert [title for _, title in found(bob, acme, "water")] == ["Water Ltd", "Waterworks", "Deep Water Ltd", "Seawater Ltd"]  # fmt: skip


def test_open_deals_come_before_closed_ones_and_the_bin_never(acme, bob):
    won, _, binned = (make_deal(acme.bob, acme.stages["Contacted"], f"Harbour {name}") for name in "WOB")
    move_to_stage(won, acme.stages["Won"], by=acme.bob)
    delete_deal(binned, by=acme.bob)
    assert found(bob, acme, "harbour") == [("deal", "Harbour O"), ("deal", "Harbour W")]
    # By similarity neither.
    assert set(found(bob, acme, "harbuor")) == {("deal", "Harbour O"), ("deal", "Harbour W")}


def test_a_hit_says_what_it_is_and_leads_there(acme, bob, filled):
    response = bob.get(url(acme.workspace, "search_page"), {"q": "brightwater"}, headers=SCRIPT)
    company, deal = read(response).all("a", data_hit=None)
    assert "Company · Food · brightwater.example" in company.text
    assert "Brightwater Foods GmbH · €1,000" not in company.text and deal.one("span", "pill").text == "New"
    for hit in (company, deal):
        assert bob.get(hit["href"]).status_code == 200


def test_the_palette_names_four_of_a_kind_and_the_page_twenty(acme, bob):
    for number in range(22):
        create_company(acme.workspace, name=f"Water {number}", by=acme.bob)
    assert len(found(bob, acme, "water")) == 4
    assert len(found(bob, acme, "water", script=False)) == 20


def test_a_text_without_end(acme, bob, filled):
    assert found(bob, acme, "x" * 20_000) == []
    assert WATER in found(bob, acme, "Brightwater Foods GmbH" + " " * 60 + "x" * 20_000)


def test_what_was_asked_for_is_said_and_is_no_markup(acme, bob):
    page = read(bob.get(url(acme.workspace, "search_page"), {"q": "<b>no</b>"}))
    assert "Nothing found for “<b>no</b>”." in page.text and page.one("input", type="search", id="q")["value"] == "<b>no</b>"  # fmt: skip


def test_another_workspace_never(cast, login):
    fill(cast.rival, cast.charlie, cast.rival_stages["New"])
    for text in ("brightwater", "brigthwater", "zoe", "z.m@", "water", "velo", "b"):
        assert found(login(cast.bob), cast, text) == []
    response = login(cast.charlie).get(url(cast.rival, "search_page"), {"q": "brightwater"}, headers=SCRIPT)
    assert len(read(response).all("a", data_hit=None)) == 2


@pytest.mark.parametrize("text", ["velo", "vleo fleet", "ruben", "brightwater"])
def test_who_sees_their_own_alone_finds_those_of_others_by_no_spelling(acme, login, filled, text):
    Workspace.objects.filter(pk=acme.workspace.pk).update(visibility="own")
    Membership.objects.filter(pk=acme.vera.pk).update(role="rep")
    hits = found(login(acme.vera), acme, text)
    # People and companies are everybody's.
    assert {kind for kind, _ in hits} == {"velo": set(), "vleo fleet": set(), "ruben": {"contact"}, "brightwater": {"company"}}[text]  # fmt: skip
    assert len(found(login(acme.bob), acme, text)) > len(hits)


def test_names_are_offered_as_one_types_a_company(acme, bob, filled):
    def offered(**query: str) -> list[str]:
        response = bob.get(url(acme.workspace, "company_suggest"), query)
        return [option["value"] for option in read(response).all("option")]

    assert offered(q="bright") == offered(company_name="WATER") == offered(value="htwat") == [WATER[1]]
    assert offered(q="b") == offered(q="") == offered(other="bright") == offered(q="%%") == []
    assert offered(q="0%_p") == [STREET[1]]


def test_an_amount_stands_in_its_own_currency(acme, bob):
    set_rate(acme.workspace, currency="JPY", rate=Decimal("0.006"), by=acme.alice)
    make_deal(acme.bob, acme.stages["New"], "Harbour", 1_000_000, currency="JPY")
    page = bob.get(url(acme.workspace, "search_page"), {"q": "Harbour"}).content.decode()
    assert "¥1,000,000" in page and "€1,000,000" not in page
