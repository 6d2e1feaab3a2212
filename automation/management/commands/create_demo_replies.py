from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from automation import demo
from automation.actions import receive, take
from automation.models import Mailbox, Message
from leads.models import ContactEmail, Lead
from workspaces.commands import add_workspace, find_workspace
from workspaces.tenancy import tenant

PURSUED = (Lead.Status.NEW, Lead.Status.ATTEMPTED, Lead.Status.CONNECTED)


class Command(BaseCommand):
    help = "Replies for the demo workspace, read as any others are: one becomes a deal, others wait for a decision."

    def add_arguments(self, parser):
        add_workspace(parser)

    def handle(self, *args, **options):
        workspace = find_workspace(options["workspace"])
        with tenant(workspace, door="automation"):
            if Message.objects.exists():
                raise CommandError("There is mail already.")
            box = Mailbox.objects.create(workspace=workspace, name="Sales", address="sales@demo.example")
            leads = Lead.objects.filter(status__in=PURSUED, deals=None, contact__emails__is_primary=True)
            chosen = leads.select_related("contact", "owner").order_by("pk")[: len(demo.REPLIES)]
            mails = [self.reply(lead, *said) for lead, said in zip(chosen, demo.REPLIES, strict=False)]
            hours, text, sender = demo.STRANGER
            mails.append((hours, self.mail(text, sender, hours)))
            for hours, raw in sorted(mails, reverse=True):
                message, _ = receive(workspace, raw, mailbox=box, at=timezone.now() - timedelta(hours=hours))
                take(Message.objects.select_related("workspace", "mailbox").get(pk=message.pk))

    def reply(self, lead, hours, text, is_robot):
        email = ContactEmail.objects.get(contact=lead.contact, is_primary=True).email
        name = lead.contact.first_name
        day = (timezone.now() - timedelta(days=2)).strftime("%a %d %b %Y, %H:%M")
        quote = "" if is_robot else demo.QUOTE.format(day=day, owner=lead.owner or "we", name=name)
        robot = {"Auto-Submitted": "auto-replied"} if is_robot else {}
        return hours, self.mail(text.format(name=name) + quote, f"{lead.contact.name} <{email}>", hours, **robot)

    def mail(self, text, sender, hours, **headers):
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, "sales@demo.example", demo.SUBJECT
        mail["Date"] = format_datetime(timezone.now() - timedelta(hours=hours))
        mail["Message-ID"] = f"<{hours}@demo.example>"
        for name, value in headers.items():
            mail[name] = value
        mail.set_content(text)
        return bytes(mail)
