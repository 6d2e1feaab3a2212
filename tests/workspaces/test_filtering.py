"""Every filter of every list with whatever an address may hold: found, refused in words, or nothing; never an error, never
everything as if it had been applied."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import django_filters
import pytest
from django.http import Http404, QueryDict
from django.test import RequestFactory

from deals.filters import DealFilter, DealListFilter
from deals.models import Deal, Tag
from leads.actions import capture, create_company, create_contact
from leads.filters import CompanyFilter, ContactFilter, LeadFilter
from leads.models import Campaign, Company, Contact, Lead, Segment
from tests.factories import make_deal, url
from tests.pages import SCRIPT, Element, read
from workspaces.filtering import ListFilter, filter_panel
from workspaces.models import Membership, Team, User
from workspaces.tenancy import tenant

FILTERS = {DealFilter: Deal, DealListFilter: Deal, LeadFilter: Lead, CompanyFilter: Company, ContactFilter: Contact}
WIDEST = [filterset for filterset in FILTERS if filterset is not DealFilter]  # the list's has all of the board's
EVERY = [(filterset, name) for filterset in FILTERS for name in filterset.base_filters]
HOSTILE = (
    "x", "-1", "0", "1", "9" * 30, "-" + "9" * 30, "1.5", "1e400", "NaN", "Infinity", "٣", "%", "_", "\\", "'", '"', "';--", "(", "*", "a" * 5000,
    "2026-02-30", "0001-01-01", "9999-12-31", "10000-01-01", "None", "true", "[]", "\u202e", "null,1", "{{ 7 }}", "<b>",
)  # fmt: skip


@pytest.fixture
def full(acme):
    """One row in each list, and one of everything that rows are filtered by, here and in the workspace next door."""
    company = create_company(acme.workspace, name="Blåfisk", by=acme.bob, industry="Fish", country="NO")
    create_contact(acme.workspace, first_name="Ida", company=company, by=acme.bob)
    capture(acme.workspace, last_name="Otto", by=acme.bob)
    make_deal(acme.bob, acme.stages["New"], "Harbour", company=company, expected_close_date=date(2030, 1, 1))
    Segment.objects.create(workspace=acme.workspace, name="Large")
    Campaign.objects.create(workspace=acme.workspace, name="Spring")
    return acme


@pytest.fixture
def ask(full) -> Callable[..., ListFilter]:
    def make(filterset: type[ListFilter], query: str = "", **values: object) -> ListFilter:
        data = QueryDict(query, mutable=True)
        for name, value in values.items():
            data.setlist(name, value if isinstance(value, list) else [str(value)])
        request = RequestFactory().get("/")
        request.user, request.workspace, request.member = full.bob.user, full.workspace, full.bob
        return filterset(data, queryset=FILTERS[filterset].objects.all(), request=request)

    return make


@pytest.mark.parametrize("filterset", WIDEST)
def test_whatever_stands_in_the_address(ask, filterset):
    assert ask(filterset).qs.count()
    for name, text in ((name, text) for name in filterset.base_filters for text in HOSTILE):
        found = ask(filterset, **{name: text})
        [shown] = [item for item in found.bar if name in item["chip"].fields]
        if found.is_valid():
            found.qs.count()
            assert name in found.active and shown["is_set"] and shown["summary"], (name, text)
        else:
            # Whoever asks for rows all the same gets none; no chip says that it is set.
            assert not found.active and not shown["is_set"], (name, text)
            [problem] = found.problems()
            assert problem.startswith(f"{shown['chip'].label}: "), (name, text, problem)
            assert found.qs.count() == 0, (name, text)


@pytest.mark.parametrize("filterset", WIDEST)
def test_an_empty_one_is_none(ask, filterset):
    everything = ask(filterset).qs.count()
    for name, text in ((name, text) for name in filterset.base_filters for text in ("", " ")):
        found = ask(filterset, **{name: text})
        assert not found.active and not any(item["is_set"] for item in found.bar), (name, text)
        assert found.qs.count() == (everything if found.is_valid() else 0), (name, text)


def test_rows_of_the_workspace_next_door_are_no_choices(ask, full):
    """They are refused like numbers of nothing at all, and offered nowhere."""
    with tenant(full.rival, full.charlie.user):
        company = create_company(full.rival, name="Theirs", by=full.charlie)
        theirs = {
            "owner": full.charlie.user_id,
            "team": Team.objects.create(workspace=full.rival, name="Theirs").pk,
            "segment": Segment.objects.create(workspace=full.rival, name="Theirs").pk,
            "campaign": Campaign.objects.create(workspace=full.rival, name="Theirs").pk,
            "stage": full.rival_stages["New"].pk,
            "tag": Tag.objects.create(workspace=full.rival, name="Theirs").pk,
            "company": company.pk,
        }
    kinds = (django_filters.ModelChoiceFilter, django_filters.ModelMultipleChoiceFilter)
    asked = [(filterset, name) for filterset, name in EVERY if isinstance(filterset.base_filters[name], kinds)]
    assert len(asked) == 16 and {name for _, name in asked} == theirs.keys()
    for filterset, name in asked:
        found, nobody = ask(filterset, **{name: theirs[name]}), ask(filterset, **{name: 987654321})
        assert not found.is_valid() and not found.qs.exists()
        assert found.problems() == [said.replace("987654321", str(theirs[name])) for said in nobody.problems()]
        assert "Theirs" not in str(found.choices(name))


def test_a_filter_among_others_that_cannot_be_read_stops_them_all(ask):
    found = ask(DealFilter, q="harbour", close="soon", amount_min="much", owner="x")
    assert found.active == {} and not found.qs.exists() and len(found.problems()) == 3


# --- panels ---------------------------------------------------------------------------------------------


def panel(client, acme, chip: str, page: str = "deal_list_filter", **query: object) -> Element:
    response = client.get(url(acme.workspace, page, chip), query, headers=SCRIPT)
    assert response.status_code == 200
    return read(response)


@pytest.mark.parametrize(
    "where", ["deal_filter", "deal_list_filter", "lead_filter", "company_filter", "contact_filter"]
)
def test_each_panel_opens_whatever_stands_in_the_address(full, login, where):
    bob = login(full.bob)
    filterset = {"deal_filter": DealFilter, "deal_list_filter": DealListFilter, "lead_filter": LeadFilter, "company_filter": CompanyFilter, "contact_filter": ContactFilter}[where]  # fmt: skip
    broken = dict.fromkeys(filterset.base_filters, "<b>")
    for chip in filterset.chips:
        for query in ({}, broken):
            found = panel(bob, full, chip.name, where, **query)
            assert found.one("form", data_filter=None) and not found.all("b")


def test_a_panel_shows_what_is_chosen_though_it_is_far_down(full, login):
    """Else applying the panel would take it back in silence."""
    users = User.objects.bulk_create(User(email=f"a{n}@acme.example", name=f"Aa {n:03}") for n in range(205))
    Membership.objects.bulk_create(Membership(workspace=full.workspace, user=user, role="rep") for user in users)
    Company.objects.bulk_create(
        Company(workspace=full.workspace, name=f"C {n}", industry=f"Aa {n:03}") for n in range(205)
    )
    bob = login(full.bob)
    last = users[-1].pk
    for page, chip, chosen in (("deal_list_filter", "owner", str(last)), ("company_filter", "industry", "Fish")):
        form = panel(bob, full, chip, page, **{chip: chosen}).one("form", data_filter=None)
        checked = [box["value"] for box in form.all("input", type="checkbox") if "checked" in box.attributes]
        assert checked == [chosen], chip


def test_a_filter_is_taken_away_without_javascript(full, login):
    """By a link that leaves all other parameters as they are."""
    bob = login(full.bob)
    found = panel(
        bob, full, "close", close="later", close_from="2026-01-01", q="har", sort="name", tab="all", after="x"
    )
    [link] = [link for link in found.all("a") if link.text == "Clear this filter"]
    assert link["href"] == url(full.workspace, "deal_list") + "?q=har&sort=name&tab=all"
    found = panel(bob, full, "q", q="har")
    [link] = [link for link in found.all("a") if link.text == "Clear this filter"]
    assert link["href"] == url(full.workspace, "deal_list")


def test_an_unknown_chip_is_not_found(ask):
    found = ask(DealFilter)
    for name in ("", "q'", "amount_min", "stage", "__class__"):
        with pytest.raises(Http404):
            filter_panel(found.request, found, name, "/")


# --- as pages -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "query"),
    [
        ("deal_board", {"close": "soon"}),
        ("deal_list", {"stage": "0"}),
        ("lead_list", {"status": "x"}),
        ("company_list", {"owner": "x"}),
        ("contact_list", {"owner": "x"}),
    ],
)
def test_a_page_that_could_not_read_its_filter_does_not_say_that_there_is_nothing(full, login, where, query):
    found = read(login(full.bob).get(url(full.workspace, where), query))
    assert "This filter cannot be read" in found.one("span", role="alert").text
    for lie in ("yet", "leaves nothing"):
        assert lie not in found.one(id="page").text
    clear = {link["href"].partition("?")[0] for link in found.all("a") if link.text.startswith("Clear")}
    assert clear == {url(full.workspace, where)}
