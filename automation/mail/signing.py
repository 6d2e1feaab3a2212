"""Where somebody signs: phrases that end a mail, what a signature is made of, what programs and companies add.

Used by visible.py on one stretch of text that a person wrote. Sources: the languages' usual endings; the shapes of signatures
in mail. What could be an answer ("No", "Thursday") is never taken for a name.
"""

from __future__ import annotations

import re

_REGARDS = (
    # English
    r"(?:(?:with )?(?:my |our )?(?:kind|kindest|best|warm|warmest|many|cordial|friendly|sincere)(?:est)?(?: and \w+)? )?(?:regards|rgds|rgrds|greetings)"
    r"|(?:all (?:the|my) )?(?:very )?best(?: wishes| always)?|(?:with )?(?:best|kind|warm|good) wishes|br|kr|b\.? ?rgds|b\. ?r\.?|k\. ?r\."
    r"|(?:yours |very )?(?:truly|sincerely|faithfully|respectfully|cordially)(?: yours)?|yours|cheers|warmly|love|xo+|respectfully"
    r"|take care|talk soon|speak soon|(?:thanks|thank you|many thanks)(?: you)? (?:and|&|\+|,) (?:(?:kind|best|warm) )?regards|sent with thanks"
    # German
    r"|(?:mit )?(?:freundlich(?:en|e|em)?|best(?:en|e|em)?|herzlich(?:en|e|em)?|lieb(?:en|e)?|viel(?:en|e)?|schön(?:en|e)?|sonnig(?:en|e)|kollegial(?:en|e)|freundl\.?)"
    r"(?: und \w+)? (?:gr(?:ü|ue)(?:ß|ss)(?:en|e)?|gru(?:ß|ss)|empfehlungen)(?: aus \w+| nach \w+)?|gr(?:ü|ue)(?:ß|ss)(?:e|le)?(?: aus \w+)?|gru(?:ß|ss)|(?:m ?f ?g|lg|vg|bg|hg|mfg)"
    r"|hochachtungsvoll|herzlichst|ihr(?:e)?|beste wünsche|schöne grüße"
    # French
    r"|(?:bien |très |tres )?(?:cordialement|amicalement|sincèrement|respectueusement)(?: vôtre| à vous)?|cdlt|cdt|(?:meilleures|sincères|mes|nos|cordiales|respectueuses)(?: \w+)? salutations|salutations(?: \w+)?"
    r"|(?:bien )?à vous|bien à toi|à bientôt|(?:très )?bonne (?:journée|soirée|fin de journée|semaine|réception)(?: à vous)?|bon week-?end|amitiés"
    r"|(?:je vous prie|veuillez|nous vous prions) [^.?!]{0,30}(?:agréer|croire|recevoir)[^?!]{0,120}"
    # Spanish
    r"|(?:un |muchos |reciba un |recibe un |mis )?(?:cordial(?:es)? |afectuoso |fuerte |atento )?(?:saludo|saludos|abrazo|abrazos)(?: cordial(?:es)?| afectuosos?| atentos?)?(?: y \w+)?"
    r"|(?:muy )?atentamente|atte|cordialmente|sin otro particular|quedo (?:atent[oa]|a la espera)[^.?!]{0,40}"
    # Portuguese
    r"|(?:com )?(?:os )?(?:meus )?(?:melhores |cordiais )?(?:cumprimentos|saudações)|atenciosamente|att|abs|abraços?|(?:um )?(?:grande )?abraço|cordialmente|respeitosamente"
    # Italian
    r"|(?:cordiali|distinti|cari|un cordiale|i miei più cordiali|tanti|migliori|i migliori) (?:saluti|saluto)|saluti(?: cordiali)?|cordialmente|un saluto|a presto|buona (?:giornata|serata)|buon lavoro"
    # Dutch
    r"|(?:met )?(?:vriendelijke|hartelijke|beste|warme|vr\.?|groene|zonnige|sportieve) (?:groet|groeten|gr\.?)|groet(?:en|jes)?|gr\.?|mvg|m\.?v\.?g\.?|hoogachtend|fijne (?:dag|avond|week)"
    # The North, Poland, Czechia, Finland
    r"|(?:med )?(?:vänliga?|venlige?|vennlig|bästa|beste|bedste|varma|hjertelig|mange)(?: \w+)? (?:hälsningar?|hilsen|hilsner)|hälsningar?|hilsen|(?:de )?bedste hilsner|mvh|vh|dbh|kh|hälsn"
    r"|z poważaniem|z powazaniem|pozdrawiam(?: serdecznie)?|(?:serdeczne )?pozdrowienia|s pozdravem|s úctou|ystävällisin terveisin|terveisin|parhain terveisin|yt|üdvözlettel"
    r"|с уважением|cu stimă|saygılarımla"
)
# Ends a mail only where a name or more of a signature follows.
_THANKS = (
    r"(?:(?:many|much|with) )?(?:thanks|thx|tks|thanx|ta|ty|thank you|thankyou|thanking you)(?: (?:again|all|a lot|a million|so much|very much|you|kindly|in advance|for your (?:help|time)|and (?:best|take care)|much|guys|team))*"
    r"|much (?:appreciated|obliged)|appreciated?|appreciate it|have a (?:great|good|nice|lovely|wonderful|fantastic) (?:day|weekend|evening|week|one|time|afternoon)(?: ahead)?"
    r"|(?:looking|look) forward|until (?:then|soon)|see you(?: \w+)?|later|ciao|bye(?: for now)?|peace|enjoy(?: your \w+)?|your(?:s)? friend"
    r"|(?:vielen|herzlichen|besten|lieben|schönen) dank(?: (?:im voraus|und viele grüße|vorab|nochmals))?|danke(?: (?:schön|sehr|dir|ihnen|im voraus|vorab))*|(?:einen )?schönen? (?:tag|abend|woche|wochenende)(?: noch)?|bis (?:bald|dann)|tschüss"
    r"|merci(?: (?:beaucoup|bien|d['’]avance|par avance|et bonne journée|à vous))*|(?:avec mes|mes) remerciements"
    r"|(?:muchas |mil )?gracias(?: (?:de antemano|por adelantado|y saludos))?|(?:que tenga )?(?:un )?buen(?:as?)? (?:día|tardes?|semana)"
    r"|(?:muito )?obrigad[oa](?: (?:desde já|pela atenção))?|grat[oa]|(?:tenha )?(?:um )?(?:bom|boa) (?:dia|tarde|semana|fim de semana)|até (?:breve|logo)"
    r"|(?:molte |mille )?grazie(?: (?:mille|in anticipo|ancora|e saluti))?|ringrazi\w+"
    r"|(?:alvast )?(?:bedankt|dank(?: je| u)?(?: wel)?)(?: alvast)?|hartelijk dank|met dank|tot (?:snel|dan|ziens)"
    r"|tack(?: så mycket| på förhand)?|(?:mange )?tak(?: på forhånd)?|takk|dziękuję|dzięki|děkuji|kiitos|спасибо"
)
REGARDS = re.compile(rf"(?:{_REGARDS})", re.IGNORECASE)
THANKS = re.compile(rf"(?:{_THANKS})", re.IGNORECASE)
REGARDS_AND_NAME = re.compile(rf"(?:{_REGARDS})\s?(?:[,.!:–—-]|\s)\s?(?P<name>\S.{{0,60}})", re.IGNORECASE)
THANKS_AND_NAME = re.compile(rf"(?:{_THANKS})\s?(?:[,.!:–—-]|\s)\s?(?P<name>\S.{{0,60}})", re.IGNORECASE)
ENDING = " \t,.!;:-–—~*_…\u200b\ufeff)😊🙂☺️👍🙏"

DELIMITER = re.compile(r"\s*(?:--|__|—|–|—-|-- ?-|—--)\s*$")
LONG_RULE = re.compile(r"\s*(?:[_]{3,}|[-]{3,}|[=]{5,}|[*]{5,}|[─—]{3,})\s*$")
DEVICE = re.compile(
    r"\s*[<(\[*]?(?:"
    r"Sent (?:from|via|with|using|by|on) (?:my|a|an|the|mail|outlook|yahoo|proton|blackberry|iphone|ipad|samsung|android|mobile|\w+)(?:[^?!;,.]|\.(?=\w)){0,70}\.?"
    r"|via (?:mobile|iphone|ipad|android|blackberry)|Get (?:Outlook|BlueMail|Yahoo Mail) for .{1,40}|Von meine[mr] .{1,40} (?:gesendet|versendet)\b.{0,20}|Gesendet (?:von|mit|über|vom|aus) .{1,60}|Diese Nachricht wurde von meinem .{1,60} gesendet"
    r"|(?:Holen Sie sich|Hol dir) Outlook .{1,30}|(?:Envoyé|Envoyée?) (?:de|depuis|à partir d|avec|via|par) ?.{1,60}|Télécharger Outlook .{1,30}|Obtenez Outlook .{1,30}"
    r"|Enviado (?:desde|de|do|da|a partir|con|via|através|pelo|por) .{1,60}|Obtener Outlook .{1,30}|Obter o Outlook .{1,30}|Inviat[oa] (?:da|dal|con|tramite) .{1,60}|Scarica Outlook .{1,30}|Ottieni Outlook .{1,30}"
    r"|(?:Verstuurd|Verzonden) (?:vanaf|vanuit|met|via|door) .{1,60}|Outlook voor .{1,20} downloaden|Download Outlook .{1,30}"
    r"|Skickat från .{1,60}|Hämta Outlook .{1,30}|(?:Sendt|Sent) fra .{1,60}|Hent Outlook .{1,30}|Wysłan[eoay] (?:z|ze|za) .{1,60}|Odesláno z .{1,60}|Lähetetty .{1,60}|Отправлено (?:с|из) .{1,60}"
    r")\s*$", re.IGNORECASE,
)  # fmt: skip
NOTICE = re.compile(
    r"\s*[*_\[<]{0,3}\s?(?:"
    r"disclaimer\b|confidential(?:ity)?(?: notice| note| statement)?\s?:|(?:privileged|confidential|private|legal|important) (?:notice|note|information|and confidential)\b|avis de confidentialité|vertraulichkeitshinweis|rechtlicher hinweis"
    r"|(?:this|the information (?:contained )?in this|the contents? of this|information in this) (?:e-?mail|message|communication|transmission)(?: transmission| message)?s?(?:,)?(?: and| \(|,| is| may| contains| message| are| including|\.| has been)"
    r"|(?:please )?(?:consider|think of|think about) the environment|please don['’]t print|before printing|save (?:paper|a tree)"
    r"|if you (?:are not|have received|received) (?:the intended|this)"
    r"|diese (?:e-?mail|nachricht)(?: \w+)? (?:enthält|kann|ist|und|wurde)|der inhalt dieser (?:e-?mail|nachricht)|bitte (?:denken|prüfen) sie (?:an die umwelt|der umwelt|vor)"
    r"|(?:ce|cet?) (?:message|courriel|e-?mail|mail)(?: électronique)? (?:et|est|peut|contient|\(|ainsi)|les informations contenues dans|pensez à l['’]environnement|avant d['’]imprimer|afin de (?:contribuer|respecter)"
    r"|este (?:mensaje|correo|e-?mail)(?: electrónico)? (?:y|es|puede|contiene|está|va|e|,)|antes de imprimir|la información contenida en este"
    r"|esta mensagem|este e-?mail|as informações contidas|antes de imprimir"
    r"|(?:questo|il presente|questa) (?:messaggio|e-?mail|comunicazione)|le informazioni contenute|prima di stampare|ai sensi del"
    r"|dit (?:bericht|e-?mail(?:bericht)?) (?:is|en|kan|\()|de informatie (?:in|verzonden)|denk aan het milieu|detta (?:e-post|meddelande)|denne (?:e-?mail|e-post|mail|meddelelse)"
    r"|(?:you (?:are|were)|you['’]re) (?:receiving|received) this|to unsubscribe|unsubscribe\s?:|click here to unsubscribe|virus-?free\b|diese e-?mail wurde (?:von|auf)|this email (?:has been|was) (?:checked|scanned|sent)|scanned by"
    r")", re.IGNORECASE,
)  # fmt: skip
BANNER = re.compile(
    r"\s*[*_\[<!⚠️]{0,4}\s?(?:caution|warning|external(?: e-?mail| sender| message| mail)?|attention|achtung|vorsicht|hinweis|attenzione|atención|atenção|let op|varning|advarsel|\[ext(?:ern(?:al)?)?\]|extern(?:e|er)?(?: e-?mail)?)\b.{0,4}?"
    r"(?:[:\]!*>-]|$|\s(?:this|the|do not|external|diese|ce|este|questa|deze))"
    r"|\s*\W{0,3}(?:this (?:e-?mail|message) (?:originated|came|is|was sent) (?:from )?(?:outside|an external)|you don['’]t often get e-?mail from|some people who received this message don['’]t often|sie erhalten nicht (?:häufig|oft) e-?mails von|vous n['’]obtenez pas souvent|no suele recibir|u ontvangt niet vaak|diese e-?mail kommt von außerhalb|this sender)",
    re.IGNORECASE,
)  # fmt: skip
POSTSCRIPT = re.compile(r"\s*(?:p\.? ?p?\.?s\.?\s?[:.,\-–]?\s|ps\s?[:.\-–]|p\.s\.)", re.IGNORECASE)
CONTACT = re.compile(
    r"\+?\d[\d ()./\-]{6,}\d|\b[\w.+-]+@[\w-]+\.\w{2,}|https?://|www\.|\b(?:tel|phone|mobile|mob|cell|fax|office|direct|fon|telefon|tél|portable|móvil|cel|ph)\b\s?[.:]|"
    r"^\s*[TMPEWFDO]\s?[:.|]\s?\S|\bskype\b|linkedin|\b(?:GmbH|Ltd|LLC|Inc|S\.?A\.?|B\.?V\.?|AG|AB|ApS|S\.?p\.?A|SARL|S\.?r\.?l|Lda|Ltda|PLC|Oy|A/S)\b",
    re.IGNORECASE,
)  # fmt: skip
ROLE = re.compile(
    r"\b(?:CEO|CTO|CFO|COO|CMO|VP|founder|co-?founder|director|manager|head of|president|chief|partner|engineer|developer|sales|marketing|consultant|"
    r"assistant|owner|officer|analyst|specialist|lead|team|department|geschäftsführer\w*|leiter\w*|vertrieb|einkauf|prokurist\w*|directeur|directrice|responsable|gérant\w*|"
    r"director[a]?|gerente|jefe|jefa|diretor[a]?|responsabile|direttore|direttrice|amministratore|hoofd|directeur|eigenaar|adviseur|chef|VD|säljare)\b", re.IGNORECASE,
)  # fmt: skip
NAME = re.compile(
    r"(?:[-–—~/*]\s?)?(?:(?:Dr|Mr|Mrs|Ms|Prof|Herr|Frau|Ing|Dipl)\.?\s)?[^\W\d_][\w'’.\-]*(?:[ ]+(?:[^\W\d_][\w'’.\-]*|[&/|,])){0,4}\s?[.,*!]?$"
)
# "de", "van der" stand small in a name.
_SMALL = "de|der|den|van|von|vom|zu|da|di|do|dos|das|la|le|el|du|del|della|ter|ten|af|y|e|und"
PARTICLES = frozenset(_SMALL.split("|"))
DASHED_NAME = re.compile(
    rf"\s*(?:[-–—~]{{1,2}}|/{{1,2}})\s?(?:[A-ZÀ-Þ][\w'’.\-]*)(?: (?:(?:{_SMALL}) )*[A-ZÀ-Þ][\w'’.\-]*){{0,3}}\s*$"
)
# What makes a line of a device one, wherever it stands.
OF_DEVICE = re.compile(
    r"\b(?:my|mi|mon|meinem|meiner|meu|mijn|min|mio|iphone|ipad|android|outlook|yahoo|samsung|huawei|blackberry|gmx|windows)\b",
    re.IGNORECASE,
)
# One word with a capital that ends many a mail and is nobody's name.
_NOT_NAMES = (
    "yes no ok okay sure thanks thank hi hello hey dear best great perfect fine nice good cool awesome unsubscribe remove stop pass interested agreed deal "
    "confirmed done maybe later never please sorry exactly absolutely definitely cheers regards monday tuesday wednesday thursday friday saturday sunday today tomorrow "
    "january february march april may june july august september october november december welcome congratulations test "
    "ja nein gerne danke bitte gut klar abgelehnt montag dienstag mittwoch donnerstag freitag samstag sonntag heute morgen oui non merci bonjour parfait lundi mardi mercredi jeudi "
    "vendredi samedi dimanche sí si no gracias perfecto vale claro lunes martes miércoles jueves viernes sábado domingo sim não nao obrigado obrigada perfeito segunda terça quarta quinta sexta "
    "grazie perfetto va bene lunedì martedì mercoledì giovedì venerdì nee graag prima dank bedankt maandag dinsdag woensdag donderdag vrijdag hej tack tak nej abmelden désinscrire baja cancelar "
    "answer answers question hallo salut ciao hola olá"
)
NOT_NAMES = frozenset(_NOT_NAMES.split())
