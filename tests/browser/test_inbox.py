"""A rep goes through the inbox by keys; and what hostile mail tries there."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default

import pytest
from playwright.sync_api import Page, expect

from automation.actions import read_message, receive
from automation.models import Message
from deals.models import Deal
from leads.actions import capture
from tests.automation.mails import mail
from tests.browser.conftest import Place
from workspaces.tenancy import tenant

HOSTILE = """<html><body onload="document.title='ran'"><p>Shall we talk?</p>
<script>parent.document.title = 'ran'; fetch('/w/')</script><img src="http://127.0.0.1:9/p.gif" onerror="document.title='ran'">
<a href="javascript:document.title='ran'">press</a><div hx-get="/w/" hx-trigger="load" data-hx-post="/w/">x</div>
<iframe src="/accounts/login/"></iframe><form action="/accounts/logout/" method="post"><button>go</button></form>
<style>@import url(http://127.0.0.1:9/a.css)</style><svg onload="document.title='ran'"></svg><meta http-equiv=refresh content="0;url=http://127.0.0.1:9/">
</body></html>"""


def comes(place: Place, raw: bytes) -> Message:
    with tenant(place.workspace):
        pk = receive(place.workspace, raw)[0].pk
    read_message(place.workspace.pk, pk)
    with tenant(place.workspace):
        return Message.objects.get(pk=pk)


@pytest.fixture
def leads(place) -> None:
    with tenant(place.workspace, place.alice.user):
        for name in ("ida", "otto", "uma"):
            names = {"first_name": name.title(), "last_name": "Berg", "email": f"{name}@{name}.example"}
            capture(place.workspace, by=place.alice, owner_id=place.alice.user_id, **names)


def test_a_rep_goes_through_the_inbox_by_keys(page: Page, place, log_in, leads):
    comes(place, mail("We are very interested, please call me.", sender="ida@ida.example"))
    comes(place, mail("Depends.", sender="otto@otto.example"))
    comes(place, mail("What does it cost?", sender="Nora New <nora@nowhere.example>"))
    log_in(page, place.alice)
    page.goto(place.url("inbox/"))
    expect(page.locator(".tri-list > a")).to_have_count(3)
    # The stranger is on top: a lead, in one key.
    expect(page.locator(".who-from .name")).to_have_text("Nora New")
    page.keyboard.press("v")
    expect(page.locator("#toasts")).to_contain_text("Nora New is a lead")
    # The unsure one: what is it?
    page.goto(place.url("inbox/"))
    page.get_by_role("link", name="Otto Berg").click()
    expect(page.get_by_text("Nothing was done yet")).to_be_visible()
    page.keyboard.press("1")
    expect(page.locator("#toasts")).to_contain_text("Changed to Interested")
    with tenant(place.workspace):
        assert Deal.objects.filter(lead__contact__name="Otto Berg").exists()
    # Done without asking: one effect is taken back alone.
    page.goto(place.url("inbox/?tab=interested"))
    page.get_by_role("button", name="Undo: Planned").click()
    expect(page.locator(".outcome .undone")).to_have_count(1)
    page.keyboard.press("y")
    expect(page.get_by_role("heading", name="Nothing here")).to_be_visible()
    page.keyboard.press("z")
    expect(page.locator(".tri-list > a")).to_have_count(1)


def test_nothing_of_a_hostile_mail_runs_loads_or_sends(page: Page, place, log_in, leads):
    evil = "<script>document.title='ran'</script><img src=x onerror=document.title='ran'>"
    plain = mail(evil, sender='"<b onclick=x()>Uma</b>" <uma@uma.example>', subject=evil)
    letter = message_from_bytes(plain, policy=default)
    letter.add_alternative(HOSTILE, subtype="html")
    message = comes(place, bytes(letter))
    assert message.html and message.contact_id
    log_in(page, place.alice)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda shown: asked.append(shown.message))
    page.goto(place.url(f"inbox/{message.pk}/"))
    page.get_by_text("As it was formatted").click()
    framed = page.frame_locator(".framed")
    expect(framed.get_by_text("Shall we talk?")).to_be_visible()
    framed.get_by_text("press").click()
    page.wait_for_timeout(500)
    assert "ran" not in page.title() and framed.locator("script, img, form, iframe, style, svg, [hx-get]").count() == 0
    ours = page.url.split("/w/")[0]
    assert not [url for url in asked if not url.startswith(ours) or url.endswith("/w/") or "logout" in url]
    page.goto(place.url(f"inbox/{message.pk}/html/"))
    assert page.title() == "Mail"
