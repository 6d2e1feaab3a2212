"""What the outboxes of before left behind: lines of the schedule that ring for tasks that are gone, and invitations that wait."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("activities", "0010_planned_live"),
        ("django_celery_beat", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            "DELETE FROM django_celery_beat_periodictask WHERE task IN"
            " ('activities.tasks.send_notification_mails', 'activities.tasks.send_missed_meeting_mail')",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            "UPDATE activities_attendee SET next_try_at = now()"
            " WHERE sent_version < due_version AND next_try_at IS NULL AND attempts = 0",
            migrations.RunSQL.noop,
        ),
    ]
