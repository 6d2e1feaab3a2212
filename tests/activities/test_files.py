"""Files of a record: what is taken, where it lies, who gets it, and that it never comes back as a page."""

from __future__ import annotations

import io
import os
import time
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from activities.actions import attach, remove_attachment, restore_attachment
from activities.files import check, clean_name, sweep
from activities.models import Activity, Attachment
from activities.tasks import empty_file_bin
from deals.actions import delete_deal
from deals.models import Deal
from leads.actions import create_company
from tests.factories import make_deal, url
from tests.pages import SCRIPT, read
from workspaces.action import NotAllowed, Refused
from workspaces.models import Workspace
from workspaces.tenancy import tenant

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"


def office(*parts: str, before: bytes = b"") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for part in parts:
            archive.writestr(part, "<x/>")
    return before + made.getvalue()


DOCX = office("[Content_Types].xml", "word/document.xml")


def sent(name: str, content: bytes = b"Words", kind: str = "text/html") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type=kind)


@pytest.fixture
def deal(acme) -> Deal:
    return make_deal(acme.bob, acme.stages["Qualified"], "Harbour")


@pytest.fixture
def bob(acme, login) -> Client:
    return login(acme.bob)


def upload(client: Client, subject, *files: SimpleUploadedFile, script: bool = True):
    path = url(subject.workspace, "file_add", subject._meta.model_name, subject.pk)
    return client.post(path, {"files": files}, headers=SCRIPT if script else {})


# --- what is taken ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", PDF), ("a.PNG", PNG), ("a.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0"), ("a.gif", b"GIF89a\1\0\1\0"),
        ("a.webp", b"RIFF\x10\0\0\0WEBPVP8 "), ("a.docx", DOCX), ("a.xlsx", office("xl/workbook.xml")),
        ("a.pptx", office("ppt/presentation.xml")), ("a.odt", office("mimetype", "content.xml")),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)), ("a.txt", "Grüße\n".encode()),
        ("a.csv", "Name;Größe\r\n".encode("cp1252")), ("a.tar.pdf", PDF),
    ],
)  # fmt: skip
def test_files_of_these_kinds_are_taken(name, content):
    assert check(sent(name, content)) == name


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.html", b"<!DOCTYPE html><script>alert(1)</script>"),
        ("page.png", b"<!DOCTYPE html><script>alert(1)</script>"),
        ("page.pdf", b"<html><script>alert(1)</script></html>"),
        ("page.txt", b"<html><body onload=alert(1)>"),
        ("page.txt", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("late.pdf", b"<script>alert(1)</script>" + PDF),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("drawing.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("drawing.jpg", PNG),
        ("page.docx", b"<html>" + DOCX),
        ("page.docx", office("[Content_Types].xml", "word/document.xml", before=b"<script>1</script>")),
        ("other.docx", office("a.txt")),
        ("other.docx", b"PK\3\4 and no archive"),
        ("jar.xlsx", office("META-INF/MANIFEST.MF")),
        ("setup.exe", b"MZ\x90\0"),
        ("setup.pdf", b"MZ\x90\0"),
        ("bytes.txt", b"a\0b"),
        ("archive.zip", office("a.txt")),
        ("macros.docm", office("word/document.xml")),
        ("page.html.", b"<html>"),
        ("page.pdf.html", PDF),
        ("none", b"Words"),
        ("empty.txt", b""),
        (".htaccess", b"Options"),
    ],
)
def test_files_of_other_kinds_are_not_whatever_their_names_say(name, content):
    with pytest.raises(Refused):
        check(sent(name, content))


def test_a_picture_that_is_a_script_too_comes_back_as_neither(acme, bob, deal):
    """A polyglot keeps to the letter of its first bytes: what it is served as is what matters."""
    both = b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(document.domain)//<script>alert(1)</script>"
    attachment = attach(deal, sent("both.gif", both), by=acme.bob)
    response = bob.get(url(acme.workspace, "file_download", attachment.pk))
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"), ("C:\\temp\\a.txt", "a.txt"), ("a\r\nSet-Cookie: x.txt", "aSet-Cookie: x.txt"),
        ("offer\u202efdp.exe", "offerfdp.exe"), ("  a.txt . ", "a.txt"), ("", "file"), ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
        ("Angebot für Öl.pdf", "Angebot für Öl.pdf"),
    ],
)  # fmt: skip
def test_names_are_of_one_line_and_no_folder(name, kept):
    assert clean_name(name) == kept


def test_a_file_that_is_too_large_is_refused_and_not_kept(acme, bob, deal, settings):
    settings.UPLOAD_MAX_MB = 1
    large = b"%PDF-1.7\n" + bytes(2 * 1024 * 1024)
    with pytest.raises(Refused, match="larger than 1 MB"):
        check(sent("large.pdf", large))
    for script in (True, False):
        response = upload(bob, deal, sent("large.pdf", large), sent("small.pdf", PDF), script=script)
        assert response.status_code in (200, 302)
    assert "large.pdf is larger than 1 MB" in upload(bob, deal, sent("large.pdf", large)).content.decode()
    assert set(Attachment.objects.values_list("name", flat=True)) == {"small.pdf"}


# --- where it lies ----------------------------------------------------------------------------------


def test_bytes_lie_under_a_random_name_in_the_folder_of_the_workspace(acme, deal):
    one, two = (attach(deal, sent("a.pdf", PDF), by=acme.bob) for _ in range(2))
    assert one.path != two.path and "a.pdf" not in one.path
    assert one.path.startswith(f"attachments/{acme.workspace.pk}/")
    assert Path(default_storage.path(one.path)).read_bytes() == PDF
    assert not Path(settings.MEDIA_ROOT).is_relative_to(settings.STATIC_ROOT)


def test_no_address_leads_to_the_folder(acme, bob, deal):
    attachment = attach(deal, sent("a.pdf", PDF), by=acme.bob)
    for path in (f"/{attachment.path}", f"/media/{attachment.path}", f"/static/{attachment.path}", f"/static/../media/{attachment.path}"):  # fmt: skip
        assert bob.get(path).status_code == 404


def test_what_belongs_to_no_row_is_swept_away_but_not_at_once(acme, deal):
    kept = attach(deal, sent("a.pdf", PDF), by=acme.bob)
    old, new = (
        default_storage.save(f"attachments/{acme.workspace.pk}/{name}", sent("x", PDF)) for name in ("old", "new")
    )
    long_ago = time.time() - 3 * 86400
    for path in (kept.path, old):
        os.utime(default_storage.path(path), (long_ago, long_ago))
    sweep(acme.workspace.pk)
    assert [default_storage.exists(path) for path in (kept.path, old, new)] == [True, False, True]


def test_deleted_files_go_for_good_after_thirty_days(acme, deal):
    files = [attach(deal, sent(f"{n}.pdf", PDF), by=acme.bob) for n in range(3)]
    for attachment, days in zip(files[:2], (29, 31), strict=True):
        remove_attachment(attachment, by=acme.bob)
        Attachment.objects.filter(pk=attachment.pk).update(deleted_at=timezone.now() - timedelta(days=days))
    long_ago = time.time() - 3 * 86400
    for attachment in files:
        os.utime(default_storage.path(attachment.path), (long_ago, long_ago))
    empty_file_bin()
    assert set(Attachment.objects.values_list("name", flat=True)) == {"0.pdf", "2.pdf"}
    assert [default_storage.exists(attachment.path) for attachment in files] == [True, False, True]


# --- who gets it ------------------------------------------------------------------------------------


def test_it_comes_back_to_be_saved_and_never_as_a_page(acme, bob, login, deal):
    attachment = attach(deal, sent('Ängebot "7".pdf', PDF, kind="text/html"), by=acme.bob)
    for client in (bob, login(acme.vera), login(acme.alice)):
        response = client.get(url(acme.workspace, "file_download", attachment.pk))
        assert response.content == PDF
        assert response["Content-Type"] == "application/octet-stream"
        assert response["Content-Disposition"].startswith("attachment; filename")
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert "no-store" in response["Cache-Control"]


def test_a_file_of_another_workspace_is_not_there(cast, login):
    with tenant(cast.rival, cast.charlie.user):
        theirs = attach(make_deal(cast.charlie, cast.rival_stages["New"]), sent("a.pdf", PDF), by=cast.charlie)
    with tenant(cast.workspace, cast.alice.user):
        alice = login(cast.alice)
        assert alice.get(url(cast.workspace, "file_download", theirs.pk)).status_code == 404
        for name in ("file_delete", "file_restore"):
            assert alice.post(url(cast.workspace, name, theirs.pk)).status_code == 404
        assert alice.get(url(cast.rival, "file_download", theirs.pk)).status_code == 404
    assert login(cast.charlie).get(url(cast.rival, "file_download", theirs.pk)).status_code == 200


def test_a_file_of_a_deal_that_one_may_not_see_is_not_there(acme, bob, login):
    blue = create_company(acme.workspace, name="Blue", by=acme.alice)
    hidden = make_deal(acme.alice, acme.stages["New"], "Secret", company=blue)
    attachment = attach(hidden, sent("secret.pdf", PDF), by=acme.alice)
    attach(blue, sent("open.pdf", PDF), by=acme.alice)
    Workspace.objects.update(visibility=Workspace.Visibility.OWN)
    assert bob.get(url(acme.workspace, "file_download", attachment.pk)).status_code == 404
    for name in ("file_delete", "file_restore"):
        assert bob.post(url(acme.workspace, name, attachment.pk)).status_code == 404
    company = bob.get(url(acme.workspace, "company_detail", blue.pk)).content.decode()
    assert "open.pdf" in company and "secret.pdf" not in company
    assert "secret.pdf" in login(acme.alice).get(url(acme.workspace, "company_detail", blue.pk)).content.decode()


def test_a_file_of_a_deal_in_the_bin_is_not_there(acme, bob, deal):
    attachment = attach(deal, sent("a.pdf", PDF), by=acme.bob)
    delete_deal(deal, by=acme.bob)
    assert bob.get(url(acme.workspace, "file_download", attachment.pk)).status_code == 404


def test_a_viewer_adds_and_deletes_nothing(acme, login, deal):
    attachment = attach(deal, sent("a.pdf", PDF), by=acme.bob)
    vera = login(acme.vera)
    assert upload(vera, deal, sent("b.pdf", PDF)).status_code == 403
    assert vera.post(url(acme.workspace, "file_delete", attachment.pk)).status_code == 403
    for verb, about in ((attach, deal), (remove_attachment, attachment), (restore_attachment, attachment)):
        with pytest.raises(NotAllowed):
            verb(about, *([sent("b.pdf", PDF)] if verb is attach else []), by=acme.vera)
    assert Attachment.objects.get().deleted_at is None
    page = read(vera.get(url(acme.workspace, "deal_detail", deal.pk) + "?tab=files"))
    assert "a.pdf" in page.one(id="activity").text and not page.one(id="activity").all("form")


# --- the page ---------------------------------------------------------------------------------------


def test_files_are_added_deleted_and_brought_back_from_the_page(acme, bob, deal):
    added = upload(bob, deal, sent("a.pdf", PDF))
    undo = read(added).one("form", data_undo=None)["action"]
    page = read(bob.get(url(acme.workspace, "deal_detail", deal.pk) + "?tab=files"))
    assert page.one("nav", id="tabs").one("a", aria_current="page").text == "Files 1"
    assert page.one("ul", "files").one("a")["href"] == url(acme.workspace, "file_download", Attachment.objects.get().pk)
    gone = bob.post(undo, headers=SCRIPT)
    attachment = Attachment.objects.get()
    assert attachment.deleted_at and bob.get(url(acme.workspace, "file_download", attachment.pk)).status_code == 404
    bob.post(read(gone).one("form", data_undo=None)["action"], headers=SCRIPT)
    attachment.refresh_from_db()
    assert attachment.deleted_at is None
    shown = read(bob.get(url(acme.workspace, "deal_detail", deal.pk))).one(id="activity").text
    assert shown.count("added a.pdf to the files of the deal") == 2 and "removed a.pdf from the files" in shown
    deal.refresh_from_db()
    assert deal.version == 1


@pytest.mark.parametrize("script", [True, False])
def test_what_is_not_taken_is_said_and_the_others_are_kept(acme, bob, deal, script):
    response = upload(bob, deal, sent("a.pdf", PDF), sent("page.png", b"<html>"), script=script)
    if not script:
        assert response["Location"].endswith("?tab=files")
        response = bob.get(response["Location"])
    assert "page.png is no PNG file" in read(response).text.replace("\n", " ")
    assert [attachment.name for attachment in Attachment.objects.all()] == ["a.pdf"]
    assert upload(bob, deal).status_code == 422
    before = Activity.objects.count()
    assert upload(bob, deal, sent("page.png", b"<html>")).status_code == 422
    assert Activity.objects.count() == before


def test_lead_contact_and_company_have_files_too(acme, bob):
    blue = create_company(acme.workspace, name="Blue", by=acme.bob)
    assert upload(bob, blue, sent("a.pdf", PDF)).status_code == 200
    page = read(bob.get(url(acme.workspace, "company_detail", blue.pk)))
    assert "a.pdf" in page.one("ul", "files").text and "added a.pdf to the files" in page.one(id="activity").text
