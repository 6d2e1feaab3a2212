"""What a member chooses to have by mail: the shape only."""

from __future__ import annotations

from django import forms

from activities.models import Delivery, Notification

CLOCK = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class DeliveryForm(forms.Form):
    """One choice for each kind of notification, named after it, and the quiet hours."""

    quiet_from = forms.TimeField(required=False, label="From", widget=CLOCK)
    quiet_until = forms.TimeField(required=False, label="Until", widget=CLOCK)

    def __init__(self, *args, delivery: Delivery, **kwargs):
        initial = {kind: delivery.when(kind) for kind in Notification.Kind.values}
        initial |= {"quiet_from": delivery.quiet_from, "quiet_until": delivery.quiet_until}
        super().__init__(*args, initial=initial, **kwargs)
        for kind in Notification.Kind:
            self.fields[kind.value] = forms.ChoiceField(
                choices=Delivery.When.choices, widget=forms.RadioSelect, label=kind.label
            )

    @property
    def kinds(self) -> list[forms.BoundField]:
        return [self[kind] for kind in Notification.Kind.values]

    def as_delivery(self) -> dict[str, object]:
        """What choose_delivery takes."""
        data = self.cleaned_data
        return {
            "choices": {kind: data[kind] for kind in Notification.Kind.values},
            "quiet_from": data["quiet_from"],
            "quiet_until": data["quiet_until"],
        }
