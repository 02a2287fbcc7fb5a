"""The bundle: a folder that holds a trained model and all that is needed to use it.

``bundle.json`` is its index: what the model does, what it reads, at which thresholds it decides,
how it was trained and measured, and the SHA-256 of every other file. ``model.onnx`` takes
``image``, uint8 N×H×W×3 (RGB, 0–255; more channels for some regions; normalisation is part of the
graph), and gives ``probability``, float32: N×H×W for a segmenter, N for a classifier. A
classifier may also give ``diagnoses``, float32 N×K, each image's shares of the K ``diagnoses`` that
the index names, summing to 1; and ``heat``, float32 N×h×w over the picture, the malignant logit,
less its bias, that each place alone would give.
"""

import math
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, model_validator

from lentigo.errors import BundleError
from lentigo.files import sha256_of, write_json
from lentigo.imaging.region import Region

if TYPE_CHECKING:
    from lentigo.imaging.outline_quality import OutlineFeatures
    from lentigo.imaging.view import View

SHIPPED = Path(__file__).parent / "bundles"
INDEX = "bundle.json"
MODEL = "model.onnx"
CARD = "MODEL_CARD.md"

Task = Literal["segmentation", "classification"]
# A plain name: nothing that could lead out of the bundle's own folder.
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
# A plain word or some: it goes into tables and pages.
Diagnosis = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9 '-]{0,63}$")]
Feature = Literal["log_doubt_inside", "log_doubt_outside", "solidity"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class InputSpec(_Part):
    """What the model reads: RGB letterboxed to ``size_px`` (height, width).

    Attributes:
        size_px: Height and width.
        region: What a classifier is shown of a photo; None shows the whole frame.
        preprocessing: The steps that a classifier's pictures go through, in this order.
    """

    size_px: tuple[PositiveInt, PositiveInt]
    region: Region | None = None
    preprocessing: tuple[str, ...] = ()

    @property
    def view(self) -> "View":
        """How photos become this input.

        Raises:
            UnknownNameError: This version has no preprocessing step of a name.
        """
        from lentigo.imaging.view import View  # noqa: PLC0415 (an index is read without it)

        return View(self.size_px, self.region, self.preprocessing)


class Guarantee(_Part):
    """What a threshold promises for malignant lesions drawn like those it was chosen on.

    A lesion counts by the share of its images that are found (see `lentigo.evaluation.conformal`).

    Attributes:
        expected_sensitivity: The least mean sensitivity, over all draws of the lesions it was
            chosen on.
        sensitivity: The least sensitivity of this very threshold, with ``confidence``.
        confidence: The share of such draws for which that is true.
        n_malignant_lesions: Malignant lesions that it was chosen on.
    """

    expected_sensitivity: float = Field(ge=0, le=1)
    sensitivity: float = Field(ge=0, le=1)
    confidence: float = Field(gt=0, lt=1)
    n_malignant_lesions: PositiveInt


class OperatingPoint(_Part):
    """A probability from which on the answer is yes, and the rule that chose it."""

    threshold: float = Field(ge=0, le=1)
    rule: str
    guarantee: Guarantee | None = None


class Calibration(_Part):
    """Platt scaling (Platt 1999): p' = sigmoid(scale · logit(p) + bias)."""

    scale: float = Field(gt=0)
    bias: float

    def apply(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Return calibrated probabilities in 0–1, same shape; order is kept as scale > 0."""
        # Beyond ±1e-7 a float32 sigmoid has no more to say, and the logit would be infinite.
        p = np.clip(np.asarray(probability, dtype=np.float64), 1e-7, 1 - 1e-7)
        logit = np.log(p) - np.log1p(-p)
        return np.asarray(1.0 / (1.0 + np.exp(-(self.scale * logit + self.bias))))

    @property
    def inverse(self) -> "Calibration":
        """What leads from calibrated probabilities back to the model's own."""
        return Calibration(scale=1 / self.scale, bias=-self.bias / self.scale)


class QualityModel(_Part):
    """What an outline's Jaccard is expected to be: sigmoid(bias + Σ weight · feature).

    A fractional logit (Papke and Wooldridge, J Appl Econom 1996;11:619–632) on what
    `lentigo.imaging.outline_quality` computes from the net's own answer.

    Attributes:
        weights: Each feature's weight.
        bias: The logit where all features are 0.
        review_below: The expected Jaccard below which a person should look at the outline.
        n: Validation images that it was fitted on.
    """

    weights: dict[Feature, float] = Field(min_length=1)
    bias: float
    review_below: float = Field(ge=0, le=1)
    n: PositiveInt

    def expected_jaccard(self, features: "OutlineFeatures | None") -> float:
        """Return the Jaccard to expect, 0–1; 0 for None, where no lesion was found.

        Every dermoscopic image shows a lesion, so that an empty outline misses one.
        """
        if features is None:
            return 0.0
        terms = (weight * getattr(features, name) for name, weight in self.weights.items())
        # Beyond ±700 the exponential has no float, and the sigmoid nothing more to say.
        return 1.0 / (1.0 + math.exp(-min(max(self.bias + sum(terms), -700.0), 700.0)))


class BundleSpec(_Part):
    """The content of ``bundle.json``."""

    schema_version: Literal[1] = 1
    name: str
    task: Task
    net: str
    default: bool = False
    input: InputSpec
    classes: tuple[str, ...]
    diagnoses: tuple[Diagnosis, ...] = ()
    operating_points: dict[str, OperatingPoint] = Field(min_length=1)
    default_operating_point: str
    calibration: Calibration | None = None
    outline_quality: QualityModel | None = None
    refine: bool = False
    trained_on: tuple[str, ...] = ()
    licence: str = ""
    notes: tuple[str, ...] = ()
    metrics: dict[str, Any] = {}
    recipe: dict[str, Any] = {}
    versions: dict[str, str] = {}
    files: dict[FileName, Sha256] = {}

    @model_validator(mode="after")
    def _default_point_exists(self) -> "BundleSpec":
        self.operating_point()
        return self

    @model_validator(mode="after")
    def _segmenter_sees_the_frame(self) -> "BundleSpec":
        if self.task == "segmentation" and (self.input.region or self.input.preprocessing):
            raise ValueError("input.region and input.preprocessing belong to classification")
        return self

    @model_validator(mode="after")
    def _diagnoses_differ(self) -> "BundleSpec":
        if len(set(self.diagnoses)) < len(self.diagnoses):
            raise ValueError(f"diagnoses: one is named twice in {', '.join(self.diagnoses)}")
        return self

    def operating_point(self, name: str | None = None) -> OperatingPoint:
        """Return the named operating point, or the default one.

        Raises:
            BundleError: The bundle has no point of that name; the message lists those it has.
        """
        wanted = self.default_operating_point if name is None else name
        if wanted not in self.operating_points:
            known = ", ".join(sorted(self.operating_points))
            raise BundleError(
                f"bundle '{self.name}' has no operating point '{wanted}'; it has: {known}"
            )
        return self.operating_points[wanted]


@dataclass(frozen=True)
class Bundle:
    """A bundle on disk whose files are what its index says.

    Attributes:
        path: Its folder.
        spec: Its index.
        sha256: SHA-256 of ``bundle.json``, which holds the SHA-256 of every other file: one
            number that stands for the whole.
    """

    path: Path
    spec: BundleSpec
    sha256: str

    @property
    def model_path(self) -> Path:
        """The ONNX model."""
        return self.path / MODEL

    @property
    def size_bytes(self) -> int:
        """Bytes of all files together."""
        return sum((self.path / name).stat().st_size for name in (INDEX, *self.spec.files))


def bundle_names() -> list[str]:
    """Return the names of the bundles that came with the package, sorted."""
    return sorted(index.parent.name for index in SHIPPED.glob(f"*/{INDEX}"))


def default_bundle(task: Task) -> Bundle:
    """Return the shipped bundle that is used for ``task`` when none is named.

    Raises:
        BundleError: No shipped bundle is marked as that task's default.
    """
    for name in bundle_names():
        spec = read_spec(SHIPPED / name)
        if spec.default and spec.task == task:
            return load_bundle(name)
    raise BundleError(f"no default bundle for {task} came with this package; name one")


def load_bundle(name_or_folder: str | Path, task: Task | None = None) -> Bundle:
    """Open a bundle and check every file against its SHA-256.

    Args:
        name_or_folder: A shipped bundle's name, which goes first (write ``./NAME`` for a folder
            called the same), or a folder.
        task: What the bundle must be able to do; None takes either.

    Raises:
        BundleError: No such bundle, a file is missing or changed, or it does another task.
    """
    shipped = SHIPPED / name_or_folder if str(name_or_folder) in bundle_names() else None
    folder = shipped or Path(name_or_folder)
    if not folder.is_dir():
        what = "is a file, not a bundle's folder" if folder.exists() else "is not a bundle"
        raise BundleError(
            f"'{name_or_folder}' {what}; give a folder that holds {INDEX}, or one of the "
            f"shipped bundles: {', '.join(bundle_names()) or 'none'}"
        )
    spec = read_spec(folder)
    _check_files(folder, spec)
    if task is not None and spec.task != task:
        raise BundleError(f"{folder}: this bundle does {spec.task}; {task} was asked for")
    return Bundle(folder, spec, sha256_of(folder / INDEX))


def open_bundle(bundle: Bundle | str | Path | None, task: Task) -> Bundle:
    """Return the bundle that a caller named or already opened, or else the task's default.

    Raises:
        BundleError: There is no such bundle, it was changed, or it does another task.
    """
    if bundle is None:
        return default_bundle(task)
    return load_bundle(bundle.path if isinstance(bundle, Bundle) else bundle, task)


def read_spec(folder: Path) -> BundleSpec:
    """Read a bundle's index without touching its other files.

    Raises:
        BundleError: No readable index there, or a field of it is wrong; the message names it.
    """
    index = folder / INDEX
    try:
        return BundleSpec.model_validate_json(index.read_bytes())
    except OSError as error:
        raise BundleError(f"{index}: cannot be read ({error.strerror}); is it a bundle?") from error
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:
            raise BundleError(
                f"{index}: damaged ({first['msg']}); copy or export the bundle anew"
            ) from error
        field = ".".join(map(str, first["loc"]))
        raise BundleError(f"{index}: {field}: {first['msg']}") from error


def write_bundle(folder: Path, spec: BundleSpec, files: Mapping[str, Path | bytes]) -> Bundle:
    """Write a bundle whole or not at all; a bundle that stood there before is replaced.

    Args:
        folder: Where it goes.
        spec: Its index; ``files`` is filled in here.
        files: Each file's name and its content, or a path to copy; ``model.onnx`` must be one.

    Raises:
        BundleError: ``folder`` holds something that is not a bundle, or the model is missing.
    """
    if folder.exists() and not (folder / INDEX).is_file():
        raise BundleError(f"{folder}: exists and is not a bundle; choose another folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
        unfinished = Path(scratch) / "new"
        unfinished.mkdir()
        for name, content in files.items():
            if isinstance(content, bytes):
                (unfinished / name).write_bytes(content)
            else:
                shutil.copyfile(content, unfinished / name)
        sums = {name: sha256_of(unfinished / name) for name in sorted(files)}
        whole = BundleSpec.model_validate(spec.model_dump() | {"files": sums})
        write_json(unfinished / INDEX, whole.model_dump(mode="json"))
        _check_files(unfinished, whole)
        if folder.exists():
            folder.rename(Path(scratch) / "old")
        unfinished.rename(folder)
    return load_bundle(folder.absolute())


def _check_files(folder: Path, spec: BundleSpec) -> None:
    if MODEL not in spec.files:
        raise BundleError(f"{folder / INDEX}: files: lists no {MODEL}")
    for name, expected in spec.files.items():
        path = folder / name
        if not path.is_file():
            raise BundleError(f"{path}: missing, though {INDEX} lists it")
        if sha256_of(path) != expected:
            raise BundleError(
                f"{path}: its content is not what {INDEX} lists (SHA-256 differs): it was changed "
                "or damaged; copy or export the bundle anew"
            )
