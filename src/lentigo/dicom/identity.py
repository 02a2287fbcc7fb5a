"""Where a new object stands in a study, and that Lentigo made it."""

from dataclasses import dataclass, field
from typing import Any, Final

from pydicom.uid import UID, generate_uid

from lentigo.dicom import codes
from lentigo.runtime.finding import Finding

MANUFACTURER: Final = "Lentigo"

DEVICE_UID: Final = UID("2.25.231594822053176297346178401729348101597")
"""Stands for the software Lentigo as the observer of a report."""


@dataclass(frozen=True)
class Identity:
    """A new object's place in the image's study.

    Attributes:
        series_uid: The series that it is of.
        series_number: That series' number.
        instance_number: Its number in the series.
        sop_uid: Its own UID.
    """

    series_uid: str
    series_number: int
    instance_number: int
    sop_uid: str = field(default_factory=lambda: str(generate_uid(prefix=None)))

    def attributes(self, finding: Finding) -> dict[str, Any]:
        """Return the arguments that highdicom's objects share."""
        return {
            "series_instance_uid": self.series_uid,
            "series_number": self.series_number,
            "sop_instance_uid": self.sop_uid,
            "instance_number": self.instance_number,
            "manufacturer": MANUFACTURER,
            "manufacturer_model_name": "Lentigo",
            "software_versions": finding.made_with.lentigo,
            "device_serial_number": finding.made_with.lentigo,
            "coding_schemes": codes.SCHEMES,
        }
