"""What a probability map and its outline tell about how good the outline is."""

from typing import Final, NamedTuple

import numpy as np
from scipy.spatial import ConvexHull

from lentigo.imaging.arrays import Floats, Mask

LEAST_DOUBT: Final = 0.01
"""Added before the logarithm: below one pixel in a hundred, doubts differ by rounding alone."""


class OutlineFeatures(NamedTuple):
    """An outline in the numbers that foretell its Jaccard; all are free of scale.

    With p the probability of lesion, m the mask and |m| its area:

    Attributes:
        log_doubt_inside: ln(0.01 + Σ_m (1 − p) / |m|). Were p calibrated, the sum would be the
            pixels expected to be wrongly inside.
        log_doubt_outside: ln(0.01 + Σ_not m p / |m|): likewise the pixels wrongly outside. What
            refinement drops from the mask counts here too.
        solidity: |m| / area of its convex hull, in 0–1; 1 for a convex outline. A ragged or
            branched one was seldom drawn by an expert, however certain its pixels are.
    """

    log_doubt_inside: float
    log_doubt_outside: float
    solidity: float


def outline_features(probability: Floats, mask: Mask) -> OutlineFeatures | None:
    """Return what foretells the Jaccard of a net's outline; None for an empty mask.

    Both are at the net's own size, the letterbox's filling cut off: so training and use compute
    the same, whatever size the outline is brought to afterwards.

    Args:
        probability: float H×W, 0–1.
        mask: bool H×W, the map from the threshold on, refined as it is in use.

    Raises:
        ValueError: The shapes differ, or the mask is not boolean.
    """
    if mask.dtype != np.bool_ or mask.shape != probability.shape:
        raise ValueError(
            f"expected a bool mask of the map's shape {probability.shape}, "
            f"got {mask.dtype} {mask.shape}"
        )
    area_px = int(np.count_nonzero(mask))
    if not area_px:
        return None
    inside = float(probability.sum(where=mask, dtype=np.float64))
    everywhere = float(probability.sum(dtype=np.float64))
    return OutlineFeatures(
        log_doubt_inside=_log_doubt(area_px - inside, area_px),
        log_doubt_outside=_log_doubt(everywhere - inside, area_px),
        solidity=area_px / _hull_area_px(mask),
    )


def _log_doubt(doubt_px: float, area_px: int) -> float:
    # Sums of rounded probabilities may fall a hair below zero.
    return float(np.log(LEAST_DOUBT + max(0.0, doubt_px) / area_px))


def _hull_area_px(mask: Mask) -> float:
    """Return the area of the convex hull of a mask's pixels, each a square of side 1."""
    rows = np.flatnonzero(mask.any(axis=1))
    lines = mask[rows]
    left = lines.argmax(axis=1)
    right = mask.shape[1] - lines[:, ::-1].argmax(axis=1)
    corners = [(rows + down, side) for down in (0, 1) for side in (left, right)]
    points = np.concatenate([np.column_stack(corner) for corner in corners])
    return float(ConvexHull(points).volume)  # of two dimensions, the volume is the area
