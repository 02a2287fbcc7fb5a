"""The table of ``performance.md`` about engines, from what ``benchmarks/engines.py`` measured."""

import json
from collections.abc import Iterator

import running_tables
from running_tables import Result, as_table, times

SCORES = {"dice": "Dice", "auc": "AUC"}


def engine_label(engine: str, found: Result) -> str:
    """Return an engine's name in ``engines.json`` with what it computed in."""
    return f"{engine.partition('-')[0]}, {found['precision']}"


def engines() -> str:
    """Return what ``engines.py`` measured, and what ``int8.py`` did."""

    def rows(result: Result) -> Iterator[list[str]]:
        for bundle, engine, found in _measured_engines(result):
            difference = found.get("largest_difference")
            standing = found.get("in_lentigo", "–")
            yield [
                f"`{bundle}`",
                engine_label(engine, found),
                "`auto`" if standing == "auto" else standing,
                f"{1000 * found['median_s']:.1f}",
                times(found["speed_against_onnxruntime"]),
                "–" if difference is None else f"{difference:.4f}",
            ]

    def note(result: Result) -> str:
        lines = [*_not_fastest(result), *_engines_left_out(result), _what_int8_loses()]
        return " ".join(lines) + "\n\n"

    head = ["bundle", "engine", "in Lentigo", "ms an image", "times ONNX Runtime's speed"]
    return as_table("engines", [*head, "largest difference"], rows, note)


def in_an_analysis() -> str:
    """Return what ``analysis_engines.py`` measured."""

    def rows(result: Result) -> Iterator[list[str]]:
        against = result["speed_against"]
        for way, seconds in result["seconds"].items():
            name, ratio = (way, times(against[way])) if way in against else ("`auto`", "1")
            yield [name, f"{1000 * seconds['median_s']:.0f}", ratio]

    head = ["an analysis of 1024×768 by", "ms", "times as long as by `auto`"]
    return as_table("analysis_engines", head, rows)


def _measured_engines(result: Result) -> Iterator[tuple[str, str, Result]]:
    for bundle in (name for name in result if name != "machine"):
        for engine, found in result[bundle].items():
            if "left_out" not in found:
                yield bundle, engine, found


def _not_fastest(result: Result) -> Iterator[str]:
    """Say of each bundle where ``auto`` is not the fastest of what Lentigo can take."""
    offered: dict[str, list[tuple[str, Result]]] = {}
    for bundle, engine, found in _measured_engines(result):
        if found.get("in_lentigo", "no") != "no":
            offered.setdefault(bundle, []).append((engine, found))
    slower = []
    for bundle, ways in offered.items():
        engine, fastest = min(ways, key=lambda way: float(way[1]["median_s"]))
        if fastest["in_lentigo"] != "auto":
            slower.append(f"`{bundle}` ({engine_label(engine, fastest)} is)")
    if slower:
        yield f"`auto` is not the fastest that Lentigo can take for {', '.join(slower)}."
    elif offered:
        yield "`auto` is the fastest that Lentigo can take for every bundle."


def _engines_left_out(result: Result) -> Iterator[str]:
    """Say which engines are left out, and why; once for all bundles that share the reason."""
    bundles_of: dict[tuple[str, str], list[str]] = {}
    for bundle in (name for name in result if name != "machine"):
        for engine, found in result[bundle].items():
            if "left_out" in found:
                bundles_of.setdefault((engine, found["left_out"]), []).append(f"`{bundle}`")
    for (engine, why), bundles in bundles_of.items():
        yield f"Left out for {', '.join(bundles)}: {engine} (`{why}`)."


def _what_int8_loses() -> str:
    path = running_tables.RESULTS / "int8.json"
    if not path.is_file():
        return (
            "Nothing is shipped in int8: what that loses is not measured yet "
            "(`benchmarks/int8.py` does)."
        )
    result = json.loads(path.read_text(encoding="utf-8"))
    bundles = {name: found for name, found in result.items() if name != "machine"}
    lost = ", ".join(
        f"{found['lost_points']:.2f} points of {SCORES[found['score'].split()[0]]} on `{name}` "
        f"({'little enough' if found['good_enough'] else 'too much'})"
        for name, found in bundles.items()
    )
    most = min(found["most_lost_points"] for found in bundles.values())
    return f"Nothing is shipped in int8, which loses {lost}; less than {most} would do."
