"""Where the marks of a chart stand (pure): numbers for SVG, made here because a template cannot calculate."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

WIDTH, HEIGHT = 80, 26  # of a sparkline
CHART_WIDTH, CHART_HEIGHT, LEFT, FOOT = 640, 200, 56, 20


def points(values: Sequence[Decimal]) -> list[tuple[float, float]]:
    low, high = float(min(values)), float(max(values))
    room = high - low or 1
    step = WIDTH / max(1, len(values) - 1)
    return [(i * step, 2 + (HEIGHT - 4) * (1 - (float(value) - low) / room)) for i, value in enumerate(values)]


def line(values: Sequence[Decimal]) -> str:
    """The path of a sparkline.

    >>> line([Decimal(0), Decimal(1)])
    'M0.0 24.0 L80.0 2.0'
    """
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points(values))


def area(values: Sequence[Decimal]) -> str:
    """The same, closed at its foot."""
    return f"{line(values)} L{WIDTH} {HEIGHT} L0 {HEIGHT} Z"


def bars(parts: Sequence[Decimal], whole: Decimal) -> list[dict[str, str]]:
    """Side by side, in percent of the whole.

    >>> bars([Decimal(1), Decimal(3)], Decimal(8))
    [{'x': '0.0', 'width': '12.5'}, {'x': '12.5', 'width': '37.5'}]
    """
    found, at = [], Decimal(0)
    for part in parts:
        width = part / whole * 100 if whole else Decimal(0)
        found.append({"x": f"{at:.1f}", "width": f"{width:.1f}"})
        at += width
    return found


def round_up(value: Decimal) -> Decimal:
    """The next round number for the top of an axis of four steps.

    >>> [int(round_up(Decimal(n))) for n in (0, 7, 318000, 1200000)]
    [4, 8, 400000, 1200000]
    """
    if value <= 0:
        return Decimal(4)
    size = Decimal(10) ** (value.adjusted() - 1)
    for steps in (4, 6, 8, 10, 12, 16, 20, 24, 30, 40, 60, 80, 100):
        if steps * size >= value:
            return steps * size
    raise AssertionError("100 times a tenth of its size is more than any number")


def columns(
    values: Sequence[Decimal], goals: Sequence[Decimal | None], more: Sequence[Decimal]
) -> dict[str, list[dict[str, object]]]:
    """Columns with a goal's mark on each and what is expected on top of it, and four lines to read them by."""
    tops = [value + extra for value, extra in zip(values, more, strict=True)]
    top = round_up(max([*tops, *(goal for goal in goals if goal)], default=Decimal(0)))
    height, slot = CHART_HEIGHT - FOOT, (CHART_WIDTH - LEFT) / len(values)

    def y(value: Decimal) -> float:
        return 6 + (height - 6) * (1 - float(value / top))

    found: list[dict[str, object]] = []
    for i, (value, goal, whole) in enumerate(zip(values, goals, tops, strict=True)):
        x = LEFT + slot * i + slot * 0.18
        column: dict[str, object] = {
            "x": f"{x:.1f}", "width": f"{slot * 0.64:.1f}", "middle": f"{x + slot * 0.32:.1f}",
            "y": f"{y(value):.1f}", "height": f"{height - y(value):.1f}",
            "more_y": f"{y(whole):.1f}", "more_height": f"{y(value) - y(whole):.1f}" if whole > value else "",
        }  # fmt: skip
        if goal:
            column |= {"goal_y": f"{y(goal):.1f}", "goal_x": f"{x - 4:.1f}", "goal_end": f"{x + slot * 0.64 + 4:.1f}"}
        found.append(column)
    ticks: list[dict[str, object]] = [
        {"y": f"{y(top * i / 4):.1f}", "text_y": f"{y(top * i / 4) + 4:.1f}", "value": top * i / 4}
        for i in (0, 1, 2, 3, 4)
    ]
    return {"columns": found, "ticks": ticks}
