"""Line items of a deal, and whether its amount is what they come to or what somebody set by hand."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django.apps import apps
from django.db.models import Max

from activities.actions import record
from activities.models import Activity, Door
from deals.actions.facts import check_values, said
from deals.actions.locking import lock_deal
from deals.models import Deal, LineItem, Product
from deals.pricing import items_total
from workspaces.access import check_may
from workspaces.action import Refused, Stale, action
from workspaces.models import Membership, Role

FACTS = ("name", "quantity", "unit_price", "discount")
BIG = Decimal(10**9) - 1
# Made by pghistory: each line as it was before a change, the deleted ones as they were last.
HISTORY = apps.get_model("deals", "LineItemHistory")


@action
def add_item(
    deal: Deal,
    *,
    by: Membership | None,
    version: int | None = None,
    name: str = "",
    product: Product | None = None,
    quantity: Decimal = Decimal(1),
    unit_price: Decimal | None = None,
    discount: Decimal = Decimal(0),
    door: Door = Door.WEB,
) -> LineItem:
    """One more line: of a product, whose name and price it takes where none are given, or of anything else.

    With the first line the amount follows the lines; where it was set by hand since, it stays.
    """
    check_may(by, Role.REP, "change deals")
    deal = lock_deal(deal.pk, version, by)
    if product and unit_price is None:
        unit_price = product.unit_price if product.currency == deal.currency else None
    facts = {"name": name.strip() or str(product or ""), "quantity": quantity, "discount": discount}
    facts = check_item(facts | {"unit_price": unit_price}, product, deal)
    last = deal.items.aggregate(last=Max("position"))["last"]
    if last is None:
        deal.amount_source = Deal.AmountSource.ITEMS
    item = LineItem(workspace_id=deal.workspace_id, deal=deal, product=product, position=(last or 0) + 1, **facts)
    item.save(force_insert=True)
    _tell(deal, item, {"items": ["", item.name]}, by, door)
    return item


@action
def update_item(
    item: LineItem, *, by: Membership | None, version: int | None = None, door: Door = Door.WEB, **changes: object
) -> LineItem:
    """Set FACTS of a line. `version` is the deal's that the caller saw."""
    check_may(by, Role.REP, "change deals")
    deal = lock_deal(item.deal_id, version, by)
    item = lock_item(deal, item.pk)
    if unknown := changes.keys() - FACTS:
        raise Refused(f"These cannot be set: {', '.join(sorted(unknown))}.")
    facts = check_item({name: getattr(item, name) for name in FACTS} | changes, item.product, deal)
    changed = {
        name: [_plain(getattr(item, name)), _plain(value)]
        for name, value in facts.items()
        if getattr(item, name) != value
    }
    if changed:
        before = item.name
        for name, value in facts.items():
            setattr(item, name, value)
        item.save(update_fields=list(changed))
        _tell(deal, item, changed, by, door, name=before)
    return item


@action
def remove_item(
    item: LineItem, *, by: Membership | None, version: int | None = None, door: Door = Door.WEB
) -> LineItem:
    """`restore_item` puts it back."""
    check_may(by, Role.REP, "change deals")
    deal = lock_deal(item.deal_id, version, by)
    item = lock_item(deal, item.pk)
    pk = item.pk
    item.delete()
    _tell(deal, item, {"items": [item.name, None]}, by, door)
    item.pk = pk
    return item


@action
def restore_item(deal: Deal, pk: int, *, by: Membership | None, door: Door = Door.WEB) -> LineItem:
    """A deleted line as the audit trail has it, at its place; done once, however often it is called."""
    check_may(by, Role.REP, "change deals")
    deal = lock_deal(deal.pk)
    if item := LineItem.objects.filter(deal=deal, pk=pk).first():
        return item
    image = HISTORY.objects.filter(pgh_obj_id=pk, deal_id=deal.pk).order_by("-pgh_id").first()
    if image is None:
        raise Refused("There is nothing to put back.")
    kept = Product.objects.filter(pk=image.product_id).first()
    facts = {name: getattr(image, name) for name in (*FACTS, "position")}
    item = LineItem(pk=pk, workspace_id=deal.workspace_id, deal=deal, product=kept, **facts)
    item.save(force_insert=True)
    _tell(deal, item, {"items": ["", item.name]}, by, door)
    return item


@action
def move_item(
    item: LineItem, *, by: Membership | None, up: bool, version: int | None = None, door: Door = Door.WEB
) -> None:
    """One place up or down. It changes nothing that anybody is told of."""
    check_may(by, Role.REP, "change deals")
    deal = lock_deal(item.deal_id, version, by)
    lines = list(LineItem.objects.filter(deal=deal))
    here = next((i for i, line in enumerate(lines) if line.pk == item.pk), None)
    if here is None:
        raise Stale("This line was deleted meanwhile.")
    there = here - 1 if up else here + 1
    if 0 <= there < len(lines):
        lines[here], lines[there] = lines[there], lines[here]
        for position, line in enumerate(lines, 1):
            line.position = position
        LineItem.objects.bulk_update(lines, ["position"])


@action
def set_amount_source(
    deal: Deal, source: str, *, by: Membership | None, version: int | None = None, door: Door = Door.WEB
) -> Deal:
    """Let the amount follow the lines, or keep it as it is, by hand; the lines stay either way."""
    check_may(by, Role.REP, "change deals")
    deal = lock_deal(deal.pk, version, by)
    if source not in Deal.AmountSource.values:
        raise Refused("The amount is set by hand or comes of the line items.")
    if source == Deal.AmountSource.ITEMS and not deal.items.exists():
        raise Refused("There are no line items that the amount could come of.")
    if source != deal.amount_source:
        before, deal.amount_source = deal.amount_source, source
        _save(deal, {"amount_source": [before, source]}, by, door)
    return deal


def check_item(facts: Mapping[str, object], product: Product | None, deal: Deal) -> dict:
    """What every door must keep to; the database holds the rest."""
    name, price = str(facts["name"]).strip(), facts["unit_price"]
    if not name:
        raise Refused("A line needs a name or a product.", fields={"name": "What is it?"})
    if price is None:
        why = "Type the price of one."
        if product and product.unit_price is not None:
            why = f"{product} is priced in {product.currency}, this deal is in {deal.currency}. {why}"
        raise Refused(why, fields={"unit_price": why})
    for field, low, high in (("quantity", Decimal("0.001"), BIG), ("unit_price", 0, 10**12 - 1), ("discount", 0, 100)):
        value = facts[field]
        if not isinstance(value, Decimal) or not low <= value <= high:
            raise Refused(f"The {field.replace('_', ' ')} must lie between {low} and {high:,}.", fields={field: f"Between {low} and {high:,}."})  # fmt: skip
    return {**facts, "name": name}


def lock_item(deal: Deal, pk: int) -> LineItem:
    item = LineItem.objects.filter(deal=deal, pk=pk).select_related("product").first()
    if item is None:
        raise Stale("This line was deleted meanwhile.")
    return item


def _tell(deal: Deal, item: LineItem, changes: dict, by: Membership | None, door: Door, name: str = "") -> None:
    """One line of the timeline for what happened to a line item and to the amount."""
    _save(deal, changes, by, door, {"item": name or item.name})


def _save(deal: Deal, changes: dict, by: Membership | None, door: Door, more: dict[str, str] | None = None) -> None:
    """The deal with the amount that is now its own. Without any line left, the amount is what it was last, by hand."""
    lines = list(deal.items.values_list("quantity", "unit_price", "discount"))
    if not lines:
        deal.amount_source = Deal.AmountSource.MANUAL
    elif deal.amount_source == Deal.AmountSource.ITEMS:
        amount = items_total(lines, deal.currency)
        if amount != deal.amount:
            check_values({"amount": amount})
            changes = changes | {"amount": [said("amount", deal.amount), said("amount", amount)]}
            deal.amount = amount
    deal.version += 1
    deal.save(update_fields=["amount", "amount_source", "version", "updated_at"])
    record(deal, Activity.Kind.FIELD_CHANGE, by=by, door=door, data={"changes": changes} | (more or {}))


def _plain(value: object) -> str:
    """As history keeps it: 24 and not 24.000."""
    if not isinstance(value, Decimal):
        return str(value)
    return f"{value.normalize():f}"
