"""The tables of the studies' pages, from the committed results of ``lentigo study``.

Each is named by its folder under ``results``. The rows of a study of segmentation stand here, those
of a study of classification in ``label_study_tables.py``.
"""

import json
from pathlib import Path
from typing import Any

from ingredient_table import interval

RESULTS = Path(__file__).parents[1] / "results"
SCORES = {
    "jaccard_per_image": "Jaccard, mean over test images",
    "auc": "AUC on the test part",
    "accuracy": "accuracy at the study's rule, test part",
}
_FROM_RANDOM = " The latter started from random weights, as pretrained ones were not at hand."
VERDICTS = {
    "holds": "**holds**",
    "does not hold": "**the other way round**",
    "not shown": "not shown",
    "same run": "cannot be told: the same run at this size",
    "not run": "not run",
}


def settings(name: str) -> str:
    """Return what the study was run with."""
    study = study_of(name)
    chosen, drawn = study["settings"], study["bootstrap"]
    first = next(row for row in study["rows"] if row["row"] == study["reference"])
    scratch = [row["label"] for row in study["rows"] if "not at hand" in row.get("weights", "")]
    seconds = sum(row.get("training_s", 0) for row in study["rows"] if not row["same_as"])
    size = f"{chosen['size_px']} px" if chosen["size_px"] else _own_size(study)
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


def rows(name: str) -> str:
    """Return the table of a study of segmentation: reported beside ours."""
    study = study_of(name)
    lines = [
        "| row | net | reported Dice / Jaccard (pooled, validation) | Dice / Jaccard, pooled, "
        "own validation part | Dice, test | Jaccard, test | pooled Dice, test | failure rate, test "
        f"| Jaccard minus row {reference(study)}'s | epochs | parameters, 10⁶ | GMACs | s |",
        "| --- " * 13 + "|",
    ]
    lines += [_row(row) for row in study["rows"]]
    return "\n".join(lines) + "\n"


def claims(name: str) -> str:
    """Return each claim with its paired difference on the common test part."""
    study = study_of(name)
    random = {row["row"] for row in study["rows"] if "not at hand" in row.get("weights", "")}
    lines = [
        "| claim | rows | judged by | reported | ours | |",
        "| --- " * 6 + "|",
    ]
    for claim in study["claims"]:
        reported = claim["reported_difference"]
        cells = [
            claim["text"] + (_FROM_RANDOM if claim["than"] in random else ""),
            f"{claim['better']} − {claim['than']}",
            SCORES[claim["metric"]],
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


def reference(study: dict[str, Any]) -> int:
    """Return the number of the row that the others are held against."""
    number: int = next(r["number"] for r in study["rows"] if r["row"] == study["reference"])
    return number


def _own_size(study: dict[str, Any]) -> str:
    sizes = {tuple(row["size_px"]) for row in study["rows"]}
    return f"{'×'.join(map(str, *sizes))} px" if len(sizes) == 1 else "each recipe's own"


def study_of(name: str) -> dict[str, Any]:
    """Return what ``lentigo study`` wrote."""
    path = RESULTS / name / "study.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
