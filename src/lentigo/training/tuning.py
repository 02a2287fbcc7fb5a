"""What is chosen on the validation part once the weights are: thresholds, calibration, and how an
outline's quality is told.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from lentigo.evaluation.calibration import fit_platt
from lentigo.evaluation.quality import fit_quality_model
from lentigo.evaluation.segmentation import PixelCounts, count_pixels, count_pixels_by_threshold
from lentigo.evaluation.thresholds import RULES, best_mask_threshold, choose_point
from lentigo.imaging.arrays import Floats, Mask, Pixels
from lentigo.imaging.filling import inner_of
from lentigo.imaging.outline_quality import OutlineFeatures, outline_features
from lentigo.imaging.refine import refine
from lentigo.nets import LesionNet
from lentigo.training.data import Part
from lentigo.training.validation import logits_of

_MASK_THRESHOLDS = np.linspace(0.05, 0.95, 19)
DEFAULT_POINTS = {"segmentation": "max-dice", "classification": "sensitivity-90"}


def tune(net: LesionNet, validation: Part, batch_size: int) -> dict[str, Any]:
    """Choose on the validation part what a bundle holds beside the weights.

    Returns:
        ``operating_points`` (name → an ``OperatingPoint``'s fields), ``default_operating_point``,
        ``calibration`` (``scale`` and ``bias``; none for a segmenter) and, for a segmenter,
        ``outline_quality`` (a ``QualityModel``'s fields, or none), as a bundle holds them.
    """
    chosen = _masks if net.task == "segmentation" else _labels
    return {
        **chosen(net, validation, batch_size),
        "default_operating_point": DEFAULT_POINTS[net.task],
    }


def _masks(net: LesionNet, validation: Part, batch_size: int) -> dict[str, Any]:
    tables = [
        count_pixels_by_threshold(probability, truth, _MASK_THRESHOLDS)
        for probability, truth in _maps(net, validation, batch_size)
    ]
    counts = PixelCounts(
        *(np.stack([getattr(t, name) for t in tables]) for name in ("tp", "fp", "fn", "tn"))
    )
    threshold = round(best_mask_threshold(_MASK_THRESHOLDS, counts), 4)
    point = {
        "threshold": threshold,
        "rule": f"the greatest per-image Dice on {len(tables)} validation images",
    }
    # The net runs once more: to keep its maps would take memory that grows with the images.
    maps = zip(validation.rows, _maps(net, validation, batch_size), strict=True)
    quality = fit_quality_model(
        _outline(validation.images[row], probability, truth, threshold)
        for row, (probability, truth) in maps
    )
    return {
        "operating_points": {"max-dice": point},
        "calibration": None,
        "outline_quality": quality.model_dump(mode="json") if quality else None,
    }


def _maps(net: LesionNet, validation: Part, batch_size: int) -> Iterator[tuple[Floats, Mask]]:
    """Yield each image's probability map and true mask at the net's size, in the part's order."""
    for logits, target in logits_of(net, validation, batch_size):
        for probability, truth in zip(logits.sigmoid()[:, 0], target[:, 0], strict=True):
            yield probability.numpy(), truth.numpy() >= 0.5


def _outline(
    pixels: Pixels, probability: Floats, truth: Mask, threshold: float
) -> tuple[OutlineFeatures | None, float]:
    """Return an outline's features, the very ones that it has in use, and its Jaccard."""
    inner = inner_of(pixels).slices
    mask = refine(probability[inner] >= threshold)
    jaccard = float(count_pixels(mask, truth[inner]).jaccard)
    return outline_features(probability[inner], mask), jaccard


def _labels(net: LesionNet, validation: Part, batch_size: int) -> dict[str, Any]:
    outputs = list(logits_of(net, validation, batch_size))
    logits = torch.cat([logits[:, 0] for logits, _ in outputs]).numpy().astype(np.float64)
    malignant = torch.cat([target for _, target in outputs]).flatten().numpy() >= 0.5
    platt = fit_platt(malignant, logits)
    probability = 1 / (1 + np.exp(-(platt.scale * logits + platt.bias)))
    points = {
        name: choose_point(name, malignant, probability, validation.groups).model_dump(mode="json")
        for name in RULES
    }
    calibration = {"scale": platt.scale, "bias": platt.bias}
    return {"operating_points": points, "calibration": calibration}
