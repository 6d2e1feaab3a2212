"""What people do about deals, leads, contacts and companies. `by` is the Membership that acts, None the system."""

from activities.actions.attaching import attach, remove_attachment, restore_attachment
from activities.actions.calendars import find_feed, make_feed, revoke_feed
from activities.actions.logged import delete_logged, log_call, log_email, log_meeting, restore_logged
from activities.actions.meetings import invite_people, people_of
from activities.actions.notes import add_note, delete_note, edit_note, restore_note, who_may_be_named
from activities.actions.notifying import followers, notify
from activities.actions.reading import (
    choose_delivery,
    choose_mails,
    follow,
    forget_old,
    mark_all_read,
    mark_read,
    stop_mails,
    unmark_read,
)
from activities.actions.recording import about, record
from activities.actions.tasks import (
    CLOSED,
    EDITABLE,
    HISTORY,
    cancel_task,
    check_task,
    check_version,
    complete_task,
    hold_deals,
    lock_task,
    plan_next,
    plan_task,
    reopen_task,
    undo_task_change,
    update_task,
    zone_of,
)

__all__ = [
    "CLOSED",
    "EDITABLE",
    "HISTORY",
    "about",
    "attach",
    "remove_attachment",
    "restore_attachment",
    "add_note",
    "cancel_task",
    "check_task",
    "check_version",
    "choose_delivery",
    "choose_mails",
    "complete_task",
    "delete_note",
    "edit_note",
    "find_feed",
    "follow",
    "followers",
    "forget_old",
    "invite_people",
    "hold_deals",
    "lock_task",
    "delete_logged",
    "restore_logged",
    "log_call",
    "log_email",
    "log_meeting",
    "make_feed",
    "mark_all_read",
    "mark_read",
    "notify",
    "people_of",
    "plan_next",
    "plan_task",
    "record",
    "reopen_task",
    "restore_note",
    "stop_mails",
    "revoke_feed",
    "undo_task_change",
    "unmark_read",
    "update_task",
    "who_may_be_named",
    "zone_of",
]
