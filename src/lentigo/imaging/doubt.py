"""What makes a finding less trustworthy, as readers of files and judges of photos tell it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class QualityWarning:
    """One reason to trust a finding less.

    Attributes:
        code: A stable name: ``too-small``, ``too-dark``, ``too-blurred``, ``no-lesion`` or
            ``cut-by-border``.
        message: The reason in one sentence, with the values it rests on.
    """

    code: str
    message: str
