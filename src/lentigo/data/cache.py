"""Where what was made of a dataset is kept."""

import os
from pathlib import Path


def default_cache_dir() -> Path:
    """Return ``$LENTIGO_CACHE``, or ``~/.cache/lentigo``."""
    return Path(os.environ.get("LENTIGO_CACHE") or "~/.cache/lentigo").expanduser()
