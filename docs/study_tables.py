"""The tables of ``segmentation-study.md``, from the committed result of ``lentigo study``."""

import json
from pathlib import Path
from typing import Any

from ingredient_table import interval

RESULT = Path(__file__).parents[1] / "results" / "segmentation-study" / "study.json"
VERDICTS = {
    "holds": "**holds**",
    "does not hold": "**the other way round**",
    "not shown": "not shown",
    "same run": "cannot be told: the same run at this size",
    "not run": "not run",
}


def settings() -> str:
    """Return what the study was run with."""
    study = _study()
    chosen, drawn = study["settings"], study["bootstrap"]
    first = next(row for row in study["rows"] if row["row"] == study["reference"])
    scratch = [row["label"] for row in study["rows"] if "not at hand" in row.get("weights", "")]
    seconds = sum(row.get("training_s", 0) for row in study["rows"] if not row["same_as"])
    size = f"{chosen['size_px']} px" if chosen["size_px"] else "each recipe's own"
    lines = [
        "| setting | value |",
        "| --- | --- |",
        f"| images' size | {size} |",
        f"| epochs | {chosen['epochs_factor']:g} of the recipes' |",
        f"| seeds | {', '.join(map(str, chosen['seeds']))} |",
        f"| common test part | {first['test']['n']} images of {study['test_part']['source']} |",
        f"| intervals | {drawn['level']:.0%} of {drawn['draws']:,} bootstrap draws |",
        f"| ImageNet weights not at hand, trained from random ones | {', '.join(scratch) or '–'} |",
        f"| training, all rows together | {seconds / 60:.0f} minutes on {first['device']} |",
    ]
    return "\n".join(lines) + "\n"


def rows() -> str:
    """Return the study's table: reported beside ours."""
    study = _study()
    lines = [
        "| row | net | reported Dice / Jaccard (pooled, validation) | Dice / Jaccard, pooled, "
        "own validation part | Dice, test | Jaccard, test | pooled Dice, test | failure rate, test "
        f"| Jaccard minus row {_reference(study)}'s | epochs | parameters, 10⁶ | GMACs | s |",
        "| --- " * 13 + "|",
    ]
    lines += [_row(row) for row in study["rows"]]
    return "\n".join(lines) + "\n"


def claims() -> str:
    """Return each claim with its paired difference on the common test part."""
    lines = [
        "| claim | rows | reported | Jaccard, mean over test images | |",
        "| --- | --- | --- | --- | --- |",
    ]
    for claim in _study()["claims"]:
        reported = claim["reported_difference"]
        cells = [
            claim["text"],
            f"{claim['better']} − {claim['than']}",
            "–" if reported is None else f"{reported:+.4f}",
            interval(claim["difference"], sign=True) if claim["difference"] else "–",
            VERDICTS[claim["verdict"]],
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _row(row: dict[str, Any]) -> str:
    reported = row["reported"]
    told = f"{reported['dice']} / {reported['jaccard']}" if reported["dice"] else "–"
    begin = f"| {row['number']} | {row['label']} | {told} |"
    if row["same_as"]:
        return f"{begin} as row {row['same_as']} at this size |" + " |" * 9
    pooled = [row["validation"][metric]["pooled"]["value"] for metric in ("dice", "jaccard")]
    test, gain = row["test"], row["difference"].get("jaccard_per_image")
    cells = [
        f"{pooled[0]:.3f} / {pooled[1]:.3f}",
        interval(test["dice"]["per_image"]),
        interval(test["jaccard"]["per_image"]),
        interval(test["dice"]["pooled"]),
        interval(test["failure_rate"]),
        interval(gain, sign=True) if gain else "–",
        str(row["epochs"]),
        f"{row['parameters'] / 1e6:.1f}",
        f"{row['gmacs']:.1f}",
        f"{row['training_s']:.0f}",
    ]
    return f"{begin} {' | '.join(cells)} |"


def _reference(study: dict[str, Any]) -> int:
    return next(row["number"] for row in study["rows"] if row["row"] == study["reference"])


def _study() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8"))
    return content
