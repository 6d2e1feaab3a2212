"""What a reply can mean (domain.md section 5), and how sure one must be before something is done about it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models


class Intent(models.TextChoices):
    INTERESTED = "interested", "Interested"
    MEETING_BOOKED = "meeting_booked", "Meeting booked"
    INFO_REQUEST = "info_request", "Question"
    REFERRAL = "referral", "Referral"
    NOT_NOW = "not_now", "Not now"
    NOT_INTERESTED = "not_interested", "Not interested"
    UNSUBSCRIBE = "unsubscribe", "Unsubscribe"
    OUT_OF_OFFICE = "out_of_office", "Out of office"
    BOUNCE = "bounce", "Bounce"
    AUTO_REPLY = "auto_reply", "Automatic reply"
    UNCLEAR = "unclear", "Unsure"


# At least so sure, and it is done without asking; at least so sure, and a person is asked to confirm it.
AUTOMATIC = 0.80
REVIEW = 0.50


@dataclass(frozen=True)
class Judgement:
    """`confidence` is the calibrated probability, 0 to 1, that `intent` is right; `phrase` the words of the text, as they
    stand in it, that decided ("" where none did); `version` names the classifier, so that old judgements can be told."""

    intent: Intent
    confidence: float
    phrase: str
    version: str
