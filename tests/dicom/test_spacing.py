import pytest
from pydicom import Dataset

from lentigo.dicom.spacing import pixel_spacing_mm


def header(**attributes: object) -> Dataset:
    ds = Dataset()
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def shared(spacing: list[float]) -> Dataset:
    groups = header(PixelMeasuresSequence=[header(PixelSpacing=spacing)])
    return header(SharedFunctionalGroupsSequence=[groups])


@pytest.mark.parametrize(
    ("attributes", "spacing_mm", "code"),
    [
        (header(), None, None),
        (header(PixelSpacing=[0.02, 0.02]), 0.02, None),
        (header(PixelSpacing=[0.02, 0.0201]), 0.02005, None),
        (header(PixelSpacing=[0.02, 0.04]), None, "pixels-not-square"),
        (header(PixelSpacing=[0, 0]), None, None),
        (header(PixelSpacing=[0.02]), None, None),
        (shared([0.03, 0.03]), 0.03, None),
        (header(ImagerPixelSpacing=[0.005, 0.005]), None, "spacing-not-on-skin"),
        (header(NominalScannedPixelSpacing=[0.1, 0.1]), None, "spacing-not-on-skin"),
        (header(PixelSpacing=[0.02, 0.02], ImagerPixelSpacing=[0.005, 0.005]), 0.02, None),
        (
            header(PixelSpacing=[0.005, 0.005], ImagerPixelSpacing=[0.005, 0.005]),
            *(None, "spacing-not-on-skin"),
        ),
        (
            header(
                PixelSpacing=[0.02, 0.02],
                ImagerPixelSpacing=[0.02, 0.02],
                PixelSpacingCalibrationType="FIDUCIAL",
            ),
            *(0.02, None),
        ),
    ],
)
def test_only_a_spacing_on_the_skin_counts(
    attributes: Dataset, spacing_mm: float | None, code: str | None
) -> None:
    found, notes = pixel_spacing_mm(attributes)
    assert found == (None if spacing_mm is None else pytest.approx(spacing_mm, rel=1e-4))
    assert [note.code for note in notes] == ([] if code is None else [code])
