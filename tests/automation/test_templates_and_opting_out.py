"""Templates are text with flat placeholders and nothing else; who wants no more mail gets none, by one click."""

from __future__ import annotations

import itertools
from urllib.parse import urlsplit

import pytest
from django.test import Client

from activities.models import Activity
from automation import actions
from automation.actions.sending import letter
from automation.models import MailTemplate, Message, Sending, Suppression
from automation.opting_out import opt_out_url
from automation.placeholders import FIELDS, fill, unknown
from leads.models import Campaign, CampaignMember
from tests.automation.mails import make_lead
from tests.factories import url
from tests.pages import SCRIPT, read
from workspaces.action import NotAllowed, Refused, Stale
from workspaces.models import Role

HELLO = {"name": "Hello", "subject": "For {company}", "body": "Dear {first_name} {last_name},\n\n{sender_name}"}
CORES = [
    "7*7", "''.__class__", "first_name.__class__.__mro__", "first_name.__init__.__globals__", "settings.SECRET_KEY",
    "config.items()", "self.__dict__", "request.user.password", "0.__class__", "first_name!r", "first_name:>99",
    "first_name[0]", "sender_name.email", "contact.company.owner", "lipsum.__globals__.os.popen('id').read()",
    "''|attr('__class__')", "cycler.__init__", "first_name|safe", "debug", "__import__('os').system('id')", " first_name",
    "FIRST_NAME", "first_name ", "{first_name", "deal.pk",
]  # fmt: skip
WRAPS = ["{%s}", "{{%s}}", "{{ %s }}", "${%s}", "#{%s}", "{%% %s %%}", "<%%= %s %%>", "{{%s|safe}}", "$%s", "%%(%s)s", "{!%s}", "@{%s}"]  # fmt: skip
PAYLOADS = [wrap % core for wrap, core in itertools.product(WRAPS, CORES)]


@pytest.fixture
def template(acme) -> MailTemplate:
    return actions.create_template(acme.workspace, by=acme.alice, **HELLO)


# --- placeholders -----------------------------------------------------------------------------------------


class Trap(dict):
    """Values that tell when anything but their text is asked for."""

    def __getattr__(self, name):
        raise AssertionError(name)


def test_300_payloads_are_text():
    assert len(PAYLOADS) == 300
    for payload in PAYLOADS:
        for values in ({name: f"<{name}>" for name in FIELDS}, dict.fromkeys(FIELDS, payload)):
            text, _ = fill(payload, Trap(values))
            expected = payload
            for name in FIELDS:
                expected = expected.replace(f"{{{name}}}", "\0")
            assert text == expected.replace("\0", values["first_name"] if "\0" in expected else "")


def test_what_is_no_placeholder_is_said_beside_its_field(acme, login):
    alice = login(acme.alice)
    form = HELLO | {"subject": "{salary}", "body": "{{7*7}} {first_name.__class__}"}
    answer = alice.post(url(acme.workspace, "template_new"), form, headers=SCRIPT)
    assert answer.status_code == 422 and not MailTemplate.objects.exists()
    for said in ("There is no placeholder {salary}.", "There is no placeholder {7*7}, {first_name.__class__}."):
        assert said in read(answer).text
    assert unknown("{first_name} {") == []


def test_a_template_is_kept_by_managers_and_used_by_reps(acme, template, lead, login):
    with pytest.raises(NotAllowed):
        actions.create_template(acme.workspace, by=acme.bob, **HELLO | {"name": "Mine"})
    with pytest.raises(Refused, match="has this name"):
        actions.create_template(acme.workspace, by=acme.alice, **HELLO)
    bob = login(acme.bob)
    page = read(bob.get(url(acme.workspace, "mail_new", "lead", lead.pk) + "?inline=1", headers=SCRIPT))
    [use] = [link["data-mode"] for link in page.one("form").all("a") if link.text == "Hello"]
    form = read(bob.get(use, headers=SCRIPT)).one("form")
    assert form.fields["subject"] == "For Brightwater" and form.fields["body"] == "Dear Ida Berg, Bob"


def test_what_nothing_is_known_for_is_said(acme, template, login):
    lead = make_lead(acme.bob, email="x@nowhere.example", last_name="", company_name="")
    path = url(acme.workspace, "mail_new", "lead", lead.pk)
    page = read(login(acme.bob).get(f"{path}?template={template.pk}"))
    assert "Nothing is known for their company, their last name" in page.text


def test_a_template_is_changed_archived_and_restored(acme, template):
    actions.update_template(template, by=acme.alice, version=1, **HELLO | {"body": "Hi"})
    with pytest.raises(Stale):
        actions.update_template(template, by=acme.alice, version=1, **HELLO)
    actions.archive_template(template, by=acme.alice)
    assert not MailTemplate.objects.offered().exists()
    again = actions.create_template(acme.workspace, by=acme.alice, **HELLO)
    with pytest.raises(Refused, match="has this name"):
        actions.restore_template(template, by=acme.alice)
    actions.archive_template(again, by=acme.alice)
    assert actions.restore_template(template, by=acme.alice).archived_at is None


def test_the_pages_of_templates(acme, template, login):
    alice = login(acme.alice)
    page = read(alice.get(url(acme.workspace, "template_list")))
    assert "Hello" in page.one("table").text
    edit = url(acme.workspace, "template_edit", template.pk)
    form = read(alice.get(edit)).one("form", "form-page")
    assert alice.post(edit, form.fields | {"body": "Bye"}).status_code == 302
    assert MailTemplate.objects.get().body == "Bye"
    alice.post(url(acme.workspace, "template_archive", template.pk))
    alice.post(read(alice.get(url(acme.workspace, "template_list"))).one(id="toasts").all("form")[-1]["action"])
    assert MailTemplate.objects.offered().exists()
    assert not read(login(acme.vera).get(url(acme.workspace, "template_list"))).one("table").all("button")


# --- opting out ---------------------------------------------------------------------------------------------


def test_the_link_of_a_mail_stops_all_of_it_and_takes_it_back(acme, lead):
    campaign = Campaign.objects.create(workspace=acme.workspace, name="Spring", status=Campaign.Status.RUNNING)
    member = CampaignMember.objects.create(workspace=acme.workspace, campaign=campaign, lead=lead)
    path = urlsplit(opt_out_url(acme.workspace, "ida@brightwater.example")).path
    reader = Client(enforce_csrf_checks=True)
    assert "No more mail?" in reader.get(path).text and not Suppression.objects.exists()
    for _ in range(2):
        assert reader.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    member.refresh_from_db()
    lead.contact.refresh_from_db()
    assert Suppression.objects.get().email == "ida@brightwater.example" and member.state == "unsubscribed"
    assert lead.contact.do_not_email
    assert Activity.objects.filter(contact=lead.contact, body__startswith="Asked for no more").count() == 1
    with pytest.raises(Refused):
        actions.send_mail(acme.workspace, by=acme.bob, to=["ida@brightwater.example"], subject_line="x", body="y")
    reader.post(path, {"back": "1"})
    lead.contact.refresh_from_db()
    assert not Suppression.objects.exists() and not lead.contact.do_not_email
    assert reader.post(path[:-5] + "x/").status_code == 410


def test_the_headers_of_one_click(acme, lead):
    message = Message(
        workspace=acme.workspace, message_id="a@b", sent_at=lead.created_at, text="Hi", sender_email="a@b.example"
    )
    headers = letter(Sending(message=message, reply_to="a@b.example", opt_out="https://x.example/opt-out/t/")).message()
    assert headers["List-Unsubscribe"] == "<https://x.example/opt-out/t/>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "https://x.example/opt-out/t/" in headers.get_payload()


def test_who_gets_no_mail_is_listed_entered_and_taken_off(acme, lead, login):
    acme.bob.role = Role.MANAGER
    acme.bob.save()
    bob = login(acme.bob)
    actions.opt_out(acme.workspace, "ida@brightwater.example")
    assert bob.post(url(acme.workspace, "suppression_new"), {"email": " Zoe@X.example"}).status_code == 302
    assert bob.post(url(acme.workspace, "suppression_new"), {"email": "nobody"}).status_code == 422
    assert bob.post(url(acme.workspace, "suppression_new"), {"email": "zoe@x.example"}).status_code == 422
    listed = url(acme.workspace, "suppression_list")
    assert len(read(bob.get(listed)).one("tbody").all("tr")) == 2
    assert len(read(bob.get(f"{listed}?q=zo")).one("tbody").all("tr")) == 1
    row = Suppression.objects.get(email="ida@brightwater.example")
    bob.post(url(acme.workspace, "suppression_lift", row.pk))
    lead.contact.refresh_from_db()
    assert Suppression.objects.count() == 1 and not lead.contact.do_not_email
    bob.post(read(bob.get(listed)).one(id="toasts").all("form")[-1]["action"])
    lead.contact.refresh_from_db()
    assert lead.contact.do_not_email
    assert Suppression.objects.get(email="ida@brightwater.example").reason == Suppression.Reason.UNSUBSCRIBED
