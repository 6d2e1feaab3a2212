"""What a file can tell of each kind of record, and by which headers other programs call it (pure data).

A header is compared as letters and digits only, small, and without the kind's own name before it:
"Deal - Title*" is "title" among deals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from connectors.models import ExternalId
from leads.models import Lead, Source
from leads.names import squash
from workspaces.custom.values import LONGEST
from workspaces.custom.values import Field as Custom
from workspaces.custom.values import Type as CustomType

Type = Literal[
    "text", "amount", "integer", "percent", "moment", "emails", "phones", "flag", "domain", "currency", "source", "status", "industry",
    "number", "day", "choice", "choices", "url"
]  # fmt: skip


@dataclass(frozen=True)
class Field:
    """`headers` in order of preference; `size` is the longest text, `limit` what an amount stays below; several columns
    may fill a `many` field."""

    headers: str = ""
    type: Type = "text"
    size: int = 200
    many: bool = False
    limit: int = 10**12
    custom: Custom | None = None

    @property
    def known_as(self) -> tuple[str, ...]:
        return tuple(self.headers.split())


# The kinds as the command names them, and what one record of each is called elsewhere.
KINDS = {
    "companies": ExternalId.Kind.COMPANY,
    "contacts": ExternalId.Kind.CONTACT,
    "leads": ExternalId.Kind.LEAD,
    "deals": ExternalId.Kind.DEAL,
}
OWN_NAMES = {
    "companies": ("company", "account", "organization", "organisation", "customer"),
    "contacts": ("contact", "person", "people"),
    "leads": ("lead",),
    "deals": ("deal", "opportunity", "potential"),
}
# Cells that say that there is nothing. People are called Null and companies None, so text knows fewer.
NOTHING = frozenset(("-", "–", "—", "n/a", "#n/a", "(blank)"))
BLANK = NOTHING | {".", "na", "none", "null", "nil"}
EXTERNAL_ID = Field("externalid recordid id identifier key")
OWNER = Field(
    "owner salesagent salesrep salesperson rep agent assignedto responsible ownername owneremail accountowner", size=150
)
CREATED = Field(
    "createdat created createdate createddate createdtime creationdate addtime dateadded createdon", "moment"
)
COMPANY_LINK = {
    "company": Field(
        "company companyname account accountname organization organizationname organisation associatedcompany "
        "primaryassociatedcompany associatedcompanyname client clientname customer customername firm"
    ),
    "company_id": Field("companyid accountid organizationid organisationid associatedcompanyid associatedcompanyids"),
    "company_domain": Field("companydomain companydomainname companywebsite accountwebsite"),
}
PERSON = {
    "name": Field("name fullname contactname personname"),
    "first_name": Field("firstname givenname forename personfirstname", size=100),
    "last_name": Field("lastname surname familyname personlastname", size=100),
    "emails": Field(
        "email emails emailaddress mail emailwork emailhome emailother workemail personemailwork personemailhome primaryemail",
        "emails",
        many=True,
    ),
    "phones": Field(
        "phone phones phonenumber mobile mobilephone mobilephonenumber telephone phonework phonehome phonemobile workphone cell",
        "phones",
        many=True,
    ),
    "title": Field("jobtitle title position role", size=120),
}

FIELDS: dict[str, dict[str, Field]] = {
    "companies": {
        "external_id": EXTERNAL_ID,
        "name": Field("name companyname accountname organizationname account company organization customer"),
        "domain": Field("domain companydomain domainname companydomainname website websiteurl url web homepage", "domain"),
        "industry": Field("industry sector branch vertical", "industry", size=80),
        "size": Field("employees numberofemployees employeecount size noofemployees headcount", "integer"),
        "country": Field("country countryregion billingcountry officelocation location", size=80),
        "annual_revenue": Field("annualrevenue revenue turnover", "amount", limit=10**14),
        "phone": Field("phone phonenumber telephone", "phones"),
        "parent": Field("parent parentcompany parentaccount subsidiaryof"),
        "owner": OWNER,
        "created_at": CREATED,
    },
    "contacts": {
        "external_id": EXTERNAL_ID,
        **PERSON,
        **COMPANY_LINK,
        "do_not_email": Field("donotemail emailoptout optedout unsubscribed", "flag"),
        "do_not_call": Field("donotcall", "flag"),
        "owner": OWNER,
        "created_at": CREATED,
    },
    "leads": {
        "external_id": EXTERNAL_ID,
        **PERSON,
        "company": COMPANY_LINK["company"],
        "source": Field("source leadsource originalsource leadorigin origin channel", "source"),
        "status": Field("status leadstatus", "status"),
        "unqualified_reason": Field("unqualifiedreason disqualificationreason reason", size=80),
        "estimated_amount": Field("estimatedamount estimatedvalue value amount expectedrevenue budget", "amount"),
        "owner": OWNER,
        "created_at": CREATED,
    },
    "deals": {
        "external_id": EXTERNAL_ID,
        "name": Field("name title dealname dealtitle opportunityname potentialname deal opportunity subject"),
        **COMPANY_LINK,
        "pipeline": Field("pipeline pipelinename salesprocess", size=80),
        "stage": Field("stage dealstage stagename salesstage phase", size=60),
        "status": Field("status dealstatus", size=60),
        "owner": OWNER,
        "amount": Field("amount value closevalue totalamount dealvalue dealamount price amountincompanycurrency", "amount"),
        "currency": Field("currency currencycode currencyofvalue dealcurrencycode amountcurrency totalamountcurrency", "currency"),
        "probability": Field("probability dealprobability winprobability", "percent"),
        "created_at": Field(f"{CREATED.headers} dealcreated engagedate opendate startdate", "moment"),
        "close_date": Field("closedate closingdate", "moment"),
        "closed_at": Field("closedat closedon dealclosedon dateclosed closeddate wontime losttime", "moment", many=True),
        "expected_close_date": Field("expectedclosedate expectedclosingdate estimatedclosedate forecastdate", "moment"),
        "product": Field("product productname", size=120),
        "source": Field("source leadsource originalsource dealsource sourcechannel", "source"),
        "next_step": Field("nextstep nextsteps"),
        "competitor": Field("competitor competitors maincompetitor", size=120),
        "won_reason": Field("wonreason closedwonreason", size=80),
        "lost_reason": Field("lostreason closedlostreason reasonlost lossreason reasonforloss", size=80),
        "close_note": Field("closenote closingnote", size=2000),
    },
}  # fmt: skip


# How the cells of a custom field are read. A member is a text until it is known who is called so.
CUSTOM_TYPES: dict[CustomType, Type] = {
    CustomType.TEXT: "text", CustomType.NUMBER: "number", CustomType.MONEY: "amount", CustomType.DATE: "day", CustomType.CHOICE: "choice",
    CustomType.MULTI: "choices", CustomType.CHECKBOX: "flag", CustomType.URL: "url", CustomType.USER: "text",
}  # fmt: skip


def custom_fields(fields: Iterable[Custom]) -> dict[str, Field]:
    """{cf_key: field} of a workspace's custom fields; known by their name and their key."""
    return {
        each.name: Field(f"{squash(each.label)} {squash(each.key)} {squash(each.name)}", CUSTOM_TYPES[each.type], size=LONGEST, custom=each)
        for each in fields
    }  # fmt: skip


def guess(kind: str, headers: tuple[str, ...], fields: Mapping[str, Field] | None = None) -> dict[str, str]:
    """{header: field} for the headers that are known; the first of a field's names that the file has wins. `fields`: where
    there are others than FIELDS of the kind."""
    by_key: dict[str, list[str]] = {}
    for header in headers:
        for key in _keys(kind, header):
            by_key.setdefault(key, []).append(header)
    found: dict[str, str] = {}
    for name, field in (fields or FIELDS[kind]).items():
        matches = [header for key in (squash(name), *field.known_as) for header in by_key.get(key, ())]
        free = [header for header in dict.fromkeys(matches) if header not in found]
        found |= dict.fromkeys(free if field.many else free[:1], name)
    return found


def _keys(kind: str, header: str) -> list[str]:
    key = squash(header)
    return [key, *(key.removeprefix(own) for own in OWN_NAMES[kind] if key.startswith(own) and key != own)]


# --- values that other programs have other words for --------------------------------------------

SOURCES = {
    Source.OUTBOUND: "outbound email emailmarketing emailcampaign salesmailalias salesemailalias coldemail",
    Source.WEBSITE: "web webform onlinestore website webresearch organicsearch directtraffic direct chat webdownload",
    Source.REFERRAL: "referral referrals employeereferral externalreferral customerreferral wordofmouth",
    Source.PARTNER: "partner partners reseller",
    Source.EVENT: "event tradeshow conference seminar internalseminar seminarpartner webinar fair",
    Source.ADS: "ads advertisement advertising paidsearch paidsocial adwords googleads ppc",
    Source.COLD_CALL: "coldcall coldcalling",
    Source.INBOUND_CALL: "inboundcall phoneinquiry phone",
    Source.SOCIAL: "social socialmedia organicsocial linkedin facebook twitter",
    Source.IMPORT: "import offline offlinesources",
    Source.API: "api integration",
    Source.CUSTOMER: "customer existingcustomer",
    Source.OTHER: "other othersources publicrelations",
}
STATUSES = {
    Lead.Status.NEW: "new notcontacted open opennotcontacted uncontacted",
    Lead.Status.ATTEMPTED: "attempted attemptedtocontact contactattempted",
    Lead.Status.CONNECTED: "connected contacted working workingcontacted inprogress opendeal",
    Lead.Status.NURTURE: "nurture nurturing contactinfuture badtiming",
    # Conversion alone makes a lead converted, so elsewhere's converted ones are as far as a lead can get.
    Lead.Status.QUALIFIED: "qualified prequalified converted closedconverted",
    Lead.Status.UNQUALIFIED: "unqualified notqualified lostlead lost junk junklead disqualified closednotconverted",
    Lead.Status.DO_NOT_CONTACT: "donotcontact",
}


def words(table: dict) -> dict[str, str]:
    """{every word for a choice: the choice}, its own value and label among them."""
    found = {key: choice.value for choice, keys in table.items() for key in keys.split()}
    return found | {squash(text): choice.value for choice in table for text in (choice.value, str(choice.label))}


SOURCE_WORDS, STATUS_WORDS = words(SOURCES), words(STATUSES)
# The common ones, by which a slip of the pen is recognised.
INDUSTRIES = (
    "advertising", "agriculture", "automotive", "banking", "biotechnology", "chemicals", "construction", "consulting", "education", "electronics",
    "employment", "energy", "engineering", "entertainment", "fashion", "finance", "food", "furniture", "government", "healthcare", "hospitality",
    "insurance", "legal", "logistics", "manufacturing", "marketing", "media", "medical", "mining", "nonprofit", "pharmaceuticals", "publishing",
    "retail", "services", "software", "telecommunications", "technology", "textiles", "tourism", "transportation", "utilities",
)  # fmt: skip
