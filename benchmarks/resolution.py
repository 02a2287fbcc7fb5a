"""Does a photo's resolution change its outline? Each segmenter on one lesion at three sizes.

Each validation image of a bundle is made smaller (short side 150 px, as HAM10000's common copies)
and larger (3,000 px), and saved as JPEG; the outlines of the copies are compared with that of the
image itself, at the image's size. Writes ``results/segmentation/resolution.json``.

    python benchmarks/resolution.py ISIC
"""

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lentigo.bundle import bundle_names, load_bundle
from lentigo.data.sources import read_source
from lentigo.data.splits import read_split, rows_of_part
from lentigo.evaluation.bootstrap import Bootstrap
from lentigo.evaluation.ratios import weighted_mean
from lentigo.evaluation.segmentation import count_pixels
from lentigo.files import write_json
from lentigo.runtime.segmenter import Segmenter

OUT = Path(__file__).parents[1] / "results" / "segmentation" / "resolution.json"
SHORT_SIDES_PX = (150, 3000)
IMAGES = 60


def copy_at(image: Image.Image, short_side_px: int) -> np.ndarray:
    """Return the image at another size, after JPEG of quality 90."""
    factor = short_side_px / min(image.size)
    size = round(image.width * factor), round(image.height * factor)
    stream = io.BytesIO()
    image.resize(size, Image.Resampling.LANCZOS).save(stream, "JPEG", quality=90)
    return np.asarray(Image.open(stream))


def agreement(name: str, isic: Path) -> dict[str, Any]:
    """Return the mean Jaccard of the copies' outlines with the images' own, by short side."""
    bundle = load_bundle(name)
    rows = read_source("isic2018-task1", isic)
    rows = rows_of_part(rows, read_split(bundle.path / "split.csv"), "validation")
    segmenter = Segmenter(bundle)
    found: dict[int, list[float]] = {side: [] for side in SHORT_SIDES_PX}
    for path in rows["image"].head(IMAGES):
        image = Image.open(path).convert("RGB")
        size_px = image.height, image.width
        own = segmenter.segment(np.asarray(image)).mask
        for side, jaccards in found.items():
            mask = segmenter.segment(copy_at(image, side), size_px).mask
            jaccards.append(float(count_pixels(mask, own).jaccard))
    groups = [str(i) for i in range(len(found[SHORT_SIDES_PX[0]]))]
    columns = {f"{side}_px": np.array(jaccards) for side, jaccards in found.items()}
    intervals = Bootstrap().intervals(
        lambda weights: {side: weighted_mean(values, weights) for side, values in columns.items()},
        groups,
    )
    return {"n": len(groups)} | {side: value.as_json() for side, value in intervals.items()}


if __name__ == "__main__":
    names = [n for n in bundle_names() if load_bundle(n).spec.task == "segmentation"]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    write_json(OUT, {name: agreement(name, Path(sys.argv[1])) for name in names})
    print(OUT.read_text(encoding="utf-8"))
