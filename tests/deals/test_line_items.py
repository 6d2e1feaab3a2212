"""Line items: what they come to, whether the amount follows them, and how they come back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.models import Activity
from deals.actions import (
    add_item,
    create_product,
    delete_deal,
    move_item,
    remove_item,
    restore_item,
    set_amount_source,
    update_deal,
    update_item,
    update_product,
)
from deals.models import Deal, LineItem, Product, StageTotal
from deals.pricing import items_total, line_total
from tests.factories import make_deal, url
from tests.pages import SCRIPT, Element, read
from workspaces.action import NotAllowed, Refused, Stale

D = Decimal


@pytest.fixture
def deal(acme) -> Deal:
    return make_deal(acme.bob, acme.stages["Qualified"], "Harbour", 1000)


@pytest.fixture
def bob(acme, login) -> Client:
    return login(acme.bob)


def fresh(deal: Deal) -> Deal:
    return Deal.all_objects.get(pk=deal.pk)


def overview(client: Client, deal: Deal) -> Element:
    return read(client.get(url(deal.workspace, "deal_detail", deal.pk) + "?tab=overview"))


def line(deal: Deal, by, name: str = "Probe", price: str = "100", quantity: str = "1", discount: str = "0") -> LineItem:
    return add_item(deal, name=name, unit_price=D(price), quantity=D(quantity), discount=D(discount), by=by)


# --- arithmetic -------------------------------------------------------------------------------------

NUMBERS = (
    st.decimals(D("0.001"), D("99999"), places=3),
    st.decimals(0, D("99999"), places=2),
    st.decimals(0, 100, places=2),
)


@settings(max_examples=200, deadline=None)
@given(lines=st.lists(st.tuples(*NUMBERS), max_size=8), currency=st.sampled_from(["EUR", "JPY"]))
def test_the_sum_is_that_of_the_lines_as_they_are_printed(lines, currency):
    total = items_total(lines, currency)
    assert total == sum((line_total(*each, currency) for each in lines), D(0))
    coin = D("0.01") if currency == "EUR" else D(1)
    assert total % coin == 0
    for quantity, price, discount in lines:
        exact = quantity * price * (100 - discount) / 100
        assert abs(line_total(quantity, price, discount, currency) - exact) <= coin / 2


def test_thirds_are_rounded_line_by_line(acme, deal):
    for _ in range(3):
        line(deal, acme.bob, price="0.33", quantity="0.5")
    assert fresh(deal).amount == D("0.51")


# --- the amount -------------------------------------------------------------------------------------


def test_with_the_first_line_the_amount_follows(acme, deal):
    first = line(deal, acme.bob, "Gateway", "780", "24", "10")
    assert (fresh(deal).amount, fresh(deal).amount_source, fresh(deal).version) == (D("16848.00"), "items", 2)
    line(deal, acme.bob, "Alarm", "9600", "5")
    assert fresh(deal).amount == D("64848.00")
    update_item(first, by=acme.bob, quantity=D(12), discount=D(0))
    assert fresh(deal).amount == D("57360.00")
    total = StageTotal.objects.get(stage=deal.stage_id, owner=deal.owner_id)
    assert total.amount == D("57360.00")


def test_by_hand_it_stays_and_so_do_the_lines_until_it_follows_again(acme, deal):
    item = line(deal, acme.bob)
    update_deal(deal, by=acme.bob, version=fresh(deal).version, amount=D(777))
    assert (fresh(deal).amount, fresh(deal).amount_source) == (D(777), "manual")
    update_item(item, by=acme.bob, quantity=D(3))
    line(deal, acme.bob, "Cable")
    assert fresh(deal).amount == D(777) and deal.items.count() == 2
    set_amount_source(deal, "items", by=acme.bob)
    assert fresh(deal).amount == D(400)
    set_amount_source(deal, "manual", by=acme.bob)
    assert (fresh(deal).amount, fresh(deal).amount_source) == (D(400), "manual")


def test_without_a_line_left_the_amount_is_what_it_was_last(acme, deal):
    with pytest.raises(Refused, match="no line items"):
        set_amount_source(deal, "items", by=acme.bob)
    remove_item(line(deal, acme.bob), by=acme.bob)
    assert (fresh(deal).amount, fresh(deal).amount_source) == (D(100), "manual")


@pytest.mark.parametrize(
    ("facts", "field"),
    [({"quantity": D(0)}, "quantity"), ({"quantity": D(-1)}, "quantity"), ({"unit_price": D(-1)}, "unit_price"), ({"unit_price": None}, "unit_price"), ({"discount": D(101)}, "discount"), ({"name": " "}, "name"), ({"quantity": D(10**8), "unit_price": D(10**6)}, "amount")],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_nothing_is_written(acme, deal, facts, field):
    item = line(deal, acme.bob)
    before = Activity.objects.count()
    with pytest.raises(Refused) as adding:
        add_item(deal, by=acme.bob, **{"name": "Probe", "unit_price": D(1)} | facts)
    with pytest.raises(Refused) as editing:
        update_item(item, by=acme.bob, **facts)
    assert list(adding.value.fields) == list(editing.value.fields) == [field]
    assert (deal.items.count(), fresh(deal).amount, Activity.objects.count()) == (1, D(100), before)


def test_who_saw_an_older_version_is_told(acme, deal):
    item = line(deal, acme.alice)
    for verb in (
        lambda: add_item(deal, name="X", unit_price=D(1), by=acme.bob, version=1),
        lambda: update_item(item, by=acme.bob, version=1, quantity=D(2)),
        lambda: remove_item(item, by=acme.bob, version=1),
        lambda: move_item(item, by=acme.bob, version=1, up=True),
        lambda: set_amount_source(deal, "manual", by=acme.bob, version=1),
    ):
        with pytest.raises(Stale, match="Alice changed this deal"):
            verb()


def test_a_viewer_changes_nothing(acme, deal):
    item = line(deal, acme.bob)
    for verb in (
        lambda: add_item(deal, name="X", unit_price=D(1), by=acme.vera),
        lambda: update_item(item, by=acme.vera, quantity=D(2)),
        lambda: remove_item(item, by=acme.vera),
        lambda: restore_item(deal, item.pk, by=acme.vera),
        lambda: set_amount_source(deal, "manual", by=acme.vera),
        lambda: create_product(acme.workspace, name="X", by=acme.vera),
        lambda: create_product(acme.workspace, name="X", by=acme.bob),
    ):
        with pytest.raises(NotAllowed):
            verb()


# --- undo -------------------------------------------------------------------------------------------


def test_a_removed_line_comes_back_as_it_was_and_where_it_was(acme, deal):
    line(deal, acme.bob, "One")
    two = line(deal, acme.bob, "Two", "33.33", "3", "5")
    line(deal, acme.bob, "Three")
    before = fresh(deal).amount
    gone = remove_item(two, by=acme.bob)
    assert fresh(deal).amount == 200
    for _ in range(2):
        restore_item(deal, gone.pk, by=acme.bob)
    assert [item.name for item in deal.items.all()] == ["One", "Two", "Three"]
    again = LineItem.objects.get(pk=gone.pk)
    assert (again.quantity, again.unit_price, again.discount) == (3, D("33.33"), 5) and fresh(deal).amount == before


def test_a_line_of_another_deal_is_not_put_back_here(acme, deal):
    other = make_deal(acme.bob, acme.stages["New"], "Other")
    gone = remove_item(line(other, acme.bob), by=acme.bob)
    with pytest.raises(Refused):
        restore_item(deal, gone.pk, by=acme.bob)
    assert not deal.items.exists()


def test_lines_change_places(acme, deal):
    for name in "abc":
        line(deal, acme.bob, name)
    move_item(deal.items.get(name="c"), by=acme.bob, up=True)
    move_item(deal.items.get(name="a"), by=acme.bob, up=True)
    move_item(deal.items.get(name="a"), by=acme.bob, up=False)
    assert [item.name for item in deal.items.all()] == ["c", "a", "b"]


# --- products ---------------------------------------------------------------------------------------


def test_a_product_gives_its_name_and_price_and_keeps_out_of_old_lines(acme, deal):
    product = create_product(acme.workspace, name="Gateway", code="G-1", unit_price=D(780), by=acme.alice)
    item = add_item(deal, product=product, quantity=D(2), by=acme.bob)
    assert (item.name, item.unit_price) == ("Gateway", 780)
    update_product(product, by=acme.alice, version=1, name="Gateway II", unit_price=D(900))
    item.refresh_from_db()
    assert (item.name, item.unit_price, fresh(deal).amount) == ("Gateway", 780, 1560)
    with pytest.raises(Stale):
        update_product(product, by=acme.alice, version=1, name="Gateway III")


def test_a_price_in_another_currency_is_asked_for(acme, deal):
    product = create_product(acme.workspace, name="Gateway", unit_price=D(780), currency="USD", by=acme.alice)
    with pytest.raises(Refused, match="priced in USD, this deal is in EUR") as refused:
        add_item(deal, product=product, by=acme.bob)
    assert list(refused.value.fields) == ["unit_price"]
    assert add_item(deal, product=product, unit_price=D(700), by=acme.bob).unit_price == 700


def test_no_two_products_have_one_name_or_code(acme):
    one = create_product(acme.workspace, name="Gateway", code="G-1", by=acme.alice)
    for facts, field in (
        ({"name": "Gateway"}, "name"),
        ({"name": "Other", "code": "G-1"}, "code"),
        ({"name": " "}, "name"),
    ):
        with pytest.raises(Refused) as refused:
            create_product(acme.workspace, by=acme.alice, **facts)
        assert list(refused.value.fields) == [field]
    other = create_product(acme.workspace, name="Probe", by=acme.alice)
    with pytest.raises(Refused):
        update_product(other, by=acme.alice, name=one.name)
    assert update_product(one, by=acme.alice, name="Gateway", is_active=False).is_active is False


# --- pages ------------------------------------------------------------------------------------------


def test_lines_are_added_changed_and_removed_in_the_overview(acme, bob, deal):
    create_product(acme.workspace, name="Gateway", code="G-1", unit_price=D("780.50"), by=acme.alice)
    old = create_product(acme.workspace, name="Old", by=acme.alice, is_active=False)
    path = url(acme.workspace, "deal_item_add", deal.pk)
    form = read(bob.get(path, headers=SCRIPT)).one("form", "frame")
    offered = [option.text for option in form.one("select").all("option")]
    assert offered == ["None of the list", "G-1 Gateway, €780.50"]
    data = form.fields | {"product": Product.objects.get(name="Gateway").pk, "quantity": "1,000.5", "discount": "12.5"}
    added = bob.post(path, data, headers=SCRIPT)
    assert added.status_code == 200 and "Added Gateway" in read(added).one("div", "toast").text
    table = overview(bob, deal).one(id="products")
    assert [cell.text for cell in table.one("tbody").one("tr").all("td")][:5] == ["Gateway", "1,000.5", "€780.50", "12.5%", "€683,278.97"]  # fmt: skip
    assert "1 line · excl. VAT · EUR" in table.one("tfoot").text and "The amount follows the lines" in table.text
    edit = table.one("tbody").one("a")["href"]
    form = read(bob.get(edit, headers=SCRIPT)).one("form", "frame").fields
    assert form["quantity"] == "1,000.5" and "product" not in form
    stale = bob.post(edit, form | {"quantity": "2", "version": "1"}, headers=SCRIPT)
    assert stale.status_code == 409 and "You changed this deal in another tab" in read(stale).text
    assert bob.post(edit, form | {"quantity": "2"}, headers=SCRIPT).status_code == 200
    assert fresh(deal).amount == D("1365.88")
    remove = overview(bob, deal).one(id="products").one("form", action=edit + "remove/")
    gone = read(bob.post(remove["action"], remove.fields, headers=SCRIPT))
    assert "No lines yet" in overview(bob, deal).one(id="products").text
    bob.post(gone.one("form", data_undo=None)["action"], headers=SCRIPT)
    told = read(bob.get(url(acme.workspace, "deal_detail", deal.pk))).one(id="activity").text
    assert "removed Gateway from the products of the deal" in told
    assert "quantity of Gateway 1,000.5 → 2" in told  # after the amount, which follows
    assert "added Gateway to the products of the deal · amount €1,000 → €683,278.97" in told
    assert bob.post(path, data | {"product": old.pk}, headers=SCRIPT).status_code == 422


def test_the_amount_is_switched_in_the_overview(acme, bob, deal):
    line(deal, acme.bob)
    for said in ("The amount is set by hand", "The amount follows the lines"):
        form = (
            overview(bob, deal)
            .one(id="products")
            .one("form", action=url(acme.workspace, "deal_amount_source", deal.pk))
        )
        button = form.one("button")
        assert bob.post(form["action"], form.fields | {"source": button["value"]}, headers=SCRIPT).status_code == 200
        assert said in overview(bob, deal).one(id="products").text


def test_the_price_list_is_kept_by_managers(acme, bob, login):
    assert bob.get(url(acme.workspace, "product_list")).status_code == 403
    alice = login(acme.alice)
    assert "No products yet" in read(alice.get(url(acme.workspace, "product_list"))).text
    form = {"name": "Gateway", "code": "G-1", "unit_price": "780.5", "currency": "USD", "is_active": "on"}
    made = alice.post(url(acme.workspace, "product_new"), form, headers=SCRIPT)
    assert made["HX-Redirect"] == url(acme.workspace, "product_list")
    assert "US$780.50" in (text := read(alice.get(url(acme.workspace, "product_list"))).text) or "$780.50" in text
    product = Product.objects.get()
    again = alice.post(url(acme.workspace, "product_new"), form, headers=SCRIPT)
    assert again.status_code == 422 and "Another product has this name" in read(again).text
    path = url(acme.workspace, "product_edit", product.pk)
    fields = read(alice.get(path, headers=SCRIPT)).one("form", "frame").fields
    assert alice.post(path, {**fields, "name": "Gateway II"}, headers=SCRIPT)["HX-Redirect"]
    product.refresh_from_db()
    assert (product.name, product.version) == ("Gateway II", 2)


def test_a_deleted_deal_has_no_lines_to_change(acme, bob, deal):
    item = line(deal, acme.bob)
    delete_deal(deal, by=acme.bob)
    assert bob.get(url(acme.workspace, "deal_item_edit", deal.pk, item.pk)).status_code == 404


def test_the_undo_of_a_new_line_takes_back_nobody_elses_work(acme, bob, deal):
    form = {"name": "Probe", "quantity": "1", "unit_price": "100", "discount": "0", "version": "1"}
    added = read(bob.post(url(acme.workspace, "deal_item_add", deal.pk), form, headers=SCRIPT))
    undo = added.one("form", data_undo=None)["action"]
    item = LineItem.objects.get()
    update_item(item, by=acme.alice, version=2, quantity=D(7))
    assert bob.post(undo, headers=SCRIPT).status_code == 409
    assert LineItem.objects.get().quantity == 7
    assert bob.post(url(acme.workspace, "deal_item_remove", deal.pk, item.pk), headers=SCRIPT).status_code == 422
