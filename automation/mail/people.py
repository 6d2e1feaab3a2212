"""Whom a reply names instead of its sender: "speak to Luca Ferri, luca@aurelia.example" (pure)."""

from __future__ import annotations

import re
import unicodedata

from automation.mail.parts import Person

LONGEST = 20_000  # letters that are looked at
ADDRESS = re.compile(r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
WORD = r"[A-ZÀ-ÖØ-Þ][\w'’.-]{0,40}"
NAME = rf"{WORD}(?:(?: (?:van|von|de|der|den|del|da|di|la|le|ten|zu|dos|du)){{0,3}} {WORD}){{0,3}}"
# What stands before a name to whom one is sent on, in the seven languages.
SENT_TO = (
    r"contact|ask|reach out to|get in touch with|speak (?:to|with)|talk (?:to|with)|write to|email|mail|try|cc'?(?:ed|ing)?|copying in|"
    r"forward(?:ed|ing)?(?: (?:this|it|your (?:mail|message|note)))?(?: on)? to|pass(?:ed|ing)?(?: (?:this|it))?(?: on)? to|loop(?:ed|ing)? in|"
    r"my colleagues?|our colleague|colleague of mine|person is|handled by|decided by|up to|responsible is|"
    r"wenden sie sich(?: bitte)? an|wende dich(?: bitte)? an|sprechen sie(?: bitte)?(?: mit)?|kontaktieren sie(?: bitte)?|zuständig ist|"
    r"weitergeleitet an|mein(?:e|en|em|er)? kolleg(?:e|en|in)|unser(?:e|en|em|er)? kolleg(?:e|en|in)|entscheidet|frag(?:en sie)?(?: bitte)?|"
    r"contactez|adressez-vous à|voyez avec|parlez à|transmis à|transféré à|ma collègue|mon collègue|demandez à|"
    r"contacte(?: con)?|póngase en contacto con|hable con|escriba a|reenvi(?:ado|é) a|mi compañer[oa]|mi colega|"
    r"fale com|contacte|entre em contato com|encaminhei para|o meu colega|a minha colega|meu colega|minha colega|"
    r"contatti|contatta|si rivolga a|scriva a|parli con|senta|inoltrato a|il mio collega|la mia collega|"
    r"neem contact op met|benader|spreek met|doorgestuurd naar|mijn collega|onze collega|vraag"
)
INTRODUCED = re.compile(rf"(?i:\b(?:{SENT_TO})\b)[,:]?\s+(?i:(?:our|my|the|unser\w*|notre|nuestr\w|onze|il nostro) [\w ]{{2,30}}, )?(?i:(?:mr|mrs|ms|dr|herrn?|frau|m\.|mme|sr\.?|sra\.?|sig\.?|dhr\.?|mevr\.?)\.?\s+)?(?:[a-zà-ÿ]+ ){{0,2}}?(?P<name>{NAME})")  # fmt: skip
# Words that begin with a capital and are nobody's name.
NO_NAME = frozenset(("i", "herr", "frau", "sie", "ihnen", "the", "our", "my", "your", "thanks", "best", "please"))


def named_person(text: str, *, but: str = "") -> Person:
    """The person that `text` refers one to, as far as it says: name, address, both or neither ("" each). `but` is the
    sender's own address.

    >>> named_person("Not my area, please contact Luca Ferri (luca.ferri@aurelia.example).", but="sara@aurelia.example")
    Person(name='Luca Ferri', email='luca.ferri@aurelia.example')
    >>> named_person("Bitte wenden Sie sich an Frau Petra Klein.").name
    'Petra Klein'
    >>> named_person("You should write to j.vandenberg@polder.example").name
    'J. Vandenberg'
    >>> named_person("Not for me, sorry.")
    Person(name='', email='')
    """
    text = unicodedata.normalize("NFC", text[:LONGEST])
    emails = [found.lower().rstrip(".") for found in ADDRESS.findall(text)]
    email = next((found for found in emails if found != but.lower()), "")
    without = ADDRESS.sub(" ", text)
    names = (match["name"].strip(" .") for match in INTRODUCED.finditer(without))
    name = next((found for found in names if found.split()[0].casefold() not in NO_NAME), "")
    return Person(name[:200] or name_in(email), email[:254])


def name_in(email: str) -> str:
    """What an address says of its owner's name: nothing, for a role such as info@."""
    local = email.partition("@")[0]
    parts = [part for part in re.split(r"[._-]", local) if part.isalpha()]
    return " ".join(part.capitalize() + ("." if len(part) == 1 else "") for part in parts) if len(parts) > 1 else ""
