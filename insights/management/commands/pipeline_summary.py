from datetime import date

from django.core.management.base import BaseCommand, CommandError

from deals.models import Kind
from deals.totals import Total
from insights.metrics import StageLine, Summary, summary, summary_as_of
from workspaces.commands import add_workspace, as_json, find_workspace
from workspaces.formats import NONE
from workspaces.tenancy import tenant

Row = tuple[str, str, str, str]


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
        self.stdout.write(as_json(found.as_json()) if options["json"] else self.table(found, workspace.currency))

    def day(self, text: str) -> date:
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise CommandError(f"{text} is not a date; write it like 2026-11-20.") from None

    def table(self, found: Summary, currency: str) -> str:
        pipelines = {
            line.pipeline: [other for other in found.stages if other.pipeline == line.pipeline] for line in found.stages
        }
        rows = [row for name, stages in pipelines.items() for row in self.rows(name, stages)]
        rows += [
            (f"Total in {currency}", "Deals", "Amount", "Weighted"),
            ("  in progress", *self.sums(found.in_progress, weighted=True)),
            ("  won", *self.sums(found.won)),
            ("  lost", *self.sums(found.lost)),
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        rate, value = (NONE if share is None else f"{share:.1%}" for share in (found.win_rate, found.win_rate_value))
        mean, middle = (
            NONE if days is None else f"{days:,.1f}" for days in (found.days_to_close_mean, found.days_to_close_median)
        )
        return "\n".join(
            [
                *(self.line(row, widths) for row in rows),
                f"Win rate {rate} of deals, {value} of their amount",
                f"Days to close {mean} on average, {middle} in the middle",
            ]
        )

    def rows(self, pipeline: str, stages: list[StageLine]) -> list[Row]:
        sums = ((f"  {line.name}", *self.sums(line, weighted=line.kind == Kind.OPEN)) for line in stages)
        return [(pipeline, "Deals", "Amount", "Weighted"), *sums, ("", "", "", "")]

    def sums(self, of: StageLine | Total, *, weighted: bool = False) -> tuple[str, str, str]:
        return f"{of.deals:,}", f"{of.amount:,.2f}", f"{of.weighted:,.2f}" if weighted else ""

    def line(self, row: Row, widths: list[int]) -> str:
        name, *numbers = row
        cells = (number.rjust(width) for number, width in zip(numbers, widths[1:], strict=True))
        return "  ".join((name.ljust(widths[0]), *cells)).rstrip()
