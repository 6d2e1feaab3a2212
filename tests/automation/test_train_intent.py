"""Learning what replies mean: the same sentences give the same bytes, and a workspace's corrections stay its own."""

from __future__ import annotations

import json
from io import StringIO
from xml.etree import ElementTree

import pytest
from django.core.management import CommandError, call_command

from automation import tasks
from automation.intent import judge
from automation.intents import Intent, Judgement
from automation.models import Message
from automation.own_words import LEAST, is_due, judge_for, keep, learnt, own_file
from automation.wording import training
from automation.wording.model import SHIPPED, Classifier, shipped, version_of
from tests.factories import url
from tests.pages import read
from workspaces.tenancy import tenant

RESTIVE = "The badger sleeps under the blue bridge tonight."


@pytest.fixture(scope="module")
def some() -> list[training.Example]:
    """Every 24th sentence, so that learning takes a moment."""
    return training.shipped_examples()[::24]


@pytest.fixture
def few(some, monkeypatch, tmp_path, settings) -> None:
    file = tmp_path / "training.jsonl"
    file.write_text("".join(json.dumps(dict(zip(each._fields, each, strict=True))) + "\n" for each in some), "utf-8")
    monkeypatch.setattr(training, "SENTENCES", file)
    settings.MEDIA_ROOT = tmp_path / "media"


def test_there_are_enough_sentences_of_every_kind():
    examples = training.shipped_examples()
    assert len(examples) >= 900
    assert len({each.text for each in examples}) == len(examples)
    assert {each.intent for each in examples} == set(Intent) - {Intent.BOUNCE}
    assert {each.language for each in examples} == {"en", "de", "fr", "es", "pt", "it", "nl"}


def test_the_model_that_ships_was_made_of_these_sentences_and_rules():
    assert json.loads(SHIPPED.read_bytes())["made_of"] == training.made_of(training.shipped_examples())
    assert SHIPPED.stat().st_size < 1_500_000


def test_the_same_sentences_in_any_order_give_the_same_bytes(some):
    model, tried = training.train(some)
    again, _ = training.train(reversed(some))
    assert model == again
    assert len(tried) == len(some)
    assert version_of(model) != version_of(model + b" ")
    assert Classifier(json.loads(model), "").judge("Please remove me from your list.").intent == Intent.UNSUBSCRIBE


def test_a_model_of_other_sentences_fails_the_check(few):
    before = SHIPPED.read_bytes()
    with pytest.raises(CommandError, match="not made of these words"):
        call_command("train_intent", "--check", stdout=StringIO())
    assert SHIPPED.read_bytes() == before


def test_corrections_teach_their_own_workspace_alone(few, cast, tmp_path):
    read = {
        "workspace": cast.workspace,
        "raw": b"",
        "judged": "unclear",
        "judged_by": "words-1",
        "language": "en",
        "handled_by": cast.alice.user,
    }
    with tenant(cast.workspace, cast.alice.user):
        Message.objects.create(key="1", visible_text=RESTIVE, intent="meeting_booked", **read)
        Message.objects.create(key="2", visible_text="Whatever.", intent="unclear", **read)
    out, plot, before = StringIO(), tmp_path / "plot.svg", SHIPPED.read_bytes()
    call_command("train_intent", "--workspace", "acme", "--plot", str(plot), stdout=out)
    assert f"1 corrections in workspace {cast.workspace.pk}" in out.getvalue()
    assert "macro-F1" in out.getvalue()
    assert ElementTree.parse(plot).getroot().tag.endswith("svg")
    assert SHIPPED.read_bytes() == before
    assert judge_for(cast.workspace.pk, RESTIVE).intent == Intent.MEETING_BOOKED
    assert judge_for(cast.rival.pk, RESTIVE) == judge(RESTIVE)
    own_file(cast.workspace.pk).write_text("no model")
    assert judge_for(cast.workspace.pk, RESTIVE) == judge(RESTIVE)


def test_enough_new_corrections_are_learnt_from_once(few, cast, client, django_capture_on_commit_callbacks):
    def correct(number: int) -> None:
        with tenant(cast.workspace, cast.alice.user):
            for key in range(number):
                Message.objects.create(
                    workspace=cast.workspace, key=f"{number}-{key}", raw=b"", visible_text=f"{number}, {key}: {RESTIVE}",
                    intent="meeting_booked", judged="unclear", judged_by="words-1", handled_by=cast.alice.user,
                )  # fmt: skip

    def rung() -> list[tuple]:
        with django_capture_on_commit_callbacks() as rings:
            tasks.learn_corrections()
        return [vars(ring)["args"] for ring in rings if vars(ring)["task"] == "automation.tasks.learn"]

    correct(LEAST - 1)
    assert rung() == []
    assert learnt(cast.workspace.pk) is None
    correct(1)
    assert rung() == [(cast.workspace.pk,)]
    tasks.learn(cast.workspace.pk)
    last = learnt(cast.workspace.pk)
    assert (last.corrections, last.is_kept) == (LEAST, True)
    assert judge_for(cast.workspace.pk, RESTIVE).intent == Intent.MEETING_BOOKED
    assert rung() == []
    client.force_login(cast.alice.user)
    page = read(client.get(url(cast.workspace, "mailbox_list"))).one("main").text
    assert f"from {LEAST} corrections made in your inbox" in page


def test_what_was_learnt_beside_an_older_version_of_ours_judges_no_more(few, cast):
    workspace, ours = cast.workspace.pk, json.loads(SHIPPED.read_bytes())
    ours["bias"] = [1000 if intent == "referral" else -1000 for intent in ours["intents"]]
    keep(workspace, json.dumps(ours).encode(), LEAST, is_worse=False)
    assert judge_for(workspace, RESTIVE).intent == Intent.REFERRAL
    assert not learnt(workspace).is_of_old and not is_due(workspace, LEAST)
    assert not [file for file in own_file(workspace).parent.iterdir() if file.suffix == ".new"]
    for file in own_file(workspace).parent.iterdir():  # an upgrade
        file.write_text(file.read_text("utf-8").replace(shipped().version, "words-older"), "utf-8")
    assert judge_for(workspace, RESTIVE) == judge(RESTIVE)
    assert learnt(workspace).is_of_old and is_due(workspace, LEAST) and not is_due(workspace, LEAST - 1)


def test_what_makes_our_own_sentences_judged_worse_is_not_kept(few, cast):
    """Somebody who calls every reply a meeting."""
    with tenant(cast.workspace, cast.alice.user):
        for number, example in enumerate(training.shipped_examples()):
            Message.objects.create(
                workspace=cast.workspace, key=str(number), raw=b"", visible_text=f"{example.text} .",
                intent="meeting_booked", judged="unclear", judged_by="words-1", handled_by=cast.alice.user,
            )  # fmt: skip
    tasks.learn(cast.workspace.pk)
    assert not learnt(cast.workspace.pk).is_kept
    assert not own_file(cast.workspace.pk).exists()


@pytest.mark.parametrize(
    ("changed", "is_worse"),
    [
        ({}, False),
        ({7: ("interested", 0.5)}, True),  # who asked for no more mail is taken for somebody else
        ({250: ("interested", 0.9)}, True),  # a deal is made of a no
        ({250: ("interested", 0.7)}, False),  # a person is asked
        (dict.fromkeys(range(200, 260), ("not_now", 0.9)), True),
    ],
)
def test_what_may_not_get_worse(changed, is_worse):
    right = ["unsubscribe"] * 100 + ["interested"] * 100 + ["not_interested"] * 1000
    before = [(intent, Judgement(Intent(intent), 0.9, "", "")) for intent in right]
    now = [
        (intent, Judgement(Intent(changed[at][0]), changed[at][1], "", "") if at in changed else found)
        for at, (intent, found) in enumerate(before)
    ]
    assert training.is_worse(now, before) is is_worse
