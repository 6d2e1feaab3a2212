"""What people of the demo answer: (hours ago, the reply, whether a robot sent it); {name} is the sender's first name."""

from __future__ import annotations

SUBJECT = "Re: Temperature alarms that reach the right person"
QUOTE = """
On {day}, {owner} wrote:
> Hello {name},
> two minutes on how others keep their cold rooms in range without paper lists?
"""
REPLIES: tuple[tuple[float, str, bool], ...] = (
    (0.4, "Hi,\n\nyes, we are very interested. Please call me this week, I would like to start with our two cold rooms.\n\nBest,\n{name}", False),
    (1.1, "Thanks for following up. I like the idea, but our budget is frozen until March, so there is no point in talking before that. Come back to me after the season starts.\n\nBest, {name}", False),
    (1.9, "I am no longer in charge of this. Please contact my colleague Luca Ferri (luca.ferri@aurelia.example), he decides on monitoring.\n\n{name}", False),
    (2.6, "Depends. What exactly do you mean?", False),
    (3.2, "Could you tell me what the gateway costs per year, and whether it works without mobile reception?\n\n{name}", False),
    (4.5, "Thank you for your message. I am out of the office until 7 December and will read it when I am back.", True),
    (5.0, "Please remove me from your list.", False),
    (6.3, "Tuesday at 15:00 works for me. Please send an invitation, my colleague from quality will join us.\n\n{name}", False),
    (21.0, "Not interested, we have just renewed with our supplier for three years.\n\nRegards\n{name}", False),
    (22.5, "Guten Tag,\n\ndas klingt gut, wir hätten großes Interesse. Können wir nächste Woche telefonieren?\n\nViele Grüße\n{name}", False),
    (25.0, "Bonjour,\n\npas pour le moment, recontactez-moi en avril s'il vous plaît.\n\nCordialement,\n{name}", False),
    (27.0, "Hmm, maybe. Looks nice but so did the last three systems we bought ...", False),
)  # fmt: skip
STRANGER = (0.9, "Hello,\n\na friend at a dairy told me about you. We run 14 freezer trucks and are interested in a quote. Can we talk?\n\nKind regards\nNora Halden", "Nora Halden <nora.halden@haldenfrost.example>")  # fmt: skip
