"""Names as they are compared: case, accents, punctuation and legal form do not count, letters do, in every script."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.actions import capture, create_company, find_company
from leads.bulk import companies_by_key, create_companies, create_leads
from leads.models import Company
from leads.names import name_key, squash

DIFFERENT = (
    "Ромашка", "Газпром", "Альфа 24", "Бета 24", "Ελλάδα", "Αθήνα", "株式会社トヨタ", "ガス", "カス", "北京", "上海", "삼성전자", "현대",
    "شركة النور", "חברה", "कुल", "कल", "किला", "कीला", "เอ", "🔥", "💎", "❤️", "☎️", "!!!", "???", "Apple Inc", "Apple Group",
    "Apple Holding", "Apple Company", "24", "\u200b",
)  # fmt: skip
SAME = (
    ("Müller & Söhne GmbH", "MULLER SOHNE"),
    ("ACME Corp.", "Acme Corporation"),
    ("Ёлка", "ЕЛКА"),
    ("ΑΘΗΝΑ", "Αθήνα"),
    ("Straße 7", "STRASSE 7"),
    ("ﾄﾖﾀ", "トヨタ"),
    ("Société Générale SA", "Societe Generale"),
    ("Caf\u00e9", "Cafe\u0301"),
    ("Soft\u00adware", "Software"),
    ("A\ufeffcme", "Acme"),
)


@pytest.mark.parametrize("key", [name_key, squash])
def test_different_names_have_different_keys(key):
    found = {}
    for name in DIFFERENT:
        assert key(name), name
        found.setdefault(key(name), []).append(name)
    assert len(found) == len(DIFFERENT), [names for names in found.values() if len(names) > 1]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_name_written_twice(one, other):
    assert name_key(one) == name_key(other)


@given(st.text(min_size=1, max_size=40))
def test_no_name_has_an_empty_key(name):
    assert bool(name_key(name)) == bool("".join(name.split())) and bool(squash(name)) == bool("".join(name.split()))


# Letters without case, accent or other spelling, which is most of the world's.
LETTERS = st.characters(categories=["Lo"]).filter(lambda c: unicodedata.normalize("NFKD", c) == c)


@given(st.text(LETTERS, min_size=1, max_size=9), st.text(LETTERS, min_size=1, max_size=9))
def test_letters_tell_names_apart(one, other):
    assert (name_key(one) == name_key(other)) == (one == other) == (squash(one) == squash(other))


@given(st.text(max_size=40))
def test_a_key_is_its_own_key(name):
    assert name_key(name_key(name)) == name_key(name)


def test_two_companies_of_other_scripts_are_two(acme):
    one = create_company(acme.workspace, name="Ромашка", by=acme.bob)
    assert find_company(acme.workspace, "Газпром") is None
    assert find_company(acme.workspace, "ромашка").pk == one.pk
    lead = capture(acme.workspace, by=acme.bob, last_name="Иванов", company_name="Газпром")
    assert lead.company.name == "Газпром"


def test_imports_keep_them_apart_too(acme):
    create_companies(acme.workspace, [{"name": name} for name in DIFFERENT], by=acme.bob)
    assert len(companies_by_key(acme.workspace, map(name_key, DIFFERENT))) == len(DIFFERENT)
    leads = create_leads(acme.workspace, [{"last_name": "A", "company_name": name} for name in DIFFERENT], by=acme.bob)
    assert [lead.company.name for lead in leads] == list(DIFFERENT)


def test_an_empty_key_is_nobodys(acme):
    Company.objects.create(workspace=acme.workspace, name="Old row", name_key="")
    assert companies_by_key(acme.workspace, [""]) == {} and find_company(acme.workspace, " ") is None
