"""A finding as a structured report: a Measurement Report after TID 1500 of PS3.16."""

from collections.abc import Iterator

from highdicom.seg import Segmentation
from highdicom.sr import (
    AlgorithmIdentification,
    CodeContentItem,
    ContentItem,
    DeviceObserverIdentifyingAttributes,
    EnhancedSR,
    FindingSite,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    ReferencedSegmentationFrame,
    SourceImageForMeasurementGroup,
    SourceImageForSegmentation,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom.sr.codedict import codes as named
from pydicom.uid import generate_uid

from lentigo.dicom import codes
from lentigo.dicom.identity import DEVICE_UID, MANUFACTURER, Identity
from lentigo.dicom.segmentation import SEGMENT, parameters_of
from lentigo.dicom.source import Source
from lentigo.runtime.finding import Finding, Measurements, UsedBundle

_CONTAINS = "CONTAINS"


def report_of(
    source: Source, finding: Finding, segmentation: Segmentation | None, identity: Identity
) -> EnhancedSR:
    """Return an Enhanced SR of what was found.

    It holds one group of measurements, about the lesion's segment, or where none was found or the
    image was refused about the image. A refused image's has no probability but the reason.

    Args:
        source: The image.
        finding: What was found in it.
        segmentation: The lesion; None where none was found.
        identity: The new object's place in the study.
    """
    group = _group(source, finding, segmentation)
    group[0].ContentSequence.extend(_evaluations(finding))
    content = MeasurementReport(
        observation_context=ObservationContext(observer_device_context=_observer(finding)),
        procedure_reported=codes.DERMOSCOPY,
        imaging_measurements=[group],
        title=named.DCM.ImagingMeasurementReport,
    )
    content[0].ContentSequence.extend(_comments(finding))
    evidence = [source.header] if segmentation is None else [source.header, segmentation]
    arguments = identity.attributes(finding)
    return EnhancedSR(
        evidence=evidence,
        content=content,
        is_complete=True,
        is_final=False,
        is_verified=False,
        series_description="Lentigo: finding (research use only)",
        **arguments,
    )


def _observer(finding: Finding) -> ObserverContext:
    device = DeviceObserverIdentifyingAttributes(
        uid=DEVICE_UID,
        name=MANUFACTURER,
        manufacturer_name=MANUFACTURER,
        model_name=f"Lentigo {finding.made_with.lentigo}",
    )
    return ObserverContext(observer_type=named.DCM.Device, observer_identifying_attributes=device)


def _group(
    source: Source, finding: Finding, segmentation: Segmentation | None
) -> MeasurementsAndQualitativeEvaluations | PlanarROIMeasurementsAndQualitativeEvaluations:
    image = (source.header.SOPClassUID, source.header.SOPInstanceUID, source.frames)
    measurements = list(_measurements(finding))
    if segmentation is None:
        return MeasurementsAndQualitativeEvaluations(
            tracking_identifier=TrackingIdentifier(generate_uid(prefix=None), "Image"),
            source_images=[SourceImageForMeasurementGroup(*image)],
            measurements=measurements or None,
            finding_sites=[FindingSite(source.site)],
        )
    described = segmentation.SegmentSequence[0]
    segment = ReferencedSegmentationFrame(
        sop_class_uid=segmentation.SOPClassUID,
        sop_instance_uid=segmentation.SOPInstanceUID,
        frame_number=1,
        segment_number=SEGMENT,
        source_image=SourceImageForSegmentation(*image),
    )
    # A reference names a segment or frames, not both (PS3.3 C.18.4).
    del segment[0].ReferencedSOPSequence[0].ReferencedFrameNumber
    return PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(described.TrackingUID, described.TrackingID),
        referenced_segment=segment,
        finding_type=codes.SKIN_LESION,
        finding_sites=[FindingSite(source.site)],
        algorithm_id=_algorithm(finding.made_with.segmenter, finding),
        measurements=measurements,
    )


def _measurements(finding: Finding) -> Iterator[Measurement]:
    if finding.measurements is not None:
        yield from _sizes(finding.measurements)
    if finding.outline_quality is not None:
        yield _number(
            codes.EXPECTED_JACCARD, finding.outline_quality.expected_jaccard, codes.NO_UNITS
        )
    if finding.probability_malignant is None:
        return
    algorithm = _algorithm(finding.made_with.classifier, finding)
    for name, value in (
        (codes.PROBABILITY, finding.probability_malignant),
        (codes.THRESHOLD, finding.operating_point.threshold),
        *((codes.diagnosis(key), share) for key, share in (finding.diagnoses or {}).items()),
    ):
        yield _number(name, 100 * value, codes.PERCENT, algorithm)


def _sizes(values: Measurements) -> Iterator[Measurement]:
    if values.area_mm2 is not None and values.equivalent_diameter_mm is not None:
        yield _number(codes.AREA, values.area_mm2, codes.MM2)
        yield _number(codes.EQUIVALENT_DIAMETER, values.equivalent_diameter_mm, codes.MM)
    yield _number(codes.AREA, values.area_px, codes.PIXELS)
    yield _number(codes.EQUIVALENT_DIAMETER, values.equivalent_diameter_px, codes.PIXELS)
    yield _number(codes.AREA_SHARE, 100 * values.area_share, codes.PERCENT)
    yield _number(codes.ASYMMETRY, values.asymmetry, codes.NO_UNITS)
    yield _number(codes.BORDER, values.border_irregularity, codes.NO_UNITS)
    yield _number(codes.COLOUR, values.colour_variegation, codes.DELTA_E)


def _number(
    name: codes.AnyCode,
    value: float,
    unit: codes.AnyCode,
    algorithm: AlgorithmIdentification | None = None,
) -> Measurement:
    # A decimal string has 16 signs; more than six digits would say nothing here.
    return Measurement(name=name, value=float(f"{value:.6g}"), unit=unit, algorithm_id=algorithm)


def _evaluations(finding: Finding) -> Iterator[ContentItem]:
    point = finding.operating_point
    if finding.refusal is not None:
        yield CodeContentItem(codes.NOT_SCORED, codes.NOT_DERMOSCOPY, _CONTAINS)
        yield TextContentItem(codes.COMMENT, finding.refusal.message, _CONTAINS)
        return
    called = codes.MALIGNANT if finding.decision == "malignant" else codes.BENIGN
    yield CodeContentItem(codes.CALLED, called, _CONTAINS)
    yield TextContentItem(codes.OPERATING_POINT, f"{point.name}: {point.rule}", _CONTAINS)


def _comments(finding: Finding) -> Iterator[ContentItem]:
    yield TextContentItem(codes.COMMENT, finding.notice, _CONTAINS)
    for note in finding.warnings:
        yield TextContentItem(codes.WARNING, f"{note.code}: {note.message}", _CONTAINS)


def _algorithm(bundle: UsedBundle, finding: Finding) -> AlgorithmIdentification:
    return AlgorithmIdentification(
        name=bundle.name,
        version=bundle.sha256,
        parameters=[f"{key}={value}" for key, value in parameters_of(bundle, finding).items()],
        manufacturer=MANUFACTURER,
    )
