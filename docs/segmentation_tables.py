"""The tables of ``segmentation.md``, from what ``benchmarks/`` measured."""

import json
from pathlib import Path
from typing import Any

from engine_tables import engine_label
from ingredient_table import ingredient_table, interval

RESULTS = Path(__file__).parents[1] / "results"
SETS = {"validation": "validation", "ham10000": "HAM10000"}


def ingredients() -> str:
    """Return what each ingredient of the best segmenter gave, which ``ingredients.py`` measured."""
    return ingredient_table("segmentation", "Jaccard", SETS)


def finishing() -> str:
    """Return what refinement and test-time flips give, which ``finishing.py`` measured."""
    lines = [
        "| bundle | outline | Jaccard | gain | failure rate | pooled Dice |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for bundle, ways in _read("segmentation/finishing.json").items():
        for way, scores in ways.items():
            cells = [
                f"`{bundle}`",
                way,
                interval(scores["jaccard"]["per_image"]),
                "–" if way == "net alone" else interval(scores["jaccard_gain"], sign=True),
                interval(scores["failure_rate"]),
                interval(scores["dice"]["pooled"]),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def resolution() -> str:
    """Return how far a photo's size changes its outline, which ``resolution.py`` measured."""
    measured = _read("segmentation/resolution.json")
    sizes = [name for name in next(iter(measured.values())) if name.endswith("_px")]
    heads = [f"Jaccard, short side {name.removesuffix('_px')} px" for name in sizes]
    lines = [
        f"| bundle | images | {' | '.join(heads)} |",
        "| --- " * (len(sizes) + 2) + "|",
    ]
    for bundle, result in measured.items():
        cells = [f"`{bundle}`", str(result["n"]), *(interval(result[name]) for name in sizes)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def speed() -> str:
    """Return the segmenters' speed in each engine, which ``engines.py`` measured."""
    lines = [
        "| bundle | size, px | engine | ms an image | times `vgg-segnet`'s speed |",
        "| --- | --- | --- | --- | --- |",
    ]
    for bundle, engines in _read("benchmarks/engines.json").items():
        for engine, result in engines.items() if bundle != "machine" else ():
            if ratio := result.get("speed_against_vgg-segnet"):
                ends = f"{ratio['low_quartile']:.1f} to {ratio['high_quartile']:.1f}"
                lines.append(
                    f"| `{bundle}` | {'×'.join(map(str, result['size_px']))} "
                    f"| {engine_label(engine, result)} | {1000 * result['median_s']:.0f} "
                    f"| {ratio['median']:.1f} ({ends}) |"
                )
    return "\n".join(lines) + "\n"


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((RESULTS / name).read_text(encoding="utf-8"))
    return content
