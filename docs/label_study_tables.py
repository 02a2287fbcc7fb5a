"""The tables of a study of classification, from the committed result of ``lentigo study``."""

from typing import Any

from ingredient_table import interval
from study_tables import reference, study_of

STUDYS_RULE = "max-accuracy"
NOT_RUN = "not run"
POINTS = {
    STUDYS_RULE: "the greatest accuracy (the study's rule)",
    "0.5": "0.5",
    "max-f1": "the greatest F1",
    "sensitivity-90": "90 % sensitivity",
    "sensitivity-95": "95 % sensitivity",
}


def rows(name: str) -> str:
    """Return the study's table: reported beside ours, at the study's threshold."""
    study = study_of(name)
    lines = [
        "| row | net | reported accuracy; malignant precision and recall | AUC | AUC minus row "
        f"{reference(study)}'s | accuracy | accuracy minus always benign's | malignant precision "
        "| malignant recall | malignant F1 |",
        "| --- " * 10 + "|",
    ]
    lines += [_row(row) for row in study["rows"]]
    for control in study["controls"]:
        scores = control["test"]["points"][control["row"]]
        lines.append(
            f"| – | {control['label']} | {_reported(control['reported'])} | 0.5 | – | "
            f"{interval(scores['accuracy'])} | – | – | 0 | – |"
        )
    return "\n".join(lines) + "\n"


def per_class(name: str, *shown: str) -> str:
    """Return what some rows decide at each threshold: per class, averaged and counted."""
    lines = [
        "| row | threshold chosen by | threshold | averaged | accuracy | precision | recall | F1 "
        "| found / missed | false alarms / left alone |",
        "| --- " * 10 + "|",
    ]
    for row in study_of(name)["rows"]:
        if row["row"] in shown:
            lines += _decisions(row)
    return "\n".join(lines) + "\n"


def compared(name: str) -> str:
    """Return a study of one net's rows: AUC, what it gains and each seed's own."""
    study = study_of(name)
    seeds = study["settings"]["seeds"]
    lines = [
        f"| row | what it is shown | AUC | AUC minus row {reference(study)}'s | sensitivity and "
        f"specificity at validation's 90 % | {' | '.join(f'AUC, seed {s}' for s in seeds)} |",
        "| --- " * (5 + len(seeds)) + "|",
    ]
    for row in study["rows"]:
        cells = [str(row["number"]), row["label"], *_compared(row, seeds)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _row(row: dict[str, Any]) -> str:
    begin = f"| {row['number']} | {row['label']} | {_reported(row['reported'])} |"
    if "test" not in row:
        return f"{begin} {NOT_RUN} |" + " |" * 6
    test, at = row["test"], row["test"]["points"][STUDYS_RULE]
    malignant = at["malignant"]
    cells = [
        interval(test["auc"]),
        _gain(row),
        interval(at["accuracy"]),
        interval(at["gain"], sign=True),
        *(interval(malignant[score]) for score in ("precision", "recall", "f1")),
    ]
    return f"{begin} {' | '.join(cells)} |"


def _decisions(row: dict[str, Any]) -> list[str]:
    lines, begin = [], f"{row['number']} {row['label']}"
    for point, told in POINTS.items():
        at = row["test"]["points"][point]
        threshold = ", ".join(f"{value:.2f}" for value in at["thresholds"])
        counts = at["confusion"]
        about = [begin, told, threshold, "", interval(at["accuracy"])]
        ends = [f"{counts['tp']} / {counts['fn']}", f"{counts['fp']} / {counts['tn']}"]
        for averaged in ("malignant", "benign", "macro", "weighted"):
            about[3] = averaged
            scores = [interval(at[averaged][score]) for score in ("precision", "recall", "f1")]
            lines.append(f"| {' | '.join([*about, *scores, *ends])} |")
            about, ends = [""] * 5, [""] * 2
        begin = ""
    return lines


def _compared(row: dict[str, Any], seeds: list[int]) -> list[str]:
    if "test" not in row:
        return [NOT_RUN, *[""] * (2 + len(seeds))]
    test, own = row["test"], row["by_seed"]["test_auc"]
    at = test["points"]["sensitivity-90"]
    found, spared = (interval(at[kind]["recall"]) for kind in ("malignant", "benign"))
    each = [f"{own[str(seed)]:.3f}" if str(seed) in own else "–" for seed in seeds]
    return [interval(test["auc"]), _gain(row), f"{found}; {spared}", *each]


def _gain(row: dict[str, Any]) -> str:
    gain = row["difference"].get("auc")
    return interval(gain, sign=True) if gain else "–"


def _reported(reported: dict[str, float | None]) -> str:
    if not reported["accuracy"]:
        return "–"
    malignant = [reported.get(score) for score in ("precision", "recall")]
    told = " and ".join(str(value) for value in malignant if value)
    return f"{reported['accuracy']}; {told}" if told else str(reported["accuracy"])
