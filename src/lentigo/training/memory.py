"""How memory is fetched while nets train."""

import ctypes
import platform

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4  # glibc's malloc.h


def keep_pages() -> None:
    """Let the C library keep memory that a step frees for the next one.

    glibc gives large blocks back to the system when they are freed, and a training step frees
    hundreds, only to fetch them again, page by page. With another library nothing is changed.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(_M_MMAP_MAX, 0)
    mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
    mallopt(_M_TOP_PAD, 2**28)
