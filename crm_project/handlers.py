"""Who is told of which lines of the timeline, after commit and at least once (activities/outbox.py): {function: kinds}."""

RULED = (
    "call",
    "deal_created",
    "email_in",
    "field_change",
    "lead_converted",
    "lead_created",
    "meeting",
    "stage_change",
    "task_done",
)

ACTIVITY_HANDLERS: dict[str, tuple[str, ...]] = {
    "deals.telling.tell": ("stage_change", "deal_created", "field_change", "note"),
    "deals.playbooks.on_activity": ("stage_change", "deal_created", "undo"),
    "automation.events.on_activity": RULED,
}
# Of these handlers, which kinds a workspace asks for now: {handler: function(workspace id) -> kinds}.
ACTIVITY_ASKED: dict[str, str] = {"automation.events.on_activity": "automation.events.asked"}
