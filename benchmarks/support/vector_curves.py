"""Curves of queries a second against recall: measured in rounds, read off, and drawn."""

import math
from html import escape
from itertools import zip_longest

import harness

RECALL_MIN, RECALL_ENOUGH = 0.8, 0.997
COLOURS = ("#c22f2f", "#2458b3", "#2e8b57", "#8b5fbf", "#c77f0a", "#4a4a4a", "#0f8f9f", "#a0522d")


def worth_timing(contender):
    """{setting: recall}, from the last one below RECALL_MIN to the first that is enough, and never none."""
    kept, saturated = {}, {}
    for setting in contender.settings():
        series = setting[1:] if isinstance(setting, tuple) else ()
        if saturated.get(series):
            continue
        recall = contender.search(setting, quality=True)["recall"]
        saturated[series] = recall >= RECALL_ENOUGH
        if recall >= RECALL_MIN:
            kept[setting] = recall
    return kept


def measure(contenders, rounds):
    """{label: points of (recall, queries a second)}: at each step everyone is asked once; the median of rounds counts."""
    recalls = {contender.label: worth_timing(contender) for contender in contenders}
    speeds = {label: {setting: [] for setting in settings} for label, settings in recalls.items()}
    for _ in range(rounds):
        for step in zip_longest(*(recalls[contender.label] for contender in contenders)):
            for contender, setting in zip(contenders, step):
                if setting is not None:
                    speeds[contender.label][setting].append(contender.search(setting, quality=False))
    return {label: frontier([(recall, harness.median(speeds[label][setting])) for setting, recall in settings.items()])
            for label, settings in recalls.items()}


def frontier(points):
    """Those that no other beats in both, by recall."""
    best = []
    for point in sorted(points, reverse=True):
        if not best or point[1] > best[-1][1]:
            best.append(point)
    return best[::-1]


def speed_at(points, recall):
    """Queries a second where the curve passes `recall`, its logarithm linear between neighbours. A curve that begins
    above gives its first point, one that ends below None."""
    if not points or points[-1][0] < recall:
        return None
    if points[0][0] >= recall:
        return points[0][1]
    for (below, fast), (above, slow) in zip(points, points[1:]):
        if above >= recall:
            share = (recall - below) / (above - below)
            return math.exp(math.log(fast) + share * (math.log(slow) - math.log(fast)))


# ---- drawing ----------------------------------------------------------------------------------------

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 460, 70, 190, 40, 50
RECALL_DRAWN = 0.9995
RECALL_TICKS = (0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)


def x_of(recall):
    """By the share that is missed, on a logarithmic scale: .99 and .999 lie as far apart as .9 and .99."""
    miss_max, miss_min = 1 - RECALL_MIN, 1 - RECALL_DRAWN
    place = math.log(miss_max / max(1 - recall, miss_min)) / math.log(miss_max / miss_min)
    return LEFT + max(0.0, place) * (WIDTH - LEFT - RIGHT)


def drawn(points):
    """Without what lies beyond the right end, but for the first of it."""
    beyond = [point for point in points if point[0] > RECALL_DRAWN]
    return [point for point in points if point[0] <= RECALL_DRAWN] + beyond[:1]


def svg(title, curves):
    curves = {label: drawn(points) for label, points in curves.items()}
    speeds = [speed for points in curves.values() for _, speed in points]
    low, high = math.log10(min(speeds) / 1.2), math.log10(max(speeds) * 1.2)

    def y_of(speed):
        return HEIGHT - BOTTOM - (math.log10(speed) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" '
             f'font-size="12"><rect width="100%" height="100%" fill="white"/>',
             f'<text x="{LEFT}" y="22" font-size="14">{escape(title)}</text>',
             f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 12}" text-anchor="middle">recall@10</text>',
             f'<text x="16" y="{HEIGHT / 2:.0f}" text-anchor="middle" transform="rotate(-90 16 {HEIGHT / 2:.0f})">'
             'queries a second, one thread</text>']
    for recall in RECALL_TICKS:
        x = x_of(recall)
        parts.append(f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>'
                     f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{recall:g}</text>')
    for speed in (digit * 10 ** power for power in range(1, 7) for digit in (1, 2, 5)):
        if low <= math.log10(speed) <= high:
            y = y_of(speed)
            parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
                         f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{speed:,}</text>')
    for number, (label, points) in enumerate(curves.items()):
        colour, y = COLOURS[number % len(COLOURS)], TOP + 14 + 20 * number
        line = " ".join(f"{x_of(recall):.1f},{y_of(speed):.1f}" for recall, speed in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x_of(recall):.1f}" cy="{y_of(speed):.1f}" r="2.5" fill="{colour}"/>'
                  for recall, speed in points]
        parts.append(f'<path d="M{WIDTH - RIGHT + 14} {y - 4}h18" stroke="{colour}" stroke-width="2"/>'
                     f'<text x="{WIDTH - RIGHT + 38}" y="{y}">{escape(label)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
