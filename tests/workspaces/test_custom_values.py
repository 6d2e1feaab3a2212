"""What custom fields take and how they keep it (pure)."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspaces.action import Refused
from workspaces.custom.values import Choice, Field, Type, read_change, set_values, told, typed, words
from workspaces.formats import Formats, locale_of

CHOICES = (Choice("small", "Small"), Choice("big", "Big"), Choice("old", "Old", is_archived=True))
FIELDS = {
    type_: Field(f"a_{type_}", f"A {type_}", type_, CHOICES if type_ in (Type.CHOICE, Type.MULTI) else ())
    for type_ in Type
}
GERMAN = Formats(locale_of("de"), UTC, "EUR", date(2026, 11, 20))


@pytest.mark.parametrize(
    ("type_", "given", "kept"),
    [
        (Type.TEXT, "  two words ", "two words"),
        (Type.TEXT, "   ", None),
        (Type.NUMBER, Decimal("12.500"), "12.5"),
        (Type.NUMBER, -3, "-3"),
        (Type.NUMBER, "1e3", "1000"),
        (Type.NUMBER, 0.1, "0.1"),
        (Type.MONEY, "48000.505", "48000.51"),
        (Type.MONEY, 0, "0"),
        (Type.DATE, date(2026, 11, 20), "2026-11-20"),
        (Type.DATE, "2026-11-20", "2026-11-20"),
        (Type.CHOICE, "big", "big"),
        (Type.CHOICE, " SMALL ", "small"),
        (Type.MULTI, ["big", "small", "big"], ["small", "big"]),
        (Type.MULTI, [], None),
        (Type.CHECKBOX, True, True),
        (Type.CHECKBOX, False, None),
        (Type.URL, "example.com/a", "https://example.com/a"),
        (Type.URL, "http://example.com", "http://example.com"),
        (Type.USER, "7", 7),
        (Type.USER, 7, 7),
    ],
)
def test_a_value_is_kept_in_one_form(type_, given, kept):
    field = FIELDS[type_]
    assert field.read(given) == kept
    # What is kept is JSON, and is taken again as it is: an API may send back what it got.
    assert json.loads(json.dumps(kept)) == kept
    assert field.read(kept) == kept


@pytest.mark.parametrize(
    ("type_", "given"),
    [
        (Type.TEXT, "x" * 1001),
        (Type.TEXT, 5),
        (Type.NUMBER, "twelve"),
        (Type.NUMBER, "NaN"),
        (Type.NUMBER, "Infinity"),
        (Type.NUMBER, "1e400"),
        (Type.NUMBER, True),
        (Type.MONEY, -1),
        (Type.MONEY, 10**12),
        (Type.DATE, "20.11.2026"),
        (Type.DATE, "9999-01-01"),
        (Type.DATE, datetime(2026, 1, 1)),
        (Type.CHOICE, "huge"),
        (Type.MULTI, ["small", "huge"]),
        (Type.CHECKBOX, "true"),
        (Type.URL, "javascript:alert(1)"),
        (Type.URL, "ftp://example.com"),
        (Type.URL, "https://user:pass@example.com"),
        (Type.URL, "not a place"),
        (Type.USER, "-1"),
        (Type.USER, True),
    ],
)
def test_what_is_no_value_is_refused_in_words(type_, given):
    with pytest.raises(ValueError, match=r"^[A-Z“].+\.$"):
        FIELDS[type_].read(given)


@given(st.sampled_from(list(Type)), st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=4))  # fmt: skip
def test_whatever_json_sends_is_taken_or_refused(type_, value):
    try:
        kept = FIELDS[type_].read(value)
    except ValueError:
        return
    assert FIELDS[type_].read(kept) == kept


def given_members(*ids):
    return lambda: set(ids)


def test_what_is_not_named_stays_and_what_is_emptied_goes():
    fields = [FIELDS[Type.TEXT], FIELDS[Type.NUMBER]]
    before = {"a_text": "old", "a_number": "1", "of_another_time": "x"}
    assert set_values(fields, before, {"a_number": ""}, members=given_members()) == {
        "a_text": "old",
        "of_another_time": "x",
    }
    assert before["a_number"] == "1"


def test_problems_are_told_together_by_the_names_of_the_forms():
    with pytest.raises(Refused) as refusal:
        set_values(FIELDS.values(), {}, {"a_number": "x", "a_url": "x y"}, members=given_members())
    assert set(refusal.value.fields) == {"cf_a_number", "cf_a_url"}
    assert "A number: “x” is not a number." in refusal.value.message


def test_what_was_archived_stays_but_is_not_chosen():
    choice, multi = FIELDS[Type.CHOICE], FIELDS[Type.MULTI]
    assert set_values([choice], {"a_choice": "old"}, {"a_choice": "old"}, members=given_members()) == {
        "a_choice": "old"
    }
    assert set_values([multi], {"a_multi": ["old"]}, {"a_multi": ["old", "big"]}, members=given_members()) == {
        "a_multi": ["big", "old"]
    }
    with pytest.raises(Refused, match="“Old” was archived"):
        set_values([choice], {"a_choice": "big"}, {"a_choice": "old"}, members=given_members())
    gone = Field("gone", "Gone", Type.TEXT, is_archived=True)
    assert set_values([gone], {"gone": "x"}, {"gone": "x"}, members=given_members()) == {"gone": "x"}
    with pytest.raises(Refused, match="Gone was archived"):
        set_values([gone], {"gone": "x"}, {"gone": "y"}, members=given_members())


def test_only_members_are_chosen_and_who_left_stays():
    user = FIELDS[Type.USER]
    assert set_values([user], {}, {"a_user": 3}, members=given_members(3)) == {"a_user": 3}
    assert set_values([user], {"a_user": 4}, {"a_user": 4}, members=given_members(3)) == {"a_user": 4}
    with pytest.raises(Refused, match="Choose a member"):
        set_values([user], {}, {"a_user": 4}, members=given_members(3))


def test_a_new_record_needs_what_is_required_and_an_old_one_does_not_lose_it():
    field = Field("size", "Size", Type.NUMBER, is_required=True)
    with pytest.raises(Refused, match="Size is needed"):
        set_values([field], {}, {}, members=given_members(), is_new=True)
    with pytest.raises(Refused, match="Size is needed"):
        set_values([field], {"size": "1"}, {"size": None}, members=given_members())
    assert set_values([field], {}, {}, members=given_members()) == {}
    archived = Field("size", "Size", Type.NUMBER, is_required=True, is_archived=True)
    assert set_values([archived], {}, {}, members=given_members(), is_new=True) == {}


def test_an_unknown_field_is_refused():
    with pytest.raises(Refused, match="no field nothing"):
        set_values([], {}, {"nothing": 1}, members=given_members())


def test_a_change_says_names_and_is_read_by_its_reader():
    fields = [FIELDS[Type.MONEY], FIELDS[Type.USER], FIELDS[Type.MULTI], FIELDS[Type.DATE]]
    before = {"a_money": "1000", "a_user": 3}
    after = {"a_money": "1234.5", "a_user": 4, "a_multi": ["small", "old"], "a_date": "2027-01-29"}
    found = told(fields, before, after, lambda: {3: "Ann", 4: "Ben"})
    assert found["custom:user:A user"] == ["Ann", "Ben"]
    assert found["custom:multi:A multi"] == ["", "Small, Old"]
    said = {
        read_change(name)[1]: [words(read_change(name)[0], text, GERMAN) for text in pair]
        for name, pair in found.items()
    }
    assert said["A money"] == ["1.000\xa0€", "1.234,50\xa0€"]
    assert said["A date"] == ["", "29. Jan. 2027"]


def test_a_sheet_gets_numbers_and_days():
    assert typed(FIELDS[Type.MONEY], "1234.5", {}) == Decimal("1234.5")
    assert typed(FIELDS[Type.DATE], "2027-01-29", {}) == date(2027, 1, 29)
    assert typed(FIELDS[Type.CHECKBOX], None, {}) is None
    # What is no value of this field, whoever wrote it, is nothing rather than an error.
    assert typed(FIELDS[Type.MULTI], "small", {}) is None
    assert typed(FIELDS[Type.NUMBER], {"a": 1}, {}) is None
