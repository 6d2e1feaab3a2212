"""`./run manage train_intent`: learn anew what replies mean. Needs no database, unless a workspace's corrections are to count."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.loader import render_to_string

from automation.models import Message
from automation.own_words import keep, own_file, write
from automation.wording import figures, training
from automation.wording.model import SHIPPED
from workspaces.commands import find_workspace
from workspaces.tenancy import tenant

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Learn anew what replies mean, from the sentences that ship with the product and what people corrected."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--workspace", metavar="SLUG", help="learn from this workspace's corrections too, for it alone"
        )
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail if the model is not of these words"
        )
        parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw how often judgements are right")

    def handle(self, *args: object, workspace: str | None, check: bool, plot: Path | None, **options: object) -> None:
        if workspace:
            self.learn(find_workspace(workspace).pk, check, plot)
            return
        model, _ = self.train(training.shipped_examples(), SHIPPED, check, plot)
        if not check:
            write(SHIPPED, model)

    def learn(self, workspace_id: int, check: bool, plot: Path | None) -> None:
        """What makes our own sentences judged worse is not kept."""
        with tenant(workspace_id):
            corrections = [training.corrected(*each) for each in Message.objects.corrections()]
        self.stdout.write(f"{len(corrections)} corrections in workspace {workspace_id}.")
        ours = training.shipped_examples()
        model, now = self.train(ours + corrections, own_file(workspace_id), check, plot)
        if check:
            return
        without, tried = training.train(ours)
        before = training.of_sentences(training.judged(without, tried), tried)
        is_worse = training.is_worse(now, before)
        keep(workspace_id, model, len(corrections), is_worse=is_worse)
        said = (
            f"Macro-F1 of our own sentences is {figures.macro_f1(now):.3f} with them, {figures.macro_f1(before):.3f} without: "
            f"{'not ' * is_worse}kept."
        )
        self.stdout.write(said)
        log.info("%s corrections of workspace %s were learnt from. %s", len(corrections), workspace_id, said)

    def train(
        self, examples: list[training.Example], file: Path, check: bool, plot: Path | None
    ) -> tuple[bytes, figures.Judged]:
        """The model, and how it judges the sentences that ship."""
        if check and not (file.exists() and json.loads(file.read_bytes())["made_of"] == training.made_of(examples)):
            raise CommandError(f"{file} was not made of these words: run train_intent without --check.")
        model, tried = training.train(examples)
        judged = training.judged(model, tried)
        self.stdout.write("Of sentences not learnt from (cross-validation in five parts):")
        for line in figures.report(judged):
            self.stdout.write(line)
        if plot:
            plot.write_text(render_to_string("automation/calibration.svg", drawing(judged)), "utf-8")
        return model, training.of_sentences(judged, tried)


def drawing(judged: figures.Judged) -> dict[str, object]:
    """The places of the template's points, of 380 by 380, in a frame that begins at 60, 40."""
    ticks = [{"percent": each, "x": 60 + round(3.8 * each), "y": 420 - round(3.8 * each)} for each in range(0, 101, 20)]
    points = [
        {
            "x": f"{60 + 380 * band.said:.1f}",
            "y": f"{420 - 380 * band.right:.1f}",
            "said": round(100 * band.said),
            "right": round(100 * band.right),
            "count": band.count,
        }
        for band in figures.calibration(judged)
    ]
    return {"title": f"How sure, and how often right: {len(judged)} replies", "ticks": ticks, "points": points}
