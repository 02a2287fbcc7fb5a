"""The folder of a study: what lies where."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StudyFolder:
    """The paths of a study.

    ``settings.json`` says what it is run with. Each row has, for each seed, its training run, the
    bundle made of it, and under ``results/`` what was measured; ``study.html`` (for people),
    ``study.csv`` and ``study.json`` hold the whole, written anew after each row.
    """

    path: Path

    @property
    def settings(self) -> Path:
        """What the study is run with."""
        return self.path / "settings.json"

    @property
    def page(self) -> Path:
        """The page for people."""
        return self.path / "study.html"

    @property
    def table(self) -> Path:
        """One line a row."""
        return self.path / "study.csv"

    @property
    def document(self) -> Path:
        """All results, for programs."""
        return self.path / "study.json"

    def run(self, row: str, seed: int) -> Path:
        """The training run of a row."""
        return self.path / "runs" / f"{row}-seed{seed}"

    def bundle(self, row: str, seed: int) -> Path:
        """The bundle made of a run."""
        return self.path / "bundles" / f"{row}-seed{seed}"

    def result(self, row: str, seed: int) -> Path:
        """What was measured of a run."""
        return self.path / "results" / f"{row}-seed{seed}"
