"""What a run came to, in numbers and in its most suspicious findings."""

import heapq
import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from lentigo.runtime.batch import Done, Outcome, Skipped
from lentigo.runtime.finding import UNCERTAIN_OUTLINE

MAX_SHOWN = 200
"""Findings that a page shows: more would make it too heavy to open, and CSV and JSON hold all."""


@dataclass
class Summary:
    """What a run came to.

    Attributes:
        malignant: Findings whose probability reaches the threshold.
        benign: The others that were scored.
        refused: Images that do not look like dermoscopy and were not scored.
        with_warnings: Findings that carry a quality warning.
        uncertain_outlines: Findings whose outline a person should look at.
        resumed: Findings that an earlier run had made.
        skipped: The files that could not be read.
    """

    malignant: int = 0
    benign: int = 0
    refused: int = 0
    with_warnings: int = 0
    uncertain_outlines: int = 0
    resumed: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    _ranked: list[tuple[float, int, Done]] = field(default_factory=list, repr=False)

    @property
    def scored(self) -> int:
        """Images that have a probability."""
        return self.malignant + self.benign

    @property
    def analysed(self) -> int:
        """Images that have a finding, the refused ones included."""
        return self.scored + self.refused

    def counts(self) -> dict[str, int]:
        """Return the figures alone, as they go into JSON."""
        calls = ("analysed", "malignant", "benign", "refused")
        names = (*calls, "with_warnings", "uncertain_outlines", "resumed")
        return {name: getattr(self, name) for name in names} | {"skipped": len(self.skipped)}

    @property
    def highest(self) -> list[Done]:
        """The findings of highest probability, highest first, then those refused.

        No more than ``MAX_SHOWN``.
        """
        return [done for _, _, done in sorted(self._ranked, reverse=True)]

    @property
    def names(self) -> list[str]:
        """What to call the image of each of ``highest``."""
        return told_apart([done.image for done in self.highest])

    def add(self, outcome: Outcome) -> None:
        """Count one more image."""
        if isinstance(outcome, Skipped):
            self.skipped.append(outcome)
            return
        finding = outcome.finding
        self.malignant += finding.decision == "malignant"
        self.benign += finding.decision == "benign"
        self.refused += finding.decision == "refused"
        self.with_warnings += bool(finding.warnings)
        self.uncertain_outlines += any(n.code == UNCERTAIN_OUTLINE for n in finding.warnings)
        self.resumed += outcome.resumed
        # Among equals the earlier image goes first, and outcomes themselves are never compared.
        risk = finding.probability_malignant
        rank = (-1.0 if risk is None else risk, -self.analysed, outcome)
        push = heapq.heappush if len(self._ranked) < MAX_SHOWN else heapq.heappushpop
        push(self._ranked, rank)


def told_apart(images: Sequence[str]) -> list[str]:
    """Return what to call images: their paths without the folder that all of them are in."""
    try:
        folder = os.path.commonpath([os.path.dirname(image) for image in images])  # noqa: PTH120
    except ValueError:  # there are none, or some are absolute and some are not
        return list(images)
    return [os.path.relpath(image, folder) if folder else image for image in images]
