"""Addresses, numbers and who is in what are in the audit trail like everything else that people care about."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from deals.actions import add_contact
from leads.actions import capture, create_contact, update_contact
from leads.models import Campaign, CampaignMember, Segment, SegmentMember
from tests.factories import make_deal
from workspaces.models import Invitation
from workspaces.tenant import TenantModel


@pytest.fixture
def rows(acme):
    workspace = acme.workspace
    ada = create_contact(
        workspace, by=acme.bob, last_name="Lovelace", emails=["ada@a.example"], phones=["+493012345678"]
    )
    lead = capture(workspace, by=acme.bob, last_name="Byron")
    campaign = Campaign.objects.create(workspace=workspace, name="Fair")
    segment = Segment.objects.create(workspace=workspace, name="Hot")
    return [
        (ada.emails.get(), {"email": "countess@a.example"}),
        (ada.phones.get(), {"label": "home"}),
        (SegmentMember.objects.create(workspace=workspace, segment=segment, lead=lead), {"added_at": timezone.now()}),
        (CampaignMember.objects.create(workspace=workspace, campaign=campaign, lead=lead), {"state": "sent"}),
        (add_contact(make_deal(acme.bob, acme.stages["New"]), ada, by=acme.bob), {"role": "champion"}),
        (
            Invitation.objects.create(
                workspace=workspace,
                email="eve@a.example",
                invited_by=acme.alice.user,
                expires_at=timezone.now() + timedelta(days=1),
            ),
            {"revoked_at": timezone.now()},
        ),
    ]


def test_changes_and_removals_are_kept_with_who_did_them(acme, rows):
    for row, change in rows:
        history = apps.get_model(row._meta.app_label, f"{type(row).__name__}History").objects
        (name, new), pk = next(iter(change.items())), row.pk
        old = getattr(row, name)
        type(row).objects.filter(pk=pk).update(**change)
        row.delete()
        kept = list(history.filter(pgh_obj_id=pk).order_by("pgh_id"))
        assert [(line.pgh_label, getattr(line, name)) for line in kept] == [("update", old), ("delete", new)], type(row)
        assert {line.pgh_context["user"] for line in kept} == {acme.alice.user_id}
        assert {line.workspace_id for line in kept} == {acme.workspace.pk}


def test_saving_a_person_writes_of_addresses_only_what_changed(acme):
    ada = create_contact(acme.workspace, by=acme.bob, last_name="A", emails=["a@a.example", "b@a.example"])
    update_contact(ada, by=acme.bob, version=1, emails=["a@a.example", "c@a.example"], last_name="B")
    history = apps.get_model("leads", "ContactEmailHistory").objects
    assert list(history.values_list("pgh_label", "email")) == [("delete", "b@a.example")]


# What nobody edits: lines of history, sums that triggers keep, what workers note of their work, and the names that
# other systems have for our records. And what concerns its reader alone.
UNTRACKED = {
    *("Activity", "StageEvent", "DealChange", "BulkChange", "PlaybookRun"),
    *("StageTotal", "ClosedDay", "ClosedTotal", "CreatedDay", "ForecastTotal", "ReachedTotal"),
    *("NotificationMail", "Export", "ExternalId", "Message", "Effect", "Meeting"),
    *("Sending", "StepMail", "Enrolment", "InletEvent"),
    *("RuleVersion", "RuleStep", "RuleRun", "RunStep", "WebhookCall"),  # versions are never changed, and runs are a log
    *("Notification", "Mention", "Follow", "Delivery"),
}


def test_every_table_that_people_change_is_tracked():
    names = {model.__name__ for model in apps.get_models()}
    tenants = {model.__name__ for model in apps.get_models() if issubclass(model, TenantModel)}
    assert {name for name in tenants if f"{name}History" not in names and not name.endswith("History")} <= UNTRACKED
