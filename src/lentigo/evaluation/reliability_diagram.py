"""The reliability diagram as a picture that stands beside a model card."""

from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from typing import Any

SIDE, LEFT, TOP, BELOW = 320, 64, 16, 58
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_LARGEST_DOT = 11.0
_HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
    'height="{height}" role="img" font-family="system-ui, sans-serif" font-size="12">'
)


def reliability_svg(bins: Sequence[Mapping[str, Any]]) -> str:
    """Return the diagram as SVG: a dot a bin, its area by the number of images in it.

    Args:
        bins: ``reliability`` of a result file.
    """
    width, height = LEFT + SIDE + 24, TOP + SIDE + BELOW
    lines = [
        _HEAD.format(width=width, height=height),
        "<title>Share of malignant images against the predicted probability, by bin</title>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        *_axes(),
        *_dots(bins),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _axes() -> Iterable[str]:
    left, right, top, bottom = _x(0), _x(1), _y(1), _y(0)
    for at in _TICKS:
        yield f'<path d="M{left} {_y(at)}H{right}M{_x(at)} {top}V{bottom}" stroke="#e4e1da"/>'
        yield _text(_x(at), bottom + 18, f"{at:g}")
        yield _text(left - 8, _y(at) + 4, f"{at:g}", anchor="end")
    yield (
        f'<path d="M{left} {bottom}L{right} {top}" stroke="#8a867d" stroke-dasharray="5 4" '
        'fill="none"/>'
    )
    yield _text(_x(0.5), bottom + 42, "predicted probability, mean of the bin")
    yield _text(0, 0, "share malignant", turn=f"translate(16 {_y(0.5)}) rotate(-90)")


def _dots(bins: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    most = max((one["n"] for one in bins), default=1)
    for one in bins:
        share, x = one["share_malignant"], _x(one["mean_probability"])
        yield (
            f'<path d="M{x} {_y(share["low"])}V{_y(share["high"])}" stroke="#14598c" '
            'stroke-width="1.5"/>'
        )
        radius = max(2.5, _LARGEST_DOT * sqrt(one["n"] / most))
        yield (
            f'<circle cx="{x}" cy="{_y(share["value"])}" r="{radius:.1f}" fill="#14598c" '
            f'fill-opacity=".75"><title>{one["n_malignant"]} of {one["n"]} malignant</title>'
            "</circle>"
        )


def _text(x: float, y: float, text: str, *, anchor: str = "middle", turn: str = "") -> str:
    turned = f' transform="{turn}"' if turn else ""
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="#333"{turned}>{text}</text>'


def _x(probability: float) -> float:
    return round(LEFT + SIDE * probability, 1)


def _y(share: float) -> float:
    return round(TOP + SIDE * (1 - share), 1)
