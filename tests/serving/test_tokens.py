from pathlib import Path

import pytest

from lentigo.cli import app
from lentigo.cli.common import run
from lentigo.errors import LentigoError
from lentigo.serving.tokens import load_tokens, make_token


def test_a_token_is_known_by_its_name_and_stored_as_a_hash(tmp_path: Path) -> None:
    path = tmp_path / "new" / "tokens"
    one, other = make_token("clinic-a", path), make_token("clinic-b", path)
    tokens = load_tokens(path)
    assert (tokens.name_of(one), tokens.name_of(other)) == ("clinic-a", "clinic-b")
    assert tokens.name_of(one + "x") is None
    assert tokens.name_of("") is None
    assert one not in path.read_text()
    assert len(one) > 40
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_removed_line_revokes_its_token(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    one, other = make_token("a", path), make_token("b", path)
    lines = path.read_text().splitlines()
    path.write_text(f"# who may ask\n\n{lines[1]}  # the practice\n")
    tokens = load_tokens(path)
    assert tokens.name_of(one) is None
    assert tokens.name_of(other) == "b"


def test_a_name_has_one_token_and_must_be_plain(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    make_token("a", path)
    with pytest.raises(LentigoError, match="'a' has a token; remove its line"):
        make_token("a", path)
    for name in ("", "a b", "a:b", "-a", "é", "a\nb", "x" * 65):
        with pytest.raises(LentigoError, match="cannot name a token"):
            make_token(name, path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "holds no token"),
        ("# none yet\n", "holds no token"),
        ("a:short\n", "line 1: expected NAME:SHA256"),
        (f"a:{'0' * 64}\na:{'1' * 64}\n", "line 2: 'a' stands there twice"),
        ("\x00\xff", "line 1: expected NAME:SHA256"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, content: str, expected: str) -> None:
    path = tmp_path / "tokens"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(LentigoError, match=expected):
        load_tokens(path)


def test_a_file_that_others_may_write_or_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    with pytest.raises(LentigoError, match="cannot be read"):
        load_tokens(path)
    with pytest.raises(LentigoError, match="cannot be read"):
        load_tokens(tmp_path)
    make_token("a", path)
    path.chmod(0o666)
    with pytest.raises(LentigoError, match="chmod go-w"):
        load_tokens(path)
    path.write_bytes(b"\xff\xfe")
    path.chmod(0o600)
    with pytest.raises(LentigoError, match="not UTF-8"):
        load_tokens(path)


def test_the_command_prints_the_token_alone_on_standard_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "tokens"
    assert run(app, ["token", "clinic-a", "--token-file", str(path)]) == 0
    token = capsys.readouterr().out.strip()
    assert load_tokens(path).name_of(token) == "clinic-a"
