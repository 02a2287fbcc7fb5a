"""``lentigo demo``: the whole way on images drawn for it."""

from pathlib import Path
from typing import Annotated

import typer

from lentigo.cli.analyze import EngineOption, analyze_to
from lentigo.cli.common import JsonOption


def demo(
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the results go.", show_default=False)
    ],
    engine: EngineOption = "auto",
    json: JsonOption = None,
) -> None:
    """Draw sample images and analyse them with the shipped models; needs no data and no network.

    The samples are synthetic: skin of all six Fitzpatrick types with hair, ruler marks and gel
    bubbles. They show that everything works, not how well: the models were trained on photos.
    """
    from lentigo.runtime.analyzer import Analyzer
    from lentigo.synthetic import sample_set

    analyzer = Analyzer(engine=engine)
    samples = sample_set(out / "samples")
    analyze_to(analyzer, [sample.image for sample in samples], out, json=json)
