"""`./run manage read_mail FILE|DIR …`: what each message says, one line of JSON a message. Nothing is written, no database asked."""

from __future__ import annotations

import json
import mailbox
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from automation.mail.parsing import read
from automation.reading import Reading, read_reply


class Command(BaseCommand):
    help = "Say what mail means: files (.eml), mbox files, or folders of them. One line of JSON per message."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="FILE|DIR")
        parser.add_argument("--today", type=date.fromisoformat, help="the day it is (default: today)")

    def handle(self, *args, paths: list[Path], today: date | None, **options) -> None:
        for path in paths:
            if not path.exists():
                raise CommandError(f"{path} is not there.")
            for file in sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]:
                for name, raw in messages(file):
                    reading = read_reply(read(raw), today or date.today())
                    self.stdout.write(json.dumps({"file": name} | as_json(reading), ensure_ascii=False))


def messages(file: Path) -> Iterator[tuple[str, bytes]]:
    """The one message of a file, or all of an mbox."""
    with file.open("rb") as opened:
        begins = opened.read(200_000)
    if not is_mbox(file, begins):
        yield str(file), file.read_bytes()
        return
    box = mailbox.mbox(str(file), create=False)
    try:
        for number, key in enumerate(box.keys(), start=1):
            yield f"{file}#{number}", box.get_bytes(key)
    finally:
        box.close()


def is_mbox(file: Path, begins: bytes) -> bool:
    """A single message may begin with an envelope line too: then it is an mbox of one, unless its name says otherwise."""
    return begins.startswith(b"From ") and file.suffix.lower() not in {".eml", ".txt"} or file.suffix.lower() == ".mbox"


def as_json(reading: Reading) -> dict[str, object]:
    bounce = reading.bounce
    return {
        "intent": str(reading.intent),
        "confidence": round(reading.confidence, 4),
        "phrase": reading.phrase,
        "visible_text": reading.visible_text,
        "language": reading.language,
        "until": reading.until.isoformat() if reading.until else None,
        "bounce": {"address": bounce.address, "reason": bounce.reason, "hard": bounce.hard} if bounce else None,
    }
