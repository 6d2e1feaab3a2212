"""Segments by filter: a filter that nothing can read is refused when it is typed, and stops nobody else's."""

import pytest
from django.db.models.signals import pre_delete

from deals.models import Deal
from deals.tasks import empty_bin
from leads.actions import capture, refresh_segment
from leads.models import Segment, SegmentMember
from leads.tasks import refresh_segments
from tests.factories import make_deal
from tests.workspaces.adminpages import errors, form_of, path
from workspaces.action import Refused
from workspaces.tenancy import tenant

BAD = (
    [1],
    [],
    "event",
    7,
    True,
    {"status": ["bogus"]},
    {"bogus": ["x"]},
    {"status": {"new": 1}},
    {"q": [["a"]]},
    {"campaign": [10**30]},
    {"owner": [None]},
)


@pytest.mark.parametrize("filter", BAD)
def test_a_filter_that_cannot_be_read_is_refused(acme, login, filter):
    segment = Segment.objects.create(workspace=acme.workspace, name="Odd", filter=filter)
    with pytest.raises(Refused, match="The filter of Odd cannot be read"):
        refresh_segment(segment)


@pytest.mark.parametrize("text", ["[1]", '{"status": ["bogus"]}', '{"bogus": 1}', '"event"'])
def test_the_admin_says_so_at_the_field(acme, login, text):
    alice = login(acme.alice)
    url = path(acme.workspace, "leads_segment_add")
    data = form_of(alice, url, Segment) | {"name": "Odd", "filter": text}
    assert list(errors(alice.post(url, data))) == ["filter"]
    assert not Segment.objects.exists()
    assert alice.post(url, data | {"filter": '{"status": ["new"], "q": "ada"}'}).status_code == 302
    assert alice.post(url, data | {"name": "By hand", "filter": ""}).status_code == 302
    good = Segment.objects.exclude(filter=None).get()
    url = path(acme.workspace, "leads_segment_change", good.pk)
    assert list(errors(alice.post(url, form_of(alice, url, Segment) | {"filter": text}))) == ["filter"]


def test_one_bad_filter_stops_no_other(cast, caplog):
    for workspace, member in ((cast.workspace, cast.alice), (cast.rival, cast.charlie)):
        with tenant(workspace, member.user):
            capture(workspace, by=member, last_name="Ada", source="event")
            for filter in ([1], {"status": ["bogus"]}, {"source": ["event"]}):
                Segment.objects.create(workspace=workspace, name=f"{filter}", filter=filter)
    refresh_segments()
    for workspace in (cast.workspace, cast.rival):
        with tenant(workspace):
            assert SegmentMember.objects.get().segment.filter == {"source": ["event"]}
    assert sum("Segment" in line.message and "failed" in line.message for line in caplog.records) == 4


def test_one_bin_that_cannot_be_emptied_stops_no_other(cast, caplog):
    for member, stage in ((cast.alice, cast.stages["New"]), (cast.charlie, cast.rival_stages["New"])):
        with tenant(member.workspace, member.user):
            deal = make_deal(member, stage)
            Deal.all_objects.filter(pk=deal.pk).update(deleted_at="2020-01-01T00:00Z")

    def hold_on(instance, **kwargs):
        if instance.workspace_id == cast.workspace.pk:
            raise RuntimeError("somebody else's rows hang on it")

    pre_delete.connect(hold_on, sender=Deal)
    try:
        empty_bin()
    finally:
        pre_delete.disconnect(hold_on, sender=Deal)
    left = []
    for workspace in (cast.workspace, cast.rival):
        with tenant(workspace):
            left.append(Deal.all_objects.count())
    assert left == [1, 0] and "The bin of workspace" in caplog.text
