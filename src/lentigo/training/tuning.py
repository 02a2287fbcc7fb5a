"""What is chosen on the validation part once the weights are: thresholds and calibration."""

from typing import Any

import numpy as np
import torch

from lentigo.evaluation.calibration import fit_platt
from lentigo.evaluation.segmentation import PixelCounts, count_pixels_by_threshold
from lentigo.evaluation.thresholds import RULES, best_mask_threshold, choose_threshold
from lentigo.nets import LesionNet
from lentigo.training.data import Part
from lentigo.training.validation import logits_of

_MASK_THRESHOLDS = np.linspace(0.05, 0.95, 19)
DEFAULT_POINTS = {"segmentation": "max-dice", "classification": "sensitivity-90"}


def tune(net: LesionNet, validation: Part, batch_size: int) -> dict[str, Any]:
    """Choose operating points, and for a classifier the calibration, on the validation part.

    Returns:
        ``operating_points`` (name → threshold and rule), ``default_operating_point`` and
        ``calibration`` (``scale`` and ``bias``, or none), as a bundle holds them.
    """
    chosen = _masks if net.task == "segmentation" else _labels
    return {
        **chosen(net, validation, batch_size),
        "default_operating_point": DEFAULT_POINTS[net.task],
    }


def _masks(net: LesionNet, validation: Part, batch_size: int) -> dict[str, Any]:
    tables = [
        count_pixels_by_threshold(image.numpy(), truth.numpy() >= 0.5, _MASK_THRESHOLDS)
        for logits, target in logits_of(net, validation, batch_size)
        for image, truth in zip(logits.sigmoid()[:, 0], target[:, 0], strict=True)
    ]
    counts = PixelCounts(
        *(np.stack([getattr(t, name) for t in tables]) for name in ("tp", "fp", "fn", "tn"))
    )
    point = {
        "threshold": round(best_mask_threshold(_MASK_THRESHOLDS, counts), 4),
        "rule": f"the greatest per-image Dice on {len(tables)} validation images",
    }
    return {"operating_points": {"max-dice": point}, "calibration": None}


def _labels(net: LesionNet, validation: Part, batch_size: int) -> dict[str, Any]:
    outputs = list(logits_of(net, validation, batch_size))
    logits = torch.cat([logits for logits, _ in outputs]).flatten().numpy().astype(np.float64)
    malignant = torch.cat([target for _, target in outputs]).flatten().numpy() >= 0.5
    platt = fit_platt(malignant, logits)
    probability = 1 / (1 + np.exp(-(platt.scale * logits + platt.bias)))
    on = f"on {len(malignant)} validation images, {int(malignant.sum())} of them malignant"
    points = {
        name: {
            "threshold": choose_threshold(name, malignant, probability),
            "rule": f"{RULES[name].meaning}, {on}",
        }
        for name in RULES
    }
    calibration = {"scale": platt.scale, "bias": platt.bias}
    return {"operating_points": points, "calibration": calibration}
