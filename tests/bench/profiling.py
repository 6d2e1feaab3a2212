"""`./run bench --profile NAME`: where the time of one page goes, in this process."""

from __future__ import annotations

import cProfile
import pstats
import sys
import time

from django.db import connection
from django.test import Client

from tests.factories import session_for


class InProcess:
    """Asks like `serving.Visitor`, without a server between."""

    def __init__(self, user: object):
        self.client = Client(HTTP_HOST="127.0.0.1")
        self.client.cookies["session"] = session_for(user)

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> None:
        if method == "POST":
            headers |= {"content_type": "application/x-www-form-urlencoded", "headers": {"X-Client-Id": "bench"}}
            response = self.client.post(path, body, **headers)
        else:
            response = self.client.get(path, headers=headers)
        if response.status_code != 200:
            raise SystemExit(f"{path} answered {response.status_code}")


def profile(ask, times: int) -> None:
    """Print the mean of `times` calls of `ask(number)`: CPU, wall and database time, then what they are made of."""
    spent: dict[str, float] = {}

    def count(execute, sql, params, many, context):
        start = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            spent[sql] = spent.get(sql, 0) + time.perf_counter() - start

    for number in range(10):
        ask(number)
    with connection.execute_wrapper(count):
        cpu, wall = time.process_time(), time.perf_counter()
        for number in range(times):
            ask(number)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    queries = sum(spent.values())
    print(f"cpu {ms(cpu, times)}, wall {ms(wall, times)}, in queries {ms(queries, times)}")
    for sql, seconds in spent.items():
        print(f"  {ms(seconds, times)} {' '.join(sql.split())[:200]}")
    profiler = cProfile.Profile()
    profiler.enable()
    for number in range(times):
        ask(number)
    profiler.disable()
    stats = pstats.Stats(profiler, stream=sys.stdout).strip_dirs()
    stats.sort_stats("cumtime").print_stats(45)
    stats.sort_stats("tottime").print_stats(30)


def ms(seconds: float, times: int) -> str:
    return f"{seconds / times * 1000:.2f} ms"
