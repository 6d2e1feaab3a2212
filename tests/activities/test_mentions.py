"""Notes that name members: who is meant, who is told, what a rename or an edit does to it, and notes that are deleted."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.actions import add_note, delete_note, edit_note, log_call, restore_note, who_may_be_named
from activities.mentions import Handles, named, parts
from activities.models import LONGEST_TEXT, Activity, Mention, Note, Notification
from leads.actions import create_company
from tests.factories import make_deal, url
from tests.pages import SCRIPT, read
from workspaces.action import Refused
from workspaces.models import Membership, Role, User, Workspace

PEOPLE = [(1, "Anna Berg", "anna@acme.test"), (2, "Anna Lind", "lind@acme.test"), (3, "Bob", "bob@acme.test"), (4, "Zoë O’Hara", "zoe@acme.test")]  # fmt: skip


def found(text: str) -> list[tuple[str, set[int]]]:
    return [(text[start:end], ids) for start, end, ids in named(text, Handles.of(PEOPLE))]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ask @Anna Berg, please", [("Anna Berg", {1})]),
        ("@bob and @BOB.", [("bob", {3}), ("BOB", {3})]),
        ("@Anna", [("Anna", {1, 2})]),
        ("(@lind@acme.test)", [("lind@acme.test", {2})]),
        ("@zoë o’hara!", [("zoë o’hara", {4})]),
        ("@Zoë wrote", [("Zoë", {4})]),
        ("write to bob@bob.test, x@Bob, @@Bob, foo.@Bob", []),
        ("@Bobby, @Bob2, @Annabel, @nobody, @ Bob, @", []),
        ("@Anna Bergmann", [("Anna", {1, 2})]),
        ("İİ @Bob", [("Bob", {3})]),
    ],
)
def test_who_is_named(text, names):
    assert found(text) == names


def test_whoever_is_named_twice_is_named_twice():
    twice = Handles.of([(1, "Bob", "bob@acme.test"), (2, "Bob Stone", "stone@acme.test")])
    assert [ids for _, _, ids in named("@Bob and @bob, @Bob Stone", twice)] == [{1}, {1}, {2}]
    assert parts("@Bob, @Bob", [Row(3, "Bob", "Robert")]) == [("Robert", "Robert"), (", ", None), ("Robert", "Robert")]


def test_a_text_of_nothing_but_at_signs_is_read_at_once():
    people = [(1, "Anna Berg", "a" * 240 + "@acme.test"), *PEOPLE]
    before = time.process_time()
    assert list(named(" @a" * 200_000, Handles.of(people))) == []
    assert time.process_time() - before < 3


@dataclass
class Row:
    user_id: int
    text: str
    user: str


@given(st.text(alphabet="@Bobxy .\n") | st.text(), st.booleans())
def test_a_body_in_parts_is_the_body(body, known):
    rows = [Row(3, "Bob", "Bob")] if known else []
    cut = parts(body, rows)
    again = "".join(f"@{text}" if user else text for text, user in cut)
    assert again.lower() == body.lower() and all(text for text, _ in cut)


# --- telling ---------------------------------------------------------------------------------------------------


@pytest.fixture
def deal(acme):
    return make_deal(acme.alice, acme.stages["New"], "Brightwater sensors")


def member(acme, name: str, email: str, role: Role = Role.REP) -> Membership:
    user = User.objects.create_user(email, name=name)
    return Membership.objects.create(workspace=acme.workspace, user=user, role=role)


def told(person: Membership) -> list[str]:
    return list(Notification.objects.filter(recipient=person.user).order_by("pk").values_list("kind", flat=True))


def test_who_is_named_is_told_and_the_name_is_written_out(acme, deal):
    lind = member(acme, "Anna Lind", "lind@acme.example")
    note = add_note(deal, "@bob, can you and @anna lind call? And @Alice knows.", by=acme.alice)
    assert note.body == "@Bob, can you and @Anna Lind call? And @Alice knows."
    assert {row.user_id for row in note.mentions.all()} == {acme.bob.user_id, lind.user_id, acme.alice.user_id}
    assert told(acme.bob) == told(lind) == ["mention"] and told(acme.alice) == []
    row = Notification.objects.get(recipient=acme.bob.user)
    assert row.activity.note == note and row.deal == deal


def test_a_name_of_two_is_asked_about_and_an_address_tells_them_apart(acme, deal):
    first, second = member(acme, "Anna Berg", "berg@acme.example"), member(acme, "Anna Berg", "other@acme.example")
    with pytest.raises(Refused, match="Who is “@Anna Berg”.*@berg@acme.example or @other@acme.example"):
        add_note(deal, "@Anna Berg, look", by=acme.alice)
    assert not Note.objects.exists()
    note = add_note(deal, "@other@acme.example, look", by=acme.alice)
    assert told(second) == ["mention"] and told(first) == []
    assert note.parts == [("Anna Berg", second.user), (", look", None)]


def test_who_may_not_see_the_deal_cannot_be_named_there(acme, deal, login):
    Workspace.objects.update(visibility=Workspace.Visibility.OWN)
    acme.alice.workspace.refresh_from_db()
    with pytest.raises(Refused, match="Bob may not see this deal"):
        add_note(deal, "@Bob, look", by=acme.alice)
    answer = login(acme.alice).post(
        url(acme.workspace, "compose", "deal", deal.pk, "note"), {"body": "@Bob, look"}, headers=SCRIPT
    )
    assert answer.status_code == 422 and "@Bob, look" in answer.content.decode()
    assert not Note.objects.exists() and not Notification.objects.exists()
    company = create_company(acme.workspace, name="Brightwater", by=acme.alice)
    add_note(company, "@Bob, look", by=acme.alice)
    assert told(acme.bob) == ["mention"], "a company is seen by all"


def test_a_rename_breaks_nothing(acme, deal, login):
    note = add_note(deal, "Ask @Bob about it", by=acme.alice)
    User.objects.filter(pk=acme.bob.user_id).update(name="Robert Braun")
    note = Note.objects.get(pk=note.pk)
    assert [(text, user and user.pk) for text, user in note.parts] == [
        ("Ask ", None), ("Robert Braun", acme.bob.user_id), (" about it", None)
    ]  # fmt: skip
    page = read(login(acme.vera).get(url(acme.workspace, "deal_detail", deal.pk) + "?tab=timeline"))
    assert page.one("span", css="mention").text == "@Robert Braun"
    edit_note(note, note.body + ", soon", by=acme.alice)
    assert Mention.objects.get().user_id == acme.bob.user_id and told(acme.bob) == ["mention"]


def test_an_edit_tells_only_who_was_not_named_before(acme, deal):
    note = add_note(deal, "@Bob", by=acme.alice)
    note = edit_note(note, "@Bob and @Vera", by=acme.alice)
    note = edit_note(note, "@Vera and @Bob, now", by=acme.alice)
    assert told(acme.bob) == told(acme.vera) == ["mention"]
    edit_note(note, "Nobody", by=acme.alice)
    assert not Mention.objects.exists() and told(acme.bob) == []


def test_text_that_only_looks_like_a_name_stays_text(acme, deal):
    note = add_note(deal, "Mail ida@bright.test, or @support <b>@nobody</b>", by=acme.alice)
    assert note.body == "Mail ida@bright.test, or @support <b>@nobody</b>" and not Mention.objects.exists()


def test_a_name_cannot_smuggle_markup(acme, deal, login):
    evil = member(acme, "<i>Eve</i>", "eve@acme.example")
    add_note(deal, "@<i>Eve</i> <script>x</script> @eve@acme.example", by=acme.alice)
    page = login(acme.alice).get(url(acme.workspace, "deal_detail", deal.pk) + "?tab=timeline").content.decode()
    assert "<script>x" not in page and "<i>Eve" not in page and "@&lt;i&gt;Eve&lt;/i&gt;</span>" in page
    assert told(evil) == ["mention"]


# --- suggestions -------------------------------------------------------------------------------------------------


def test_only_who_may_see_the_deal_is_offered(acme, deal, login):
    member(acme, "Bobby Tables", "tables@acme.example")
    path = url(acme.workspace, "mention_suggest", "deal", deal.pk)

    def offered(text: str) -> list[str]:
        page = read(login(acme.alice).get(path, {"q": text}, headers=SCRIPT))
        return [option["data-text"] for option in page.all("li", role="option")]

    assert offered("bo") == ["Bob", "Bobby Tables"] and offered("TAB") == ["Bobby Tables"] and offered("x") == []
    assert offered("") == ["Alice", "Bob", "Bobby Tables", "Vera"]
    Workspace.objects.update(visibility=Workspace.Visibility.OWN)
    assert offered("") == ["Alice"]
    assert login(acme.bob).get(path).status_code == 404
    assert login(acme.vera).get(path).status_code == 403


def test_two_of_one_name_are_offered_by_their_addresses(acme, deal):
    member(acme, "Bob", "second@acme.example")
    assert [text for _, text in who_may_be_named(deal, "bob")] == ["bob@acme.example", "second@acme.example"]


# --- deleting ------------------------------------------------------------------------------------------------------


def test_a_deleted_note_is_gone_until_it_is_restored(acme, deal, login):
    note = add_note(deal, "Zebra @Bob", by=acme.alice, pinned=True)
    alice, place = login(acme.alice), url(acme.workspace, "deal_detail", deal.pk)
    toast = read(alice.post(url(acme.workspace, "note_delete", note.pk), headers=SCRIPT))
    for tab in ("timeline", "overview"):
        assert "Zebra" not in alice.get(f"{place}?tab={tab}").content.decode()
    assert alice.get(url(acme.workspace, "note_edit", note.pk)).status_code == 404
    shown = Notification.objects.shown_to(acme.bob, None)
    assert not shown.exists() and Activity.objects.get(note=note).undone_at
    alice.post(toast.one("form")["action"], headers=SCRIPT)
    assert "Zebra" in alice.get(f"{place}?tab=timeline").content.decode() and shown.count() == 1
    assert Activity.objects.get(note=note).undone_at is None


def test_only_its_author_and_admins_delete_a_note(acme, deal):
    note = add_note(deal, "Said", by=acme.alice)
    for verb in (delete_note, restore_note):
        with pytest.raises(Refused, match="Only an admin"):
            verb(note, by=acme.bob)
    own = add_note(deal, "Said", by=acme.bob)
    delete_note(own, by=acme.alice)
    assert list(Note.objects.all()) == [note]


def test_no_text_is_longer_than_can_be_read(acme, deal, login):
    page = login(acme.alice).post(
        url(acme.workspace, "compose", "deal", deal.pk, "note"), {"body": "x" * (LONGEST_TEXT + 1)}
    )
    assert page.status_code == 422
    for write in (
        lambda: add_note(deal, "x" * (LONGEST_TEXT + 1), by=acme.alice),
        lambda: log_call(deal, body="x" * (LONGEST_TEXT + 1), by=acme.alice),
    ):
        with pytest.raises(Refused):
            write()
    note = add_note(deal, "x" * LONGEST_TEXT, by=acme.alice)
    with pytest.raises(Refused):
        edit_note(note, "x" * (LONGEST_TEXT + 1), by=acme.alice)
    assert Activity.objects.filter(deal=deal, kind__in=("note", "call")).count() == 1


def test_a_note_that_names_somebody_twice_is_kept(acme, deal):
    member(acme, "Bob Stone", "stone@acme.example")
    note = add_note(deal, "@Bob and @Bob again", by=acme.alice)
    assert [str(user) for _, user in note.parts if user] == ["Bob", "Bob"]
