"""Files by other makers, which come with pydicom: the colour bars of its test pattern."""

from pathlib import Path

import numpy as np
import pytest
from pydicom.data.data_manager import DATA_ROOT

from lentigo.errors import ImageError
from lentigo.imaging.read import read_photo

FOLDER = Path(DATA_ROOT) / "test_files"
BARS = [
    *([255, 0, 0], [255, 128, 128], [0, 255, 0], [128, 255, 128], [0, 0, 255], [128, 128, 255]),
    *([0, 0, 0], [64, 64, 64], [192, 192, 192], [255, 255, 255]),
]


@pytest.mark.parametrize(
    "name",
    [
        "SC_rgb_dcmtk_+eb+cr.dcm",
        "SC_rgb_dcmtk_+eb+cy+n1.dcm",
        "SC_rgb_dcmtk_+eb+cy+n2.dcm",
        "SC_rgb_dcmtk_+eb+cy+np.dcm",
        "SC_rgb_dcmtk_+eb+cy+s2.dcm",
        "SC_rgb_dcmtk_+eb+cy+s4.dcm",
        "SC_rgb_gdcm_KY.dcm",
        "SC_rgb_jpeg_dcmtk.dcm",
        "SC_rgb_jpeg_lossy_gdcm.dcm",
        "SC_rgb_rle.dcm",
        "SC_rgb_rle_16bit.dcm",
        "SC_ybr_full_422_uncompressed.dcm",
    ],
)
def test_the_bars_have_their_colours(name: str) -> None:
    photo = read_photo(FOLDER / name)
    assert photo.pixels.shape == (100, 100, 3)
    assert photo.notes == ()
    middles = photo.pixels[5::10, 50].astype(int)
    assert np.abs(middles - BARS).max() <= 5


@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's
def test_an_encoding_that_is_not_the_one_it_says_is_read_all_the_same() -> None:
    photo = read_photo(FOLDER / "SC_rgb_jpeg.dcm")  # implicit VR, and says explicit
    assert photo.pixels.shape == (256, 256, 3)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_other_file_gives_a_photo_or_says_why_not() -> None:
    outcomes = []
    for path in sorted(FOLDER.glob("*.dcm")):
        try:
            outcomes.append(read_photo(path).pixels.shape[2])
        except ImageError as error:
            outcomes.append(error.fault)
    assert outcomes.count(3) > 20
    assert len([fault for fault in outcomes if "not a photo" in str(fault)]) > 20
