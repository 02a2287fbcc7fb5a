"""What counts as malignant: one mapping from each diagnosis that a source names to a label.

HAM10000 and ISIC 2018 Task 3 give seven classes (Tschandl et al. 2018, doi:10.1038/sdata.2018.161);
ISIC 2017 Part 3 and PH2 tell melanoma from all else.
"""

import re
from typing import Final

BENIGN: Final = 0
MALIGNANT: Final = 1

HAM10000_CLASSES: Final = ("mel", "nv", "bcc", "akiec", "bkl", "df", "vasc")

LABELS: Final[dict[str, int]] = {
    "mel": MALIGNANT,
    "bcc": MALIGNANT,
    "akiec": MALIGNANT,
    "nv": BENIGN,
    "bkl": BENIGN,
    "df": BENIGN,
    "vasc": BENIGN,
    "melanoma": MALIGNANT,
    "basal cell carcinoma": MALIGNANT,
    "actinic keratosis": MALIGNANT,
    "nevus": BENIGN,
    "common nevus": BENIGN,
    "atypical nevus": BENIGN,
    "seborrheic keratosis": BENIGN,
    "benign keratosis": BENIGN,
    "dermatofibroma": BENIGN,
    "vascular lesion": BENIGN,
    "malignant": MALIGNANT,
    "benign": BENIGN,
}


def diagnosis_of(name: str) -> str | None:
    """Return the diagnosis that ``name`` spells, or None where it spells none.

    Example:
        >>> diagnosis_of("Basal_Cell-Carcinoma")
        'basal cell carcinoma'
    """
    words = re.sub(r"[\s_-]+", " ", name).strip().casefold()
    return words if words in LABELS else None


def mapping_text() -> str:
    """Return the mapping as a text for people, one ``diagnosis<TAB>label`` a line."""
    words = {BENIGN: "benign", MALIGNANT: "malignant"}
    lines = [f"{diagnosis}\t{words[label]}" for diagnosis, label in LABELS.items()]
    return "\n".join(["diagnosis\tlabel", *lines]) + "\n"
