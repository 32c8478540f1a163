"""Plots as SVG, without a library: bars by group, and lines."""

from collections.abc import Mapping, Sequence
from html import escape

COLOURS = ["#1f6feb", "#bf8700", "#8250df", "#57606a"]
WIDTH, ROW, LEFT, RIGHT = 720, 22, 190, 90


def bars(title: str, unit: str, groups: Mapping[str, Mapping[str, float]]) -> str:
    """Horizontal bars: for each group one for each name, in the colour of the name."""
    names = list(dict.fromkeys(name for group in groups.values() for name in group))
    most = max(value for group in groups.values() for value in group.values()) or 1
    parts, y = [_text(LEFT, 22, title, weight="bold")], 44
    for group, values in groups.items():
        parts.append(_text(8, y + 15, group))
        for name, value in values.items():
            width = max(1.0, value / most * (WIDTH - LEFT - RIGHT))
            colour = COLOURS[names.index(name) % len(COLOURS)]
            parts.append(f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{ROW - 5}" fill="{colour}"/>')
            parts.append(_text(LEFT + width + 6, y + 13, f"{_number(value)} {unit}", size=11))
            y += ROW
        y += 10
    return _svg(parts + _legend(names, y), y + 30)


def lines(title: str, unit: str, along: str, series: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Lines over a common axis. Both axes begin at nothing."""
    points = [point for line in series.values() for point in line]
    widest, highest = max(x for x, _ in points) or 1, max(y for _, y in points) or 1
    top, height, left = 44, 240, 60

    def place(x: float, y: float) -> tuple[float, float]:
        return left + x / widest * (WIDTH - left - RIGHT), top + height - y / highest * height

    parts = [_text(left, 22, title, weight="bold")]
    parts.append(f'<path d="M{left} {top} V{top + height} H{WIDTH - RIGHT}" fill="none" stroke="#888"/>')
    parts += [_text(8, top + 10, f"{_number(highest)} {unit}", size=11), _text(left, top + height + 18, f"0 {along}", size=11)]
    parts.append(_text(WIDTH - RIGHT - 20, top + height + 18, f"{widest:g}", size=11))
    for number, line in enumerate(series.values()):
        colour = COLOURS[number % len(COLOURS)]
        path = " L".join(f"{x:.1f} {y:.1f}" for x, y in (place(*point) for point in line))
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in (place(*point) for point in line)]
    bottom = top + height + 34
    return _svg(parts + _legend(list(series), bottom), bottom + 30)


def _legend(names: list[str], y: float) -> list[str]:
    parts, x = [], 8.0
    for number, name in enumerate(names):
        parts.append(f'<rect x="{x:.0f}" y="{y}" width="12" height="12" fill="{COLOURS[number % len(COLOURS)]}"/>')
        parts.append(_text(x + 18, y + 11, name, size=12))
        x += 40 + 8 * len(name)
    return parts


def _text(x: float, y: float, words: str, *, size: int = 13, weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}">{escape(words)}</text>'


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def _svg(parts: list[str], height: float) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" font-family="sans-serif" fill="#24292f">'
    ground = f'<rect width="{WIDTH}" height="{height:.0f}" fill="#fff"/>'
    return "\n".join([head, ground, *parts, "</svg>", ""])
