"""Do probabilities mean what they say: Brier score, calibration error, and Platt's mending."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from lentigo.bundle import Calibration
from lentigo.evaluation.ratios import Floats, weighted_mean

ECE_BINS = 15
"""Equal-width bins of the calibration error, as Guo et al. 2017 use."""

# A scale that is not positive would turn the ranking round.
_SMALLEST_SCALE = 1e-3


def brier_score(malignant: NDArray[np.bool_], probability: Floats) -> float:
    """Return the mean squared error of the probabilities, 0 (best) to 1 (Brier 1950).

    Args:
        malignant: True labels, of length n.
        probability: Probability of malignancy, of length n, 0–1.
    """
    return float(np.mean((probability - malignant) ** 2))


def calibration_error(
    malignant: NDArray[np.bool_], probability: Floats, bins: int = ECE_BINS
) -> float:
    """Return the expected calibration error, 0 (best) to 1.

    Σ_b n_b/n · |mean probability_b − share malignant_b| over equal-width bins of the probability
    of malignancy (Naeini et al. 2015; Guo et al. 2017).

    Args:
        malignant: True labels, of length n.
        probability: Probability of malignancy, of length n, 0–1.
        bins: Number of bins.
    """
    weights = np.ones((1, len(probability)))
    return float(weighted_calibration_error(malignant, probability, weights, bins)[0])


def weighted_calibration_error(
    malignant: NDArray[np.bool_], probability: Floats, weights: Floats, bins: int = ECE_BINS
) -> Floats:
    """Return ``calibration_error`` for each row of ``weights``, draws × images."""
    in_bin = in_bins(probability, bins)
    gap_of_image = (probability - malignant)[:, None] * in_bin
    return np.asarray(np.abs(weights @ gap_of_image).sum(axis=1) / weights.sum(axis=1))


def in_bins(probability: Floats, bins: int = ECE_BINS) -> NDArray[np.bool_]:
    """Return in which equal-width bin each probability lies, n × ``bins``; 1 is in the last."""
    bin_of_image = np.minimum((probability * bins).astype(int), bins - 1)
    return np.asarray(bin_of_image[:, None] == np.arange(bins))


def weighted_brier(malignant: NDArray[np.bool_], probability: Floats, weights: Floats) -> Floats:
    """Return ``brier_score`` for each row of ``weights``, draws × images."""
    return weighted_mean((probability - malignant) ** 2, weights)


def fit_platt(malignant: NDArray[np.bool_], logits: Floats) -> Calibration:
    """Fit sigmoid(scale · logit + bias) on images that the model was not trained on.

    Maximum likelihood; the scale stays above 0, so the order of images, and with it the AUC, does
    not change. The targets are Platt's smoothed ones, (n₊ + 1)/(n₊ + 2) and 1/(n₋ + 2), so the fit
    stays finite where the classes separate (Platt 1999, "Probabilistic outputs for support vector
    machines").

    Args:
        malignant: True labels, of length n.
        logits: The model's logits, of length n, finite.

    Raises:
        ValueError: A class is absent, or a logit is not finite.
    """
    n_malignant = np.count_nonzero(malignant)
    n_benign = len(malignant) - n_malignant
    if not n_malignant or not n_benign:
        raise ValueError(
            f"calibration needs images of both classes, got {n_malignant} malignant and "
            f"{n_benign} benign"
        )
    if not np.isfinite(logits).all():
        raise ValueError("calibration needs finite logits, got NaN or infinite ones")
    target = np.where(malignant, (n_malignant + 1) / (n_malignant + 2), 1 / (n_benign + 2))

    def loss(parameters: Floats) -> tuple[float, Floats]:
        scaled = parameters[0] * logits + parameters[1]
        residual = expit(scaled) - target
        value = np.mean(np.logaddexp(0, scaled) - target * scaled)
        return float(value), np.array([np.mean(residual * logits), np.mean(residual)])

    fit = minimize(
        loss,
        x0=np.array([1.0, 0.0]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(_SMALLEST_SCALE, None), (None, None)],
        options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 1000},
    )
    return Calibration(scale=float(fit.x[0]), bias=float(fit.x[1]))
