"""The pages of rules: for admins alone, without JavaScript, and each button."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities.models import Activity, Notification, Task
from automation.models import Rule, RuleRun, RuleStep
from automation.rules import editing
from deals.actions import move_to_stage
from tests.automation.rules import TASK, Step, make_rule, work
from tests.factories import make_deal, url
from tests.pages import read

SECRET = "a secret that signs"


@pytest.fixture
def alice(acme, login):
    return login(acme.alice)


def path(cast, name: str, *args: object) -> str:
    return url(cast.workspace, name, *args)


def body(**more: object) -> dict:
    head = {"name": "Large deals", "event": "deal_created", "was": "deal_created", "steps": "1", "step-0-kind": "task"}
    task = {"text": "Call {name}", "type": "call", "who": "owner", "due_amount": "2", "due_unit": "days"}
    return head | {f"step-0-{name}": value for name, value in task.items()} | more


def sent(client, address: str, data: dict):
    return client.post(address, data)


def test_managers_and_below_do_not_get_in(acme, login):
    rule = make_rule(acme, "deal_created")
    for member in (acme.bob, acme.vera):
        client = login(member)
        for name, args in (
            ("rule_list", []),
            ("rule_new", []),
            ("rule_edit", [rule.pk]),
            ("rule_runs", []),
            ("rule_try", [rule.pk]),
        ):
            assert client.get(path(acme, name, *args)).status_code == 403
        assert client.post(path(acme, "rule_switch", rule.pk)).status_code == 403
    rule.refresh_from_db()
    assert rule.is_on


def test_a_rule_is_made_and_is_off_until_it_is_switched_on(acme, alice):
    assert "Call new leads soon" in alice.get(path(acme, "rule_list")).content.decode()
    assert "amount_min" in alice.get(path(acme, "rule_new"), {"from": "large"}).content.decode()
    answer = sent(alice, path(acme, "rule_new"), body(**{"if": "amount", "if-amount_min": "4000"}))
    rule = Rule.objects.get()
    assert answer.url == path(acme, "rule_edit", rule.pk) and not rule.is_on
    version = rule.versions.get()
    assert (version.query, version.by) == ("amount_min=4000", acme.alice.user)
    assert [(step.text, step.due_amount) for step in version.steps.all()] == [("Call {name}", 2)]
    alice.post(path(acme, "rule_switch", rule.pk), {"on": "1"})
    make_deal(acme.bob, acme.stages["New"], amount=5000)
    assert [run.state for run in work(acme)] == ["done"]
    listed = read(alice.get(path(acme, "rule_list"))).text
    assert "1 run in 30 days" in listed and "On" in listed


def test_its_buttons_change_the_form_and_save_nothing(acme, alice):
    new = path(acme, "rule_new")
    page = read(sent(alice, new, body(do="add", new="move")))
    assert [field["value"] for field in page.all("input") if field.get("name", "").endswith("-kind")] == [
        "task",
        "move",
    ]
    assert page.one("input", name="step-0-text")["value"] == "Call {name}"
    page = read(sent(alice, new, body(do="remove-0")))
    assert not page.all("input", name="step-0-kind")
    page = read(sent(alice, new, body(do="if", **{"new-if": "stage"})))
    assert len(page.all("input", name="if-stage")) == 7
    page = read(sent(alice, new, body(do="event", event="lead_status")))
    assert [field["value"] for field in page.all("input", name="of")][:2] == ["new", "attempted"]
    page = read(sent(alice, new, body(do="unless-amount", **{"if": "amount", "if-amount_min": "4000"})))
    assert not page.all("input", name="if-amount_min")
    assert not Rule.objects.exists()


def test_what_is_wrong_stands_beside_its_field(acme, alice):
    answer = sent(alice, path(acme, "rule_new"), body(**{"step-0-text": "Hi {nobody}"}))
    assert answer.status_code == 422 and "There is no placeholder {nobody}." in answer.content.decode()
    answer = sent(alice, path(acme, "rule_new"), body(**{"if": "amount", "if-amount_min": "much"}))
    assert answer.status_code == 422 and not Rule.objects.exists()
    make_rule(acme, "deal_created", name="Large deals")
    answer = sent(alice, path(acme, "rule_new"), body())
    assert answer.status_code == 422 and "Another rule has this name." in answer.content.decode()


def test_a_change_of_somebody_else_meanwhile_is_not_overwritten(acme, alice):
    rule = make_rule(acme, "deal_created", name="Large deals")
    answer = sent(alice, path(acme, "rule_edit", rule.pk), body(version="1"))
    assert answer.status_code == 409 and "changed this rule meanwhile" in answer.content.decode()
    rule.refresh_from_db()
    sent(alice, path(acme, "rule_edit", rule.pk), body(version=str(rule.version), name="Other"))
    assert Rule.objects.get().name == "Other"
    assert "Version 2" in read(alice.get(path(acme, "rule_edit", rule.pk))).text


def test_a_secret_is_kept_and_never_shown(acme, alice):
    hook = {"steps": "1", "step-0-kind": "webhook", "step-0-url": "https://hooks.example/in", "step-0-secret": SECRET}
    head = {"name": "Hook", "event": "deal_won", "was": "deal_won"}
    sent(alice, path(acme, "rule_new"), head | hook)
    rule, step = Rule.objects.get(), RuleStep.objects.get()
    assert step.secret and SECRET not in step.secret
    shown = alice.get(path(acme, "rule_edit", rule.pk)).content.decode()
    assert SECRET not in shown and step.secret not in shown and "It is kept unless you type another." in shown
    kept = head | hook | {"step-0-secret": "", "step-0-kept": str(step.pk), "name": "Other", "version": rule.version}
    sent(alice, path(acme, "rule_edit", rule.pk), kept | {"event": "deal_lost", "was": "deal_lost"})
    second = RuleStep.objects.latest("pk")
    assert second.pk != step.pk and editing.unseal(second, "secret") == SECRET
    rule.refresh_from_db()
    moved = kept | {"step-0-kept": str(second.pk), "step-0-url": "https://other.example/", "version": rule.version}
    answer = sent(alice, path(acme, "rule_edit", rule.pk), moved)
    assert answer.status_code == 422 and "Type the secret again: it goes to another address now." in read(answer).text
    assert RuleStep.objects.latest("pk") == second
    sent(alice, path(acme, "rule_edit", rule.pk), moved | {"step-0-unsigned": "on"})
    third = RuleStep.objects.latest("pk")
    assert (third.url, third.secret) == ("https://other.example/", "")
    assert read(alice.get(path(acme, "rule_edit", rule.pk))).all("input", name="step-0-unsigned") == []


def test_a_secret_that_is_typed_outlives_the_other_buttons(acme, alice):
    hook = {"steps": "1", "step-0-kind": "webhook", "step-0-url": "https://hooks.example/in", "step-0-secret": SECRET}
    page = read(sent(alice, path(acme, "rule_new"), body(**hook, do="add", new="notify")))
    assert page.one("input", name="step-0-secret").get("value") == SECRET


def test_duplicate_delete_restore_and_order(acme, alice):
    first, second = make_rule(acme, "deal_created", name="A"), make_rule(acme, "deal_won", name="B")
    alice.post(path(acme, "rule_copy", first.pk))
    copy = Rule.objects.get(name="A (copy)")
    assert not copy.is_on and copy.versions.get().steps.get().text == TASK.text
    assert alice.get(path(acme, "rule_delete", second.pk)).status_code == 200
    alice.post(path(acme, "rule_delete", second.pk))
    assert alice.get(path(acme, "rule_edit", second.pk)).status_code == 404
    alice.post(path(acme, "rule_restore", second.pk))
    second.refresh_from_db()
    assert not second.is_on and second.archived_at is None
    seen = f"{first.pk},{second.pk},{copy.pk}"
    alice.post(path(acme, "rule_order"), {"seen": seen, "order": f"{copy.pk},{first.pk},{second.pk}"})
    assert list(Rule.objects.live().values_list("name", flat=True)) == ["A (copy)", "A", "B"]
    history = Rule.objects.get(pk=second.pk).historys
    assert {line.pgh_context["user"] for line in history.all()} == {acme.alice.user_id}


# --- dry run --------------------------------------------------------------------------------------------------


def test_a_dry_run_tells_what_would_have_been_done_and_writes_nothing(acme, alice):
    small, large = (
        make_deal(acme.bob, acme.stages["New"], "Small", 5),
        make_deal(acme.bob, acme.stages["New"], "Big", 9000),
    )
    old = make_deal(acme.bob, acme.stages["New"], "Old", 9000)
    Activity.objects.filter(deal=old).update(at=timezone.now() - timedelta(days=31))
    move_to_stage(large, acme.stages["Proposal"], by=acme.bob)
    work(acme)
    step = Step("move", stage=acme.stages["Proposal"])
    tell = Step("notify", text="A large one: {deal}", who="owner")
    rule = make_rule(acme, "deal_created", TASK, step, tell, on=False, query="amount_min=1000")

    def counted() -> list[int]:
        return [model.objects.count() for model in (Activity, Task, Notification, RuleRun)]

    before = counted()
    page = read(alice.get(path(acme, "rule_try", rule.pk)))
    assert counted() == before
    assert "1 run for 1 deal, of 2 times that this happened." in page.text
    assert "Big" in page.text and str(small) not in page.text and "Old" not in page.text
    assert "as they are now" in page.text and "(left out: it is in Proposal now)" in page.text
    assert "“A large one: [the deal]”" in page.text


# --- log ------------------------------------------------------------------------------------------------------


def test_the_log_tells_each_step_and_runs_again(acme, alice):
    deal = make_deal(acme.bob, acme.stages["Contacted"], "Cold chain")
    make_rule(acme, "deal_moved", TASK, Step("move", stage=acme.stages["Lost"], text="No such reason"), name="Odd")
    other = make_rule(acme, "deal_won", name="Other")
    move_to_stage(deal, acme.stages["Qualified"], by=acme.bob)
    [run] = work(acme)
    RuleRun.objects.update(state="failed", next_try_at=None)
    log = path(acme, "rule_runs")
    page = read(alice.get(log))
    assert "Planned “Call Cold chain” for Bob" in page.text and "Cold chain" in page.text and "Failed" in page.text
    assert "Cold chain" not in read(alice.get(log, {"rule": other.pk})).one("main").text
    assert "Cold chain" not in read(alice.get(log, {"state": "done"})).one("main").text
    answer = alice.post(path(acme, "run_again", run.pk))
    assert answer.status_code == 302
    run.refresh_from_db()
    assert (run.state, run.again_by) == ("waiting", acme.alice.user)


def test_the_log_is_paged(acme, alice):
    rule = make_rule(acme, "deal_call")
    version, deal = rule.versions.get(), make_deal(acme.bob, acme.stages["New"])
    for n in range(52):
        line = Activity.objects.create(workspace=acme.workspace, kind="call", deal=deal)
        RuleRun.objects.create(
            workspace=acme.workspace, rule=rule, version=version, activity=line, deal=deal, problem=f"#{n}#"
        )
    page = read(alice.get(path(acme, "rule_runs")))
    [older] = [link for link in page.all("a") if link.text == "Older"]
    assert "#51#" in page.text and "#1#" not in page.text
    assert "#1#" in read(alice.get(path(acme, "rule_runs") + older["href"])).text


def test_pages_ask_few_questions_however_many_rules_there_are(acme, alice):
    deal = make_deal(acme.bob, acme.stages["Contacted"])
    for n in range(6):
        make_rule(acme, "deal_moved", TASK, Step("notify", text="!", who="owner"), name=f"Rule {n}")
    move_to_stage(deal, acme.stages["Qualified"], by=acme.bob)
    work(acme)
    rule = Rule.objects.first()
    for name, args in (("rule_list", []), ("rule_runs", []), ("rule_edit", [rule.pk]), ("rule_try", [rule.pk])):
        alice.get(path(acme, name, *args))
        with CaptureQueriesContext(
            connection,
        ) as asked:
            alice.get(path(acme, name, *args))
        questions = [each["sql"] for each in asked if each["sql"].startswith(("SELECT", "INSERT", "UPDATE"))]
        own = [sql for sql in questions if "set_config" not in sql and "django_session" not in sql]
        assert len(own) <= 12, f"{name}: {len(own)}\n" + "\n".join(sql[:150] for sql in own)
