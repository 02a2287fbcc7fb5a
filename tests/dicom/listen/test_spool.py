from pathlib import Path

import pytest
from dicom_files import dataset, with_pixels
from pydicom import Dataset, dcmread

from lentigo.dicom.listen.spool import Spool, SpoolFullError
from lentigo.errors import LentigoError


def result() -> Dataset:
    return with_pixels(dataset(), [b"\0\0\0\0"], (2, 2), "MONOCHROME2")


def test_an_image_gives_way_to_its_results_which_then_go(tmp_path: Path) -> None:
    with Spool(tmp_path, 5) as spool:
        offered = spool.offer(b"image")
        assert spool.images() == []
        spool.keep(offered)
        (image,) = spool.images()
        assert image.read_bytes() == b"image"
        spool.replace(image, [result(), result()])
        assert spool.images() == []
        (results,) = spool.results()
        assert [path.name for path in sorted(results.iterdir())] == ["1.dcm", "2.dcm"]
        assert dcmread(results / "1.dcm").Rows == 2
        spool.drop(results)
        assert spool.waiting() == 0


def test_a_full_spool_takes_no_more_until_something_goes(tmp_path: Path) -> None:
    with Spool(tmp_path, 2) as spool:
        first = spool.offer(b"1")
        spool.keep(spool.offer(b"2"))
        with pytest.raises(SpoolFullError, match="2 images wait"):
            spool.offer(b"3")
        spool.drop(first)
        spool.offer(b"3")


def test_what_is_kept_outlasts_a_crash_and_what_is_half_done_does_not(tmp_path: Path) -> None:
    with Spool(tmp_path, 5) as spool:
        spool.keep(spool.offer(b"kept"))
        spool.offer(b"never acknowledged")
        spool.keep(done := spool.offer(b"analysed"))
        image = done.with_suffix(".dcm")
        spool.replace(image, [result()])
        image.write_bytes(b"the crash came before it was removed")
        (tmp_path / "out" / "half.part").mkdir()
    with Spool(tmp_path, 5) as spool:
        assert [path.read_bytes() for path in spool.images()] == [b"kept"]
        assert [path.name for path in spool.results()] == [done.stem]


def test_failures_are_put_aside(tmp_path: Path) -> None:
    with Spool(tmp_path, 5) as spool:
        spool.keep(spool.offer(b"bad"))
        aside = spool.fail(spool.images()[0])
        assert aside.parent.name == "failed"
        assert spool.waiting() == 0


def test_two_listeners_cannot_share_a_spool(tmp_path: Path) -> None:
    with (
        Spool(tmp_path, 5),
        pytest.raises(LentigoError, match="another listener"),
        Spool(tmp_path, 5),
    ):
        pass


def test_only_its_owner_can_look_into_it(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool", 5):
        assert (tmp_path / "spool").stat().st_mode & 0o077 == 0


def test_a_file_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("")
    with pytest.raises(LentigoError, match="cannot be used"), Spool(tmp_path / "spool", 5):
        pass
