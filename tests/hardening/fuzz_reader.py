"""One fuzzed target, run by ``prove.py fuzz``: anything but a ``LentigoError`` is a finding.

    python fuzz_reader.py photo FINDINGS CORPUS -max_total_time=60

An exception is noted once for each place it comes from, and fuzzing goes on; a crash, a hang or
too much memory ends the process, as libFuzzer has it. The decoders come compiled and are not
instrumented: coverage is that of the Python around them.
"""

import hashlib
import logging
import sys
import traceback
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["lentigo", "PIL", "pydicom"]):
    from lentigo.dicom.read import read_photo as read_dicom
    from lentigo.errors import LentigoError
    from lentigo.imaging.geometry import WORKING_SIDE_PX
    from lentigo.imaging.read import read_mask, read_photo

TARGETS = {
    "photo": lambda content: read_photo(content, min_side_px=WORKING_SIDE_PX),
    "mask": read_mask,
    "dicom": lambda content: read_dicom(content, min_side_px=WORKING_SIDE_PX),
}


def main() -> None:
    target, findings = TARGETS[sys.argv[1]], Path(sys.argv[2])
    seen: set[str] = set()

    def one(content: bytes) -> None:
        try:
            target(content)
        except LentigoError:
            pass
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            place = (
                f"{type(error).__name__} at {Path(frames[-1].filename).name}:{frames[-1].lineno}"
            )
            if place not in seen:
                seen.add(place)
                name = hashlib.sha256(place.encode()).hexdigest()[:16]
                (findings / f"{name}.bin").write_bytes(content)
                (findings / f"{name}.txt").write_text("".join(traceback.format_exception(error)))

    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    atheris.Setup([sys.argv[0], *sys.argv[3:]], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
