from datetime import date

from django.core.management.base import BaseCommand, CommandError

from insights.metrics import Summary, summary, summary_as_of
from workspaces.commands import add_workspace, as_json, find_workspace
from workspaces.tenancy import tenant


class Command(BaseCommand):
    help = (
        "What the pipeline adds up to: stages, in-progress and weighted value, won and lost, win rate, days to close."
    )

    def add_arguments(self, parser):
        add_workspace(parser)
        parser.add_argument("--as-of", metavar="DATE", help="as it stood at the end of this day (YYYY-MM-DD)")
        parser.add_argument("--json", action="store_true", help="one line of JSON")

    def handle(self, *args, **options):
        workspace = find_workspace(options["workspace"])
        with tenant(workspace):
            found = summary_as_of(workspace, self.day(options["as_of"])) if options["as_of"] else summary(workspace)
        self.stdout.write(as_json(found.as_json()) if options["json"] else self.table(found))

    def day(self, text: str) -> date:
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise CommandError(f"{text} is not a date; write it like 2026-11-20.") from None

    def table(self, found: Summary) -> str:
        lines = [
            f"{line.pipeline:20.20} {line.name:20.20} {line.deals:8} {line.amount:18,.2f} {line.weighted:18,.2f}"
            for line in found.stages
        ]
        lines += [f"{key}: {value}" for key, value in found.as_json().items() if key != "stages"]
        return "\n".join(lines)
