"""Why a mail came back: phrases of mail servers, then RFC 3463 status codes, to one word of sisimai's vocabulary.

The first phrase found decides, so the order is that of how much a phrase tells: what is said of the mailbox, then of the
sender, the content, the host and the way there. Hard are only those after which no later mail to the address can arrive.
"""

from __future__ import annotations

import re

HARD = {"userunknown", "hostunknown", "hasmoved", "notaccept"}

PHRASES: tuple[tuple[str, str], ...] = (
    (
        "mailboxfull",
        r"mail ?(?:box|file|folder|directory|drop)[^.\n]{0,40} (?:is |are )?(?:over(?: the)?|full|exceed|too large|size limit|has exceeded|at its quota)"
        r"|over ?quota|quota (?:is )?(?:exceeded|full|violation|would be|limit)|exceed(?:s|ed|ing)?[^.\n]{0,40}(?:quota|mailbox|storage|disk ?space|size limit for this (?:user|recipient))|mailbox[^.\n]{0,30}exceeded|mailbox full|full mailbox"
        r"|space (?:is )?not enough|full (?:mail ?box|inbox)|out of (?:storage|disk|mailbox) ?space|insufficient (?:disk|system|mailbox|user)? ?(?:storage|space|quota)|not enough (?:storage|disk|free|mailbox)? ?space|disk (?:quota|full|space)|storage (?:quota|limit|space|allocation)"
        r"|account is (?:full|over|exceeding)|user (?:is )?(?:has )?(?:over|full|too many messages|exceeded)|maildir (?:over|delivery failed)|inbox is full|box is full|boite (?:du destinataire )?pleine|mailbox has exceeded the limit"
        r"|number of messages in recipient['’]s mailbox exceeded|\b[45]\.2\.2\b|recipient (?:mailbox|storage)? ?(?:is )?(?:full|over)|mailfolder is full|postfach (?:ist )?voll|too many messages (?:on|in) (?:this|the) mailbox|メールボックスが?(?:一杯|いっぱい)|容量",
    ),
    (
        "mesgtoobig",
        r"(?:message|mail|e-?mail|content|header|line|size|attachment)[^.\n]{0,40}(?:too (?:big|large|long)|larger than|exceed[^.\n]{0,40}(?:size|limit|maximum|length)|over the (?:maximum|size)|max(?:imum)? (?:message )?size)"
        r"|exceed(?:s|ed)?[^.\n]{0,30}(?:maximum|fixed|allowed|message|incoming|inbound|mail)[^.\n]{0,20} (?:size|length|limit)|size (?:limit|exceed|restriction)|line limit exceeded|\b5\.3\.4\b|\b552[ -]5\.3\.4|RESOLVER\.RST\.(?:Send|Recip)SizeLimit",
    ),
    ("exceedlimit", r"\b[45]\.2\.3\b|message too large for this (?:user|recipient)|recipient['’]s (?:maximum|size)"),
    (
        "delivered",
        r"\b2\.[0-9]\.[0-9]\b[^.\n]{0,60}(?:delivered|accepted)|successfully (?:delivered|relayed) to the",
    ),
    (
        "norelaying",
        r"relay(?:ing)? (?:access )?(?:denied|not (?:permitted|allowed|ok)|prohibited|is prohibited|attempt|disallowed)|(?:not|unable) (?:permitted )?to relay|cannot relay|relay(?:ing)? (?:mail )?(?:to|from|for)[^.\n]{0,60}(?:denied|not|prohibited)|no relay|we do not relay|relay not permitted|must be local|not a (?:relay|gateway|open relay)|insecure mail relay|this (?:mail )?(?:server|system) (?:is not|does not)[^.\n]{0,30}relay|that domain isn['’]?t in my list of allowed rcpthosts|mail server requires authentication when attempting|verification failed for .{0,80}relay",
    ),
    (
        "authfailure",
        r"\bdmarc\b|\bspf\b|\bdkim\b|sender policy framework|unauthenticated email|authentication checks? (?:failed|fail)|fails? authentication|sender id \(pra\)|\b5\.7\.(?:20|21|22|23|26|27)\b|openspf",
    ),
    (
        "suspend",
        r"account[^.\n]{0,60}(?:disabled|suspended|inactive|deactivated|blocked|closed|locked|expired|not active|on hold|has been disabled|temporarily limited|terminated)|(?:mailbox|user|recipient|email address|address)[^.\n]{0,40}(?:is |has been |was |currently |temporarily )+(?:disabled|suspended|inactive|deactivated|frozen|not active|locked|unavailable because of|expired)"
        r"|mailbox (?:disabled|inactive|suspended|currently suspended|frozen|expired)|inactive (?:account|mailbox|user|recipient)|account (?:disabled|inactive|expired)|invalid/inactive|disabled recipient|user suspended|\buser disabled|disabled (?:user|mailbox|account)|suspended|unpaid|is a deactivated mailbox|not accepting messages because|vacationing|sleeping|this account is (?:not|no longer) (?:active|available)|boite (?:aux lettres )?(?:désactivée|inactive)|domain (?:is )?currently suspended|account is temporarily unavailable",
    ),
    (
        "hasmoved",
        r"has (?:moved|been replaced by)|address (?:has )?(?:changed|been changed)|\b[45]\.1\.6\b|new (?:e-?mail )?address(?: is)?:|user has moved|try <[^>]+>|please (?:use|forward to)[^.\n]{0,20}@",
    ),
    ("filtered", r"^\d{3} : user unknown"),  # KDDI's words where a reader's own filter refused, with the address left out
    ("mailererror", r"pipe to \||command died with|mailer error"),
    (
        "userunknown",
        r"\b(?:user|recipient|mailbox|account|addressee|username)s? (?:is |was |does |name |address |are )*(?:unknown|not (?:found|exist|known|here|local)|doesn['’]t exist|unavailable)|(?:unknown|no such|invalid|nonexistent|illegal)(?: or \w+)? (?:local )?(?:user|recipient|mailbox|username|person|account)\b|no mailbox here|RecipNotFound|no such user|user unknown|Domino ディレクトリには見つかりません|invalid final delivery|n['’]existe pas|non recensé|no existe|não existe|non esiste|bestaat niet|existiert nicht|other recipients in the same domain",
    ),
    (
        "rejected",
        r"(?:sender|from|originat|mail from|return[- ]path|reverse[- ]path|envelope)[^.\n]{0,80}(?:rejected|denied|refused|not (?:allowed|permitted|valid|exist|found|accepted|authori[sz]ed|verified|a member)|invalid|blocked|blacklisted|does not exist|bad|unknown|verification|verify fail|do not|unroutable|not verify|unresolvable|malformed|is on)"
        r"|(?:invalid|unroutable|unknown|bad|unverified|unresolvable|fake|forged|spoof\w*) (?:mail )?(?:sender|from|return path|envelope sender)|sender (?:verify|verification|domain|address)|mail from[^.\n]{0,60} (?:not|reject|refuse)|you are not (?:allowed|permitted|a member|authori[sz]ed)|not (?:allowed|authori[sz]ed|permitted) to (?:post|send)|may not have permission to (?:post|send)|no permission to (?:post|send)|send(?:ing)? to/from an address that has been blacklisted|\b5\.1\.[78]\b|domain of sender|client is not authenticated|access denied \(sender|550 (?:no such|unknown) sender|only (?:list )?members|non-?member|restricted to|'?send mail as'?|group you tried to contact|not verified|RESOLVER\.RST\.NotAuthorized|rule imposed mailbox access|dbeb|nullmx sender|null sender|empty envelope|rejecting bounces?|rejected because .{0,30}sender",
    ),
    (
        "requireptr",
        r"reverse (?:dns|lookup|name|hostname|resolution)|\bptr\b|\brdns\b|cannot (?:find|resolve) your (?:hostname|reverse)|(?:does not have|no|without|missing|invalid|valid)[^.\n]{0,20} (?:ptr|rdns|reverse)|unresolvable (?:hostname|relay host|ip)|\b5\.7\.25\b|ip (?:address )?(?:name )?(?:lookup|not|does not) (?:failed|registered|resolve)|client host rejected: cannot find|cannot resolve (?:your )?(?:host|address|ptr)|fix reverse|hostname (?:in )?(?:ptr|lookup)|all hosts? without|relay hosts? with (?:no|dynamic)|dns record",
    ),
    (
        "toomanyconn",
        r"too many (?:connections?|concurrent|sessions|errors from|recipients this|messages (?:from|sent|this session))|connection (?:rate )?limit|throttl|rate limit|simultaneous|too (?:fast|frequently|much mail)|concurrent|unusual rate|(?:sending|message) rate|reached (?:their|its|the|your)[^.\n]{0,30}(?:limit|quota)|try (?:again )?later[^.\n]{0,20}rate",
    ),
    (
        "virusdetected",
        r"\bvirus|\bmalware|infected|\btrojan|antivirus|phishing (?:message|mail|url)|worm found|potentially executable|your message[^.\n]{0,40}(?:infect|viru)",
    ),
    (
        "spamdetected",
        r"\bspam(?!cop|haus|house)\w*[^.\n]{0,60}(?:detect|reject|content|score|message|mail|refus|block|suspect|identified|found|filter|like|level|threshold|see)|(?:appears|looks|considered|classified|identified|detected|rejected|blocked|suspected|contains|marked|likely|probably|unsolicited|is)[^.\n]{0,30}\bspam\b|- spam\b|\bspam\b\W|unsolicited (?:bulk|mail|email|message)|(?:message|content|mail)[^.\n]{0,30}(?:looks like|appears to be)[^.\n]{0,20}(?:junk|unsolicited|bulk|suspicious)|bulk (?:e-?)?mail|junk mail|high probability|bayes|blacklisted url|\burib?l|content (?:is )?(?:rejected|filter|reject|policy|spam)|rejected (?:due to|by|for) (?:content|spam|anti-?spam)|block(?:ed)? for spam|antispam|dt:spam|cloudmark|rejecting (?:banned )?content|message (?:rejected as|refused by) ",
    ),
    (
        "blocked",
        r"\b(?:rbl|dnsbl|rblsmtpd|spamhaus|spamcop|sorbs|barracuda|black ?list(?:ed|ing)?|blocklist(?:ed)?|block list|black-?listed|senderbase|cbl|xbl|pbl|zen\.)\b|\b(?:client|your|sending|source|sender|connecting|host|ip|network|connections?)\b[^.\n]{0,50}\b(?:blocked|blacklisted|banned|listed|refused|rejected|denied|reputation|is not (?:allowed|permitted)|dynamic)\b|bad reputation|poor reputation|reputation|access denied\. ?ip|banned (?:sending )?ip|(?:unfortunately, )?messages from [^\n]{3,40} weren['’]t sent|connection (?:refused by|dropped by|not allowed|rejected|denied)|blocked (?:by|using|due|for)|not accepted from (?:your|dynamic|servers?)|dynamic[^.\n]{0,20}(?:ip|address|host)|too many (?:bad|unwanted|spam)|refused to talk|generic (?:ptr|rdns|hostname)|helo[^.\n]{0,40}(?:reject|invalid|denied|refus|failed|bad)|ehlo|see https?://[^\s]*(?:rbl|block)|service refused|abus(?:e|ive)|no access from mail server|firewall|daily relay quota|\b4\.7\.1\b.{0,40}(?:access|service)|greylist|gr[ae]y ?list",
    ),
    (
        "notaccept",
        r"nullmx|null mx|does(?: not|n['’]t) accept (?:any )?(?:mail|email)|no smtp service|mx or srv record indicated|host/domain does not accept mail|does not receive mail|smtp protocol returned a permanent error|name (?:service|server)[^.\n]{0,20}error for [^\n]{3,80}malformed|\b5\.1\.10\b|server does not accept mail",
    ),
    (
        "hostunknown",
        r"host (?:or domain name )?not found|unrouteable|(?:unknown|no such) (?:host|domain)|domain[^.\n]{0,40} (?:does not exist|not found|couldn['’]t be found)|nxdomain|name service error",
    ),
    (
        "policyviolation",
        r"polic(?:y|ies)|header error|duplicate header|violat(?:e|ion)|not rfc|rfc ?(?:2)?822|rfc compliant|security (?:policies|violation)|email rejected per|prohibited|closed mailing list|attachments? (?:type|not|is)[^.\n]{0,30}(?:not|block|allowed|prohibit)|denied by",
    ),
    (
        "filtered",
        r"recipient preferences|refused due to recipient|not (?:accept|want)(?:ing|ed)? (?:mail|messages?|e-?mail) from|user reject|user refuses|rejected by (?:the )?(?:user|recipient|domain|administrator|end user)|domain filter|because the recipient is (?:only|not) accepting|extended mail|your (?:message|mail|e-?mail)[^.\n]{0,30}(?:was |has been )?rejected by (?:a )?(?:filter|recipient|user)|match(?:ed)? (?:the )?filter|resolver\.rst\.(?:notauth|restricted)|has set (?:a )?filter|user agent|this (?:user|recipient|address) does not (?:accept|receive)|not accept mail|rejected by[^.\n]{0,30}(?:filter|server)|because we are using|challenge|confirm(?:ation)? (?:you|required|request)|we have (?:a )?limits?",
    ),
    (
        "userunknown",
        r"(?:user|recipient|mailbox|account|address|addressee|alias|member|person|customer|login|local ?part|name|e-?mail(?: address)?|destinat\w+|username|resource|rcpt)s?['’\")>]*(?: \S+){0,5}? (?:is |are |was |does |did |has |have |name |address |currently )*(?:unknown|not (?:be )?(?:exist|found|known|here|listed|valid|local|a (?:known|valid|local)|available|recogni[sz]ed|in (?:our|the|this|directory)|have an?|accepted|on this|present|registered|active at|defined)|doesn['’]?t exist|n['’]existe|invalid|no longer|isn['’]t|couldn['’]?t be found|wasn['’]?t found|do(?:es)? ?n[o']t|unavailable|undeliverable|unrouteable|ambiguous|deleted|removed|canceled|cancelled|terminated)"
        r"|(?:no such|unknown|invalid|bad|nonexistent|non-existent|non existent|illegal|undefined|unrecogni[sz]ed|incorrect|no valid|no)(?: or \w+)?(?: local)?(?: e-?mail| virtual| destination| mailbox| recipient| forward)? ?(?:user|recipient|mailbox|person|account|address|alias|destination|rcpt|local ?part|addressee|login|host here|name|mailbox here|recipients|users?)\b|unknown (?:local|address|account|to|or)|user not|not (?:a )?(?:valid|known|our|local)(?: local)? (?:user|recipient|mailbox|customer|account|address|member|email)|not our customer|no mailbox|mailbox (?:not|unavailable|does|unknown|invalid)|does(?: not|n['’]?t) (?:have|exist|seem|like|match|appear)|doesn['’]t have (?:a|an)|can(?:no|['’])t (?:find|accept|verify)[^.\n]{0,30}(?:user|recipient|address|mailbox)|there is no (?:user|such|one|account)|no one (?:here )?by that name|not listed in|not in (?:my|our|the|domino|directory|public)|destination addresses were unknown|address (?:error|not present|rejected|could not be found|couldn)|could not be (?:found|matched)|account (?:has been )?(?:deleted|removed|closed|that)|check (?:if )?(?:the )?(?:recipient|address|e-?mail)|recipient (?:address )?(?:rejected|denied|refused)|no local (?:mailbox|user)|domino ディレクトリには見つかりません|見つかりませんでした|utilisateur inconnu|inconnu|unbekannt|desconocid|sconosciut|onbekend|\b5\.1\.[01346]\b|RecipNotFound|recipientnotfound|NoSuchUser|address(?:ee)? unknown|user is (?:not|un)|user_unknown|unrouteable mail|no account|is not a valid (?:mailbox|user|recipient|address)|not exist|this account (?:does|has|is)|\bno user\b|misspell|mailbox name not allowed|you sent[^.\n]{0,30}(?:does|no longer|not)|unable to validate recipient|recipient no longer on server|\brecipno",
    ),
    (
        "hostunknown",
        r"(?:host|domain|mx|name|server|site|hostname|dns|destination)[^.\n]{0,80}(?:unknown|not (?:be )?found|nxdomain|does not exist|doesn['’]?t exist|non-?existent|lookup (?:fail|error)|no (?:mx|a record|such|dns)|couldn['’]?t (?:be )?(?:find|found|resolve)|could not be (?:found|resolved)|unresolvable|not known|invalid|couldn|is not found|failed)|(?:no such|unknown|invalid|bad|cannot find|can['’]?t find|couldn['’]?t find|unrouteable|unroutable|unresolvable|illegal) (?:any )?(?:host|domain|mx|destination|mail ?exchanger|address|mail domain|a record|server)|unrouteable|\b5\.1\.2\b|mx (?:lookup|record)|no mx|domain (?:name )?(?:is )?(?:expired|must|required)|dns (?:error|failure|server|lookup)|all relevant mx|name or service not known|host or domain name",
    ),
    (
        "networkerror",
        r"(?:hop count|too many hops|routing loop|mail (?:is )?loop|loops? back|loop detected|message (?:is )?looping|maximum hop|relaying loop|mail loop)|no route to host|network (?:is )?unreachable|name ?server (?:error|fail)|dns records? for|host (?:is )?unreachable|malformed (?:or unexpected )?name server|temporar(?:y|ily) (?:name|dns|lookup)|could not connect and send|\b[45]\.4\.6\b|pass[- ]?through|connection (?:reset|aborted|dropped)",
    ),
    (
        "expired",
        r"expired|failed \d+ attempts|timed? ?out|timeout|(?:could not|cannot|can['’]t|unable to|couldn['’]t|failed to|did not|not) (?:be )?(?:delivered (?:for|within|in)|deliver(?:ed)? (?:for|within|in|after)|connect|contact|accept our requests to connect|establish|reach|responding)|not responding|delay(?:ed)?|retry time|connection refused|has been in the queue|too (?:old|long)|will (?:keep|continue|be re)|undeliverable for|max(?:imum)? (?:retries|retry|time)|been failing for a long|still being|server (?:is )?(?:down|busy)|\b[45]\.4\.[127]\b|delivery (?:time|attempts?)|within \d+ (?:day|hour|minute)|for more than|retries|giving up|gave up|lost connection|queue\.expired|conversation with|no answer from|was not delivered within|socket error|lifetime",
    ),
    (
        "contenterror",
        r"\b[45]\.6\.\d\b|conversion|improper(?:ly)? (?:use|format)|8-?bit|mime (?:error|format|encod)|malformed (?:header|mime)|header[^.\n]{0,20}(?:invalid|bad|duplicate)|illegal attachment|message (?:filtered|header size)|charset|unacceptable content|bad (?:header|character)",
    ),
    ("syntaxerror", r"syntax error|malformed address|(?:command|parameter) (?:not|unrecogni)|unrecogni[sz]ed command|bad sequence|\b50[0-3] |incorrectly constructed|\b5\.5\.[24]\b"),
    (
        "securityerror",
        r"security|\btls\b|\bssl\b|authentication (?:required|fail|error)|must (?:issue|authenticate)|access denied|not authori[sz]ed|authori[sz]ation|certificate|encryption|\b5\.7\.[0-9]{1,2}\b|verification failure|you are (?:not )?(?:authori|sending)",
    ),
    ("onhold", r"on hold|under review|quarantin"),
    (
        "mailererror",
        r"\bcommand (?:died|failed|time)|(?:pipe|mailer|filter|local delivery|program|procmail|vacation|script)[^.\n]{0,40}(?:error|fail|exit|died|returned|status)|exit (?:status|code)|x-unix|bad interpreter|cannot exec|not running|\bpipe to \||signal (?:received|\d)|mailer error",
    ),
    (
        "systemfull",
        r"(?:file ?system|disk|server)[^.\n]{0,20} full|no space left|insufficient (?:system )?(?:resources|storage)|\b[45]\.3\.1\b|\b452[ -]",
    ),
    (
        "systemerror",
        r"system (?:error|problem|failure|configuration|is not)|internal (?:server|system|software|error)|local (?:error|configuration)|configuration (?:error|problem)|temporar(?:y|ily) (?:local |system |server )?(?:failure|error|problem|unavailable|rejected|deferr)|service (?:unavailable|not available|currently)|not capable|unexpected|can(?:not|['’]t) (?:create|open|lock|write|allocate)|(?:loop|duplicated) (?:alert|message-id)|aliasing|out of memory|server (?:error|fail|config)|resources|\b[45]\.3\.\d\b|does not support|transaction failed|protocol error|timeout while|lmtp|i/o error|database",
    ),
    ("blocked", r"\brejected\b|\brefused\b|access denied|denied"),
)  # fmt: skip
# An address or a link may be called anything.
NAMES_ONLY = re.compile(r"https?://\S+|<?[^\s<>()\[\]:;,\"']+@[^\s<>()\[\]:;,\"']+>?")
REASONS = tuple((reason, re.compile(phrases, re.IGNORECASE)) for reason, phrases in PHRASES)

# RFC 3463, where no phrase said more.
STATUS = {
    "1.0": "userunknown", "1.1": "userunknown", "1.2": "hostunknown", "1.3": "userunknown", "1.4": "filtered", "1.6": "hasmoved",
    "1.7": "rejected", "1.8": "rejected", "1.10": "notaccept", "2.0": "filtered", "2.1": "suspend", "2.2": "mailboxfull",
    "2.3": "exceedlimit", "2.4": "filtered", "3.0": "systemerror", "3.1": "systemfull", "3.2": "notaccept", "3.3": "systemerror",
    "3.4": "mesgtoobig", "3.5": "systemerror", "4.0": "networkerror", "4.1": "expired", "4.2": "networkerror", "4.3": "systemerror",
    "4.4": "hostunknown", "4.5": "systemerror", "4.6": "networkerror", "4.7": "expired", "5.0": "mailererror", "5.1": "systemerror",
    "5.2": "syntaxerror", "6.0": "contenterror", "6.1": "contenterror", "6.2": "contenterror", "6.3": "contenterror",
    "7.0": "securityerror", "7.1": "securityerror", "7.9": "securityerror", "7.13": "suspend", "7.25": "requireptr",
}  # fmt: skip


# These say more than any words.
TELLING = {"1.2", "1.6", "1.7", "1.8", "1.10", "2.2", "2.3", "3.2", "3.4", "4.6", "7.13", "7.25"}
REFUSED = re.compile(
    r"(?:recipient|sender|client host|helo command|data command|end-of-data) (?:address )?rejected:", re.IGNORECASE
)
CODE = re.compile(r"(?<![\d.])[45]\.(\d{1,3}\.\d{1,3})(?![\d.])")


def reason_for(said: str, status: str) -> str:
    """
    >>> reason_for("550 5.1.1 <ann@x.example>... User Unknown", "5.1.1"), reason_for("", "4.4.7"), reason_for("", "")
    ('userunknown', 'expired', 'undefined')
    >>> reason_for("550 5.7.1 <ann@x.example>: Recipient address rejected: Message size exceeds limit", "")
    'mesgtoobig'
    """
    code = next((code for code in CODE.findall(said) if code in TELLING), status[2:] if status[2:] in TELLING else "")
    if code:
        return STATUS[code]
    said = NAMES_ONLY.sub(" ", " ".join(said.split()))
    wrapped = REFUSED.split(said, maxsplit=1)
    if len(wrapped) == 2:
        inner = _phrase(wrapped[1]) or STATUS.get(next(iter(CODE.findall(said)), status[2:]), "")
        if inner not in {"", "blocked", "securityerror"}:
            return inner
    return _phrase(said) or STATUS.get(status[2:], "undefined")


def _phrase(said: str) -> str:
    return next((reason for reason, phrases in REASONS if phrases.search(said)), "")


def is_hard(reason: str, status: str) -> bool:
    """Whether the address is gone for good. What a server says only for now (4.x.x) is not."""
    return reason in HARD and not status.startswith("4")
