"""A lesion's mask as a DICOM Segmentation."""

from copy import deepcopy

import numpy as np
from highdicom import AlgorithmIdentificationSequence
from highdicom.seg import (
    SegmentAlgorithmTypeValues,
    Segmentation,
    SegmentationTypeValues,
    SegmentDescription,
)
from pydicom import Dataset
from pydicom.uid import SecondaryCaptureImageStorage, generate_uid

from lentigo.dicom import codes
from lentigo.dicom.identity import Identity
from lentigo.dicom.source import Source
from lentigo.imaging.arrays import Mask
from lentigo.runtime.finding import NOTICE, Finding, UsedBundle

_BY_HAND = SegmentAlgorithmTypeValues.MANUAL

SEGMENT = 1
"""The number of the one segment."""


def segmentation_of(
    source: Source, finding: Finding, mask: Mask, identity: Identity
) -> Segmentation:
    """Return a binary Segmentation of one segment, the lesion.

    Args:
        source: The image.
        finding: What was found in it.
        mask: bool, of the image's Rows and Columns, with at least one lesion pixel.
        identity: The new object's place in the study.

    Raises:
        ValueError: The mask is of another size or empty.
    """
    size_px = (source.header.Rows, source.header.Columns)
    if mask.shape != size_px or not mask.any():
        raise ValueError(f"expected a mask of {size_px} with a lesion in it, got {mask.shape}")
    by_hand = finding.outline_by == "caller"
    description = SegmentDescription(
        segment_number=SEGMENT,
        segment_label="Lesion",
        segmented_property_category=codes.ABNORMAL,
        segmented_property_type=codes.LESION,
        algorithm_type=_BY_HAND if by_hand else SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=None
        if by_hand
        else algorithm_of(finding.made_with.segmenter, finding),
        tracking_uid=generate_uid(prefix=None),
        tracking_id="Lesion 1",
        anatomic_regions=[source.site],
    )
    written = Segmentation(
        source_images=[_of_one_frame(source)],
        pixel_array=mask.astype(np.uint8),
        segmentation_type=SegmentationTypeValues.BINARY,
        segment_descriptions=[description],
        content_label="LESION",
        content_description=NOTICE[:64],
        series_description="Lentigo: lesion (research use only)",
        **identity.attributes(finding),
    )
    written.ContentCreatorName = ""
    written.PatientOrientation = source.header.get("PatientOrientation") or ""
    _refer_to(written, source)
    return written


def algorithm_of(bundle: UsedBundle, finding: Finding) -> AlgorithmIdentificationSequence:
    """Return which bundle spoke, as a Segmentation says it; the version is its SHA-256."""
    return AlgorithmIdentificationSequence(
        name=bundle.name[:64],
        family=codes.FAMILY,
        version=bundle.sha256[:64],
        source="Lentigo",
        parameters=parameters_of(bundle, finding),
    )


def parameters_of(bundle: UsedBundle, finding: Finding) -> dict[str, str]:
    """Return what else it takes to compute the same again."""
    made_with = finding.made_with
    return {
        "lentigo": made_with.lentigo,
        "engine": made_with.engine,
        "precision": bundle.precision,
    }


def _of_one_frame(source: Source) -> Dataset:
    """Return a header that highdicom takes for that of a picture of one frame."""
    header = deepcopy(source.header)
    header.SOPClassUID = SecondaryCaptureImageStorage
    return header


def _refer_to(written: Segmentation, source: Source) -> None:
    """Say in each reference what the image truly is, and which frame of it is meant."""
    derived = [
        image
        for groups in written.PerFrameFunctionalGroupsSequence
        for derivation in groups.DerivationImageSequence
        for image in derivation.SourceImageSequence
    ]
    listed = [
        image
        for series in written.ReferencedSeriesSequence
        for image in series.ReferencedInstanceSequence
    ]
    for image in (*derived, *listed, *written.get("SourceImageSequence", [])):
        image.ReferencedSOPClassUID = source.header.SOPClassUID
    if source.frame is not None:
        for image in derived:
            image.ReferencedFrameNumber = source.frame
