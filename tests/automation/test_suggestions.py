"""What a language model suggests beside mail that the classifier is unsure of: shown, never done."""

from __future__ import annotations

import pytest

from automation import actions, tasks
from automation.actions import suggesting
from automation.intents import AUTOMATIC, Intent
from automation.models import Effect, Message
from deals.models import Deal
from tests.automation.mails import make_lead, read_as
from tests.factories import make_cast, url
from tests.pages import read
from workspaces.tenancy import tenant

ANSWER = {"intent": "interested", "confidence": 0.9, "phrase": "call me"}


@pytest.fixture
def world(transactional_db):
    return make_cast()


def unsure(cast, text: str = "Well, call me.", **facts: object) -> Message:
    facts = {"judged_by": "words-1", "confidence": 0.6} | facts
    message = read_as(Intent.UNCLEAR, make_lead(cast.bob), cast.bob, text=text)
    Message.objects.filter(pk=message.pk).update(**facts)
    return message


def asked(world, **facts: object) -> Message:
    with tenant(world.workspace, world.bob.user):
        message = unsure(world, **facts)
    tasks.suggest_intents()
    with tenant(world.workspace, world.bob.user):
        message.refresh_from_db()
    return message


def test_a_suggestion_is_shown_and_nothing_is_done_because_of_it(world, model, client):
    model.says = ANSWER
    message = asked(world)
    assert message.suggested == Intent.INTERESTED and message.suggestion["by"] == "small"
    assert (message.state, message.intent, message.judged) == ("review", "unclear", "unclear")
    with tenant(world.workspace, world.bob.user):
        assert not Deal.objects.exists() and not Effect.objects.exists()
    client.force_login(world.bob.user)
    page = read(client.get(url(world.workspace, "message_detail", message.pk))).one("main").text
    assert "A language model (small) suggests Interested" in page and "Nothing was done because of it" in page
    with tenant(world.workspace, world.bob.user):
        actions.correct(message, "interested", by=world.bob)
    page = read(client.get(url(world.workspace, "message_detail", message.pk))).one("main").text
    assert "suggests" not in page


def test_it_is_asked_once_and_outside_of_any_transaction(world, model):
    seen = []

    def look() -> None:
        tasks.suggest_intents()  # another worker finds nothing left to ask about
        with tenant(world.workspace, world.bob.user):
            seen.append(Message.objects.get().suggestion)

    model.says, model.meanwhile = ANSWER, look
    asked(world)
    tasks.suggest_intents()
    assert seen == [{"by": "small"}] and len(model.asked) == 1


def test_what_was_decided_meanwhile_stays(world, model):
    def decide() -> None:
        with tenant(world.workspace, world.bob.user):
            actions.correct(Message.objects.get(), "not_now", by=world.bob)

    model.says, model.meanwhile = ANSWER, decide
    message = asked(world)
    assert (message.intent, message.state) == ("not_now", "done")


@pytest.mark.parametrize("answer", [b"", {"intent": "bounce", "confidence": 0.5, "phrase": ""}])
def test_an_answer_that_does_not_count_leaves_the_message_as_it_was(world, model, answer):
    model.says = answer
    message = asked(world)
    assert message.suggested is None and message.state == "review" and len(model.asked) == 1


@pytest.mark.parametrize(
    "facts",
    [
        {"confidence": AUTOMATIC},
        {"judged_by": "form-1"},
        {"state": Message.State.DONE},
        {"intent": Intent.INTERESTED},
        {"visible_text": ""},
    ],
)
def test_only_what_the_classifier_of_words_is_unsure_of_is_handed_on(world, model, facts):
    asked(world, **facts)
    assert model.asked == []


def test_nobody_is_asked_without_a_model_or_when_time_is_up(world, model, settings):
    with tenant(world.workspace, world.bob.user):
        unsure(world)
    suggesting.suggest_intents(world.workspace.pk, until=0)
    settings.INTENT_MODEL = {"url": "", "name": "", "key": ""}
    tasks.suggest_intents()
    assert model.asked == []
