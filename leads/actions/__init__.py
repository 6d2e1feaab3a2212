"""What people do with companies, contacts and leads. `by` is the Membership that acts, None the system."""

from leads.actions.companies import check_domain, create_company, domain_taken, prepare_company, update_company
from leads.actions.contacts import (
    LONGEST_EMAIL,
    LONGEST_NAME,
    create_contact,
    email_taken,
    name_contact,
    named_or_new_contact,
    not_an_email,
    read_emails,
    read_phones,
    same_start,
    set_emails,
    set_phones,
    update_contact,
)
from leads.actions.finding import (
    find_company,
    find_contact,
    find_or_create_company,
    named_contact,
    suggest_companies,
    suggest_contacts,
)
from leads.actions.leads import CONVERTED, capture, check_reason, name_of_lead, update_lead
from leads.actions.records import Row, changed, lock, said, save_changes
from leads.actions.segments import leads_of, refresh_segment, unreadable

__all__ = [
    "CONVERTED",
    "LONGEST_EMAIL",
    "LONGEST_NAME",
    "Row",
    "capture",
    "changed",
    "check_domain",
    "check_reason",
    "create_company",
    "create_contact",
    "domain_taken",
    "email_taken",
    "find_company",
    "find_contact",
    "find_or_create_company",
    "leads_of",
    "lock",
    "name_contact",
    "name_of_lead",
    "named_contact",
    "named_or_new_contact",
    "not_an_email",
    "prepare_company",
    "read_emails",
    "read_phones",
    "refresh_segment",
    "said",
    "same_start",
    "save_changes",
    "set_emails",
    "set_phones",
    "suggest_companies",
    "suggest_contacts",
    "unreadable",
    "update_company",
    "update_contact",
    "update_lead",
]
