"""A mail that says our mail did not arrive: `bounce_of(mail)` gives the address, the reason and whether it is for good.

Source: RFC 3464 reports where there is one, else what mail servers write in their own words (the shapes that flufl.bounce and
sisimai know), and only if a server wrote it: a person who tells us of a bounce is a person. Reasons in sisimai's vocabulary.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from automation.mail.bounce_reasons import is_hard, reason_for
from automation.mail.decoding import decoded
from automation.mail.parts import Bounce, Mail

REPORT_LIMIT = 60_000  # characters of a report that are looked at
LINES_LIMIT = 3_000
SAID_LIMIT = 1_500  # of what one server said
ADDRESS = re.compile(
    r"[^\s<>()\[\]:;,\"'`=*{}|\\]{1,120}@[^\s<>()\[\]:;,\"'`=*{}|\\]{1,120}[^\s<>()\[\]:;,\"'`=*.{}|\\]"
)
SERVERS = re.compile(
    r"mailer-?daemon|^postmaster|mail-?daemon|^mdaemon|^bounces?[-+@]|^double-?bounce|^mail-?system|^postoffice|^mailadm|^delivery|^maildelivery|"
    r"^maildelivery|^mail\.?delivery|^uucp@|^mmdf@|^dsn[-@]|^ndr[-@]|^noreply-dmarc|^smtp-?(?:daemon|server)", re.IGNORECASE,
)  # fmt: skip
NO_REPLY = re.compile(r"^(?:no-?reply|do-?not-?reply)", re.IGNORECASE)
SERVER_NAMES = re.compile(
    r"mail(?:er)?[ -]?(?:delivery|daemon|administrator|system)|delivery (?:sub)?system|postmaster|system administrator|internet mail delivery|mail router|"
    r"mail transfer agent", re.IGNORECASE,
)  # fmt: skip
FAILED = re.compile(
    r"undeliver(?:ed|able|y)|not be(?:en)? (?:able to be )?delivered|(?:un|not )able to (?:be )?deliver|non[- ]?deliver(?:y|ed|able)|nondeliver|(?:returned|bounced) (?:mail|message|to sender|e-?mail)|return(?:ing)? message to sender|mail (?:delivery )?(?:fail|error|status|system error|could not|not deliver)"
    r"|delivery (?:has )?(?:fail|status|error|problem|notification|report|to (?:the|these) (?:following|recipients?)|is delayed|incomplete|delay|reports? about)|fail(?:ed|ure)[ -]?(?:notice|deliver|to deliver|notification|mail)|failure delivery|message (?:delivery )?(?:has )?(?:fail|delay|not deliver|status|could not|undeliver|you sent|delivery has)|could(?: not|n['’]t) be delivered|(?:was|were|is|be) ?n[o']t (?:be )?delivered"
    r"|permanent (?:fatal )?(?:delivery )?(?:error|failure)|(?:delivery|message|mail) (?:is |has been )?delayed|unzustellbar|nicht zugestellt|konnte nicht|unzustellbarkeit|non remis|échec de (?:la )?(?:remise|distribution)|non délivré|no se (?:ha )?(?:pudo|podido|puede) entregar|no entregado|não (?:foi )?(?:pôde|possível|entregue|pode)|mancata consegna|non (?:è stato )?recapitat|niet (?:worden )?(?:bezorgd|afgeleverd)|onbestelbaar|kunde inte levereras|kunne ikke leveres"
    r"|не (?:доставлен|удалось|может быть доставлен)|送信できません|配信(?:できません|エラー)|エラー通知|メールエラー|system error|returned mail|warning: (?:could not|message)|failed (?:permanently|addresses|recipients|mail)|did not reach|had (?:permanent|delivery|fatal)|unknown recipient|recipient unknown|user unknown|cannot be delivered|can ?not deliver|无法(?:发送|送达|投递)|投递失败|退信|mail has been returned|error (?:delivering|sending)|problems? delivering|rejected (?:mail|your message)|invalid (?:recipient|address)|were undeliverable|attention: your message|nondelivery|mta-blocked|your message (?:to|was|has|could|couldn)"
    r"|not (?:a )?member|loop alert|may not exist, or you may not|group you tried",
    re.IGNORECASE,
)  # fmt: skip
# A server that names itself like a person still writes like a server.
LISTED = re.compile(
    r"(?:could not|cannot|can not|unable to|not) (?:be )?(?:delivered|deliver(?: it)?|reach(?:ed)?)[^.]{0,20} (?:to |the )+following|non-?delivery report|failed recipients|"
    r"did not reach the following|following (?:recipient|address|user)\w*[^.\n]{0,30} (?:fail|not)|exceeded maximum delivery", re.IGNORECASE,
)  # fmt: skip
SMTP_SAID = re.compile(r"(?<![\d.])(?:[45]\d\d[ \-#:]+\(?#?[45]\.\d{1,3}\.\d{1,3}(?!\d)|5[0-5]\d[ -]+\D|#[45]\.\d\.\d)")
STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
# A line from which on our own mail stands.
ORIGINAL = re.compile(
    r"[- ]{2,80}(?:original|this is a copy|below this line|included is|the (?:header|unsent|following is)|message (?:header|follow|text)|returned|forwarded|unsent|body of|enclosed|transcript of (?:message|the mail)|your (?:original )?message|begin)"
    r"|original (?:message|mail) (?:follows|as follows|headers?)|(?:message )?(?:headers?|contents|text) follows?\b|message follows?|content-type: message/rfc822|return-path:|received: (?:from|by|\()|included is a copy|the (?:original|first \d+ lines|text|body|header)\b.{0,40} (?:message|follows|mail).{0,30}:$"
    r"|copy of (?:the|your) message|here is a copy|(?:message|headers) follow|={5,80} ?original|x-mailer:|dkim-signature:|your (?:original )?message (?:follows|reads)", re.IGNORECASE,
)  # fmt: skip
GIVES_ADDRESS = re.compile(
    r"(?:final-recipient|original-recipient|x-failed-recipients|recipient|rcpt to|to|failed|recipients?|address(?:es)?|user|delivered to|"
    r"envelope to|deliver(?:ed|y)?(?: message| mail| your mail)? to|destination)[^\n@]{0,40}$",
    re.IGNORECASE,
)
AFTER_DATA = re.compile(
    r"end of data|after data|smtp command[ -]*\s*data|end of (?:the )?data|in reply to (?:the )?end of|final data|>>> data",
    re.IGNORECASE,
)
AFTER_SENDER = re.compile(r"(?:after|in reply to(?: the)?|command:?) mail from", re.IGNORECASE)
INTRODUCED = re.compile(
    r"(?:returned was|response was|server said|responded with|failed with|\bsaid|\breason):\s", re.IGNORECASE
)
ACTIONS = {"failed", "delayed", "delivered", "relayed", "expanded"}


@dataclass(frozen=True)
class _Recipient:
    address: str
    action: str
    status: str
    said: str


def bounce_of(mail: Mail) -> Bounce | None:
    """None for mail that is not one: a report that a mail did arrive is none either."""
    if notified := _notification(mail):
        return notified
    recipients = [each for each in _reported(mail) if each.action != "delivered"]
    told = _own_words(mail)
    if not recipients and not _is_by_server(mail, told):
        return None
    first = next((each for each in recipients if each.action != "delayed"), recipients[0] if recipients else None)
    if _reported(mail) and not recipients:
        return None
    address = (first.address if first else "") or _address_told(mail, told)
    said, status = (first.said, first.status) if first else ("", "")
    return _bounce(address, said, status, told, mail, delayed=bool(first and first.action == "delayed"))


def is_complaint(mail: Mail) -> bool:
    """Whether a mail server tells us that somebody marked our mail as spam (RFC 5965)."""
    kind = " ".join(mail.headers.get("content-type", ())).lower()
    parts = any(each.type == "message/feedback-report" for each in mail.attachments)
    return (
        parts
        or "report-type=feedback-report" in kind.replace('"', "")
        or '"notificationtype":"complaint"' in _compact(mail)
    )


def complainer(mail: Mail) -> str:
    """Whose complaint it is: the reader to whom the mail had gone; "" where the report does not say."""
    for part in mail.attachments:
        if part.type == "message/feedback-report":
            for fields in _paragraphs(decoded(part.content[:REPORT_LIMIT])):
                if found := ADDRESS.findall(fields.get("original-rcpt-to", "")):
                    return found[0].lower()
    named = re.search(r'"complainedrecipients":\[\{"emailaddress":"([^"]{3,254})"', _compact(mail))
    return named[1] if named else ""


def _bounce(address: str, said: str, status: str, told: str, mail: Mail, *, delayed: bool) -> Bounce:
    said = said[:SAID_LIMIT]
    inner = [found for found in STATUS.findall(said) if not found.endswith(".0.0")]
    if inner and (not status or status.endswith(".0.0") or status.startswith(inner[-1][0])):
        status = inner[-1]
    reason = reason_for(said, "") if said else "undefined"
    if reason in {"undefined", "blocked", "expired", "systemerror", "securityerror"}:
        more = _told_by_server(told)
        found = reason_for(more, "") if more else "undefined"
        if reason == "undefined" or (
            reason not in {"expired"} and found in {"userunknown", "hostunknown", "mailboxfull", "suspend"} and not said
        ):
            reason = found
        if not status and (codes := STATUS.findall(more)):
            status = codes[-1]
    if reason == "undefined":
        reason = reason_for(mail.subject, status)
    if reason == "undefined":
        reason = reason_for("", status)
    if reason == "undefined" and delayed:
        reason = "expired"
    if reason == "undefined" and address.endswith("@googlegroups.com"):
        reason = "rejected"  # said in each of its languages: who is no member may not post
    if reason == "userunknown" and not status.endswith(".1.1") and AFTER_DATA.search(f"{said}\n{told}"):
        reason = "filtered"  # a server that took the address and refused the mail did not say so of the address
    if reason in {"userunknown", "hostunknown"} and AFTER_SENDER.search(told):
        reason = "rejected"  # it is our own address that it did not know
    return Bounce(address=address.lower(), reason=reason, hard=is_hard(reason, status) and not delayed)


# RFC 3464


def _reported(mail: Mail) -> list[_Recipient]:
    found: list[_Recipient] = []
    for part in mail.attachments:
        if part.type in {"message/delivery-status", "message/global-delivery-status"}:
            found += _recipients(decoded(part.content[:REPORT_LIMIT]))
    if not found and re.search(
        r"^(?:final|original)-recipient:", mail.text[:REPORT_LIMIT], re.IGNORECASE | re.MULTILINE
    ):
        found = _recipients(_before_original(mail.text))
    return found


def _recipients(report: str) -> list[_Recipient]:
    found: list[_Recipient] = []
    for fields in _paragraphs(report):
        action = fields.get("action", "").lower().partition(" ")[0].strip("();,.")
        named = (
            fields.get("original-recipient") or fields.get("final-recipient") or fields.get("x-actual-recipient") or ""
        )
        addresses = ADDRESS.findall(named.partition(";")[2] or named)
        final = ADDRESS.findall(fields.get("final-recipient", ""))
        if not action and not addresses and "diagnostic-code" not in fields and "status" not in fields:
            continue
        status = next(iter(STATUS.findall(fields.get("status", ""))), "")
        said = fields.get("diagnostic-code", "")
        kind, _, rest = said.partition(";")
        said = rest.strip() if rest and len(kind) < 40 else said
        if not said and "(" in fields.get("status", ""):
            said = fields["status"].partition("(")[2]
        if action not in ACTIONS:
            action = "delivered" if status.startswith("2") else "failed"
        action = "delivered" if action in {"relayed", "expanded"} else action
        found.append(_Recipient((addresses or final or [""])[0], action, status, said))
    return found


def _paragraphs(report: str) -> list[dict[str, str]]:
    """Groups of fields, one a recipient; the lines that continue a field are joined to it. Some servers leave the blank line out."""
    groups: list[dict[str, str]] = [{}]
    name = ""
    for line in report.split("\n")[:2_000]:
        if not line.strip():
            if groups[-1]:
                groups.append({})
            name = ""
        elif line[0] in " \t" and name:
            groups[-1][name] += " " + line.strip()
        elif field := re.match(r"([A-Za-z][\w-]{1,40}):\s*(.*)", line):
            name = field[1].lower()
            if name == "final-recipient" and name in groups[-1]:
                groups.append({})
            groups[-1].setdefault(name, field[2].strip())
    return [group for group in groups if group]


# Servers' own words


def _own_words(mail: Mail) -> str:
    text = mail.text[:REPORT_LIMIT]
    if not text.strip() and mail.attachments:  # a report whose parts are broken: one lump
        text = decoded(mail.attachments[0].content[:REPORT_LIMIT])
    return _before_original(text)


def _before_original(text: str) -> str:
    at = 0
    for line in text.split("\n")[:LINES_LIMIT]:
        if at > 20 and ORIGINAL.match(" ".join(line[:200].lstrip("> ").split())):
            return text[:at]
        at += len(line) + 1
    return text[:20_000]


def _is_by_server(mail: Mail, told: str) -> bool:
    kind = " ".join(mail.headers.get("content-type", ())).lower().replace('"', "")
    if "report-type=delivery-status" in kind:
        return True
    if "x-failed-recipients" in mail.headers:
        return True
    headline = f"{mail.subject}\n{told[:3_000]}"
    by_server = (
        bool(SERVERS.search(mail.sender.email) or SERVER_NAMES.search(mail.sender.name)) or not mail.sender.email
    )
    unanswerable = "<>" in mail.headers.get("return-path", ())
    if NO_REPLY.search(mail.sender.email) and any(each.type == "message/rfc822" for each in mail.attachments):
        by_server = True
    if not (by_server or unanswerable):
        said = SMTP_SAID.search(told) or (LISTED.search(told) and ADDRESS.search(told))
        return bool(FAILED.search(mail.subject) and said and not mail.in_reply_to)
    has_known = any(
        name in mail.headers for name in ("received", "return-path", "from", "date", "subject", "message-id")
    )
    return has_known and bool(FAILED.search(headline)) and bool(by_server or FAILED.search(mail.subject))


def _told_by_server(told: str) -> str:
    """What the refusing server said, out of all that the reporting one wrote around it."""
    lines = told.split("\n")
    for number, line in enumerate(lines):
        if re.search(r"(?<![\d.])[45]\d\d[ -]|(?<![\d.])#?[45]\.\d\.\d", line) and not re.match(
            r"\s*(?:Date|Received|Message-Id)", line
        ):
            return INTRODUCED.split("\n".join(lines[max(0, number - 1) : number + 6]))[-1][:SAID_LIMIT]
    for number, line in enumerate(lines[:-1]):
        if re.fullmatch(r"[\s<\"']*\S+@[^\s>\"']+[>\"']*:?\s*", line) and lines[number + 1].strip():
            return "\n".join(lines[number + 1 : number + 5])[:SAID_LIMIT]
    return re.sub(
        r"This message was created automatically by mail delivery software\.?|one or more of its|is a permanent error",
        " ",
        told,
    )[:SAID_LIMIT]


def _address_told(mail: Mail, told: str) -> str:
    ours = {person.email for person in (*mail.to, *mail.cc)} | {mail.sender.email}
    for header in ("x-failed-recipients", "x-actual-recipient"):
        if found := ADDRESS.findall(" ".join(mail.headers.get(header, ()))):
            return found[0]
    candidates: list[tuple[int, int, str]] = []
    for at, match in enumerate(ADDRESS.finditer(told)):
        address = match[0].lower().strip("-_.>")
        before = told[max(0, match.start() - 60) : match.start()]
        line = before.rpartition("\n")[2].strip(" \t<\"'>")
        if (
            address in ours
            or SERVERS.search(address)
            or re.search(r"message-id|from:?\s*<?$|mail from|sent by|postmaster|contact|help", line, re.I)
        ):
            continue
        candidates.append((0 if not line or GIVES_ADDRESS.search(line + " ") else 1, at, address))
    if candidates:
        return min(candidates)[2]
    for part in mail.attachments:
        if part.type in {"message/rfc822", "text/rfc822-headers"}:
            to = re.search(
                r"^to:\s*([^\n]*(?:\n[ \t][^\n]*)*)", decoded(part.content[:REPORT_LIMIT]), re.IGNORECASE | re.MULTILINE
            )
            if to and (found := ADDRESS.findall(to[1])):
                return found[0]
    to = re.search(r"^[> ]*to:\s*([^\n]*)", mail.text[len(told) : REPORT_LIMIT], re.IGNORECASE | re.MULTILINE)
    return next(iter(ADDRESS.findall(to[1])), "") if to else ""


# Amazon tells by a notification of its own, in JSON


def _compact(mail: Mail) -> str:
    text = mail.text[:REPORT_LIMIT]
    return re.sub(r"\\", "", re.sub(r"\s", "", text)).lower() if "notificationtype" in text.lower() else ""


def _notification(mail: Mail) -> Bounce | None:
    if '"notificationtype":"bounce"' not in _compact(mail):
        return None
    try:
        said = json.loads(mail.text.strip().partition("\n--")[0])
        said = json.loads(said["Message"]) if isinstance(said.get("Message"), str) else said
        bounce = said["bounce"]
        first = bounce["bouncedRecipients"][0]
        told, status = str(first.get("diagnosticCode", "")), str(first.get("status", ""))
        return _bounce(str(first["emailAddress"]), told, status, "", mail, delayed=False)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        found = re.search(r'emailaddress\W{1,8}([^"\\]+@[^"\\]+)', mail.text[:REPORT_LIMIT], re.IGNORECASE)
        return _bounce(found[1] if found else "", mail.text[:SAID_LIMIT], "", "", mail, delayed=False)
