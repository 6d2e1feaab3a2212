"""What line items come to: exact, and rounded line by line, as an invoice is (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import get_currency_precision


def line_total(quantity: Decimal, unit_price: Decimal, discount: Decimal, currency: str) -> Decimal:
    """`discount` in percent; rounded half up to the smallest coin of `currency`.

    >>> line_total(Decimal("24"), Decimal("780"), Decimal("10"), "EUR")
    Decimal('16848.00')
    >>> line_total(Decimal("3"), Decimal("0.335"), Decimal("0"), "EUR")
    Decimal('1.01')
    >>> line_total(Decimal("3"), Decimal("33.5"), Decimal("0"), "JPY")
    Decimal('101')
    """
    exact = quantity * unit_price * (100 - discount) / 100
    return exact.quantize(Decimal(1).scaleb(-get_currency_precision(currency)), ROUND_HALF_UP)


def items_total(lines: Iterable[tuple[Decimal, Decimal, Decimal]], currency: str) -> Decimal:
    """The sum of the rounded lines (quantity, unit price, discount)."""
    return sum((line_total(*line, currency) for line in lines), Decimal(0))
