"""The tables of ``performance.md`` about running, from what ``benchmarks/`` measured."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[1] / "results" / "benchmarks"

Result = dict[str, Any]
LIMIT = "limit"


def as_table(
    name: str,
    head: Sequence[str],
    rows: Callable[[Result], Iterator[list[str]]],
    note: Callable[[Result], str] = lambda result: "",
) -> str:
    """Return a result file as a table, or what makes it where there is none yet."""
    path = RESULTS / f"{name}.json"
    if not path.is_file():
        return f"Not measured yet: `benchmarks/{name}.py` does.\n"
    result = json.loads(path.read_text(encoding="utf-8"))
    lines = [head, ["---"] * len(head), *rows(result)]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return f"{table}\n{note(result)}{_machine(result)}\n"


def _machine(result: Result) -> str:
    about = result["machine"]
    cores = f"{about['cores']} cores"
    if "memory_gb" not in about:
        return f"On {about['processor']}, {cores}."
    narrow = [name.replace("_", "-") for name in ("amx_bf16", "avx512_bf16") if about[name]]
    return (
        f"On {about['processor']}, {cores} ({', '.join(narrow) or 'no bfloat16'}), "
        f"{about['memory_gb']:.0f} GB, Python {about['python']}."
    )


def times(ratio: dict[str, float]) -> str:
    """Return how many times as fast: the median and, in brackets, the quartiles."""
    ends = f"{ratio['low_quartile']:.1f} to {ratio['high_quartile']:.1f}"
    return f"{ratio['median']:.1f} ({ends})"


def _share(ratio: dict[str, float]) -> str:
    """Return a ratio of the limit's time to one's own as a share."""
    ends = f"{ratio['low_quartile']:.0%} to {ratio['high_quartile']:.0%}"
    return f"{ratio['median']:.0%} ({ends})".replace("%", " %")


def preparing() -> str:
    """Return what ``prepare.py`` measured."""

    def rows(result: Result) -> Iterator[list[str]]:
        for kind in ("large", "small"):
            found = result[kind]
            height, width = found["size_px"]
            against = dict(found["speed_against"])
            limit = against.pop("decode only")
            for peer, ratio in against.items():
                yield [
                    f"{width}×{height}, {found['images_a_turn']} a turn",
                    peer,
                    times(ratio),
                    _share(limit),
                    f"{found['mean_difference']:.2f}",
                ]

    head = ["photos", "against", "times as fast", "of decoding alone", "grey levels from exact"]
    return as_table("prepare", head, rows)


def one_image() -> str:
    """Return what ``one_image.py`` measured of warm runs."""

    def rows(result: Result) -> Iterator[list[str]]:
        for size, found in result["warm"].items():
            against = dict(found["speed_against"])
            limit, own = against.pop(LIMIT), found["seconds"]["lentigo"]
            for peer, ratio in against.items():
                yield [
                    size,
                    peer,
                    times(ratio),
                    f"{1000 * own['median_s']:.0f} ({1000 * own['p99_s']:.0f})",
                    _share(limit),
                ]

    head = ["photo", "against", "times as fast", "ms: median (99th percentile)", "of the limit"]
    return as_table("one_image", head, rows)


def cold_start() -> str:
    """Return what ``one_image.py`` measured of cold starts."""

    def rows(result: Result) -> Iterator[list[str]]:
        for command, found in result["cold"].items():
            seconds = (f"{found[name]:.2f}" for name in ("median_s", "p99_s"))
            yield [f"`{command} one.jpg`", *seconds, str(found["runs"])]

    return as_table("one_image", ["command", "s: median", "99th percentile", "runs"], rows)


def folder() -> str:
    """Return what ``folder.py`` measured of speed."""

    def rows(result: Result) -> Iterator[list[str]]:
        an_image_ms = 1000 * result["seconds"]["lentigo"]["median_s"] / result["images_a_turn"]
        for peer, ratio in result["speed_against"].items():
            if peer != LIMIT:
                yield [peer, times(ratio), f"{an_image_ms:.0f}"]

    def note(result: Result) -> str:
        limit = result["speed_against"].get(LIMIT)
        return f"Decoding and the two nets alone take {_share(limit)} of this.\n\n" if limit else ""

    return as_table("folder", ["against", "times as fast", "ms an image"], rows, note)


def folder_alone() -> str:
    """Return what ``folder.py`` measured of memory and cores."""

    def rows(result: Result) -> Iterator[list[str]]:
        for run in result["alone"]:
            busy = f"{run['busy_cores_share']:.0%}".replace("%", " %")
            yield [f"{run['images']:,}", f"{run['peak_memory_mb']:.0f}", busy]

    return as_table("folder", ["images", "peak memory, MB", "cores busy"], rows)


def scoring() -> str:
    """Return what ``evaluation.py`` measured."""

    def rows(result: Result) -> Iterator[list[str]]:
        against = dict(result["speed_against"])
        limit = against.pop("limit")
        for peer, ratio in against.items():
            median_s = result["seconds"]["lentigo"]["median_s"]
            yield [peer, times(ratio), f"{median_s:.2f}", _share(limit)]

    head = ["against", "times as fast", "s for all", "of looking at each mask once"]
    return as_table("evaluation", head, rows)


def growth() -> str:
    """Return what ``growth.py`` measured."""

    def rows(result: Result) -> Iterator[list[str]]:
        for step in (name for name in result if name not in ("machine", "size_px")):
            for images, found in result[step].items():
                longer = found["time_an_image_against_smallest"]
                yield [
                    step,
                    f"{int(images):,}",
                    f"{1000 * found['seconds_an_image']['median_s']:.2f}",
                    f"{longer['median']:.2f}",
                    f"{found['peak_memory_mb']:.0f}",
                ]

    head = ["step", "images", "ms an image", "times the smallest's", "peak memory, MB"]
    return as_table("growth", head, rows)


def look_alikes() -> str:
    """Return what ``look_alikes.py`` counted."""

    def rows(result: Result) -> Iterator[list[str]]:
        for source, counts in result["data"].items():
            yield [source, *(f"{count:,}" for count in counts.values())]

    head = ["data", "photos", "pairs among all", "of these found"]
    return as_table("look_alikes", [*head, "in the cells of 100,000 photos"], rows)


def training_step() -> str:
    """Return what ``training_step.py`` measured."""

    def rows(result: Result) -> Iterator[list[str]]:
        for name, found in result["phases"].items():
            kept = f"blocks 1 to {found['kept_blocks']}" if found["kept_blocks"] else "nothing"
            for peer, ratio in found["step"]["speed_against"].items():
                yield [
                    f"`{name}`, {found['epochs']} epochs",
                    kept,
                    peer,
                    times(ratio),
                    times(found["phase"]["speed_against"][peer]),
                    f"{found['step']['seconds']['lentigo']['median_s']:.2f}",
                    _share(found["of_limit"]),
                ]
        for peer, ratio in result["whole_recipe"]["speed_against"].items():
            epochs = sum(found["epochs"] for found in result["phases"].values())
            yield [f"all, {epochs} epochs", "–", peer, "–", times(ratio), "–", "–"]

    def note(result: Result) -> str:
        measured, whole = result["extrapolated_from"], result["extrapolated_to"]
        rates = [found["product_tflop_a_second"] for found in result["phases"].values()]
        return (
            f"In {result['precision']}, batches of {result['batch']}. Steps are measured; phases "
            f"are extrapolated from {measured['epochs_of_each_phase']} epochs of each with "
            f"{measured['train']} images for training and {measured['validation']} for "
            f"validation, to epochs of {whole['train']:,} ({whole['steps_an_epoch']} steps) and "
            f"{whole['validation']:,}. The matrix product of side {result['product_side']:,} ran "
            f"at {min(rates):.2f} to {max(rates):.2f} TFLOP/s.\n\n"
        )

    head = ["phase", "kept", "against", "a step: times as fast", "the phase: times as fast"]
    return as_table("training_step", [*head, "s a step", "of a matrix product"], rows, note)


def training_classifier(name: str = "training_classifier") -> str:
    """Return what ``training_classifier.py`` measured; each machine's result has its own name."""

    def rows(result: Result) -> Iterator[list[str]]:
        for stage, about in result["stages"].items():
            for own, found in about["own"].items():
                ((peer, ratio),) = found["epoch"]["speed_against"].items()
                spent = (found["epoch"]["seconds"][way]["median_s"] for way in (own, peer))
                kept = f"{found['kept_blocks']} blocks" if found["kept_blocks"] else "nothing"
                yield [
                    f"`{stage}`, {about['epochs']} epochs",
                    own,
                    kept,
                    times(ratio),
                    *(f"{seconds:.1f}" for seconds in spent),
                ]

    def note(result: Result) -> str:
        measured, whole = result["extrapolated_from"], result["extrapolated_to"]
        return (
            f"In {result['precision']}, batches of {result['batch']}. Extrapolated from "
            f"{measured['epochs_of_each_stage']} epochs of each stage with {measured['train']} "
            f"images for training and {measured['validation']} for validation, to epochs of "
            f"{whole['train']:,} and {whole['validation']:,}.\n\n"
        )

    head = ["stage", "by", "kept for training", "times as fast as Keras", "s an epoch", "Keras's"]
    return as_table(name, head, rows, note)


def stages() -> str:
    """Return where an analysis's time went before and after."""
    return _profile("stages_ms", "stage")


def imports() -> str:
    """Return where a start's time went before and after."""
    return _profile("imports_ms", "package")


def _profile(part: str, what: str) -> str:
    def rows(result: Result) -> Iterator[list[str]]:
        before, after = (result.get(when, {}).get(part, {}) for when in ("before", "after"))
        for name in [*(name for name in before if name != "together"), "together"]:
            spent = (one.get(name) for one in (before, after))
            yield [name, *("–" if ms is None else f"{ms:.1f}" for ms in spent)]

    return as_table("running_profile", [what, "before, ms", "after, ms"], rows)
