"""What is drawn once and filled in later is what the template would have drawn."""

from __future__ import annotations

import itertools
import re

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from workspaces.drawing import filled
from workspaces.frame import LINKS, OUTSIDE

CARD = [
    "id",
    "url",
    "version",
    "name",
    "company",
    "company_initials",
    "company_tone",
    "amount",
    "raw_amount",
    "close",
    "close_tone",
    "next_tone",
    "next_icon",
    "next_text",
    "next_when",
    "days",
    "rot_tone",
    "owner",
    "owner_given",
    "owner_initials",
    "owner_tone",
]
ROW = [*CARD, "stage", "color", "weighted", "created"]
NASTY = """<script>alert('%s %(id)s')</script> & "\ue000name\ue001" {{ name }} 100 %"""


def plain(template: str, rows: list[dict[str, str]]) -> str:
    return "".join(render_to_string(template, row) for row in rows)


@pytest.mark.parametrize(("template", "names"), [("deals/card.html", CARD), ("deals/deal_row.html", ROW)])
@pytest.mark.parametrize("text", ["Acme", "0", NASTY])
@pytest.mark.parametrize("asked", [*itertools.product((True, False), repeat=4)])
def test_a_row_is_what_the_template_draws(template, names, text, asked):
    empty = {
        name for name, there in zip(("company", "close", "next_tone", "rot_tone"), asked, strict=True) if not there
    }
    rows = [{name: "" if name in empty else f"{text} {name}" for name in names} for _ in range(2)]
    assert filled(template, rows) == plain(template, rows)


def test_only_safe_text_is_let_through():
    row = dict.fromkeys(CARD, NASTY) | {"amount": SafeString("<b>1</b>")}
    drawn = filled("deals/card.html", [row])
    assert "<b><b>1</b></b>" in drawn and "<script>" not in drawn
    assert isinstance(drawn, SafeString)


def test_no_row_draws_nothing():
    assert filled("deals/card.html", []) == ""


def test_every_link_of_the_frame_knows_when_it_is_current():
    """What the templates link to and what workspaces/frame.py knows must be the same; the admin has a frame of its own."""
    text = "".join(
        (settings.BASE_DIR / "templates" / "components" / name).read_text() for name in ("sidebar.html", "tabbar.html")
    )
    assert set(re.findall(r'{% nav "([\w:]+)"', text)) - {"admin:index"} == {name for name, _ in (*LINKS, *OUTSIDE)}


def test_the_phone_leads_wherever_the_side_bar_does():
    side, phone = (
        (settings.BASE_DIR / "templates" / "components" / name).read_text() for name in ("sidebar.html", "tabbar.html")
    )
    linked = [set(re.findall(r'{% nav "(\w+)"', text)) for text in (side, phone)]
    assert linked[0] - linked[1] <= {name for name, _ in OUTSIDE}
