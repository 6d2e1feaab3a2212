"""How mail clients say that what follows is older, in the languages we read and their neighbours': patterns only.

Sources: the clients' own phrases as they stand in mail, and the lists of mail-parser-reply (MIT), whose patterns are one
per language and take seconds on a long mail; these are short, look at one line, and none begins with a repetition.
"""

from __future__ import annotations

import re

# "On Tuesday, 3 March 2026 at 10:02, Ann wrote:", put on up to four lines by a client that wraps.
BEGINS_ATTRIBUTION = re.compile(
    r"""(?:-\s)?["'“<\[(]?(?:
        (?:On|At|Am|Le|El|Em|No\ dia|Il(?:\ giorno)?|Op|Den|Dne|Dnia|W\ dniu|Il|Em|Na|Pe|Quoting|Zitat\ von|Citando|In\ data|Von|From|To)\b
        |\d{1,4}[.\-/年\s]
        |(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Mo|Di|Mi|Do|Fr|Sa|So|lun|mar|mer|jeu|ven|sam|dim|mié|jue|vie|sáb|dom|seg|ter|qua|qui|sex|
           gio|sab|ma|di|wo|vr|za|zo|man|tir|tis|ons|tor|tors|fre|lør|lör|søn|sön|pon|wt|śr|czw|pt|sob|ndz|pe|ke|to|la|su)[a-zäöåéçàìúáí]{0,7}\.?,?\s+\d
        |[^:>]{2,60}[<(][^<>()\s]+@[^<>()\s]+[>)]
    )""",
    re.VERBOSE | re.IGNORECASE,
)  # fmt: skip
WROTE = re.compile(
    r"\b(?:wrote|writes|said|schrieb|schrieben|geschrieben|a écrit|ecrit|écrit|écrivait|escribió|escribio|escribe|"
    r"escreveu|screveu|ha scritto|scrisse|scritto|schreef|heeft geschreven|het volgende geschreven|skrev|napisał|napisała|"
    r"napisał\(a\)|pisze|napsal|napsala|napsal\(a\)|napísal|kirjoitti|írta|ezt írta|a scris|yazdı|şunları yazdı|написал|"
    r"написала|пишет|пише|έγραψε)(?:\b|(?<=\)))", re.IGNORECASE,
)  # fmt: skip
# Clients that say no verb: "2026-03-03 10:02 GMT+01:00 Ann <ann@x.example>:"
DATED_ADDRESS = re.compile(
    r"(?:\d{4}\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\w{2,10}\.?,? \d{1,2}\.? \w{3,10}\.?,? \d{4}).{0,80}"
    r"[<(][^<>()\s]+@[^<>()\s]+[>)]\s?:$"
)
# "Ann Lee wrote on 3/3/2026:", by Notes and web mail: every word before the verb begins with a capital.
NAMED_FIRST = re.compile(
    r"(?!(?:As|I|You|We|He|She|They|It|When|What|Like|Since|Who|That|This|Wie|Ich|Wir|Comme|Como|Come|Zoals)\b)(?:[\"'“]?[A-ZÀ-Þ][^\s:;.?!]{0,30},?\s){1,5}(?:wrote|schrieb|a écrit|escribió|escreveu|ha scritto|schreef|skrev|napisał|kirjoitti)\b"
    r"[^?!]{0,100}(?:\d{1,2}[./-]\s?\d{1,2}|\d{4}|\d:\d\d)[^?!]{0,60}:$"
)
CLOSES_ADDRESS = re.compile(r">\s?(?:wrote|schrieb|skrev)?\s?:$")  # "<ann@x.example" and ">:" on the next line
HAS_DATE_OR_ADDRESS = re.compile(r"\d|@|<")

# "From: … Sent: … To: … Subject: …", in any order a client puts them.
FIELDS = {
    "from": "From|Von|De|Da|Van|Från|Fra|Od|Od kogo|Lähettäjä|От|Від|Expéditeur|Remitente|Mittente|Afzender|Absender|Feladó|Kimden|"
    "发件人|差出人|보낸 사람",
    "sent": "Sent|Date|Message du|Gesendet|Datum|Envoyé|Envoyé le|Date d'envoi|Enviado|Enviado el|Enviado em|Enviada em|Enviada|Fecha|Data|Inviato|"
    "Inviata|Data invio|Verzonden|Skickat|Sendt|Dato|Wysłano|Wysłane|Lähetetty|Päivämäärä|Отправлено|Дата|Odesláno|Küldve|Dátum|"
    "Gönderildi|发送时间|日時|送信日時|보낸 날짜",
    "to": "To|An|À|A|Para|Aan|Till|Til|Do|Komu|Vastaanottaja|Кому|Destinataire|Destinatario|Címzett|Kime|收件人|宛先|받는 사람",
    "cc": "Cc|Kopie|Copie à|Copie|Copia|Kopi|Kopia|DW|Kopio|Копия|抄送",
    "subject": "Subject|Betreff|Objet|Sujet|Asunto|Assunto|Oggetto|Onderwerp|Ämne|Emne|Temat|Aihe|Тема|Předmět|Tárgy|Konu|主题|件名|제목",
}
FIELD = re.compile(
    r"\s*[*_]{0,2}\s*(?:" + "|".join(f"(?P<{kind}>{names})" for kind, names in FIELDS.items())
    + r")\s{0,3}[*_]{0,2}\s?[:：]\s{0,3}[*_]{0,2}(?:\s|$|\S)", re.IGNORECASE,
)  # fmt: skip
OLDER = (
    "Original Message|Original Appointment|Original-Nachricht|Originalnachricht|Ursprüngliche Nachricht|Ursprüngliche Mail|Urspr\\. Nachricht|Message d'origine|"
    "Message d’origine|Message original|Message initial|Mail original|E-mail d'origine|Courriel original|Mensaje original|Mensagem original|Messaggio originale|"
    "Messaggio Originale|Oorspronkelijk bericht|Oorspronkelijk e-mailbericht|Origineel bericht|Originalmeddelande|Ursprungligt meddelande|"
    "Oprindelig meddelelse|Original meddelelse|Opprinnelig melding|Alkuperäinen viesti|Wiadomość oryginalna|Oryginalna wiadomość|"
    "Original email|Původní zpráva|Eredeti üzenet|Исходное сообщение|Original message from .{1,60}|Reply message|"
    "Forwarded message|Forwarded Message|Weitergeleitete Nachricht|Message transféré|Message transmis|Mensaje reenviado|"
    "Mensagem encaminhada|Messaggio inoltrato|Doorgestuurd bericht|Vidarebefordrat meddelande|Videresendt meddelelse|"
    "Videresendt melding|Przekazana wiadomość|Wiadomość przekazana|Přeposlaná zpráva|Пересылаемое сообщение|Forwarded by .{1,80}"
)
SEPARATOR = re.compile(rf"\s*[-–—_*=#\s]{{2,60}}\s?\[?\s?(?:{OLDER})\s?\]?\s?:?\s?[-–—_*=#\s]{{0,60}}$", re.IGNORECASE)
DASHED = re.compile(
    r"\s*-{2,}\s?(?:On|Am|Le|El|Em|Il|Op|Den)\b.{5,300}-{2,}\s*$"
)  # Zoho: ---- On Tue, 3 Mar 2026 Ann wrote ----
BEGIN_FORWARD = re.compile(
    r"\s*(?:Begin forwarded message|Anfang der weitergeleiteten (?:Nachricht|E-Mail)|Début du (?:message|courriel) (?:réexpédié|transféré)|"
    r"Inicio del mensaje reenviado|Início da mensagem (?:encaminhada|reencaminhada)|Inizio messaggio inoltrato|"
    r"Begin doorgestuurd bericht|Vidarebefordrat (?:mejl|brev)|Videresendt (?:besked|mail)|Start på videresendt melding)\s?[:：]$"
    r"|\s*\[?Original Message processed by david.{0,20}$",
    re.IGNORECASE,
)
REPLY_ABOVE = re.compile(
    r"reply (?:above|only above) this line|type your (?:reply|response) above|répondre au-dessus de cette ligne|"
    r"(?:oberhalb|über) dieser (?:zeile|linie) antworten|antworten sie oberhalb|responda? (?:por encima de|acima d)",
    re.IGNORECASE,
)
RULE = re.compile(r"\s*(?:_{5,}|-{5,}|={5,}|\*{5,}|─{5,}|—{3,})\s*$")
MOST_LINES = 4  # of one attribution
MOST_LETTERS = 400


def is_attribution(said: str) -> bool:
    """
    >>> is_attribution("On Tue, 3 Mar 2026 at 10:02, Ann Lee <ann@x.example> wrote:")
    True
    >>> is_attribution("On Tuesday I wrote it down.")
    False
    """
    if not said.endswith((":", "：")) or len(said) > MOST_LETTERS or not HAS_DATE_OR_ADDRESS.search(said):
        return False
    begins = BEGINS_ATTRIBUTION.match(said) and WROTE.search(said)
    return bool(begins or DATED_ADDRESS.match(said) or NAMED_FIRST.match(said))


def attribution_at(lines: list[str], at: int) -> int:
    """How many lines from this one on say who wrote what follows: 0 where they do not."""
    if not BEGINS_ATTRIBUTION.match(lines[at].lstrip()):
        return int(is_attribution(lines[at].strip()))
    said = ""
    for count, line in enumerate(lines[at : at + MOST_LINES], start=1):
        line = line.strip()
        if not line or (line.startswith(">") and not CLOSES_ADDRESS.match(line)) or (count > 1 and FIELD.match(line)):
            return 0
        said = f"{said} {line}".strip()
        if is_attribution(said):
            # A line before it that only begins like one ("On that day") is not part of it.
            again = {line.split(maxsplit=1)[0] for line in lines[at + 1 : at + count]}
            return 0 if lines[at].split(maxsplit=1)[0] in again else count
    return 0


def fields_at(lines: list[str], at: int) -> int:
    """How many lines from this one on are the headers of an older mail (Outlook's way): 0 where they are not."""
    first = FIELD.match(lines[at])
    if not first or first.lastgroup in {"cc"}:
        return 0
    kinds, length = {first.lastgroup}, 1
    for distance, line in enumerate(lines[at + 1 : at + 14], start=1):
        if field := FIELD.match(line):
            kinds.add(field.lastgroup)
            length = distance + 1
        elif (not line.strip() or distance - length >= 2) and (length + 1 < distance or len(kinds) >= 3):
            break
    is_block = {"from"} < kinds and ("sent" in kinds or "subject" in kinds) and (len(kinds) >= 3 or "@" in lines[at])
    return length if is_block else 0
