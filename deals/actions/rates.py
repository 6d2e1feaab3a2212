"""What other currencies are worth: kept by admins, followed by deals."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from zlib import crc32

from babel.numbers import list_currencies
from django.db import connection
from django.utils import timezone

from deals.exchange import LIMIT, NoRate, Rates, day_of
from deals.models import CurrencyRate, Deal
from leads.models import Company, Lead
from workspaces.access import check_may
from workspaces.action import Refused, action
from workspaces.models import Membership, Role, Workspace


@action
def set_rate(
    workspace: Workspace, *, currency: str, rate: Decimal, day: date | None = None, by: Membership | None
) -> CurrencyRate:
    """From `day` (today) on a unit of `currency` is worth `rate` units of the workspace's own; on the same day it is put
    right. Deals follow at once: open ones the newest rate, closed ones that of the day they were closed."""
    check_may(by, Role.ADMIN, "keep rates")
    currency = check_currency(currency)
    today = day_of(timezone.now())
    if currency == workspace.currency:
        raise Refused(f"{currency} is the workspace's own currency.", fields={"currency": "Choose another one."})
    if not 0 < rate < LIMIT:
        raise Refused("A rate lies between 0 and a million.", fields={"rate": "Above 0, below a million."})
    if day and day > today:
        raise Refused("A rate cannot be known before its day.", fields={"day": "Today or earlier."})
    _lock_alone(workspace, currency)
    found, _ = CurrencyRate.objects.update_or_create(
        workspace=workspace, currency=currency, day=day or today, defaults={"rate": rate}
    )
    follow_rates(workspace, currency)
    return found


@action
def delete_rate(rate: CurrencyRate, *, by: Membership | None) -> None:
    """The days it was for then have the rate of the day before. The last one stays while a deal needs it."""
    check_may(by, Role.ADMIN, "keep rates")
    workspace = Workspace.objects.get(pk=rate.workspace_id)
    _lock_alone(workspace, rate.currency)
    CurrencyRate.objects.filter(pk=rate.pk).delete()
    if CurrencyRate.objects.filter(workspace=workspace, currency=rate.currency).exists():
        follow_rates(workspace, rate.currency)
    elif Deal.all_objects.filter(workspace=workspace, currency=rate.currency).exists():
        raise Refused(f"Deals are in {rate.currency}, so its last rate stays. Put it right instead.")


@action
def change_currency(workspace: Workspace, *, currency: str, by: Membership | None) -> Workspace:
    """Only while there is no amount in the old one: nobody would know what was meant afterwards. Its rates go."""
    check_may(by, Role.ADMIN, "change the currency")
    currency = check_currency(currency)
    workspace = Workspace.objects.select_for_update().get(pk=workspace.pk)
    if currency == workspace.currency:
        return workspace
    with_amounts = (
        ("deals", Deal.all_objects.filter(workspace=workspace)),
        ("leads", Lead.objects.filter(workspace=workspace, estimated_amount__isnull=False)),
        ("companies", Company.objects.filter(workspace=workspace, annual_revenue__isnull=False)),
    )
    for name, rows in with_amounts:
        if rows.exists():
            message = f"There are {name} with amounts in {workspace.currency} already (the bin counts), so it stays."
            raise Refused(message, fields={"currency": message})
    CurrencyRate.objects.filter(workspace=workspace).delete()
    workspace.currency = currency
    workspace.save(update_fields=["currency"])
    return workspace


# --- parts ------------------------------------------------------------------------------------------


def rates_for(workspace: Workspace, *currencies: str) -> Rates:
    """Those of these currencies. Held until the end of the transaction: what is written by them is true when it is seen."""
    foreign = sorted({currency for currency in currencies if currency} - {workspace.currency})
    for currency in foreign:
        _lock(workspace.pk, currency, "pg_advisory_xact_lock_shared")
    known: dict[str, list[tuple[date, Decimal]]] = {}
    if foreign:
        rows = CurrencyRate.objects.filter(workspace=workspace, currency__in=foreign).order_by("currency", "day")
        for currency, day, rate in rows.values_list("currency", "day", "rate"):
            known.setdefault(currency, []).append((day, rate))
    return Rates(workspace.currency, known)


def checked_rate(rates: Rates, currency: str, day: date | None = None) -> Decimal:
    """Or refused, in words."""
    try:
        return rates.of(currency, day)
    except NoRate:
        message = (
            f"What is {check_currency(currency)} worth? An admin has to keep a rate of it first (Settings, Currencies)."
        )
        raise Refused(message, fields={"currency": message}) from None


def rate_of(deal: Deal, currency: str = "") -> Decimal:
    """That of the deal as it stands: of the day it was closed, or the newest one."""
    currency = currency or deal.currency
    day = day_of(deal.closed_at) if deal.closed_at else None
    return checked_rate(rates_for(deal.workspace, currency), currency, day)


def check_currency(text: str) -> str:
    currency = text.strip().upper()
    if currency not in list_currencies("en"):
        raise Refused(
            f"There is no currency “{text.strip()[:20]}”.", fields={"currency": "Three letters, such as EUR or USD."}
        )
    return currency


def follow_rates(workspace: Workspace, currency: str) -> None:
    """All deals of a currency, the binned ones too, as Rates.of says; in the order of their ids, like every lock."""
    with connection.cursor() as cursor:
        cursor.execute(FOLLOW, {"workspace": workspace.pk, "currency": currency})


FOLLOW = """
    WITH due AS MATERIALIZED (
        SELECT d.id, coalesce(
            (SELECT r.rate FROM deals_currencyrate r WHERE r.workspace_id = d.workspace_id AND r.currency = d.currency
               AND (d.closed_at IS NULL OR r.day <= (d.closed_at AT TIME ZONE 'UTC')::date) ORDER BY r.day DESC LIMIT 1),
            (SELECT r.rate FROM deals_currencyrate r WHERE r.workspace_id = d.workspace_id AND r.currency = d.currency
               ORDER BY r.day LIMIT 1)
        ) AS rate
        FROM deals_deal d WHERE d.workspace_id = %(workspace)s AND d.currency = %(currency)s
        ORDER BY d.id FOR NO KEY UPDATE OF d
    )
    UPDATE deals_deal d SET rate = due.rate, updated_at = now() FROM due WHERE due.id = d.id AND d.rate <> due.rate
"""


def _lock_alone(workspace: Workspace, currency: str) -> None:
    """The deals that will follow, then the rate: in the order in which whoever changes one deal locks them."""
    deals = Deal.all_objects.select_for_update(no_key=True).filter(workspace=workspace, currency=currency)
    list(deals.order_by("pk").values_list("pk"))
    _lock(workspace.pk, currency, "pg_advisory_xact_lock")


def _lock(workspace_id: int, currency: str, how: str) -> None:
    """Shared by those who use a rate, alone for the one who changes it. Two keys: of the workspace and of the currency."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {how}(%s, %s)", [workspace_id % 2**31, crc32(currency.encode()) % 2**31])
