"""What a proof was run on, and what it was run of."""

import os
import platform
from importlib.metadata import version
from typing import Any


def machine() -> dict[str, Any]:
    """Return the machine and the versions that matter, without a name of either."""
    return {
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("lentigo", "pillow", "pydicom", "uvicorn")},
    }
