"""What Celery beat rings for, and every how many seconds. Each finds its work in rows: ringing twice, or late, does no harm."""

SCHEDULE = {
    "fetch-mailboxes": {"task": "automation.tasks.fetch_due", "schedule": 15},
    "watch-mailboxes": {"task": "automation.tasks.watch_mailboxes", "schedule": 60},
    "forget-mailboxes": {"task": "automation.tasks.forget_mailboxes", "schedule": 86400},
    "read-missed-mail": {"task": "automation.tasks.read_missed", "schedule": 10},
    "run-campaigns": {"task": "automation.tasks.run_campaigns", "schedule": 60},
    "send-pending-invitations": {"task": "workspaces.tasks.send_pending_invitations", "schedule": 60},
    "dispatch-missed": {"task": "activities.tasks.dispatch_missed", "schedule": 60},
    "send-mails": {"task": "activities.tasks.send_mails", "schedule": 30},
    "forget-notifications": {"task": "activities.tasks.forget_notifications", "schedule": 86400},
    "send-reminders": {"task": "activities.tasks.send_reminders", "schedule": 30},
    "settle-missed-days": {"task": "activities.tasks.settle_missed_days", "schedule": 86400},
    "clear-sessions": {"task": "workspaces.tasks.clear_sessions", "schedule": 86400},
    "resume-bulks": {"task": "deals.tasks.resume_bulks", "schedule": 60},
    "forget-changes": {"task": "deals.tasks.forget_changes", "schedule": 86400},
    "refresh-segments": {"task": "leads.tasks.refresh_segments", "schedule": 900},
    "make-waiting-exports": {"task": "connectors.tasks.make_waiting_exports", "schedule": 60},
    "remove-old-exports": {"task": "connectors.tasks.remove_old_exports", "schedule": 3600},
    "empty-bin": {"task": "deals.tasks.empty_bin", "schedule": 86400},
    "empty-file-bin": {"task": "activities.tasks.empty_file_bin", "schedule": 86400},
}
