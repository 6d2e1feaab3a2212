"""The newest text of a mail: quotes, the ending and the signature go; the greeting, and answers between the lines, stay."""

import pytest

from automation.mail.parsing import read
from automation.mail.visible import newest, visible_text

QUOTE_HEADERS = {
    "Gmail": "On Tue, Mar 3, 2026 at 10:02 AM Ann Lee <ann@x.example> wrote:",
    "Gmail, wrapped": "On Tue, Mar 3, 2026 at 10:02 AM Ann Lee from Brightwater Foods <\nann@x.example> wrote:",
    "Apple": "On 3 Mar 2026, at 10:02, Ann Lee <ann@x.example> wrote:",
    "German": "Am Di., 3. März 2026 um 10:02 Uhr schrieb Ann Lee <ann@x.example>:",
    "Thunderbird, German": "Am 03.03.26 um 10:02 schrieb Ann Lee:",
    "French": "Le mar. 3 mars 2026 à 10:02, Ann Lee <ann@x.example> a écrit :",
    "Spanish": "El mar, 3 mar 2026 a las 10:02, Ann Lee (<ann@x.example>) escribió:",
    "Portuguese": "Em ter., 3 de mar. de 2026 às 10:02, Ann Lee <ann@x.example> escreveu:",
    "Italian": "Il giorno mar 3 mar 2026 alle ore 10:02 Ann Lee <ann@x.example> ha scritto:",
    "Dutch": "Op di 3 mrt 2026 om 10:02 schreef Ann Lee <ann@x.example>:",
    "Swedish": "Den tis 3 mars 2026 kl 10:02 skrev Ann Lee <ann@x.example>:",
    "Danish": "Den tirs. 3. mar. 2026 kl. 10.02 skrev Ann Lee <ann@x.example>:",
    "Polish": "wt., 3 mar 2026 o 10:02 Ann Lee <ann@x.example> napisał(a):",
    "no verb": "2026-03-03 10:02 GMT+01:00 Ann Lee <ann@x.example>:",
}  # fmt: skip
FIELD_BLOCKS = {
    "English": "From: Ann Lee <ann@x.example>\nSent: Tuesday, March 3, 2026 10:02 AM\nTo: Bob <bob@y.example>\nSubject: Offer",
    "bold": "*From:* Ann Lee <ann@x.example>\n*Sent:* Tuesday, March 3, 2026 10:02 AM\n*To:* Bob\n*Subject:* Offer",
    "German": "Von: Ann Lee\nGesendet: Dienstag, 3. März 2026 10:02\nAn: Bob\nBetreff: Angebot",
    "French": "De : Ann Lee\nEnvoyé : mardi 3 mars 2026 10:02\nÀ : Bob\nObjet : Offre",
    "Spanish": "De: Ann Lee\nEnviado el: martes, 3 de marzo de 2026 10:02\nPara: Bob\nAsunto: Oferta",
    "Portuguese": "De: Ann Lee\nEnviado: terça-feira, 3 de março de 2026 10:02\nPara: Bob\nAssunto: Oferta",
    "Italian": "Da: Ann Lee\nInviato: martedì 3 marzo 2026 10:02\nA: Bob\nOggetto: Offerta",
    "Dutch": "Van: Ann Lee\nVerzonden: dinsdag 3 maart 2026 10:02\nAan: Bob\nOnderwerp: Offerte",
}
ENDINGS = ["Best regards", "Kind regards,", "Cheers", "Mit freundlichen Grüßen", "Viele Grüße", "Cordialement,", "Bien à vous,",
    "Un saludo,", "Atentamente", "Atenciosamente,", "Cumprimentos,", "Cordiali saluti", "Distinti saluti,", "Met vriendelijke groet,",
    "Med vänliga hälsningar", "Venlig hilsen", "Pozdrawiam", "Thanks,", "Danke", "Merci,", "Gracias,", "Grazie,", "Bedankt,"]  # fmt: skip


@pytest.mark.parametrize("header", QUOTE_HEADERS.values(), ids=QUOTE_HEADERS)
@pytest.mark.parametrize("prefix", ["> ", ""])
def test_a_quote_goes_in_every_language(header, prefix):
    quoted = "\n".join(prefix + line for line in ["Hello Bob,", "", "Shall we talk?", "Ann"])
    assert newest(f"Yes, gladly.\n\n{header}\n\n{quoted}\n") == "Yes, gladly."


@pytest.mark.parametrize("fields", FIELD_BLOCKS.values(), ids=FIELD_BLOCKS)
@pytest.mark.parametrize("rule", ["", "________________________________\n", "-----Original Message-----\n"])
def test_the_headers_of_an_older_mail_end_the_newest(fields, rule):
    assert newest(f"Yes, gladly.\n\n{rule}{fields}\n\nHello Bob,\nshall we talk?\n") == "Yes, gladly."


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    "name", ["\nBob", "\n\nBob Miller\nHead of Purchasing, Brightwater Foods GmbH\nTel. +49 40 123456", ""]
)
def test_the_ending_goes_with_the_name_and_the_greeting_stays(ending, name):
    if not name and ending in {"Danke"}:
        pytest.skip("a word of thanks with nothing under it is said, not signed")
    assert newest(f"Hi Ann,\n\nTuesday at ten works.\n\n{ending}{name}\n") == "Hi Ann,\n\nTuesday at ten works."


def test_answers_between_the_lines_keep_their_order():
    text = """Hi Ann, see below.

On 3 March 2026, Ann wrote:
> How many seats do you need?

About forty.

> And when?

In May.

Bob
> Ann
"""
    assert newest(text) == "Hi Ann, see below.\n\nAbout forty.\n\nIn May."


def test_an_answer_under_the_quote_is_found():
    assert newest("On 3 March 2026, Ann wrote:\n> Shall we?\n\nYes, call me.\n-- \nBob\n") == "Yes, call me."


def test_a_mail_passed_on_says_only_what_was_put_over_it():
    forwarded = "---------- Forwarded message ---------\nFrom: Ann <ann@x.example>\nSubject: Offer\n\nBuy now!"
    assert newest(f"Carla, is this for you?\n\n{forwarded}") == "Carla, is this for you?"
    assert newest(forwarded) == ""
    assert newest("FYI\n\nBegin forwarded message:\n\nFrom: Ann\nDate: 3 March\n\nBuy now!") == "FYI"


@pytest.mark.parametrize(
    "line",
    ["Sent from my iPhone", "Von meinem iPhone gesendet", "Envoyé de mon iPhone", "Enviado desde mi iPhone", "Enviado do meu iPhone",
     "Inviato da iPhone", "Verstuurd vanaf mijn iPhone", "Skickat från min iPhone", "Get Outlook for iOS<https://aka.ms/x>",
     "Sent from Mail for Windows", "Gesendet mit der GMX Mail App"],
)  # fmt: skip
def test_what_a_device_adds_goes(line):
    assert newest(f"Yes, please.\n\n{line}\n") == "Yes, please."


def test_a_sentence_about_a_device_stays():
    said = "Yes.\n\nSent from my desk, as I have no phone today."
    assert newest(said) == said


def test_what_companies_add_over_and_under_goes():
    text = """CAUTION: This email originated from outside of the organisation. Do not click links
unless you know the sender.

Yes, please.

This email and any attachments are confidential and intended only for the addressee.
If you are not the intended recipient, please delete it.
"""
    assert newest(text) == "Yes, please."


def test_a_postscript_under_the_name_is_part_of_what_was_said():
    assert newest("Yes.\n\nBest,\nBob\n\nPS: bring Carla.\n") == "Yes.\n\nPS: bring Carla."


@pytest.mark.parametrize(
    "text",
    ["Thanks", "Thank you!", "No", "Best regards", "Unsubscribe", "Hi Ann,\n\nUnsubscribe", "Hi,\n\nNo.\n\nThanks!", "Yes.\n\nThursday",
     "On Thursday: yes.\n\nOn Friday: no.", "From: 3 March\nwe are open again.", "I wrote to you on 3 March:\n\nno answer came."],
)  # fmt: skip
def test_words_that_are_the_answer_stay(text):
    assert newest(text) == ("" if text == "Best regards" else text)


def test_the_senders_own_name_is_known_by_the_header():
    raw = b"From: Bob van Dam <bob.vandam@x.example>\n\nYes, call me\n\nbob\n"
    assert visible_text(read(raw)) == "Yes, call me"


HTML_MAIL = {
    "Gmail": '<div dir="ltr">Hi Ann,<div><br></div><div>Yes.</div><div><br></div>-- <br><div class="gmail_signature">Bob<br>CEO</div></div><br>'
    '<div class="gmail_quote"><div class="gmail_attr">On Tue, 3 Mar 2026 at 10:02, Ann &lt;<a href="mailto:a@x.example">a@x.example</a>&gt; wrote:<br></div>'
    '<blockquote class="gmail_quote">Shall we?</blockquote></div>',
    "Outlook": '<div class="WordSection1"><p class="MsoNormal">Hi Ann,<o:p></o:p></p><p class="MsoNormal">&nbsp;</p><p class="MsoNormal">Yes.</p>'
    '<p class="MsoNormal">&nbsp;</p><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in"><p class="MsoNormal"><b>From:</b> Ann<br>'
    "<b>Sent:</b> Tuesday, March 3, 2026 10:02 AM<br><b>To:</b> Bob<br><b>Subject:</b> Offer</p></div><p>Shall we?</p></div>",
    "Outlook on the web": '<div>Hi Ann,</div><div><br></div><div>Yes.</div><div id="Signature"><p>Bob</p></div><div id="appendonsend"></div><hr>'
    '<div id="divRplyFwdMsg"><b>Von:</b> Ann<br></div><div>Shall we?</div>',
    "Apple": '<div>Hi Ann,</div><div><br></div><div>Yes.</div><br><div><blockquote type="cite"><div>On 3 Mar 2026, at 10:02, Ann wrote:</div>'
    "<div>Shall we?</div></blockquote></div>",
    "Yahoo": '<div><div>Hi Ann,</div><div><br></div><div>Yes.</div><br></div><div id="ydp1yahoo_quoted_1" class="yahoo_quoted"><div>On Tuesday, Ann wrote:</div>'
    "<div>Shall we?</div></div>",
    "Thunderbird": '<p>Hi Ann,</p><p>Yes.</p><div class="moz-cite-prefix">Am 03.03.26 um 10:02 schrieb Ann:<br></div><blockquote type="cite">Shall we?</blockquote>'
    '<pre class="moz-signature">-- \nBob</pre>',
}  # fmt: skip


@pytest.mark.parametrize("html", HTML_MAIL.values(), ids=HTML_MAIL)
def test_html_of_the_usual_clients(html):
    raw = b"From: Bob <bob@y.example>\nContent-Type: text/html; charset=utf-8\n\n" + html.encode()
    assert visible_text(read(raw)) == "Hi Ann,\n\nYes."


@pytest.mark.parametrize(
    "last",
    ["Best, Bob", "LG Bob", "Viele Grüße, Bob Miller", "Cordialement, Bob", "-Bob", "– Bob Miller", "/Bob", "Bob"],
)
def test_an_ending_of_one_line_goes(last):
    assert newest(f"Hi Ann,\n\nTuesday at ten works.\n\n{last}\n") == "Hi Ann,\n\nTuesday at ten works."


@pytest.mark.parametrize(
    "last",
    [
        "Thanks Carla",
        "Best time is Tuesday.",
        "- two vans",
        "Grüße an Carla!",
        "See you, Carla?",
        "Agreed",
        "Until Monday then",
    ],
)
def test_a_last_line_that_says_something_stays(last):
    assert newest(f"Hi Ann,\n\nTuesday at ten works.\n\n{last}\n").endswith(last)


@pytest.mark.parametrize(
    "header",
    [
        "Ann Lee schrieb am 03.03.2026 um 10:02:",
        "Ann Lee/Brightwater wrote on 03/03/2026 10:02:00:",
        "---- On Tue, 03 Mar 2026 10:02:00 +0100 Ann <a@x.example> wrote ----",
    ],
)
def test_a_quote_goes_whose_header_begins_otherwise(header):
    assert newest(f"Yes, gladly.\n\n{header}\n\nShall we?\n") == "Yes, gladly."


def test_what_introduces_marked_lines_goes_in_any_language():
    assert newest("Yes.\n\nAnn wrote:\n> Shall we?\n") == "Yes."
    assert newest("Yes.\n\n2026. 03. 03. 10:02 keltezéssel, Ann írta:\n> Shall we?\n") == "Yes."
    assert newest("Here is what I think:\n> Shall we?\nYes.") == "Here is what I think:\n\nYes."


def test_a_signature_that_only_the_html_marks_goes_from_the_text():
    raw = (
        b"From: z@x.example\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nYes please.\n\nthe big firm\nmakers of things\n\n"
        b'On 3 Mar 2026, Ann wrote:\n> hi\n--b\nContent-Type: text/html\n\n<p>Yes please.</p><div class="gmail_signature">the big firm<br>makers of <b>things</b></div>'
        b"<div class=gmail_quote>On 3 Mar 2026, Ann wrote:<blockquote>hi</blockquote></div>\n--b--\n"
    )
    assert visible_text(read(raw)) == "Yes please."


WEBMAIL = "========\n\nMessage du : 12/12/2026 13:20\nDe : Ann <ann@x.example>\nA : bob@y.example\nCopie à : \nSujet : Offre\n\nBonjour"


@pytest.mark.parametrize(
    "older",
    [
        "tir. 3. mar. 2026 kl. 10:02 skrev Ann Lee <ann@x.example\n>:\n\n> Hei\n",
        "- Le 2026-03-03 10:02, Ann a écrit :\n> Bonjour\n",
        WEBMAIL,
        "Sent from my Pixel 9\n\nHello Bob,\nshall we?\n",
        "Bob\n\nEnvoyé de mon iPhone\n\nBonjour\n",
        "---------------\nBrightwater\n\nTel. +49 40 123456\n\nwww.x.example\n\nskype: x\n\nfax: 1\n\nHouse 1\n\nHamburg\n\nDE\n",
        "> A line of a quote that some client has wrapped because it went on for too\nlong to be kept whole\n> by it\n",
        "-Maarten de Jong\n",
        "Ludwig van der Berg\n",
    ],
)
def test_what_is_older_or_signed_goes_in_less_usual_shapes(older):
    assert newest(f"Hi Ann,\n\nTuesday at ten works.\n\n{older}") == "Hi Ann,\n\nTuesday at ten works."


def test_a_first_name_right_under_the_text_goes_and_an_answer_stays():
    assert (
        newest("Great, thanks, on Tuesday then.\nBob\n\nSent from Mail for Windows 10\n")
        == "Great, thanks, on Tuesday then."
    )
    assert newest("Great, thanks.\nTuesday\n") == "Great, thanks.\nTuesday"
    assert newest("Hi Ann\nBob") == "Hi Ann\nBob"
