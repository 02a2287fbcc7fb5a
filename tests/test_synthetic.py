from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from lentigo.imaging.measure import measure
from lentigo.imaging.read import read_mask, read_photo
from lentigo.synthetic import draw_lesion, sample_set

SMALL = (96, 128)


def test_the_same_arguments_draw_the_same_picture() -> None:
    first, second, other = (draw_lesion(seed, SMALL, hair=True, gel=True) for seed in (5, 5, 6))
    assert np.array_equal(first.image, second.image)
    assert np.array_equal(first.mask, second.mask)
    assert not np.array_equal(first.mask, other.mask)


@pytest.mark.parametrize("artefact", ["hair", "ruler", "gel", "tube"])
def test_an_artefact_changes_some_pixels_and_no_mask(artefact: str) -> None:
    plain = draw_lesion(5, SMALL)
    disturbed = draw_lesion(5, SMALL, **{artefact: True})
    assert np.array_equal(plain.mask, disturbed.mask)
    changed = (plain.image != disturbed.image).any(axis=2).mean()
    assert 0.005 < changed < 0.6


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 6), st.booleans())
def test_the_lesion_is_one_darker_spot_within_the_image(
    seed: int, fitzpatrick: int, malignant: bool
) -> None:
    lesion = draw_lesion(seed, SMALL, fitzpatrick=fitzpatrick, malignant=malignant)
    assert lesion.image.shape == (*SMALL, 3)
    assert lesion.image.dtype == np.uint8
    parts, _ = ndimage.label(lesion.mask)
    assert np.bincount(parts.ravel())[1:].max() > 0.97 * lesion.mask.sum()
    assert 0.02 < lesion.mask.mean() < 0.6
    assert not lesion.mask[[0, -1]].any()
    assert lesion.image[lesion.mask].mean() < 0.95 * lesion.image[~lesion.mask].mean()


def test_darker_types_have_darker_skin() -> None:
    brightness = []
    for fitzpatrick in range(1, 7):
        lesion = draw_lesion(1, SMALL, fitzpatrick=fitzpatrick)
        brightness.append(lesion.image[~lesion.mask].mean())
    assert brightness == sorted(brightness, reverse=True)


def test_malignant_lesions_are_more_asymmetric_irregular_and_variegated() -> None:
    def means(malignant: bool) -> np.ndarray:
        lesions = [draw_lesion(seed, SMALL, malignant=malignant) for seed in range(8)]
        values = [measure(lesion.image, lesion.mask) for lesion in lesions]
        rows = [(v.asymmetry, v.border_irregularity, v.colour_variegation) for v in values]
        return np.mean(rows, axis=0)

    assert (means(True) > 1.2 * means(False)).all()


def test_size_changes_the_resolution_and_not_the_place() -> None:
    small, large = draw_lesion(2, (96, 128)), draw_lesion(2, (384, 512))
    for axis in (0, 1):
        centres = [np.argwhere(lesion.mask).mean(axis=0)[axis] for lesion in (small, large)]
        assert centres[1] / 4 == pytest.approx(centres[0], abs=3)


def test_a_sample_set_holds_every_skin_type_both_ways(tmp_path: Path) -> None:
    samples = sample_set(tmp_path, 12, SMALL)
    assert len({sample.image for sample in samples}) == 12
    for fitzpatrick in range(1, 7):
        for truth in ("benign", "malignant"):
            words = f"skin-type-{fitzpatrick}-{truth}"
            assert sum(words in sample.image.name for sample in samples) == 1
    for sample in samples:
        assert read_photo(sample.image).size_px == SMALL
        assert read_mask(sample.mask).any()


def test_sample_files_are_the_same_at_every_call(tmp_path: Path) -> None:
    first, second = (sample_set(tmp_path / name, 2, SMALL) for name in "ab")
    for one, other in zip(first, second, strict=True):
        assert one.image.read_bytes() == other.image.read_bytes()
        assert one.mask.read_bytes() == other.mask.read_bytes()


def test_wrong_arguments_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1 to 6, got 7"):
        draw_lesion(0, fitzpatrick=7)
    with pytest.raises(ValueError, match="at least 32"):
        draw_lesion(0, (16, 64))
    with pytest.raises(ValueError, match="got 0"):
        sample_set(tmp_path, 0)
