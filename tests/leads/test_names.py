"""Domains, addresses, numbers and people's names as they are compared and kept; companies' names: test_names_of_the_world.py."""

from __future__ import annotations

import pytest

from leads.names import domain_of, full_name, name_key, normalise_email, normalise_phone, split_name


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("acme.com", "acme.com"),
        ("ACME.com", "acme.com"),
        (" www.acme.com ", "acme.com"),
        ("https://www.Acme.com/shop?x=1#top", "acme.com"),
        ("http://acme.com:8080/", "acme.com"),
        ("//acme.com", "acme.com"),
        ("acme.com/about", "acme.com"),
        ("acme.com.", "acme.com"),
        ("ann@acme.com", "acme.com"),
        ("mailto:ann@acme.com", "acme.com"),
        ("https://ann:secret@acme.com/", "acme.com"),
        ("shop.acme.co.uk", "shop.acme.co.uk"),
        ("www2.acme.com", "www2.acme.com"),
        ("müller.example", "müller.example"),
        ("", ""),
        ("   ", ""),
        ("localhost", ""),
        ("acme", ""),
        ("ann@", ""),
        ("www.", ""),
        ("Acme Corp.", ""),
        ("http://", ""),
    ],
)
def test_the_bare_domain_of_a_website_or_address(text, domain):
    assert domain_of(text) == domain
    assert domain_of(domain) == domain


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme", "ACME Ltd"),
        ("Acme", "acme, Inc."),
        ("Acme", "  Acme   GmbH "),
        ("Foo Bar", "Foo-Bar AG"),
        ("Nestlé SA", "NESTLE"),
        ("Müller GmbH & Co. KG", "Muller"),
        ("Nestlé S.A.", "Nestle SA"),
        ("Philips N.V.", "Philips"),
        ("Eni S.p.A.", "ENI"),
        ("A.P. Moller", "AP Moller"),
    ],
)
def test_legal_forms_do_not_count_with_or_without_points(one, other):
    assert name_key(one) == name_key(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("Acme", "Acme Foods"), ("24.7 Media", "247 Media"), ("AG", "SA"), ("Acme 1", "Acme 2"), ("V.I.P", "V")],
)
def test_what_is_not_the_same_company(one, other):
    assert name_key(one) != name_key(other)


def test_a_company_may_be_called_like_a_legal_form():
    assert name_key("SAS") == "sas" and name_key("Co Ltd") == "co ltd"
    assert len(name_key("x" * 300)) == 200


@pytest.mark.parametrize(
    ("text", "address"), [(" Ann@ACME.com ", "ann@acme.com"), ("<ann@acme.com>", "ann@acme.com"), ("", ""), ("  ", "")]
)
def test_addresses_are_small(text, address):
    assert normalise_email(text) == address


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("+49 30 123456", None, "+4930123456"),
        ("+49 (0)30 / 123-456", None, "+4930123456"),
        ("0049 30 123456", "DE", "+4930123456"),
        ("030 123456", "DE", "+4930123456"),
        ("030 123456", None, ""),
        ("+1 (212) 555-0123", None, "+12125550123"),
        ("+1 212 555 0123 ext. 77", None, "+12125550123"),
        ("tel:+44 20 7946 0018", None, "+442079460018"),
        ("+49", None, ""),
        ("1", "DE", ""),
        ("call me", None, ""),
        ("", None, ""),
        ("+" + "9" * 40, None, ""),
    ],
)
def test_numbers_are_in_e164(text, region, number):
    assert normalise_phone(text, region) == number
    assert not number or normalise_phone(number) == number and len(number) <= 17


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Ada Lovelace", "Ada", "Lovelace"),
        ("Lovelace, Ada", "Ada", "Lovelace"),
        ("Ada King Lovelace", "Ada King", "Lovelace"),
        ("Ada", "Ada", ""),
        (" Ada  ", "Ada", ""),
        ("", "", ""),
    ],
)
def test_first_and_last_name(name, first, last):
    assert split_name(name) == (first, last)
    assert full_name(*split_name(name)).split() == " ".join(reversed(name.split(", "))).split()
