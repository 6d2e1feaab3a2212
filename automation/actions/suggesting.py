"""What a language model makes of the mail that our own classifier is unsure of: a suggestion beside the question, no more.

Only where an operator named one (INTENT_MODEL_URL). Each message is asked about once, by whoever claims it, and outside of
any transaction; what goes wrong leaves the message as it was, with a person to decide.
"""

from __future__ import annotations

from time import monotonic

from django.conf import settings

from automation.intents import Intent, Judgement
from automation.models import Message
from automation.wording.language_model import second_opinion
from workspaces.tenancy import tenant

ROUND = 20  # seconds after which a round asks nobody any more: a slow model holds up no other work
BATCH = 50


def suggest_intents(workspace_id: int, until: float | None = None) -> None:
    """`until`: by the clock `monotonic`."""
    until = monotonic() + ROUND if until is None else until
    if not settings.INTENT_MODEL["url"]:
        return
    with tenant(workspace_id):
        waiting = list(Message.objects.unsure().order_by("-pk").values_list("pk", flat=True)[:BATCH])
    for message_id in waiting:
        if monotonic() >= until:
            return
        suggest_intent(workspace_id, message_id)


def suggest_intent(workspace_id: int, message_id: int) -> None:
    with tenant(workspace_id):
        claimed = (
            Message.objects.unsure().filter(pk=message_id).update(suggestion={"by": settings.INTENT_MODEL["name"]})
        )
        if not claimed:
            return
        message = Message.objects.listed().get(pk=message_id)
    own = Judgement(Intent(message.judged), message.confidence, message.phrase, message.judged_by)
    said = second_opinion(message.visible_text, own)
    if said is own:
        return
    with tenant(workspace_id):
        found = Message.objects.filter(pk=message_id, suggestion__by=message.suggestion["by"])
        found.update(suggestion={**message.suggestion, "intent": said.intent, "phrase": said.phrase[:300]})
