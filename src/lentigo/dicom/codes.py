"""What every coded word in the written objects is: SNOMED CT and DCM where they have one.

``docs/dicom.md`` lists the private ones, of the scheme 99LENTIGO, with their meanings.
"""

import hashlib
import re
from typing import Final, TypeAlias

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import CodedConcept
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

AnyCode: TypeAlias = Code | CodedConcept

SCHEME: Final = "99LENTIGO"

SKIN: Final = codes.SCT.Skin
SKIN_LESION: Final = codes.SCT.SkinLesion
LESION: Final = codes.SCT.Lesion
ABNORMAL: Final = codes.SCT.MorphologicallyAbnormalStructure
DERMOSCOPY: Final = codes.SCT.DermoscopicPhotography
AREA: Final = codes.SCT.Area
MALIGNANT: Final = codes.SCT.Malignant
BENIGN: Final = codes.SCT.Benign
PROBABILITY: Final = codes.DCM.ProbabilityOfCancer
COMMENT: Final = codes.DCM.Comment
FAMILY: Final = codes.DCM.ArtificialIntelligence

PERCENT: Final = codes.UCUM.Percent
NO_UNITS: Final = codes.UCUM.NoUnits
MM: Final = codes.UCUM.Millimeter
MM2: Final = codes.UCUM.SquareMillimeter
PIXELS: Final = CodedConcept("{pixels}", "UCUM", "pixels")


def private(value: str, meaning: str) -> CodedConcept:
    """Return a code of Lentigo's own scheme; a value has at most 16 signs, a meaning 64."""
    return CodedConcept(value, SCHEME, meaning)


EQUIVALENT_DIAMETER: Final = private("EQ-DIAMETER", "Equivalent circular diameter")
AREA_SHARE: Final = private("AREA-SHARE", "Share of the image's area")
ASYMMETRY: Final = private("ASYMMETRY", "Asymmetry of shape")
BORDER: Final = private("BORDER", "Border irregularity")
COLOUR: Final = private("COLOUR", "Colour variegation")
EXPECTED_JACCARD: Final = private("EXPECTED-JACCARD", "Expected Jaccard of the outline")
THRESHOLD: Final = private("THRESHOLD", "Threshold of the operating point")
DELTA_E: Final = CodedConcept("{delta_e}", "UCUM", "CIE 1976 colour difference")

CALLED: Final = private("CALLED", "Called at the operating point")
NOT_SCORED: Final = private("NOT-SCORED", "Reason why there is no probability")
NOT_DERMOSCOPY: Final = private("NOT-DERMOSCOPY", "Does not look like dermoscopy")
OPERATING_POINT: Final = private("OPERATING-POINT", "Operating point")
WARNING: Final = private("WARNING", "Reason to trust this less")
DIAGNOSIS_SHARE: Final = "Uncalibrated share of"
_LONGEST_WORD = 13

SCHEMES: Final = [
    CodingSchemeIdentificationItem(
        designator=SCHEME, name="Lentigo", responsible_organization="Lentigo"
    )
]


def diagnosis(name: str) -> CodedConcept:
    """Return the code of a diagnosis's share: a private one, made of the bundle's own name."""
    word = re.sub(r"[^A-Z0-9]+", "-", name.upper())
    if len(word) > _LONGEST_WORD:  # names that begin alike must not become one
        word = f"{word[:8]}-{hashlib.sha256(name.encode()).hexdigest()[:4].upper()}"
    return private(f"DX-{word}", f"{DIAGNOSIS_SHARE} {name}"[:64])
