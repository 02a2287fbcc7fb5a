import pytest

from lentigo.data.labels import HAM10000_CLASSES, LABELS, MALIGNANT, diagnosis_of, mapping_text


def test_malignant_are_melanoma_basal_cell_carcinoma_and_actinic_keratoses() -> None:
    assert {name for name in HAM10000_CLASSES if LABELS[name] == MALIGNANT} == {
        "mel",
        "bcc",
        "akiec",
    }


@pytest.mark.parametrize(
    ("name", "diagnosis"),
    [("MEL", "mel"), ("Atypical_Nevus", "atypical nevus"), (" benign ", "benign"), ("wart", None)],
)
def test_names_are_read_as_people_write_them(name: str, diagnosis: str | None) -> None:
    assert diagnosis_of(name) == diagnosis


def test_the_mapping_s_text_has_a_line_for_each_diagnosis() -> None:
    lines = mapping_text().splitlines()
    assert "bcc\tmalignant" in lines
    assert len(lines) == len(LABELS) + 1
