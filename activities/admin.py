"""The activity list (for super admins: of all workspaces), tasks and notes."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from activities import actions
from activities.models import (
    SUBJECTS,
    Activity,
    Attachment,
    Attendee,
    CalendarFeed,
    Delivery,
    Door,
    Follow,
    Mention,
    Note,
    Notification,
    NotificationMail,
    Task,
)
from workspaces.admin_base import ReadOnlyAdmin, TenantAdmin
from workspaces.admin_filters import ChooseFilter
from workspaces.admin_forms import RefusableForm
from workspaces.admin_site import site
from workspaces.models import Membership, Role


class AboutMixin:
    """Rows about a deal, lead, contact or company."""

    list_select_related = tuple(SUBJECTS)

    @admin.display(description="about")
    def about(self, row: models.Model) -> str:
        return str(row.subject)


@admin.register(Activity, site=site)
class ActivityAdmin(AboutMixin, ReadOnlyAdmin):
    """History: nobody writes it by hand, and nobody edits it."""

    menu = ("Sales", 50, "history")
    list_display = ("at", "kind", "actor", "about", "body_start", "door")
    list_filter = (("actor", ChooseFilter), "kind", "door", "at")
    search_fields = ("body", "actor__name", "actor__email")
    ordering = ("-at", "-pk")

    @admin.display(description="text")
    def body_start(self, row: Activity) -> str:
        return row.body[:80]


@admin.register(Task, site=site)
class TaskAdmin(AboutMixin, TenantAdmin):
    """Tasks are planned on the page of what they are about."""

    menu = ("Sales", 51, "task_alt")
    list_display = ("title", "type", "about", "assignee", "due_at", "priority", "status")
    list_filter = (("assignee", ChooseFilter), "status", "type", "priority", "due_at")
    search_fields = ("title",)
    fields = ("title", "type", "due_on", "due_at", "priority", "assignee", "remind", "repeat")
    readonly_fields = (*SUBJECTS, "status", "done_at", "created_by", "created_at")
    can_add = False
    actions = ("mark_done", "reopen")

    def get_fields(self, request: HttpRequest, obj: Task | None = None):
        return (*self.fields, *self.readonly_fields)

    def get_actions(self, request: HttpRequest) -> dict:
        # A task that is done names a member who did it.
        own = () if request.member else ("mark_done", "reopen")
        return {name: found for name, found in super().get_actions(request).items() if name not in own}

    def change_row(self, request: HttpRequest, obj: Task, form: RefusableForm) -> Task:
        columns = [obj._meta.get_field(name).attname for name in form.changed_data]
        changes = {column: getattr(obj, column) for column in columns}
        return actions.update_task(obj, by=request.member, **changes)

    def get_deleted_objects(self, objs, request: HttpRequest):
        # They stay, as what was not to be done any more.
        names = [str(obj) for obj in objs]
        return names, {"tasks, cancelled": len(names)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Task) -> None:
        actions.cancel_task(obj, by=request.member, door=Door.ADMIN)

    def hold(self, rows: Sequence[Task]) -> None:
        actions.hold_deals(rows)

    @admin.action(description="Mark as done")
    def mark_done(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        def verb(task: Task) -> None:
            actions.complete_task(task, by=request.member, door=Door.ADMIN)

        self.each(request, queryset, verb, "done")

    @admin.action(description="Open again")
    def reopen(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        def verb(task: Task) -> None:
            actions.reopen_task(task, by=request.member, door=Door.ADMIN)

        self.each(request, queryset, verb, "open again")


@admin.register(Note, site=site)
class NoteAdmin(AboutMixin, TenantAdmin):
    menu = ("Sales", 52, "sticky_note_2")
    list_display = ("__str__", "about", "author", "pinned", "created_at", "edited_at")
    list_filter = ("pinned", "created_at")
    search_fields = ("body", "author__name")
    ordering = ("-created_at", "-pk")
    fields = ("body", "pinned")
    readonly_fields = (*SUBJECTS, "author", "created_at", "edited_at")
    can_add = False

    def get_fields(self, request: HttpRequest, obj: Note | None = None):
        return (*self.fields, *self.readonly_fields)

    def change_row(self, request: HttpRequest, obj: Note, form: RefusableForm) -> Note:
        return actions.edit_note(obj, obj.body, pinned=obj.pinned, by=self.actor(request, obj))

    def get_deleted_objects(self, objs, request: HttpRequest):
        # Their lines stay, struck.
        names = [str(obj) for obj in objs]
        return names, {"notes": len(names)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Note) -> None:
        actions.delete_note(obj, by=self.actor(request, obj))

    def actor(self, request: HttpRequest, obj: Note) -> Membership:
        """A super admin ranks as an owner, who may change everybody's."""
        return request.member or Membership(workspace_id=obj.workspace_id, user=request.user, role=Role.OWNER)


@admin.register(Attachment, site=site)
class AttachmentAdmin(AboutMixin, ReadOnlyAdmin):
    """Added, and taken away, on the page of what they are about."""

    menu = ("Sales", 53, "attach_file")
    list_display = ("name", "about", "size", "author", "created_at", "deleted_at")
    list_filter = (("author", ChooseFilter), "created_at")
    search_fields = ("name", "author__name")
    ordering = ("-created_at", "-pk")


@admin.register(Attendee, site=site)
class AttendeeAdmin(ReadOnlyAdmin):
    menu = ("Sales", 54, "groups")
    list_display = ("email", "name", "task", "answer", "is_off", "sent_at", "attempts", "next_try_at", "problem")
    list_filter = ("answer",)
    search_fields = ("email", "name", "task__title")


@admin.register(CalendarFeed, site=site)
class CalendarFeedAdmin(ReadOnlyAdmin):
    """Who has a calendar address; the address itself is kept by nobody but them."""

    menu = ("System", 45, "calendar_month")
    list_display = ("user", "created_at")
    search_fields = ("user__name", "user__email")


@admin.register(Notification, site=site)
class NotificationAdmin(AboutMixin, ReadOnlyAdmin):
    menu = ("System", 40, "notifications")
    list_display = ("created_at", "recipient", "kind", "about", "actor", "read_at")
    list_filter = (("recipient", ChooseFilter), "kind", "created_at")
    search_fields = ("recipient__name", "recipient__email", "key")
    ordering = ("-created_at", "-pk")


@admin.register(Follow, site=site)
class FollowAdmin(ReadOnlyAdmin):
    menu = ("System", 41, "star")
    list_display = ("deal", "user", "state")
    list_filter = (("user", ChooseFilter), "state")
    search_fields = ("user__name", "deal__name")
    list_select_related = ("deal", "user")


@admin.register(Mention, site=site)
class MentionAdmin(ReadOnlyAdmin):
    menu = ("System", 42, "alternate_email")
    list_display = ("user", "text", "note")
    list_filter = (("user", ChooseFilter),)
    search_fields = ("user__name", "text")
    list_select_related = ("user", "note")


@admin.register(Delivery, site=site)
class DeliveryAdmin(ReadOnlyAdmin):
    menu = ("System", 43, "schedule_send")
    list_display = ("user", "quiet_from", "quiet_until")
    search_fields = ("user__name", "user__email")
    list_select_related = ("user",)


@admin.register(NotificationMail, site=site)
class NotificationMailAdmin(ReadOnlyAdmin):
    """Who waits for a mail in vain finds here what the mail server said."""

    menu = ("System", 44, "outgoing_mail")
    list_display = ("created_at", "recipient", "sent_at", "attempts", "next_try_at", "problem")
    list_filter = (("recipient", ChooseFilter), "created_at")
    search_fields = ("recipient__name", "recipient__email", "problem")
    ordering = ("-created_at", "-pk")
    list_select_related = ("recipient",)
