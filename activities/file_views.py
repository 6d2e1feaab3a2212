"""Files of any record: added, fetched, deleted, brought back. They are never shown as a page of ours."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.files.storage import default_storage
from django.db.models import Model
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import content_disposition_header

from activities import actions
from activities.models import Attachment
from activities.timeline import visible
from activities.views import get_subject, subject_of, told
from workspaces.access import MemberRequest, member_required
from workspaces.action import Refused
from workspaces.dialogs import done, is_script

# Whatever the bytes are: nothing in them runs, and nothing in them speaks to us.
LOCKED = "sandbox; default-src 'none'"


def files_of(request: MemberRequest, subject: Model):
    """The newest first; of a company without those of deals and leads that the reader may not see."""
    about = {"workspace_id": subject.workspace_id, subject._meta.model_name: subject}
    found = visible(request, Attachment.objects.filter(deleted_at=None, **about))
    return found.select_related("author", "deal").order_by("-created_at", "-pk")


def get_file(request: MemberRequest, pk: int) -> tuple[Attachment, Model]:
    """A file, and the record it belongs to, that the member may see."""
    attachment = get_object_or_404(Attachment, workspace=request.workspace, pk=pk)
    return attachment, subject_of(request, attachment)


@member_required(methods=("POST",))
def file_add(request: MemberRequest, kind: str, pk: int) -> HttpResponse:
    subject = get_subject(request, kind, pk)
    sent = request.FILES.getlist("files")
    refused = [f"{name} is larger than {settings.UPLOAD_MAX_MB} MB." for name in getattr(request, "too_large", [])]
    added = []
    for file in sent:
        try:
            added.append(actions.attach(subject, file, by=request.member))
        except Refused as refusal:
            refused.append(refusal.message)
    if not added and not refused:
        refused = ["No file was chosen."]
    if is_script(request):
        status = 200 if added else 422
        context = {"added": added, "refused": refused, "subject": subject, "deal": subject if kind == "deal" else None}
        return render(request, "activities/files_added.html", context, status=status)
    for attachment in added:
        messages.success(request, f"Added {attachment}", extra_tags=reverse("file_delete", args=[attachment.pk]))
    for message in refused:
        messages.error(request, message)
    return done(request, files_url(subject))


def files_url(subject: Model) -> str:
    tab = "?tab=files" if subject._meta.model_name == "deal" else ""
    return subject.get_absolute_url() + tab


@member_required()
def file_download(request: MemberRequest, pk: int) -> HttpResponse:
    """The bytes, to be saved and not to be looked at: as an attachment of no particular type, in a sandbox."""
    attachment, _ = get_file(request, pk)
    if attachment.deleted_at is not None or not default_storage.exists(attachment.path):
        raise Http404("No such file")
    # Whole, for it is small (UPLOAD_MAX_MB): what is streamed would leave after the request has ended.
    with default_storage.open(attachment.path) as file:
        return as_download(file.read(), attachment.name)


def as_download(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["Content-Security-Policy"] = LOCKED
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, no-store"
    return response


@member_required(methods=("POST",))
def file_delete(request: MemberRequest, pk: int) -> HttpResponse:
    attachment, subject = get_file(request, pk)
    actions.remove_attachment(attachment, by=request.member)
    return told(request, subject, f"Deleted {attachment}", undo=reverse("file_restore", args=[attachment.pk]))


@member_required(methods=("POST",))
def file_restore(request: MemberRequest, pk: int) -> HttpResponse:
    attachment, subject = get_file(request, pk)
    actions.restore_attachment(attachment, by=request.member)
    return told(request, subject, f"{attachment} is back")


def panel(request: MemberRequest, subject: Model) -> dict[str, object]:
    """What the template activities/files.html shows."""
    return {
        "files": files_of(request, subject),
        "files_kind": subject._meta.model_name,
        "files_subject": subject,
        "files_limit": settings.UPLOAD_MAX_MB,
    }
