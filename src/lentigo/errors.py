"""What can go wrong for a user: each error names what was got, what was expected, what to do."""

from pathlib import Path


class LentigoError(ValueError):
    """A fault in what the user gave. The command line prints it in one line and exits with 2."""


class UnknownNameError(LentigoError):
    """A name that no registry holds; the message lists the names that exist."""


class ImageError(LentigoError):
    """A file that cannot be read as an image.

    Attributes:
        path: The file.
        fault: What is wrong with it, in words.
    """

    def __init__(self, path: Path | str, fault: str) -> None:
        super().__init__(f"{path}: {fault}")
        self.path = Path(path)
        self.fault = fault

    def __reduce__(self) -> tuple[type["ImageError"], tuple[Path, str]]:
        # An exception is pickled by its message alone, and could not come back from a process.
        return type(self), (self.path, self.fault)


class SourceError(LentigoError):
    """A folder or table that is not what its data source expects."""


class SplitError(LentigoError):
    """A split that cannot be made or does not fit its manifest."""


class BundleError(LentigoError):
    """A bundle that is incomplete, changed, or not usable for what was asked."""


class RecipeError(LentigoError):
    """A recipe that does not say a valid experiment."""


class WeightsError(LentigoError):
    """Pretrained weights that cannot be found or do not fit the net."""


class TrainingError(LentigoError):
    """A run that cannot go on, such as one whose loss is not finite."""
