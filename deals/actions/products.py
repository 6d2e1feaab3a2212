"""The price list."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from deals.models import Product
from workspaces.access import check_may
from workspaces.action import Refused, Stale, action
from workspaces.models import Membership, Role, Workspace

FACTS = ("name", "code", "unit_price", "currency", "is_active")


@action
def create_product(
    workspace: Workspace,
    *,
    by: Membership | None,
    name: str,
    code: str = "",
    unit_price: Decimal | None = None,
    currency: str = "",
    is_active: bool = True,
) -> Product:
    """`currency` is the workspace's unless another is named."""
    check_may(by, Role.MANAGER, "keep the price list")
    facts = {"name": name.strip(), "code": code.strip(), "unit_price": unit_price}
    check_product(workspace.pk, facts)
    return Product.objects.create(
        workspace=workspace, currency=currency or workspace.currency, is_active=is_active, **facts
    )


@action
def update_product(
    product: Product, *, by: Membership | None, version: int | None = None, **changes: object
) -> Product:
    """Set FACTS of a product; lines of deals keep the name and the price they have. The audit trail keeps what it was."""
    check_may(by, Role.MANAGER, "keep the price list")
    product = Product.objects.select_for_update(no_key=True).get(pk=product.pk)
    if version is not None and product.version != version:
        raise Stale(f"It was not changed: somebody changed {product} meanwhile.")
    if unknown := changes.keys() - FACTS:
        raise Refused(f"These cannot be set: {', '.join(sorted(unknown))}.")
    changes = {name: value.strip() if isinstance(value, str) else value for name, value in changes.items()}
    check_product(product.workspace_id, changes, product.pk)
    changed = [name for name, value in changes.items() if getattr(product, name) != value]
    if changed:
        for name in changed:
            setattr(product, name, changes[name])
        product.version += 1
        product.save(update_fields=[*changed, "version"])
    return product


def check_product(workspace_id: int, facts: Mapping[str, object], pk: int | None = None) -> None:
    """What every door must keep to; the database holds the rest."""
    if "name" in facts and not facts["name"]:
        raise Refused("A product needs a name.", fields={"name": "What is it called?"})
    price = facts.get("unit_price")
    if isinstance(price, Decimal) and not 0 <= price < 10**12:
        raise Refused("The price must lie between 0 and 999 999 999 999.", fields={"unit_price": "Between 0 and 999 999 999 999."})  # fmt: skip
    others = Product.objects.filter(workspace_id=workspace_id).exclude(pk=pk or 0)
    for field in ("name", "code"):
        if facts.get(field) and others.filter(**{field: facts[field]}).exists():
            raise Refused(f"There is a product of this {field} already.", fields={field: f"Another product has this {field}."})  # fmt: skip
