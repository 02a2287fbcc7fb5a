"""What the ISIC challenges' archives share: for each part, images, masks and tables by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from lentigo.data.manifest import join_files
from lentigo.data.sources.tree import IMAGE_SUFFIX, Tree, matches

_NOTHING = r"(?!)"  # a pattern that no name matches


@dataclass(frozen=True)
class ChallengePart:
    """Patterns of whole names, without regard to case, of one official part.

    Attributes:
        part: The manifest's name of it.
        images: Folder of the images.
        masks: Folder of the masks.
        diagnoses: Table of the diagnoses.
        metadata: Table of what else is known.
    """

    part: str
    images: str
    masks: str = _NOTHING
    diagnoses: str = _NOTHING
    metadata: str = _NOTHING

    @property
    def names(self) -> str:
        """Pattern of all the folders and tables."""
        return "|".join((self.images, self.masks, self.diagnoses, self.metadata))


def no_facts() -> pl.DataFrame:
    """Return a table of no rows, for a part without tables."""
    return pl.DataFrame(schema={"image_id": pl.String})


def read_challenge(
    root: Path,
    parts: Sequence[ChallengePart],
    facts: Callable[[Tree, ChallengePart], pl.DataFrame] = lambda tree, part: no_facts(),
) -> pl.DataFrame:
    """Return the rows of the parts that are there.

    Args:
        root: The dataset's root, or the folder of one part's images or masks; then that part alone
            is read.
        parts: The official parts.
        facts: Reads a part's tables; rows with ``image_id``.
    """
    named = [part for part in parts if matches(part.names, root.name)]
    tree = Tree(root, known="|".join(part.names for part in named))
    return pl.concat(
        [_read_part(tree, part, facts(tree, part)) for part in named or parts],
        how="diagonal",
    )


def _read_part(tree: Tree, part: ChallengePart, facts: pl.DataFrame) -> pl.DataFrame:
    # `ISIC_0000000_superpixels.png` stands beside the images of 2017 and matches neither.
    images = tree.find(rf"(ISIC_\d+){IMAGE_SUFFIX}", part.images)
    masks = tree.find(rf"(ISIC_\d+)_segmentation{IMAGE_SUFFIX}", part.masks)
    return join_files(images, masks, facts).with_columns(pl.lit(part.part).alias("part"))
