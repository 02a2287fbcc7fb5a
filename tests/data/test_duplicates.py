from pathlib import Path

from lentigo.data.duplicates import content_keys, identical_files


def test_only_files_of_the_same_content_are_grouped(tmp_path: Path) -> None:
    contents = {"a": b"one", "b": b"two", "c": b"one", "d": b"three", "e": b"one"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    paths = [str(tmp_path / name) for name in ("e", "d", "c", "b", "a", "absent")]
    assert identical_files(paths) == [[str(tmp_path / name) for name in "ace"]]


def test_keys_are_equal_where_the_content_is(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_text("same" if name in "ab" else "else")
    a, b, c = content_keys([str(tmp_path / name) for name in "abc"])
    assert a == b != c
    assert content_keys([None, "absent"]) == [None, "absent"]
