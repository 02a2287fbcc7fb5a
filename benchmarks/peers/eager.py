"""The pipeline as one writes it with PyTorch, segmentation-models-pytorch and scikit-image.

Photo → net → outline → crop → classifier → measurements, overlay, files. The nets' weights are
random, which costs the same; as a random net outlines nothing, what goes on behind the segmenter
is a drawn lesion's own mask, so that every later step has a lesion to work on. There is less of it
than Lentigo does: no check that the picture is dermoscopy, no warnings, no heat map, no doubt.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import segmentation_models_pytorch as smp
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from scipy import ndimage
from skimage.color import rgb2lab
from skimage.measure import approximate_polygon, find_contours, regionprops
from torch.utils.data import DataLoader, Dataset
from torchvision.models import mobilenet_v2

from lentigo.synthetic import draw_lesion

SEGMENTER_PX = (192, 192)  # as the shipped bundles have them
CLASSIFIER_PX = (160, 208)
WORKING_SIDE_PX = 1024
CONTEXT = 0.3
ENCODERS = {"the same encoder": "tu-tf_efficientnet_lite0", "smp's default": "resnet34"}
"""Whose forward pass is compared: a net as light as the shipped one, and what `smp.Unet()` is."""

_MEAN = torch.tensor((0.485, 0.456, 0.406)).view(1, 3, 1, 1)
_STD = torch.tensor((0.229, 0.224, 0.225)).view(1, 3, 1, 1)


class Pipeline:
    """Segmenter and classifier in eager PyTorch.

    Args:
        encoder: Of ``smp.Unet``.
        bf16: Whether to run in bfloat16 with channels last; else float32.
    """

    def __init__(self, encoder: str, bf16: bool = False) -> None:
        self.segmenter = smp.Unet(encoder, encoder_weights=None, classes=1).eval()
        self.classifier = mobilenet_v2(weights=None, num_classes=1).eval()
        self.bf16 = bf16
        if bf16:
            self.segmenter.to(memory_format=torch.channels_last)
            self.classifier.to(memory_format=torch.channels_last)
        self.drawn = torch.from_numpy(draw_lesion(0).mask)[None, None].float()

    @torch.inference_mode()
    def run(self, net: torch.nn.Module, pictures: Sequence[np.ndarray]) -> torch.Tensor:
        """Return a net's probabilities for uint8 pictures H×W×3."""
        batch = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
        batch = (batch.float() / 255 - _MEAN) / _STD
        if self.bf16:
            batch = batch.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            return net(batch).float().sigmoid()

    def analyze(self, path: Path) -> dict[str, Any]:
        """Return what is told of one file, with its pictures."""
        return next(self.analyze_batch([load(path)]))

    def analyze_batch(
        self, loaded: Sequence[tuple[Path, np.ndarray, np.ndarray]]
    ) -> Iterator[dict[str, Any]]:
        """Yield what is told of each photo, from one pass of each net."""
        self.run(self.segmenter, [small for _, _, small in loaded])
        masks = [self._outline(working) for _, working, _ in loaded]
        crops = [crop(working, mask) for (_, working, _), mask in zip(loaded, masks, strict=True)]
        height, width = CLASSIFIER_PX
        seen = [np.asarray(Image.fromarray(one).resize((width, height))) for one in crops]
        risks = self.run(self.classifier, seen)[:, 0]
        for (path, working, _), mask, cut, risk in zip(loaded, masks, crops, risks, strict=True):
            yield {
                "image": str(path),
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                "probability": float(risk),
                **measure(working, mask),
                "pictures": {"mask": mask, "overlay": overlay(working, mask), "crop": cut},
            }

    def _outline(self, working: np.ndarray) -> np.ndarray:
        shape = working.shape[:2]
        probability = F.interpolate(self.drawn, shape, mode="bilinear")[0, 0].numpy()
        parts, count = ndimage.label(probability > 0.5)
        sizes = ndimage.sum_labels(np.ones(shape), parts, range(1, count + 1))
        largest = ndimage.binary_fill_holes(parts == 1 + int(np.argmax(sizes)))
        return ndimage.gaussian_filter(largest.astype(np.float32), 3) > 0.5


def load(path: Path) -> tuple[Path, np.ndarray, np.ndarray]:
    """Decode a photo; return it at the size to work at, and at the segmenter's."""
    with Image.open(path) as image:
        whole = image.convert("RGB")
    small = whole.resize(SEGMENTER_PX[::-1], Image.Resampling.BILINEAR, reducing_gap=3.0)
    whole.thumbnail((WORKING_SIDE_PX, WORKING_SIDE_PX), Image.Resampling.BILINEAR)
    return path, np.asarray(whole), np.asarray(small)


def crop(pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the lesion with some skin around it."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    margin = round(CONTEXT * max(np.ptp(rows), np.ptp(columns)))
    top, left = max(0, rows[0] - margin), max(0, columns[0] - margin)
    return pixels[top : rows[-1] + margin + 1, left : columns[-1] + margin + 1]


def measure(pixels: np.ndarray, mask: np.ndarray) -> dict[str, Any]:
    """Return size, shape and colour, and the outline's points."""
    (lesion,) = regionprops(mask.astype(np.uint8))
    contour = max(find_contours(np.pad(mask, 1).astype(np.float32), 0.5), key=len)
    return {
        "area_px": float(lesion.area),
        "diameter_px": float(lesion.equivalent_diameter_area),
        "eccentricity": float(lesion.eccentricity),
        "solidity": float(lesion.solidity),
        "perimeter_px": float(lesion.perimeter_crofton),
        "colour_spread": float(rgb2lab(pixels[mask] / 255).std(axis=0).mean()),
        "contour": (approximate_polygon(contour, 0.6) - 1).round(1).tolist(),
    }


def overlay(pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Draw the outline on a copy of the photo."""
    picture = Image.fromarray(pixels)
    pen = ImageDraw.Draw(picture)
    for contour in find_contours(np.pad(mask, 1).astype(np.float32), 0.5):
        pen.line([(x - 1, y - 1) for y, x in contour], fill=(64, 224, 255), width=4)
    return np.asarray(picture)


class Photos(Dataset):
    """Photos for a ``DataLoader``."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, at: int) -> tuple[Path, np.ndarray, np.ndarray]:
        return load(self.paths[at])


def analyze_folder(pipeline: Pipeline, paths: Sequence[Path], out: Path, batch: int = 32) -> None:
    """Analyse photos in batches, decoded by a worker a core, and write what the pipeline tells."""
    workers = os.cpu_count() or 1
    loader = DataLoader(Photos(paths), batch, num_workers=workers, collate_fn=list)
    for loaded in loader:
        for finding in pipeline.analyze_batch(loaded):
            write(finding, out / Path(finding["image"]).stem)


def write(finding: dict[str, Any], folder: Path) -> None:
    """Write mask, overlay, crop and the finding."""
    folder.mkdir(parents=True)
    pictures = finding.pop("pictures")
    Image.fromarray(pictures["mask"]).save(folder / "mask.png", compress_level=3)
    Image.fromarray(pictures["overlay"]).save(folder / "overlay.jpg", quality=92)
    Image.fromarray(pictures["crop"]).save(folder / "crop.jpg", quality=92)
    (folder / "finding.json").write_text(json.dumps(finding), encoding="utf-8")
