"""Programs that answer for people: by what their mail says of itself."""

import pytest

from automation.intents import Intent
from automation.mail.parsing import read
from automation.mail.robots import robot_of

AWAY = "Hello,\n\nI am out of the office until 3 March. For urgent matters call Bob.\n"
SUPPORT = "We have received your message. Ticket #12345 has been opened.\n"


def robot(headers: str, text: str):
    mail = read(f"From: ann@x.example\n{headers}\n\n{text}".encode())
    return robot_of(mail, mail.text)


@pytest.mark.parametrize(
    "headers",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-replied (vacation)",
        "X-Autoreply: yes",
        "X-Autorespond: Re: Hello",
        "X-Auto-Response-Suppress: All\nPrecedence: bulk",
        "Precedence: auto_reply",
        "Subject: Automatic reply: Offer",
        "Subject: Automatische Antwort: Angebot",
        "Subject: Réponse automatique : Offre",
        "Subject: Respuesta automática: Oferta",
        "Subject: Resposta automática: Oferta",
        "Subject: Risposta automatica: Offerta",
        "Subject: Automatisch antwoord: Offerte",
        "Subject: Out of Office: Offer",
    ],
)
def test_a_note_of_absence_is_told_from_other_answers(headers):
    assert robot(headers, AWAY).intent == Intent.OUT_OF_OFFICE
    if "Out of Office" not in headers:
        assert robot(headers, SUPPORT).intent == Intent.AUTO_REPLY


@pytest.mark.parametrize(
    "text",
    [
        "Bin bis 12.01. im Urlaub, in dringenden Fällen wenden Sie sich an Bob.",
        "Je suis absent du bureau jusqu'au 5 janvier.",
        "Estoy fuera de la oficina hasta el 7 de enero.",
        "Estou de férias até 15 de dezembro.",
        "Sono in ferie fino al 10 gennaio.",
        "Ik ben afwezig tot 4 januari.",
        "I'm on annual leave with limited access to e-mail.",
    ],
)
def test_absence_in_every_language(text):
    assert robot("Auto-Submitted: auto-replied", text).intent == Intent.OUT_OF_OFFICE


@pytest.mark.parametrize(
    "text",
    [
        "Ann no longer works for Brightwater. Please contact Bob.",
        "I have left the company. Please write to Bob, he will be in the office until Friday.",
        "Frau Lee ist nicht mehr für uns tätig.",
        "Madame Lee ne fait plus partie de l'entreprise.",
        "Ann ya no trabaja en la empresa.",
        "Ann não trabalha mais na empresa.",
        "Ann non lavora più presso la nostra azienda.",
        "Ann is niet meer werkzaam bij ons.",
    ],
)
def test_who_left_does_not_come_back(text):
    assert robot("Auto-Submitted: auto-replied", text).intent == Intent.AUTO_REPLY


@pytest.mark.parametrize(
    "headers",
    [
        "List-Unsubscribe: <https://x.example/u>",
        "List-Id: News <news.x.example>",
        "Precedence: bulk",
        "From: newsletter@x.example",
    ],
)
def test_a_newsletter_is_an_automatic_mail_and_an_answer_through_a_list_is_not(headers):
    raw = f"{headers}\n" + ("" if "From" in headers else "From: ann@x.example\n")
    assert robot_of(read(f"{raw}\nBuy now!".encode()), "Buy now!").intent == Intent.AUTO_REPLY
    answer = read(f"{raw}In-Reply-To: <1@crm.example>\n\nYes, call me.".encode())
    assert robot_of(answer, answer.text) is None


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ("Auto-Submitted: no", "Yes, call me."),
        ("Subject: Re: Offer", "I am out of the office until Monday, call me then: we are interested."),
        ("X-Auto-Response-Suppress: DR, OOF, AutoReply", "Yes, call me."),
        ("Subject: Re: Automatic reply rates", "Tell me more."),
        ("Subject: Absolutely", "Yes!"),
    ],
)
def test_a_person_is_no_robot(headers, text):
    assert robot(headers, text) is None
