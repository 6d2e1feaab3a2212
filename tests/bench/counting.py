"""Queries and rows of a request, in the header X-Bench: "queries;rows"."""

from __future__ import annotations

from django.db import connection


class CountingMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        counted = [0, 0]

        def count(execute, sql, params, many, context):
            result = execute(sql, params, many, context)
            counted[0] += 1
            counted[1] += max(0, context["cursor"].rowcount)
            return result

        with connection.execute_wrapper(count):
            response = self.get_response(request)
        response["X-Bench"] = f"{counted[0]};{counted[1]}"
        return response
