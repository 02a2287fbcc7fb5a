"""What a patient's age and sex and the lesion's site would add to a classifier, on validation.

A logistic model of age, sex and site is fitted to HAM10000's training part. On the validation part
its log-odds and the classifier's logit are weighed together; the weights are cross-validated over
folds of lesions. Writes ``results/classification/patient.csv``: the AUC of each alone and of both,
and what both gain over the classifier. The test part is not looked at.

    python benchmarks/patient.py HAM10000 BUNDLE...
"""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from against_shipped import logits_of, measure
from another_clinic import auc
from ingredients import ROOT, auc_gain, columns
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from lentigo.bundle import load_bundle
from lentigo.data.sources import read_source
from lentigo.data.splits import read_split, rows_of_part
from lentigo.errors import LentigoError
from lentigo.evaluation.ratios import Floats
from lentigo.files import write_text

TABLE = ROOT / "results/classification/patient.csv"
KNOTS = (30, 45, 60, 75)
"""Ages, in years, at which the slope of the log-odds may change."""
FOLDS = 10


class Patients:
    """Log-odds of malignancy by age, sex and site alone, fitted to a training part."""

    def __init__(self, rows: pl.DataFrame) -> None:
        self.age = float(np.median(rows["age"].drop_nulls().to_numpy()))
        self.sites = sorted(rows["site"].drop_nulls().unique())
        self.model = LogisticRegression(max_iter=5000)
        self.model.fit(self._features(rows), rows["label"].to_numpy())

    def log_odds(self, rows: pl.DataFrame) -> Floats:
        """Return each row's log-odds; an unknown age is the median, an unknown sex or site none."""
        return np.asarray(self.model.decision_function(self._features(rows)))

    def _features(self, rows: pl.DataFrame) -> Floats:
        age = rows["age"].fill_null(self.age).to_numpy()
        sex, site = rows["sex"].fill_null("").to_numpy(), rows["site"].fill_null("").to_numpy()
        bends = [np.maximum(age - knot, 0) for knot in KNOTS]
        return np.column_stack(
            [age / 10, *(bend / 10 for bend in bends), sex == "male", sex == "female"]
            + [site == name for name in self.sites]
        ).astype(np.float64)


def together(table: pl.DataFrame) -> pl.DataFrame:
    """Return the table with the probability by classifier and patient, each fold by the others."""
    both = np.column_stack((logits_of(table["probability"]), table["patient"].to_numpy()))
    malignant, found = table["malignant"].to_numpy(), np.zeros(table.height)
    folds = GroupKFold(FOLDS).split(both, groups=table["group"].to_numpy())
    for others, fold in folds:
        weighed = LogisticRegression(C=np.inf).fit(both[others], malignant[others])
        found[fold] = weighed.predict_proba(both[fold])[:, 1]
    return table.with_columns(probability=pl.Series(found))


def rows_of(root: Path, name: str) -> Iterator[dict[str, Any]]:
    """Yield a bundle's lines: the patient alone, the image alone, both."""
    bundle = load_bundle(name, "classification")
    rows = read_source("ham10000", root)
    train = rows_of_part(rows, read_split(bundle.path / "split.csv"), "train")
    odds = rows.select("image_id", patient=pl.Series(Patients(train).log_odds(rows)))
    image = measure(bundle, rows).table.drop_nulls("probability").join(odds, on="image_id")
    alone = image.with_columns(probability=pl.Series(expit(image["patient"].to_numpy())))
    for by, table in (("patient", alone), ("image", image), ("both", together(image))):
        scores = {"auc": auc(table), "gain": asdict(auc_gain(table, image))}
        yield {"bundle": name, "by": by, "n": table.height} | columns(scores)


if __name__ == "__main__":
    try:
        lines = [line for name in sys.argv[2:] for line in rows_of(Path(sys.argv[1]), name)]
    except LentigoError as error:
        raise SystemExit(str(error)) from error
    write_text(TABLE, pl.DataFrame(lines).write_csv(float_precision=4))
    print(f"written: {TABLE}")
