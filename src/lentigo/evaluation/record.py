"""Keeping a result in the bundle that it measured."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lentigo.bundle import CARD, MODEL, Bundle, write_bundle
from lentigo.errors import BundleError
from lentigo.evaluation.model_card import DIAGRAM, model_card
from lentigo.evaluation.reliability_diagram import reliability_svg


def record(bundle: Bundle, metrics: Mapping[str, Any]) -> Bundle:
    """Put an evaluation into a bundle's index; write its model card, with its diagram, anew.

    Args:
        bundle: What was measured; its folder is replaced whole.
        metrics: An ``Evaluation``'s metrics.

    Raises:
        BundleError: The metrics are another model's.
    """
    measured, own = metrics["bundle"]["model_sha256"], bundle.spec.files[MODEL]
    if measured != own:
        raise BundleError(
            f"the result is of the model {measured[:12]}…, but {bundle.path} holds {own[:12]}…; "
            "evaluate this bundle itself"
        )
    spec = bundle.spec.model_copy(update={"metrics": dict(metrics)})
    files: dict[str, Path | bytes] = {
        name: bundle.path / name for name in spec.files if name != DIAGRAM
    }
    files[CARD] = model_card(spec).encode()
    if bins := metrics.get("reliability"):
        files[DIAGRAM] = reliability_svg(bins).encode()
    return write_bundle(bundle.path, spec, files)
