"""The one list over any rows: each row once, whatever is unknown or equal and however long a page; cursors of others."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import signing
from django.db import transaction
from django.test import RequestFactory
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deals.models import Deal
from leads.models import Company, Contact, Lead
from tests.deals.boards import fill
from tests.factories import make_deal, url
from tests.pages import Element, read
from workspaces.lists import Column, ListPage, read_cursor

COLUMNS = (
    Column("name", "Deal", sort="name"),
    Column("amount", "Value", sort="amount", nullable=True),
    Column("close", "Close", sort="expected_close_date", nullable=True),
    Column("created", "Created", sort="created_at"),
    Column("stage", "Stage"),
)
SORTS = [f"{sign}{column.name}" for column in COLUMNS if column.sort for sign in ("", "-")]
THEN = datetime(2026, 3, 29, 0, 59, 59, 999999, tzinfo=UTC)
# Few different values: ties on every border of a page.
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["A", "a", "Á", "a'b", "a|b", "日本", "a" * 200]),
        st.sampled_from([None, Decimal(0), Decimal("0.01"), Decimal("999999999999.99")]),
        st.sampled_from([None, date(1, 1, 1), date(2026, 3, 29), date(9999, 12, 31)]),
        st.integers(0, 2).map(lambda n: THEN + timedelta(microseconds=n)),
    ),
    max_size=9,
)


def page_of(sort: str, size: int = 50, after: str = "") -> ListPage:
    fields = [column.sort for column in COLUMNS if column.sort]
    request = RequestFactory().get("/", {"sort": sort, "after": after})
    return ListPage(request, Deal.objects.values("pk", *fields), COLUMNS, "-created", size)


def walk(sort: str, size: int) -> list[list[int]]:
    parts, page = [], page_of(sort, size)
    while True:
        parts.append([row["pk"] for row in page.rows])
        assert page.is_first == (len(parts) == 1) and len(parts) <= 10, "it goes round"
        if not page.next:
            return parts
        page = page_of(sort, size, page.next)


def expected(sort: str) -> list[int]:
    """Sorted in Python; what is unknown comes last either way."""
    field = next(column.sort for column in COLUMNS if column.name == sort.removeprefix("-"))
    found = list(Deal.objects.values_list(field, "pk"))
    known = sorted((row for row in found if row[0] is not None), reverse=sort.startswith("-"))
    unknown = sorted((row[1] for row in found if row[0] is None), reverse=sort.startswith("-"))
    return [pk for _, pk in known] + unknown


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, sort=st.sampled_from(SORTS), size=st.integers(1, 4))
@example(rows=[("A", None, None, THEN)] * 4, sort="-amount", size=2)
@example(rows=[("A", Decimal(1), None, THEN)] * 2 + [("A", None, None, THEN)] * 2, sort="-amount", size=2)
def test_all_pages_together_are_all_rows_once_in_order(acme, rows, sort, size):
    stage = acme.stages["New"]
    with transaction.atomic():
        Deal.objects.bulk_create(
            Deal(
                workspace=acme.workspace, pipeline_id=stage.pipeline_id, stage=stage, owner_id=acme.bob.user_id, currency="EUR",
                rank=f"b{number:05d}", name=name, amount=amount, expected_close_date=day, created_at=moment,
            )
            for number, (name, amount, day, moment) in enumerate(rows)
        )  # fmt: skip
        parts = walk(sort, size)
        assert sum(parts, []) == expected(sort)
        assert all(len(part) == size for part in parts[:-1]) and len(parts[-1]) <= size
        assert (parts[-1] or not rows) and len(parts) == max(1, -(-len(rows) // size))
        transaction.set_rollback(True)


@pytest.mark.parametrize("sort", SORTS)
def test_a_page_costs_at_most_one_query_more_for_what_is_unknown(acme, django_assert_max_num_queries, sort):
    make_deal(acme.bob, acme.stages["New"], amount=None)
    with django_assert_max_num_queries(2 if sort.removeprefix("-") in ("amount", "close") else 1):
        page_of(sort)


def signed(*parts: object, salt: str = "cursor") -> str:
    return signing.dumps(list(parts), salt=salt, compress=True)


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "::", "é:ü:ß", ":" * 2000, "\udcff", "x" * 5000,
        signed("name", "s", "A", 1)[:-1], signed("name", "s", "A", 1).swapcase(), signed("name", "s", "A", 1, salt="other"),
        signed("-name", "s", "A", 1), signed("amount", "n", "1", 1), signed("name", "s", "A"), signed("name"), signed(),
        signed("name", "?", "A", 1), signed("name", "n", "much", 1), signed("name", "t", "then", 1), signed("name", "d", "2026-02-30", 1),
    ],
    ids=count(),  # signatures hold the time: the processes of a run would not agree on names
)  # fmt: skip
def test_what_is_no_cursor_of_this_sort_is_none(text):
    assert read_cursor(text, "name") is None


def test_a_cursor_is_what_was_written():
    for kind, value, read_ in (("s", "A", "A"), ("n", "1.50", Decimal("1.50")), ("d", "2026-03-29", date(2026, 3, 29)), ("t", str(THEN), THEN), ("s", None, None)):  # fmt: skip
        assert read_cursor(signed("x", kind, value, 7), "x") == (read_, 7)


# --- as pages ---------------------------------------------------------------------------------------------

SHARED = {"name": ("deal_list", "lead_list", "company_list", "contact_list"), "-created": ("deal_list", "lead_list")}


def test_a_cursor_of_another_list_is_a_place_in_this_one(acme, login):
    """Columns of one name hold one kind of value in all lists, and a value is all that a cursor says."""
    for model in (Company, Contact, Lead):
        model.objects.bulk_create(model(workspace=acme.workspace, name=f"N {number:03}") for number in range(51))
    fill(acme, "New", 51)
    bob = login(acme.bob)

    def ask(name: str, **query: str) -> Element:
        response = bob.get(url(acme.workspace, name), query)
        assert response.status_code == 200
        return read(response)

    for sort, names in SHARED.items():
        for name in names:
            [cursor] = parse_qs(urlsplit(ask(name, sort=sort).one("tr", "more-rows")["hx-get"]).query)["after"]
            for other in names:
                ask(other, sort=sort, after=cursor)
