"""What was done and what is to do, for deals, leads, contacts and companies alike (domain.md section 4).

This app stands below leads and deals: it knows them by string foreign keys only.
"""

from activities.models.about import HAS_SUBJECT, LONGEST_TEXT, OWNED, SUBJECTS, About, Door, subject_indexes
from activities.models.activity import Activity
from activities.models.attachment import Attachment
from activities.models.calendar import Attendee, CalendarFeed
from activities.models.note import Mention, Note
from activities.models.notification import Delivery, Follow, Notification, NotificationMail
from activities.models.outgoing import Outgoing
from activities.models.task import Task

__all__ = [
    "About",
    "Activity",
    "Attendee",
    "CalendarFeed",
    "Delivery",
    "Attachment",
    "Door",
    "Follow",
    "HAS_SUBJECT",
    "LONGEST_TEXT",
    "Mention",
    "Note",
    "Notification",
    "NotificationMail",
    "OWNED",
    "Outgoing",
    "SUBJECTS",
    "Task",
    "subject_indexes",
]
