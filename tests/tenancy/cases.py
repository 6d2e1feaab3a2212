"""How each route is called. A route without a case fails tests/tenancy/test_urls.py by name: add it here.

Bodies name every field of their form, so that the mass-assignment test knows all others to be unlisted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from activities.filters import TaskFilter
from activities.forms import COMPOSER
from activities.models import SUBJECTS, Notification
from automation.models import Provider
from deals.filters import DealFilter, DealListFilter
from deals.models import Verb
from insights.dashboard import DashboardFilter
from insights.views.dashboard import PANELS
from leads.filters import CompanyFilter, ContactFilter, LeadFilter
from tests.tenancy.setup_cases import PIPELINE_CASES
from tests.tenancy.walk import Case
from tests.tenancy.world import Rows
from workspaces.custom.values import Entity
from workspaces.models import Role

Shots = Callable[[Rows], Sequence[dict]]


def at(part: str, **more: object) -> Shots:
    """The route's `pk` is this part of the rows."""
    return lambda rows: [{"pk": getattr(rows, part)} | more]


def each(key: str, values: Sequence[str], part: str = "") -> Shots:
    """One shot for each value of an argument that is no id."""
    return lambda rows: [{key: value} | ({"pk": getattr(rows, part)} if part else {}) for value in values]


def chips(filterset: type) -> Shots:
    return each("name", [chip.name for chip in filterset.chips])


def subjects(**more: object) -> Shots:
    return lambda rows: [{"kind": kind, "pk": getattr(rows, kind)} | more for kind in SUBJECTS]


def composed(rows: Rows) -> list[dict]:
    pairs = [("deal", mode) for mode in COMPOSER] + [(kind, "note") for kind in SUBJECTS if kind != "deal"]
    return [{"kind": kind, "pk": getattr(rows, kind), "mode": mode} for kind, mode in pairs]


# --- bodies -----------------------------------------------------------------------------------------


def version(part: str, **more: object) -> Callable[[Rows, dict], dict]:
    return lambda rows, kwargs: {"version": rows.versions[part]} | more


def login(rows: Rows) -> dict:
    facts = {"address": "new@mail.test", "name": "New", "silent_hours": "24", "username": "new", "folder": "INBOX"}
    return facts | {"password": "typed", "host": "imap.mail.test", "port": "993", "security": "tls"}


def mailbox(rows: Rows, kwargs: dict) -> dict:
    if kwargs["kind"] == "imap":
        return login(rows) | {"back": "7", "whose": "mine"}
    key = {"key": "signs"} if kwargs["kind"] in ("mailgun", "sendgrid") else {}
    return {"address": "new@mail.test", "name": "New", "silent_hours": "0", "whose": "mine"} | key


def within(key: str, part: str) -> Shots:
    """Something that hangs on `deal`."""
    return lambda rows: [{"pk": rows.deal, key: getattr(rows, part)}]


def item(rows: Rows, kwargs: dict) -> dict:
    facts = {"name": "Probe XL", "quantity": "2", "unit_price": "12.50", "discount": "10"}
    return facts | {"version": rows.versions["deal"]}


def product(rows: Rows, kwargs: dict) -> dict:
    facts = {"name": "Reader", "code": "R-1", "unit_price": "12.50", "currency": "SEK", "is_active": "on"}
    return facts | {"version": rows.versions["product"]}


def tabs(rows: Rows, kwargs: dict) -> dict:
    return {"tab": "overview", "events": "changes"}


def move(rows: Rows, kwargs: dict) -> dict:
    texts = {"reason": "", "note": "Called", "competitor": ""}
    return {"stage": rows.stage, "version": rows.versions["deal"], "after": rows.neighbour, "before": "", **texts}


def new_deal(rows: Rows, kwargs: dict) -> dict:
    facts = {
        "name": "New",
        "company_name": "Blue",
        "amount": "5",
        "currency": "USD",
        "expected_close_date": "2030-01-02",
        "source": "event",
    }
    return facts | {"stage": rows.stage, "owner": rows.user, "board": "1"}


FACTS = {
    "name": "Other", "amount": "77", "probability": "33", "expected_close_date": "2031-02-03", "company": "Fresh",
    "source": "event", "next_step": "Do", "competitor": "Them", "product": "Probes", "forecast_category": "commit",
    "currency": "USD", "tags": "Urgent, new",
}  # fmt: skip


def fact(rows: Rows, kwargs: dict) -> dict:
    chosen = {"owner": rows.user, "campaign": rows.spare_campaign, "segment": rows.spare_segment}
    value = chosen[kwargs["field"]] if kwargs["field"] in chosen else FACTS[kwargs["field"]]
    more = {"currency": "USD"} if kwargs["field"] == "amount" else {}
    return more | {"value": value, "version": rows.versions["deal"]}


def convert(rows: Rows, kwargs: dict) -> dict:
    facts = {"name": "New", "amount": "5", "expected_close_date": "2030-01-02", "stage": rows.stage, "owner": rows.user}
    return facts | {"next_step": "Call", "due_on": "2030-01-02", "attach": ""}


def company(rows: Rows, kwargs: dict) -> dict:
    facts = {"name": "Green", "domain": "green.test", "industry": "Fish", "size": 7, "country": "Norway"}
    return facts | {"annual_revenue": "12", "phone": "1", "owner": rows.user, "version": rows.versions["company"]}


def contact(rows: Rows, kwargs: dict) -> dict:
    facts = {
        "first_name": "Uma",
        "last_name": "Green",
        "title": "Boss",
        "company_name": "Blue",
        "emails": "u@green.test",
    }
    flags = {"do_not_email": "on", "do_not_call": "on"}
    return facts | flags | {"phones": "+4930999999", "owner": rows.user, "version": rows.versions["contact"]}


def new_lead(rows: Rows, kwargs: dict) -> dict:
    names = {"first_name": "Uma", "last_name": "Green", "email": "u@green.test", "company_name": "Blue"}
    return names | {"source": "event", "estimated_amount": "9", "owner": rows.user}


def lead(rows: Rows, kwargs: dict) -> dict:
    facts = {"name": "Other", "status": "connected", "unqualified_reason": "", "source": "event"}
    return facts | {"estimated_amount": "9", "owner": rows.user, "version": rows.versions["lead"]}


class Upload:
    """A file that can be sent again and again."""

    name = "new.txt"
    content_type = "text/plain"

    def read(self) -> bytes:
        return b"New"


OFFER = Upload()
ENTRIES = {
    "note": {"body": "Said", "pinned": "on"},
    "call": {"outcome": "voicemail", "minutes": 3, "body": "Said", "at_0": "2026-01-02", "at_1": "10:00"},
    "meeting": {"body": "Agreed", "outcome": "held", "minutes": 3, "at_0": "2026-01-02", "at_1": "10:00"},
    "email": {"body": "Wrote", "at_0": "2026-01-02", "at_1": "10:00"},
}


def task(rows: Rows, kwargs: dict) -> dict:
    times = {"due_on": "2030-01-02", "due_time": "10:00", "remind": "1h", "repeat": "weekly"}
    facts = {"title": "Do", "type": "call", "minutes": 30, "place": "Room 1", "priority": 2}
    return facts | times | {"assignee": rows.user}


def letter(rows: Rows, kwargs: dict) -> dict:
    return {"to": "ida@brightwater.example", "subject": "Hi", "body": "Dear Ida"}


def template(rows: Rows, kwargs: dict) -> dict:
    return {"name": "Second", "subject": "About {company}", "body": "Dear {first_name}"}


def step(rows: Rows, kwargs: dict) -> dict:
    return {"template": rows.template, "delay": "3", "unit": "hours"}


def rule(rows: Rows, kwargs: dict) -> dict:
    head = {"name": "Changed", "event": "deal_moved", "was": "deal_moved", "of": [rows.stage], "if": "owner"}
    steps = {
        "steps": "2",
        "step-0-kind": "task",
        "step-1-kind": "move",
        "step-1-stage": rows.stage,
        "step-1-text": "So",
    }
    task = {"text": "Do", "type": "call", "who": "member", "member": rows.user, "team": rows.team, "due_amount": "3", "due_unit": "days"}  # fmt: skip
    return head | steps | {f"step-0-{name}": value for name, value in task.items()} | {"if-owner": rows.user}


def rule_order(rows: Rows, kwargs: dict) -> dict:
    return {"seen": rows.rules, "order": ",".join(reversed(rows.rules.split(","))), "undo": "1"}


def delivery(rows: Rows, kwargs: dict) -> dict:
    return dict.fromkeys(Notification.Kind.values, "daily") | {"quiet_from": "22:00", "quiet_until": "07:00"}


def settings(rows: Rows, kwargs: dict) -> dict:
    hours = {"work_start": "08:00", "work_end": "17:00", "work_days": ["0", "1"]}
    return hours | {"name": "Changed", "time_zone": "Europe/Paris", "visibility": "team"}


# --- parameters that name rows --------------------------------------------------------------------------


def deal_parameters(rows: Rows, kwargs: dict) -> dict:
    people = {"owner": rows.user, "team": rows.team}
    return people | {"segment": rows.segment, "tag": rows.tag, "company": rows.company, "pipeline": rows.pipeline}


def board(rows: Rows, kwargs: dict) -> dict:
    return deal_parameters(rows, kwargs) | {"undo": rows.event}


def forecast(rows: Rows, kwargs: dict) -> dict:
    return deal_parameters(rows, kwargs) | {"undo": rows.change}


def dashboard(rows: Rows, kwargs: dict) -> dict:
    return {"owner": rows.user, "team": rows.team, "pipeline": rows.pipeline}


def goal(rows: Rows, kwargs: dict) -> dict:
    of = {"metric": "deals", "period": "year", "target": "5", "first": "2026-01-02"}
    return of | {"team": rows.team, "member": ""}


def changes(rows: Rows, kwargs: dict) -> dict:
    return deal_parameters(rows, kwargs) | {"ids": rows.deal}


def deal_list(rows: Rows, kwargs: dict) -> dict:
    return deal_parameters(rows, kwargs) | {"stage": rows.stage}


def rows_of_list(rows: Rows, kwargs: dict) -> dict:
    return deal_list(rows, kwargs) | {"ids": rows.deal}


BULK = {
    "move": lambda rows: {"stage": rows.stage, "reason": "", "note": "", "competitor": ""},
    "edit": lambda rows: {"field": "owner", "value": rows.user, "hand_over": "on"},
    "task": lambda rows: {"title": "Call", "type": "call", "due_on": "2030-01-02"},
    "tag": lambda rows: {"add": rows.tag, "remove": None, "new": "Fresh"},
    "delete": lambda rows: {},
}


def bulk(rows: Rows, kwargs: dict) -> dict:
    return {"ids": rows.deal, "go": "1"} | BULK[kwargs["verb"]](rows)


def lead_list(rows: Rows, kwargs: dict) -> dict:
    return {"owner": rows.user, "campaign": rows.campaign, "segment": rows.segment}


def by_owner(rows: Rows, kwargs: dict) -> dict:
    return {"owner": rows.user}


def stage_and_owner(rows: Rows, kwargs: dict) -> dict:
    return {"stage": rows.stage, "owner": rows.user}


CASES = {
    # workspaces
    "workspace_home": Case(get_ok=(302,)),
    "events": Case(get_ok=(503,)),  # the ASGI process serves it: tests/tenancy/test_visibility.py
    "workspace_settings": Case(role=Role.ADMIN, body=settings),
    "member_list": Case(),
    "member_invite": Case(
        role=Role.ADMIN, body=lambda rows, _: {"email": "more@acme.test", "role": "rep", "team": rows.team}
    ),
    "member_edit": Case(
        at("member"), role=Role.ADMIN, body=lambda rows, _: {"role": "manager", "team": rows.team, "status": "active"}
    ),
    "invitation_link": Case(at("invitation"), role=Role.ADMIN),
    "invitation_revoke": Case(at("invitation"), role=Role.ADMIN, get=False, body=lambda *_: {}),
    "team_new": Case(role=Role.ADMIN, body=lambda *_: {"name": "West"}),
    "custom_fields": Case(role=Role.ADMIN),
    "custom_field_new": Case(
        each("entity", Entity.values),
        role=Role.ADMIN,
        body=lambda *_: {"label": "Weight", "type": "choice", "choices": "S\nM", "help": "", "required": "on"},
    ),
    "custom_field_edit": Case(
        at("custom"),
        role=Role.ADMIN,
        body=lambda *_: {"label": "Weight", "choices": "S", "help": "", "required": "on", "version": 1},
    ),
    "custom_field_move": Case(at("custom"), role=Role.ADMIN, get=False, body=lambda *_: {"to": "down"}),
    "custom_field_archive": Case(at("custom"), role=Role.ADMIN, get=False, body=lambda *_: {}),
    "custom_field_restore": Case(at("custom_archived"), role=Role.ADMIN, get=False, body=lambda *_: {}),
    "workspace_leave": Case(body=lambda *_: {}, writer=Role.VIEWER, post_ok=(302, 422)),  # 422: the last owner
    # settings of pipelines
    **PIPELINE_CASES,
    # deals
    "deal_board": Case(query=board),
    "deal_lane": Case(at("stage"), query=deal_parameters),
    "deal_changes": Case(query=changes),
    "deal_filter": Case(chips(DealFilter), query=deal_parameters),
    "deal_list": Case(parts=("rows",), query=deal_list),
    "deal_list_filter": Case(chips(DealListFilter), query=deal_list),
    "deal_rows": Case(query=rows_of_list),
    "deal_columns": Case(body=lambda *_: {"columns": ["name", "amount"], "reset": ""}, writer=Role.VIEWER),
    "view_new": Case(body=lambda *_: {"name": "Big ones", "shared": ""}),
    "view_menu": Case(lambda rows: [{"key": "mine"}, {"key": str(rows.view)}]),
    "view_like": Case(
        lambda rows: [{"key": key, "what": what} for key in ("mine", str(rows.view)) for what in ("pinned", "default")],
        get=False,
        body=lambda *_: {},
        writer=Role.VIEWER,
    ),
    "view_edit": Case(at("view"), body=lambda *_: {"name": "Others", "shared": ""}, verb_role=Role.MANAGER),
    "view_save": Case(at("view"), get=False, body=lambda *_: {}, verb_role=Role.MANAGER),
    "view_delete": Case(at("view"), get=False, body=lambda *_: {}, verb_role=Role.MANAGER),
    "view_restore": Case(at("view_gone"), get=False, body=lambda *_: {}, seen_by=Role.OWNER),
    "deal_bulk": Case(each("verb", list(Verb.values)), get=False, body=bulk, post_ok=(200, 302, 422)),
    "deal_bulk_export": Case(get=False, body=lambda rows, _: {"ids": str(rows.deal)}, writes=False),
    "bulk_list": Case(),
    "bulk_detail": Case(at("bulk"), seen_by=Role.MANAGER),
    "bulk_undo": Case(at("bulk"), get=False, body=lambda *_: {}, seen_by=Role.MANAGER),
    "deal_change_undo": Case(
        lambda rows: [{"pk": rows.edited, "version": rows.versions["edited"]}],
        get=False,
        body=lambda *_: {},
        verb_role=Role.MANAGER,
    ),
    "deal_new": Case(body=new_deal, query=stage_and_owner),
    "deal_undo": Case(at("event"), get=False, body=lambda *_: {}, verb_role=Role.MANAGER),
    "deal_detail": Case(at("deal"), parts=("record",), query=tabs),
    "deal_edit": Case(each("field", [*FACTS, "owner", "campaign", "segment"], "deal"), body=fact),
    "deal_move": Case(at("deal"), body=move),
    "deal_delete": Case(at("deal"), get=False, body=version("deal", board="1")),
    "deal_restore": Case(at("binned"), get=False, body=lambda *_: {"board": "1"}),
    "deal_contact_add": Case(at("deal"), body=lambda rows, _: {"contact": rows.stranger, "role": "champion"}),
    "deal_contact_edit": Case(within("contact_pk", "link"), body=lambda *_: {"role": "blocker", "is_primary": "on"}),
    "deal_contact_remove": Case(within("contact_pk", "link"), get=False, body=lambda *_: {}),
    "deal_contact_restore": Case(within("contact_pk", "gone_link"), get=False, body=lambda *_: {}),
    "deal_item_add": Case(at("deal"), body=lambda rows, _: item(rows, _) | {"product": rows.product}),
    "deal_item_edit": Case(within("item_pk", "item"), body=item),
    "deal_item_move": Case(within("item_pk", "item"), get=False, body=version("deal", down="1")),
    "deal_item_remove": Case(within("item_pk", "item"), get=False, body=version("deal")),
    "deal_item_restore": Case(within("item_pk", "gone_item"), get=False, body=lambda *_: {}),
    "deal_amount_source": Case(at("deal"), get=False, body=version("deal", source="manual")),
    "deal_beside": Case(at("deal"), query=lambda rows, _: {"in": f"list?stage={rows.stage}&owner={rows.user}"}),
    "deal_peek": Case(at("deal")),
    "deal_history": Case(at("deal"), query=lambda *_: {"field": "competitor"}),
    "deal_duplicate": Case(at("deal"), get=False, body=lambda *_: {}),
    "deal_purge": Case(at("binned"), role=Role.MANAGER, body=lambda *_: {}),
    "deal_bin": Case(),
    "product_list": Case(role=Role.MANAGER),
    "product_new": Case(role=Role.MANAGER, body=product),
    "product_edit": Case(at("product"), role=Role.MANAGER, body=product),
    "lead_deal": Case(at("lead"), get=False, body=lambda *_: {}),
    "lead_convert": Case(at("qualified_lead"), body=convert),
    "lead_convert_undo": Case(at("converted_lead"), get=False, body=lambda *_: {}, verb_role=Role.MANAGER),
    "today": Case(),
    "currency_list": Case(),
    "currency_rate": Case(role=Role.ADMIN, body=lambda *_: {"currency": "USD", "rate": "0.9", "day": "2026-01-02"}),
    "currency_rate_delete": Case(at("rate"), role=Role.ADMIN, get=False, body=lambda *_: {}),
    # Refused where there are amounts already; that it changes one is proved by tests/deals/test_rates.py.
    "currency_change": Case(role=Role.ADMIN, body=lambda *_: {"currency": "USD"}, post_ok=(422,), writes=False),
    "search_page": Case(asked={"q": "zq0"}),
    # leads
    "lead_list": Case(parts=("rows",), query=lead_list),
    "lead_filter": Case(chips(LeadFilter), query=lead_list),
    "lead_new": Case(body=new_lead),
    "lead_detail": Case(at("lead")),
    "lead_edit": Case(at("lead"), body=lead),
    "lead_qualify": Case(at("lead"), get=False, body=version("lead")),
    "company_list": Case(parts=("rows",), query=by_owner),
    "company_filter": Case(chips(CompanyFilter), query=by_owner),
    "company_new": Case(body=company),
    "company_suggest": Case(asked={"q": "zq0"}),
    "company_detail": Case(at("company")),
    "company_edit": Case(at("company"), body=company),
    "contact_suggest": Case(asked={"q": "zq0"}),
    "contact_list": Case(parts=("rows",), query=by_owner),
    "contact_filter": Case(chips(ContactFilter), query=by_owner),
    "contact_new": Case(body=contact),
    "contact_detail": Case(at("contact")),
    "contact_edit": Case(at("contact"), body=contact),
    # activities
    "timeline": Case(subjects()),
    "task_new": Case(subjects(), body=task),
    "compose": Case(composed, body=lambda rows, kwargs: ENTRIES[kwargs["mode"]]),
    "task_list": Case(parts=("rows",), query=lambda rows, _: {"assignee": rows.user}),
    "task_filter": Case(chips(TaskFilter), query=lambda rows, _: {"assignee": rows.user}),
    "task_add": Case(body=task),
    "calendar_feed": Case(body=lambda *_: {}, writer=Role.VIEWER),
    "meeting_invite": Case(at("gathering"), body=lambda rows, _: {"people": [rows.person], "others": "a@b.test"}),
    "calendar": Case(query=lambda rows, _: {"who": rows.user}),
    "task_menu": Case(at("task"), role=Role.REP),
    "task_edit": Case(at("task"), body=lambda rows, _: task(rows, _) | {"version": rows.versions["task"]}),
    "task_reschedule": Case(at("task"), get=False, body=version("task", due_on="2030-01-02")),
    "task_done": Case(at("task"), get=False, body=version("task")),
    "task_cancel": Case(at("task"), get=False, body=version("task")),
    "task_reopen": Case(at("done_task"), get=False, body=version("done_task")),
    "task_undo": Case(
        lambda rows: [{"pk": rows.done_task, "version": rows.versions["done_task"]}],
        get=False,
        body=lambda *_: {},
        verb_role=Role.MANAGER,
    ),
    "note_delete": Case(at("note"), get=False, body=lambda *_: {}, verb_role=Role.ADMIN),
    "note_restore": Case(at("deleted_note"), get=False, body=lambda *_: {}, verb_role=Role.ADMIN),
    "mention_suggest": Case(subjects(), role=Role.REP),
    "follow": Case(at("deal", state="following"), get=False, body=lambda *_: {}, writer=Role.VIEWER),
    "notification_list": Case(parts=("rows",)),
    "notification_menu": Case(get_ok=(200, 302)),
    "notification_bell": Case(),
    "notification_read": Case(
        at("notification"), get=False, body=lambda *_: {}, writer=Role.VIEWER, post_ok=(204, 302, 404)
    ),
    "notification_read_all": Case(get=False, body=lambda *_: {}, writer=Role.VIEWER),
    "notification_unread": Case(
        lambda rows: [{"moment": "20300102T030405.000000+0000"}], get=False, body=lambda *_: {}, writer=Role.VIEWER
    ),
    "delivery": Case(body=delivery, writer=Role.VIEWER),
    "file_add": Case(subjects(), get=False, body=lambda *_: {"files": OFFER}),
    "file_download": Case(at("file")),
    # automation; the mailboxes are the workspace's: who is no admin does not see them
    "mailbox_list": Case(role=Role.REP),
    "mailbox_new": Case(role=Role.REP),
    "mailbox_add": Case(each("kind", ["imap", *Provider.values]), role=Role.REP, body=mailbox),
    "mailbox_edit": Case(
        at("mailbox"),
        role=Role.REP,
        seen_by=Role.ADMIN,
        body=lambda rows, _: login(rows) | {"version": rows.versions["mailbox"]},
    ),
    "mailbox_test": Case(at("mailbox"), role=Role.REP, seen_by=Role.ADMIN, get=False, body=lambda *_: {}),
    "mailbox_pause": Case(at("mailbox"), role=Role.REP, seen_by=Role.ADMIN, get=False, body=lambda *_: {}),
    "mailbox_delete": Case(at("mailbox"), role=Role.REP, seen_by=Role.ADMIN, get=False, body=lambda *_: {}),
    "mailbox_restore": Case(at("gone_mailbox"), role=Role.REP, seen_by=Role.ADMIN, get=False, body=lambda *_: {}),
    "mailbox_address": Case(at("posted_mailbox"), role=Role.REP, seen_by=Role.ADMIN, body=lambda *_: {}),
    # This installation is known to neither Google nor Microsoft; tests/automation/test_mailbox_pages.py knows one that is.
    "mailbox_connect": Case(at("mailbox"), role=Role.REP, get_ok=(404,)),
    "mailbox_connected": Case(at("mailbox"), role=Role.REP, get_ok=(404,)),
    "inbox": Case(parts=("rows",)),
    "replies_new": Case(),
    "reply_report": Case(),
    "message_detail": Case(at("message")),
    "message_accept": Case(at("message"), get=False, body=lambda *_: {}),
    "message_class": Case(at("message"), get=False, body=lambda *_: {"intent": "not_now"}),
    "message_undo": Case(at("message"), get=False, body=lambda *_: {}),
    "message_done": Case(at("message"), get=False, body=lambda *_: {}),
    "message_reopen": Case(at("handled"), get=False, body=lambda *_: {}),
    "message_again": Case(at("broken"), get=False, body=lambda *_: {}),
    "message_link": Case(at("stray"), body=lambda rows, _: {"contact": rows.stranger}),
    "message_lead": Case(at("stray"), get=False, body=lambda *_: {}),
    "effect_undo": Case(lambda rows: [{"pk": rows.message, "effect_pk": rows.effect}], get=False, body=lambda *_: {}),
    "mail_reply": Case(at("message"), body=letter),
    "mail_new": Case(subjects(), body=letter),
    "mail_call_back": Case(at("mail"), get=False, body=lambda *_: {}),
    "mail_again": Case(at("unsent"), get=False, body=lambda *_: {}, post_ok=(302, 200, 422)),
    "campaign_list": Case(),
    "campaign_new": Case(role=Role.MANAGER, body=lambda *_: {"name": "Winter"}),
    "campaign_detail": Case(at("sequence")),
    "campaign_start": Case(at("sequence"), role=Role.MANAGER, get=False, body=lambda *_: {}, writes=False),
    "campaign_pause": Case(at("sequence"), role=Role.MANAGER, get=False, body=lambda *_: {}),
    "campaign_add": Case(
        at("sequence"), role=Role.MANAGER, body=lambda rows, _: {"segment": rows.segment, "contact": ""}
    ),
    "step_new": Case(at("sequence"), role=Role.MANAGER, body=step),
    "step_edit": Case(at("step"), role=Role.MANAGER, body=step),
    "step_remove": Case(at("step"), role=Role.MANAGER, get=False, body=lambda *_: {}),
    "step_restore": Case(at("gone_step"), role=Role.MANAGER, get=False, body=lambda *_: {}),
    "member_stop": Case(at("enrolled"), get=False, body=lambda *_: {}),
    "member_resume": Case(at("stopped"), get=False, body=lambda *_: {}),
    "pace_edit": Case(role=Role.MANAGER, body=lambda *_: {"per_hour": "5", "per_day": "50"}),
    "rule_list": Case(role=Role.ADMIN),
    "rule_new": Case(role=Role.ADMIN, body=rule),
    "rule_order": Case(role=Role.ADMIN, get=False, body=rule_order),
    "rule_runs": Case(role=Role.ADMIN, query=lambda rows, _: {"rule": rows.rule}),
    "run_again": Case(at("failed_run"), role=Role.ADMIN, get=False, body=lambda *_: {}),
    "call_again": Case(at("failed_call"), role=Role.ADMIN, get=False, body=lambda *_: {}),
    "rule_edit": Case(
        at("rule"), role=Role.ADMIN, body=lambda rows, _: rule(rows, _) | {"version": rows.versions["rule"]}
    ),
    "rule_switch": Case(at("rule"), role=Role.ADMIN, get=False, body=lambda *_: {}),
    "rule_try": Case(at("rule"), role=Role.ADMIN),
    "rule_copy": Case(at("rule"), role=Role.ADMIN, get=False, body=lambda *_: {}),
    "rule_delete": Case(at("rule"), role=Role.ADMIN, body=lambda *_: {}),
    "rule_restore": Case(at("gone_rule"), role=Role.ADMIN, get=False, body=lambda *_: {}),
    "template_list": Case(),
    "template_new": Case(role=Role.MANAGER, body=template),
    "template_edit": Case(
        at("template"),
        role=Role.MANAGER,
        body=lambda rows, _: template(rows, _) | {"version": rows.versions["template"]},
    ),
    "template_archive": Case(at("template"), role=Role.MANAGER, get=False, body=lambda *_: {}),
    "template_restore": Case(at("archived_template"), role=Role.MANAGER, get=False, body=lambda *_: {}),
    "suppression_list": Case(role=Role.MANAGER),
    "suppression_new": Case(role=Role.MANAGER, body=lambda *_: {"email": "no@more.example"}),
    "suppression_lift": Case(at("suppressed"), role=Role.MANAGER, get=False, body=lambda *_: {}),
    "suppression_back": Case(lambda rows: [{"token": rows.lifted}], role=Role.MANAGER, get=False, body=lambda *_: {}),
    "message_html": Case(at("message")),
    "message_raw": Case(at("message")),
    "message_file": Case(lambda rows: [{"pk": rows.message, "number": 0}]),
    "message_keep": Case(lambda rows: [{"pk": rows.message, "number": 0}], get=False, body=lambda *_: {}),
    "file_delete": Case(at("file"), get=False, body=lambda *_: {}),
    "file_restore": Case(at("binned_file"), get=False, body=lambda *_: {}),
    "logged_delete": Case(at("call"), get=False, body=lambda *_: {}, verb_role=Role.ADMIN),
    "logged_restore": Case(at("gone_call"), get=False, body=lambda *_: {}, verb_role=Role.ADMIN),
    "note_edit": Case(at("note"), body=lambda *_: {"body": "Said", "pinned": "on", "seen": ""}, verb_role=Role.ADMIN),
    # connectors; of the exports each sees their own, and that of `owner` is still to be made
    "export_list": Case(role=Role.REP),
    "export_new": Case(
        each("entity", Entity.values),
        role=Role.REP,
        query=by_owner,
        body=lambda *_: {"format": "csv", "columns": "all"},
    ),
    "export_detail": Case(at("export"), role=Role.REP, get_ok=(200, 404)),
    "export_download": Case(at("export"), role=Role.REP, get_ok=(404,)),
    # insights
    "pipeline_summary": Case(),
    "playbook_report": Case(),
    "dashboard": Case(query=dashboard),
    "dashboard_filter": Case(chips(DashboardFilter), query=dashboard),
    "dashboard_panel": Case(each("name", list(PANELS)), query=dashboard),
    "deal_forecast": Case(query=forecast),
    "deal_forecast_lane": Case(each("key", ["overdue", "later", "none"]), query=deal_parameters),
    "deal_forecast_changes": Case(query=changes),
    "deal_forecast_filter": Case(chips(DealFilter), query=deal_parameters),
    "deal_month": Case(at("deal"), body=version("deal", month="later")),
    "deal_month_undo": Case(at("change"), get=False, body=lambda *_: {}, verb_role=Role.MANAGER),
    "goal_list": Case(),
    "goal_new": Case(role=Role.MANAGER, body=goal),
    "goal_delete": Case(at("goal"), role=Role.MANAGER, get=False, body=lambda *_: {}),
    "forecast_adjust": Case(
        each("month", ["2026-11"]),
        role=Role.MANAGER,
        body=lambda *_: {"amount": "5", "note": "Late"},
        query=lambda rows, _: {"owner": rows.user},
    ),
}


# --- outside the workspaces ---------------------------------------------------------------------------


@dataclass(frozen=True)
class RootCase:
    """A page outside: who gets which status. `public` pages answer everybody alike."""

    path: str
    get: tuple[int, ...] = (200,)
    post: tuple[int, ...] = (405,)
    public: bool = False

    def expected(self, actor: str, method: str) -> tuple[int, ...]:
        answers = self.get if method == "GET" else self.post
        return answers if self.public or actor != "anonymous" or answers == (405,) else (302,)


ROOT_CASES = {
    "home": RootCase("/", get=(302,), public=True),
    "workspace_list": RootCase("/workspaces/"),
    "workspace_new": RootCase("/workspaces/new/", post=(422,)),
    "invitation_accept": RootCase("/invitations/forged/", get=(410,), post=(410,), public=True),
    "unsubscribe": RootCase("/unsubscribe/forged/", get=(410,), post=(410,), public=True),
    "opt_out": RootCase("/opt-out/forged/", get=(410,), post=(410,), public=True),
    "calendar_ics": RootCase("/calendars/forged.ics", get=(404,), public=True),
    "inlet": RootCase("/inbound/mailgun/forged", get=(405,), post=(404,), public=True),
    "inlet_mime": RootCase("/inbound/mailgun/forged/mime", get=(405,), post=(404,), public=True),
    "api_inbound": RootCase("/api/inbound", get=(405,), post=(401,), public=True),
    "mail_connected": RootCase("/mail/connected/", get=(404,)),
    "profile": RootCase("/profile/", post=(422,)),
}
