import errno
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lentigo.errors import LentigoError
from lentigo.report import summary as summary_module
from lentigo.report import write, write_report
from lentigo.report.page import THUMBNAIL_PX, _thumbnail
from lentigo.report.summary import told_apart
from lentigo.report.words import percent
from lentigo.runtime.analyzer import Analyzer
from lentigo.runtime.batch import analyze_many
from lentigo.synthetic import draw_lesion


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "photos"
    folder.mkdir()
    paths = []
    for grey in (230, 60, 150):
        path = folder / f"<script>grey {grey}.png"
        Image.fromarray(np.full((40, 50, 3), grey, np.uint8)).save(path)
        paths.append(path)
    return paths


def test_the_page_says_the_answer_first_and_the_riskiest_image_first(
    analyzer: Analyzer, photos: list[Path], tmp_path: Path
) -> None:
    summary = write_report(analyze_many(analyzer, photos, tmp_path), tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "<h1>2 of 3 images called malignant</h1>" in page
    order = [page.index(f"grey {grey}.png</h3>") for grey in (60, 150, 230)]
    assert order == sorted(order)
    assert (summary.malignant, summary.benign) == (2, 1)


def test_the_page_of_one_image_begins_with_its_answer(
    analyzer: Analyzer, photos: list[Path], tmp_path: Path
) -> None:
    """As the report of one image and the viewer do, not with how many of one."""
    (done,) = analyze_many(analyzer, photos[1:2], tmp_path)
    write_report([done], tmp_path)
    page = (tmp_path / "report.html").read_text()
    answer = f"{percent(done.finding.probability_malignant)} risk, called malignant"
    assert f"<h1>{answer.replace('>', '&gt;')}</h1>" in page
    assert f"<title>Lentigo: {answer.replace('>', '&gt;')}</title>" in page
    assert "most suspicious" not in page


def test_photos_of_one_name_in_two_folders_are_told_apart(
    analyzer: Analyzer, photos: list[Path], tmp_path: Path
) -> None:
    """Cameras number their photos alike: only the folder says whose photo it is."""
    named = [tmp_path / "clinic" / who / "IMG_1.png" for who in ("Anna", "Bea")]
    for photo, path in zip(photos, named, strict=False):
        path.parent.mkdir(parents=True)
        path.write_bytes(photo.read_bytes())
    summary = write_report(analyze_many(analyzer, named, tmp_path), tmp_path)
    page = (tmp_path / "report.html").read_text()
    for who in ("Anna", "Bea"):
        assert f"<h3>{who}/IMG_1.png</h3>" in page
    assert summary.names == ["Bea/IMG_1.png", "Anna/IMG_1.png"]


@pytest.mark.parametrize(
    ("images", "names"),
    [
        ([], []),
        (["a/b/one.jpg"], ["one.jpg"]),
        (["one.jpg", "two.jpg"], ["one.jpg", "two.jpg"]),
        (["one.jpg", "a/two.jpg"], ["one.jpg", "a/two.jpg"]),
        (["../a/x.jpg", "../b/x.jpg"], ["a/x.jpg", "b/x.jpg"]),
        (["/a/x.jpg", "b/x.jpg"], ["/a/x.jpg", "b/x.jpg"]),
    ],
)
def test_names_leave_out_the_folder_that_all_are_in(images: list[str], names: list[str]) -> None:
    assert told_apart(images) == names


def test_the_page_is_self_contained_and_file_names_stay_text(
    analyzer: Analyzer, photos: list[Path], tmp_path: Path
) -> None:
    write_report(analyze_many(analyzer, photos, tmp_path), tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;grey 60.png" in page
    assert 'src="data:image/jpeg;base64,' in page
    assert "http" not in page
    assert "Research use only" in page


def test_a_long_run_shows_the_riskiest_and_counts_all(
    analyzer: Analyzer, photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summary_module, "MAX_SHOWN", 2)
    write_report(analyze_many(analyzer, photos, tmp_path), tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "The 2 most suspicious of 3" in page
    assert "grey 230.png</h3>" not in page


def test_the_page_counts_and_explains_the_outlines_to_look_at(
    analyzer: Analyzer,
    watchful_analyzer: Analyzer,
    dark_disc: np.ndarray,
    faint_disc: np.ndarray,
    tmp_path: Path,
) -> None:
    photos = [tmp_path / "sure.png", tmp_path / "unsure.png"]
    for path, pixels in zip(photos, (dark_disc, faint_disc), strict=True):
        Image.fromarray(pixels).save(path)
    summary = write_report(analyze_many(watchful_analyzer, photos, tmp_path), tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert summary.counts()["uncertain_outlines"] == 1
    assert "<b>1</b> <span>uncertain outlines</span>" in page
    assert page.count("<dt>Outline</dt>") == len(photos) + 1  # and once in the legend
    assert "The outline may be wrong".lower() in page
    write_report(analyze_many(analyzer, photos, tmp_path), tmp_path)
    assert "uncertain outlines" not in (tmp_path / "report.html").read_text()


def test_the_page_shows_diagnoses_and_heat_and_says_what_they_are_not(
    analyzer: Analyzer, telling_analyzer: Analyzer, dark_disc: np.ndarray, tmp_path: Path
) -> None:
    photo = tmp_path / "disc.png"
    Image.fromarray(dark_disc).save(photo)
    write_report(analyze_many(telling_analyzer, [photo], tmp_path), tmp_path)
    page = (tmp_path / "report.html").read_text()
    order = [page.index(f"<li>{name} <b>") for name in ("melanocytic nevus", "odd one", "melanoma")]
    assert order == sorted(order)
    assert "Which diagnosis, not calibrated" in page
    captions = [page.index(f"<figcaption>{name}<") for name in ("Outline", "Heat map", "Crop")]
    assert captions == sorted(captions)
    assert "red says where, not how much" in page
    assert "heat.jpg" not in page  # shown from the overlay, saved where asked for
    Image.new("RGB", (160, 120), (220, 200, 190)).save(photo)
    write_report(analyze_many(telling_analyzer, [photo], tmp_path), tmp_path)
    assert "<figcaption>Heat map, empty<" in (tmp_path / "report.html").read_text()
    write_report(analyze_many(telling_analyzer, [photo], tmp_path, heat_maps=True), tmp_path)
    assert 'heat.jpg">heat.jpg</a>' in (tmp_path / "report.html").read_text()
    write_report(analyze_many(analyzer, [photo], tmp_path), tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "calibrated: they rank" not in page
    assert "Heat map" not in page


def test_a_removed_overlay_does_not_stop_the_page(
    analyzer: Analyzer, photos: list[Path], tmp_path: Path
) -> None:
    outcomes = list(analyze_many(analyzer, photos, tmp_path))
    (outcomes[0].folder / "overlay.jpg").unlink()
    write_report(outcomes, tmp_path)


def test_a_disk_that_fills_up_under_the_report_is_one_clear_error(
    analyzer: Analyzer, photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(write, "write_text", full)
    with pytest.raises(LentigoError, match=r"No space left on device.*--resume"):
        write_report(analyze_many(analyzer, photos, tmp_path), tmp_path)
    assert len(list(tmp_path.rglob("finding.json"))) == len(photos)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (0.004, "< 1 %"), (0.314, "31 %"), (0.996, "> 99 %"), (1, "100 %")],
)
def test_percentages_never_round_to_a_false_certainty(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize("size", [(1024, 768), (900, 675), (1024, 681), (400, 300)])
def test_a_picture_that_is_decoded_small_shows_what_the_whole_does(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    photo = Image.fromarray(draw_lesion(3, (size[1], size[0])).image)
    photo.save(path := tmp_path / "overlay.jpg", quality=92)
    small = _thumbnail(path)
    assert min(THUMBNAIL_PX, size[0]) - max(small.size) in (0, 1)  # its short side is rounded down
    with Image.open(path) as whole:
        slow = np.asarray(whole.convert("RGB").resize(small.size, Image.Resampling.BOX), float)
    assert np.abs(np.asarray(small) - slow).mean() < 2
