"""10,000 mails made to break their reader (tests/automation/hostile.py), of another seed than the suite's: read to the end."""

from __future__ import annotations

import resource
import time
from datetime import date

from automation.mail.clean import clean_html
from automation.mail.parsing import read
from automation.reading import read_reply
from tests.automation.hostile import SEEDS, mutations

COUNT = 10_000
SEED = 2026


def measure() -> dict[str, float]:
    read_reply(read(SEEDS[0]), date(2026, 11, 22))  # what is loaded when first asked is loaded
    times = []
    for raw in mutations(COUNT, SEED):
        started = time.process_time()
        mail = read(raw)
        read_reply(mail, date(2026, 11, 22))
        clean_html(mail.html)
        times.append((time.process_time() - started) * 1000)
    times.sort()
    return {
        "messages": COUNT,
        "unread": 0,  # an exception ends the run
        "median_ms": round(times[COUNT // 2], 2),
        "p99_ms": round(times[COUNT * 99 // 100], 2),
        "slowest_ms": round(times[-1], 1),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
