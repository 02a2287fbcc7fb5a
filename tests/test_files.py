"""Files that are written whole or not at all, and what is told where they cannot be."""

from pathlib import Path

import pytest
from small_files import files_up_to

from lentigo.files import atomic_open, write_bytes


def test_a_full_disk_names_the_file_and_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_bytes(path, b"old")
    with files_up_to(1000), pytest.raises(OSError, match="File too large") as told:
        write_bytes(path, bytes(5000))
    assert told.value.filename == str(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_takes_no_files_is_told_by_the_file_that_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(**where: object) -> None:
        raise OSError(30, "Read-only file system", f"{where['dir']}/.table.csv.x1y2.part")

    monkeypatch.setattr("lentigo.files.tempfile.mkstemp", refused)
    with pytest.raises(OSError, match="Read-only") as told:
        write_bytes(tmp_path / "table.csv", b"new")
    assert told.value.filename == str(tmp_path / "table.csv")


def test_another_files_fault_keeps_its_own_name(tmp_path: Path) -> None:
    with (
        pytest.raises(FileNotFoundError) as told,
        atomic_open(tmp_path / "copy.csv"),
        (tmp_path / "source.csv").open(),
    ):
        pass
    assert told.value.filename == str(tmp_path / "source.csv")
