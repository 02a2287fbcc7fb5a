"""What the image installs is locked, hashed, listed, and looked up for vulnerabilities."""

import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements" / "serve.txt").read_text()
PIN = re.compile(r"^([a-z0-9._-]+)==([^\s;]+)", re.MULTILINE)


def test_everything_locked_has_a_version_and_hashes_and_torch_is_not_among_it() -> None:
    requirements = re.split(r"^(?=[a-z0-9])", LOCK, flags=re.MULTILINE)[1:]
    for requirement in requirements:
        assert PIN.match(requirement), requirement
        assert "--hash=sha256:" in requirement
    names = {name for name, _ in PIN.findall(LOCK)}
    assert {"fastapi", "numpy", "onnxruntime", "openvino", "pillow", "pydicom"} <= names
    assert not {"torch", "torchvision"} & names
    assert "://" not in LOCK  # the host is the installer's to choose


def test_the_bill_of_materials_is_of_what_is_locked() -> None:
    bill = json.loads((ROOT / "sbom.cdx.json").read_text())
    listed = [(part["name"], part["version"]) for part in bill["components"]]
    assert bill["bomFormat"] == "CycloneDX"
    assert sorted(listed) == sorted(PIN.findall(LOCK))
    for part in bill["components"]:
        (reference,) = part["externalReferences"]
        for digest in reference["hashes"]:
            assert f"sha256:{digest['content']}" in LOCK


def test_the_image_installs_the_lock_and_nothing_besides() -> None:
    installs = re.findall(r"pip install (?:.*\\\n)*.*", (ROOT / "Dockerfile").read_text())
    locked, own = installs
    assert "--require-hashes" in locked
    assert "-r requirements/serve.txt" in locked
    assert "--no-deps ." in own


def test_the_image_is_given_all_that_it_copies() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    given = {line[1:] for line in lines if line.startswith("!")}
    copies = re.findall(
        r"^COPY (?!--from)(.*) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE
    )
    copied = {name for names in copies for name in names.split()}
    assert "*" in lines
    assert "requirements/serve.txt" in copied
    assert copied == given
    assert all((ROOT / name).exists() for name in given)


def test_an_audit_fails_on_a_vulnerability_and_says_what_it_could_not_ask(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(ROOT / "requirements")
    monkeypatch.delitem(sys.modules, "audit", raising=False)
    from audit import verdict

    sound = {"name": "a", "version": "1", "vulns": []}
    unknown = {"name": "b", "skip_reason": "not found"}
    broken = {"name": "c", "version": "3", "vulns": [{"id": "CVE-0"}]}
    assert verdict([sound, unknown]) == 0
    assert "no data could be reached for 1 of 2" in capsys.readouterr().out
    assert verdict([sound, broken]) == 1
    assert "c 3: CVE-0" in capsys.readouterr().err
