"""JPEGs that would be decoded over and over, and files of too many pieces."""

from io import BytesIO
from zlib import crc32

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from lentigo.imaging import metered
from lentigo.imaging.read import DamagedImageError, read_photo
from lentigo.imaging.scans import MAX_SCANS, scans_of


def jpeg(pixels: NDArray[np.uint8], **options: object) -> bytes:
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", **options)
    return stream.getvalue()


def with_scans(pixels: NDArray[np.uint8], count: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    content = jpeg(pixels, progressive=True)
    last = content[content.rindex(b"\xff\xda") : -2]
    return content[:-2] + last * (count - scans_of(content)) + content[-2:]


def test_a_scan_is_a_pass_over_the_first_picture_alone(dark_disc: NDArray[np.uint8]) -> None:
    plain, progressive = jpeg(dark_disc), jpeg(dark_disc, progressive=True)
    assert scans_of(plain) == 1
    assert 5 < scans_of(progressive) < 20
    thumbnail = plain[:2] + b"\xff\xe1" + (2 + len(progressive)).to_bytes(2) + progressive
    assert scans_of(thumbnail + plain[2:]) == 1
    assert scans_of(plain + progressive) == 1  # what follows is another picture, or a video
    assert scans_of(jpeg(dark_disc, restart_marker_rows=1)) == 1
    apart = plain[: plain.index(b"\xff\xda")] + b"\xff\xda\0\x08\1\1\0\0\x3f\0\x1f" * 3
    assert scans_of(apart) == 3  # a component a scan
    assert scans_of(b"") == scans_of(b"\xff") == scans_of(b"\xff\xda") - 1 == 0


def test_a_jpeg_of_too_many_scans_is_refused_before_they_are_decoded(
    dark_disc: NDArray[np.uint8],
) -> None:
    assert read_photo(with_scans(dark_disc, MAX_SCANS)).pixels.shape == dark_disc.shape
    with pytest.raises(DamagedImageError, match="more than 100 scans; save it anew"):
        read_photo(with_scans(dark_disc, MAX_SCANS + 1))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_file_of_too_many_pieces_is_refused(
    dark_disc: NDArray[np.uint8], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metered, "MAX_READS", 1000)
    stream = BytesIO()
    Image.fromarray(dark_disc).save(stream, kind)
    content = stream.getvalue()
    assert read_photo(content).pixels.shape == dark_disc.shape
    chunk = bytes(4) + b"vpAg" + crc32(b"vpAg").to_bytes(4)
    empty, at = {"JPEG": (b"\xff\xe5\0\2", 2), "PNG": (chunk, 33)}[kind]
    with pytest.raises(DamagedImageError, match="made of more than 1,000 pieces; save it anew"):
        read_photo(content[:at] + empty * 1000 + content[at:])
