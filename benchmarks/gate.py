"""Fits the gate that refuses what is not dermoscopy, and measures it.

    python benchmarks/gate.py ISIC HAM [--photos DIR]

Dermoscopy: photos of both sources, as they are and changed; those of the training parts of the
shipped bundles' splits are fitted on, those of the validation parts set the threshold, those of the
test parts are measured. A few drawn lesions are fitted on too, so that ``lentigo demo`` works.

Others: drawn pictures (``gate_drawn.py``) and photos that came with libraries (``gate_photos.py``),
by kind. What the gate does with kinds it never saw is measured by leaving whole kinds out of the
fit, in turn. ``--photos``: a folder of further pictures that are not dermoscopy, a sub-folder a
kind, that are only measured.

Writes ``src/lentigo/runtime/gate.json`` and ``results/gate.json``.
"""

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from gate_dermoscopy import WAYS, changed, changed_anyhow
from gate_drawn import DRAWN
from gate_photos import BUNDLED, PHOTOS, whole
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import LogisticRegression

from lentigo.bundle import load_bundle
from lentigo.data.manifest import group_ids
from lentigo.data.sources import read_source
from lentigo.data.splits import read_split, rows_of_part
from lentigo.evaluation.bootstrap import Bootstrap
from lentigo.files import write_json
from lentigo.imaging.appearance import appearance
from lentigo.imaging.arrays import Pixels
from lentigo.imaging.read import read_photo
from lentigo.runtime.gate import GATE_FILE, Feature, GateModel
from lentigo.synthetic import draw_lesion

OUT = Path(__file__).parents[1] / "results" / "gate.json"
SPLITS = {"isic2018-task1": "lite-unet", "ham10000": "mobilenetv2"}
N_PHOTOS = {"train": 700, "validation": 300, "test": 300}
N_CHANGED = 25  # test photos of each source that are changed in every way
N_DRAWS = {"train": 50, "test": 25}  # of each kind of other picture
N_FOLDS = 8
LEAST_SIDE_PX = 256
ACCEPTED = 0.98
CLIP = 5.0
PENALTY = 0.002  # scikit-learn's C

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Pictures:
    """What many pictures look like: ``values`` n×features, and for each its kind and group."""

    values: Values
    kinds: NDArray[np.str_]
    groups: NDArray[np.str_]

    def __getitem__(self, chosen: NDArray[np.bool_]) -> "Pictures":
        return Pictures(self.values[chosen], self.kinds[chosen], self.groups[chosen])


def looked_at(pictures: Iterable[tuple[str, str, Pixels]]) -> tuple[Pictures, list[str]]:
    """Return what pictures (kind, group, pixels) look like, and the features' names."""
    rows = [(kind, group, appearance(pixels)) for kind, group, pixels in pictures]
    values = np.array([list(row[2].values()) for row in rows])
    kinds, groups = (np.array([row[i] for row in rows]) for i in (0, 1))
    return Pictures(values, kinds, groups), list(rows[0][2])


def dermoscopy(roots: dict[str, Path], part: str) -> Iterator[tuple[str, str, Pixels]]:
    for source, root in roots.items():
        yield from photos(source, root, part)


def photos(source: str, root: Path, part: str) -> Iterator[tuple[str, str, Pixels]]:
    """Draw photos of a part without return: each as it is, and changed.

    To fit on, rare diagnoses are drawn as often as common ones, as far as they go. To measure, all
    malignant ones stand apart as well, since a cancer refused is one not found.
    """
    rng = np.random.default_rng([list(SPLITS).index(source), list(N_PHOTOS).index(part)])
    rows = rows_of_part(manifest(source, root), bundle_split(source), part)
    if source == "isic2018-task1":  # photos that both sources hold count as HAM10000's
        rows = rows.join(bundle_split("ham10000"), on="image_id", how="anti")
    rows = rows[rng.permutation(len(rows)).tolist()]
    if part == "train":
        rows = rows.sort(pl.int_range(pl.len()).over("diagnosis"), maintain_order=True)
    for count, row in enumerate(rows[: N_PHOTOS[part]].iter_rows(named=True)):
        pixels = shrunk(read_photo(row["image"], min_side_px=LEAST_SIDE_PX).pixels)
        yield f"{source}/as it is", row["group"], pixels
        if part == "train":
            yield f"{source}/changed", row["group"], changed_anyhow(rng, pixels)
        elif part == "test" and count < N_CHANGED:
            for way in WAYS:
                yield f"{source}/{way}", row["group"], changed(rng, pixels, [way])
    if part != "train":
        for row in rows.filter(pl.col("label") == 1).iter_rows(named=True):
            yield f"{source}/malignant", row["group"], shrunk(read_photo(row["image"]).pixels)


def manifest(source: str, root: Path) -> pl.DataFrame:
    rows = read_source(source, root)
    return rows.with_columns(group_ids(rows).alias("group"))


def bundle_split(source: str) -> pl.DataFrame:
    return read_split(load_bundle(SPLITS[source]).path / "split.csv")


def shrunk(pixels: Pixels) -> Pixels:
    share = min(1.0, LEAST_SIDE_PX / min(pixels.shape[:2]))
    size = (round(pixels.shape[1] * share), round(pixels.shape[0] * share))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))


def lesions(first_seed: int, count: int) -> Iterator[tuple[str, str, Pixels]]:
    """Draw lesions of each skin type, with and without artefacts."""
    for skin in range(1, 7):
        for seed in range(first_seed, first_seed + count):
            lesion = draw_lesion(
                seed * 6 + skin, (144, 192), fitzpatrick=skin, malignant=seed % 2 == 1,
                hair=seed % 3 == 0, ruler=seed % 5 == 0, gel=seed % 4 == 0, tube=seed % 3 == 1,
            )  # fmt: skip
            yield f"drawn/skin type {skin}", f"drawn {skin} {seed}", lesion.image


def others(part: str) -> Iterator[tuple[str, str, Pixels]]:
    """Draw pictures of every other kind; one in five is printed in two colours of skin."""
    for index, (kind, draw) in enumerate((DRAWN | PHOTOS).items()):
        for count in range(N_DRAWS[part]):
            rng = np.random.default_rng([index, count, part == "test"])
            pixels = draw(rng)
            yield kind, kind, toned(rng, pixels) if rng.random() < 0.2 else pixels


def toned(rng: np.random.Generator, pixels: Pixels) -> Pixels:
    """Print a picture from a brown to a colour of skin, so that colour gives nothing away."""
    light = np.asarray(Image.fromarray(pixels).convert("L"), dtype=np.float64)[..., None] / 255
    skin = rng.uniform((170, 110, 90), (240, 200, 185))
    dark = skin * rng.uniform((0.2, 0.15, 0.15), (0.7, 0.6, 0.6))
    return (dark + (skin - dark) * light).astype(np.uint8)


def fit(names: list[str], yes: Pictures, no: Pictures, validation: Pictures) -> GateModel:
    """Fit the gate; of each kind of validation photos at least ``ACCEPTED`` are accepted."""
    values = np.concatenate([yes.values, no.values])
    mean, std = yes.values.mean(axis=0), yes.values.std(axis=0)
    z = np.clip((values - mean) / std, -CLIP, CLIP)
    regression = LogisticRegression(C=PENALTY, class_weight="balanced", solver="newton-cholesky")
    regression.fit(np.hstack([z, z**2]), np.arange(len(z)) < len(yes.values))
    linear, square = regression.coef_[0].reshape(2, -1)
    low, high = np.quantile(yes.values, (0.05, 0.95), axis=0)
    columns = np.stack([mean, std, linear, square, low, high], axis=1).tolist()
    features = {
        name: Feature(**dict(zip(Feature.model_fields, map(rounded, row), strict=True)))
        for name, row in zip(names, columns, strict=True)
    }
    bias = rounded(regression.intercept_[0])
    gate = GateModel(features=features, bias=bias, clip=CLIP, accept_from=0)
    scores = gate.scores(validation.values)
    least = min(
        np.quantile(scores[validation.kinds == kind], 1 - ACCEPTED)
        for kind in np.unique(validation.kinds)
    )
    return gate.model_copy(update={"accept_from": rounded(least)})


def rounded(value: float) -> float:
    return float(f"{value:.6g}")


def rates(gate: GateModel, pictures: Pictures, accepted: bool = True) -> dict[str, Any]:
    """Return for each kind the share accepted, or refused, with its interval over groups."""
    hit = (gate.scores(pictures.values) >= gate.accept_from) == accepted
    return {kind: rate(hit[pictures.kinds == kind], pictures.groups[pictures.kinds == kind])
            for kind in dict.fromkeys(pictures.kinds.tolist())}  # fmt: skip


def rate(hit: NDArray[np.bool_], groups: NDArray[np.str_]) -> dict[str, Any]:
    """Return a share with its 95 % interval, groups drawn whole."""
    share = Bootstrap().intervals(
        lambda weights: {"share": weights @ hit / weights.sum(axis=1)}, groups.tolist()
    )["share"]
    return {"n": len(hit), "n_groups": len(set(groups.tolist()))} | share.as_json()


def without_kind(
    names: list[str], yes: Pictures, no: Pictures, validation: Pictures, new: Pictures
) -> dict[str, Any]:
    """Return what is refused of kinds that were left out of the fit, some at a time."""
    kinds = list(dict.fromkeys(no.kinds.tolist()))
    refused = np.zeros(len(new.kinds), dtype=bool)
    for fold in range(N_FOLDS):
        left_out = kinds[fold::N_FOLDS]
        gate = fit(names, yes, no[~np.isin(no.kinds, left_out)], validation)
        unseen = np.isin(new.kinds, left_out)
        refused[unseen] = gate.scores(new[unseen].values) < gate.accept_from
    per_kind = {kind: {"n": int((new.kinds == kind).sum()),
                       "refused": int(refused[new.kinds == kind].sum())}
                for kind in kinds}  # fmt: skip
    return {"all": rate(refused, new.kinds), "kinds": per_kind}


def further(folder: Path) -> Iterator[tuple[str, str, Pixels]]:
    for path in sorted(folder.glob("*/*")):
        yield path.parent.name, path.name, read_photo(path, min_side_px=LEAST_SIDE_PX).pixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("isic", type=Path)
    parser.add_argument("ham", type=Path)
    parser.add_argument("--photos", type=Path)
    args = parser.parse_args()
    roots = {"isic2018-task1": args.isic, "ham10000": args.ham}
    yes, names = looked_at(chain(dermoscopy(roots, "train"), lesions(0, 40)))
    validation, test = (looked_at(dermoscopy(roots, part))[0] for part in ("validation", "test"))
    no, new = (looked_at(others(part))[0] for part in ("train", "test"))
    gate = fit(names, yes, no, validation)
    write_json(GATE_FILE, gate.model_dump())
    bundled, _ = looked_at((path.name, path.name, np.asarray(whole(path))) for path in BUNDLED)
    hit = gate.scores(bundled.values) < gate.accept_from
    as_they_are = test[np.char.endswith(test.kinds, "as it is")]
    result = {
        "fitted_on": {"dermoscopy": len(yes.kinds), "others": len(no.kinds)},
        "accept_from": gate.accept_from,
        "accepted_on_validation": rates(gate, validation),
        "dermoscopy_accepted": {
            "all": rate(gate.scores(as_they_are.values) >= gate.accept_from, as_they_are.groups),
            "kinds": rates(gate, test) | rates(gate, looked_at(lesions(1000, 10))[0]),
        },
        "unseen_kinds_refused": without_kind(names, yes, no, validation, new),
        "seen_kinds_refused": rate(gate.scores(new.values) < gate.accept_from, new.kinds),
        "bundled_photos": {
            "n": len(hit),
            "refused": int(hit.sum()),
            "accepted": bundled.kinds[~hit].tolist(),
        },
    }
    if args.photos:
        extra, _ = looked_at(further(args.photos))
        refused = gate.scores(extra.values) < gate.accept_from
        result["further_photos"] = {
            "n": len(refused),
            "refused": int(refused.sum()),
            "accepted": extra.groups[~refused].tolist(),
        }
    write_json(OUT, result)


if __name__ == "__main__":
    main()
