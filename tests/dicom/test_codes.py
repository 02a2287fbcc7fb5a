from pathlib import Path

import pytest
from highdicom.sr import CodedConcept

from lentigo.dicom import codes

DOCUMENT = Path(__file__).parents[2] / "docs" / "dicom.md"
PRIVATE = [
    value
    for value in vars(codes).values()
    if isinstance(value, CodedConcept) and value.scheme_designator == codes.SCHEME
]


@pytest.mark.parametrize("code", PRIVATE, ids=lambda code: str(code.value))
def test_a_private_code_fits_its_attributes_and_is_documented(code: CodedConcept) -> None:
    assert len(code.value) <= 16
    assert len(code.meaning) <= 64
    assert f"| `{code.value}` | {code.meaning} |" in DOCUMENT.read_text(encoding="utf-8")


def test_diagnoses_that_begin_alike_get_codes_of_their_own() -> None:
    names = ("basal cell carcinoma", "basal cell naevus syndrome")
    assert len({codes.diagnosis(name).value for name in names}) == 2


def test_no_two_private_codes_are_the_same() -> None:
    assert len({code.value for code in PRIVATE}) == len(PRIVATE) > 10


@pytest.mark.parametrize("name", ["nv", "mel", "seborrhoeic keratosis", "x" * 64, "a-b c'd"])
def test_a_diagnosis_gets_a_code_of_its_name(name: str) -> None:
    code = codes.diagnosis(name)
    assert code.value.startswith("DX-")
    assert len(code.value) <= 16
    assert len(code.meaning) <= 64
