"""The bytes of attachments: which are taken, and where they lie.

They are stored under random names in a folder of their workspace, outside of all that is served, and leave only through
a view that asks who wants them (file_views.py). What is taken is told by the bytes, never by what the sender says.
"""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
import zipfile
from datetime import timedelta
from pathlib import PurePosixPath

import puremagic
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.utils import timezone

from activities.models import Attachment
from workspaces.action import Refused

# What the magic bytes of each kind of file must stand for: none of them does anything by being opened in a browser.
BY_MAGIC = {
    "pdf": {".pdf"},
    "png": {".png"},
    "jpg": {".jpg", ".jpeg", ".jfif"},
    "jpeg": {".jpg", ".jpeg", ".jfif"},
    "gif": {".gif"},
    "webp": {".webp"},
    "doc": {".doc"},
    "xls": {".xls", ".doc"},  # one container
    "ppt": {".ppt", ".doc"},
    "mp3": {".mp3"},
    "mp4": {".mp4"},
}
# Containers: a ZIP archive with this in it.
BY_PART = {
    "docx": "word/document.xml",
    "xlsx": "xl/workbook.xml",
    "pptx": "ppt/presentation.xml",
    "odt": "content.xml",
    "ods": "content.xml",
    "odp": "content.xml",
}
TEXT = ("txt", "csv", "md")
ALLOWED = (*BY_MAGIC, *BY_PART, *TEXT)
HEAD = 8192
LONGEST_NAME = 200
ORPHANED = timedelta(days=1)


def limit() -> int:
    """The most bytes that one file may have."""
    return settings.UPLOAD_MAX_MB * 1024 * 1024


def check(file: UploadedFile) -> str:
    """The name to keep the file under; Refused unless it is what its name says, of a kind and size that is taken."""
    name = clean_name(file.name or "")
    if file.size is None or file.size > limit():
        raise Refused(f"{name} is larger than {settings.UPLOAD_MAX_MB} MB.")
    if file.size == 0:
        raise Refused(f"{name} is empty.")
    extension = PurePosixPath(name).suffix.lower().removeprefix(".")
    if extension not in ALLOWED:
        raise Refused(f"{name}: files of this kind are not taken. Taken are {', '.join(ALLOWED)}.")
    if not is_what_it_says(file, extension):
        raise Refused(f"{name} is no {extension.upper()} file, whatever its name says.")
    return name


def is_what_it_says(file: UploadedFile, extension: str) -> bool:
    file.seek(0)
    head = file.read(HEAD)
    file.seek(0)
    if extension in BY_PART:
        return has_part(file, BY_PART[extension])
    if extension in TEXT:
        return is_text(head) and not found_extensions(head) & {".html", ".htm", ".svg", ".xml"}
    return bool(BY_MAGIC[extension] & found_extensions(head))


def found_extensions(head: bytes) -> set[str]:
    """What kinds of files begin like this."""
    try:
        return {match.extension for match in puremagic.magic_string(head)}
    except puremagic.PureError:
        return set()


def has_part(file: UploadedFile, part: str) -> bool:
    """Whether it is an archive from its first byte on, with this in it. Nothing is unpacked."""
    try:
        with zipfile.ZipFile(file) as archive:
            starts = min((entry.header_offset for entry in archive.infolist()), default=-1)
            return starts == 0 and part in archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return False
    finally:
        file.seek(0)


def is_text(head: bytes) -> bool:
    """Lines of words, in whatever code page."""
    return not any(byte == 127 or byte < 32 and byte not in b"\t\n\r\f" for byte in head)


def clean_name(name: str) -> str:
    """Without folders, and without what turns a name around or ends a line in a header."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    name = "".join(sign for sign in name if unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
    stem, dot, extension = name.strip(" .").rpartition(".")
    if not dot:
        stem, extension = extension, ""
    return f"{stem[: LONGEST_NAME - 1 - len(extension)]}{dot}{extension}"[:LONGEST_NAME] or "file"


# --- where they lie ---------------------------------------------------------------------------------


def folder(workspace_id: int) -> str:
    return f"attachments/{workspace_id}"


def store(workspace_id: int, file: UploadedFile) -> tuple[str, str]:
    """(path, SHA-256 of the bytes)."""
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    path = f"{folder(workspace_id)}/{secrets.token_hex(20)}"
    return default_storage.save(path, file), digest.hexdigest()


def sweep(workspace_id: int) -> int:
    """Take away the files that no row speaks of any more, or never did because its transaction failed. Their number."""
    if not default_storage.exists(folder(workspace_id)):
        return 0
    paths = [f"{folder(workspace_id)}/{name}" for name in default_storage.listdir(folder(workspace_id))[1]]
    known = set(Attachment.objects.filter(path__in=paths).values_list("path", flat=True))
    # What is being uploaded right now has no row yet.
    late = timezone.now() - ORPHANED
    gone = [path for path in paths if path not in known and default_storage.get_modified_time(path) < late]
    for path in gone:
        default_storage.delete(path)
    return len(gone)


class LimitHandler(FileUploadHandler):
    """Stands before the others: of a file that is too large no more is kept than its name, while it still comes in."""

    def new_file(self, *args: object, **kwargs: object) -> None:
        super().new_file(*args, **kwargs)
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        if self.received > limit():
            too_large = vars(self.request).setdefault("too_large", [])
            too_large.append(clean_name(self.file_name))
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
