"""That all rows are measured on the same images, and that no row has seen any of them."""

from collections.abc import Mapping

import polars as pl

from lentigo.study.schema import StudyError


def check_common_test(splits: Mapping[str, pl.DataFrame]) -> None:
    """Check the splits of a study's runs, each with ``image_id`` and ``part``.

    Raises:
        StudyError: Two runs have different test parts, or a test image stands in a run's training
            or validation part; the message names the runs and an image.
    """
    tests = {
        name: set(parts.filter(pl.col("part") == "test")["image_id"])
        for name, parts in splits.items()
    }
    common = next(iter(tests.values()), set())
    first = next(iter(tests), "")
    for name, ids in tests.items():
        if odd := sorted(ids ^ common):
            raise StudyError(
                f"{name} and {first} do not have the same test images ({len(odd)} differ, such as "
                f"{odd[0]}): the data changed between them; begin anew with another --out"
            )
    for name, parts in splits.items():
        used = set(parts.filter(pl.col("part") != "test")["image_id"])
        if seen := sorted(used & common):
            raise StudyError(
                f"{name} trained or tuned on {len(seen)} of the common test images, such as "
                f"{seen[0]}; it cannot be compared on them"
            )
