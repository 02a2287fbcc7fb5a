"""DICOM in and out: photos with their millimetres, Segmentation and Structured Report, a listener.

Needs the extra ``dicom``. What is read and written, and how it is coded: ``docs/dicom.md``.
"""

import warnings

# pydicom warns of odd values and quotes them; what it finds odd may be a patient's name.
warnings.filterwarnings("ignore", module=r"pydicom\.")
