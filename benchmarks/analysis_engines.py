"""A whole analysis by ``auto``, and with ONNX Runtime in place of what ``auto`` takes.

An engine that is faster by itself need not be so beside another: each keeps threads of its own,
which wait for work by spinning. Every way has a process of its own, and they take turns.
"""

import tempfile
from pathlib import Path

from one_image import modules, warm
from one_way import ENGINES, OWN
from photos import write_photos
from side_by_side import options, write
from taking_turns import started

SIZE_PX = (768, 1024)


if __name__ == "__main__":
    chosen = options(__doc__, rounds=30)
    with tempfile.TemporaryDirectory(prefix="lentigo-bench-") as scratch:
        (photo,) = write_photos(Path(scratch) / "photos", SIZE_PX, 1, 1)
        with started(modules([OWN, *ENGINES])) as ways:
            measured = warm(ways, photo, chosen.rounds)
    write("analysis_engines", {"size_px": list(SIZE_PX)} | measured, chosen.out)
