"""Mail, what was done about it, and who gets no more of it."""

from __future__ import annotations

from django.contrib import admin

from automation.models import (
    CampaignStep,
    Effect,
    Enrolment,
    ImapLogin,
    Inlet,
    InletEvent,
    Mailbox,
    MailTemplate,
    Meeting,
    Message,
    Pace,
    Sending,
    StepMail,
    Suppression,
)
from workspaces.admin_base import ReadOnlyAdmin
from workspaces.admin_filters import ChooseFilter
from workspaces.admin_site import site


@admin.register(Mailbox, site=site)
class MailboxAdmin(ReadOnlyAdmin):
    menu = ("Mail", 70, "inbox")
    list_display = ("name", "address", "owner", "is_active")
    list_filter = (("owner", ChooseFilter), "is_active")
    search_fields = ("name", "address")
    list_select_related = ("owner",)


@admin.register(Message, site=site)
class MessageAdmin(ReadOnlyAdmin):
    """As it came in; what to do about it is decided in the inbox."""

    menu = ("Mail", 71, "mail")
    list_display = ("received_at", "sender_email", "subject_line", "intent", "state", "problem")
    list_filter = ("state", "intent", "direction", "received_at")
    search_fields = ("sender_email", "sender_name", "subject_line")
    ordering = ("-received_at", "-pk")
    exclude = ("raw", "html")

    def get_queryset(self, request):
        return super().get_queryset(request).listed()


@admin.register(Effect, site=site)
class EffectAdmin(ReadOnlyAdmin):
    menu = ("Mail", 72, "bolt")
    list_display = ("at", "kind", "said", "problem", "undone_at")
    list_filter = ("kind", "at")
    search_fields = ("said",)
    ordering = ("-at", "-pk")


@admin.register(Suppression, site=site)
class SuppressionAdmin(ReadOnlyAdmin):
    menu = ("Mail", 73, "unsubscribe")
    list_display = ("email", "reason", "at", "by")
    list_filter = ("reason", "at")
    search_fields = ("email",)
    list_select_related = ("by",)


@admin.register(Sending, site=site)
class SendingAdmin(ReadOnlyAdmin):
    menu = ("Mail", 74, "outgoing_mail")
    list_display = ("queued_at", "message", "mailbox", "by", "sent_at", "attempts", "next_try_at", "problem")
    list_filter = ("queued_at", "sent_at")
    search_fields = ("message__subject_line", "problem")
    ordering = ("-queued_at", "-pk")
    list_select_related = ("message", "mailbox", "by")


@admin.register(MailTemplate, site=site)
class MailTemplateAdmin(ReadOnlyAdmin):
    menu = ("Mail", 75, "draft")
    list_display = ("name", "subject", "created_at", "archived_at")
    list_filter = ("archived_at",)
    search_fields = ("name", "subject")


@admin.register(ImapLogin, site=site)
class ImapLoginAdmin(ReadOnlyAdmin):
    """How a mailbox is fetched, and how far that is. Its password is in no field that is not left out here."""

    menu = ("Mail", 76, "dns")
    list_display = ("mailbox", "host", "username", "sign_in", "last_uid", "next_at", "failures")
    list_filter = ("sign_in",)
    search_fields = ("host", "username")
    list_select_related = ("mailbox",)
    exclude = ("secret", "access")


@admin.register(Inlet, site=site)
class InletAdmin(ReadOnlyAdmin):
    menu = ("Mail", 77, "webhook")
    list_display = ("mailbox", "provider", "token_at", "key_at")
    list_filter = ("provider",)
    search_fields = ("mailbox__name", "provider")
    list_select_related = ("mailbox",)
    exclude = ("token_hash", "key")


@admin.register(InletEvent, site=site)
class InletEventAdmin(ReadOnlyAdmin):
    """What services called with, so that a second call with it brings nothing."""

    menu = ("Mail", 79, "webhook")
    list_display = ("at", "inlet", "event")
    search_fields = ("event", "inlet__mailbox__name")
    ordering = ("-at", "-pk")
    list_select_related = ("inlet__mailbox",)


@admin.register(CampaignStep, site=site)
class CampaignStepAdmin(ReadOnlyAdmin):
    menu = ("Mail", 86, "format_list_numbered")
    list_display = ("campaign", "position", "template", "delay", "unit", "archived_at")
    list_filter = ("archived_at",)
    search_fields = ("campaign__name", "template__name")
    list_select_related = ("campaign", "template")


@admin.register(Enrolment, site=site)
class EnrolmentAdmin(ReadOnlyAdmin):
    menu = ("Mail", 87, "schedule_send")
    list_display = ("member", "since", "due_at", "stopped")
    list_filter = ("stopped", "due_at")
    search_fields = ("member__lead__name",)
    ordering = ("-since", "-pk")
    list_select_related = ("member__campaign", "member__lead")


@admin.register(StepMail, site=site)
class StepMailAdmin(ReadOnlyAdmin):
    menu = ("Mail", 88, "forward_to_inbox")
    list_display = ("member", "step", "message")
    search_fields = ("member__lead__name",)
    ordering = ("-pk",)
    list_select_related = ("member__campaign", "member__lead", "step__campaign", "step__template", "message")


@admin.register(Pace, site=site)
class PaceAdmin(ReadOnlyAdmin):
    menu = ("Mail", 89, "speed")
    list_display = ("mailbox", "per_hour", "per_day")
    search_fields = ("mailbox__name",)
    list_select_related = ("mailbox",)


@admin.register(Meeting, site=site)
class MeetingAdmin(ReadOnlyAdmin):
    """By what name calendars elsewhere know a meeting."""

    menu = ("Mail", 78, "event")
    list_display = ("uid", "occurrence", "sequence", "is_off", "task")
    list_filter = ("is_off",)
    search_fields = ("uid",)
    list_select_related = ("task",)
