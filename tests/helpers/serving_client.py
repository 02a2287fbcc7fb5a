"""What tests of the server share."""

from collections.abc import Callable
from io import BytesIO
from typing import TypeAlias

import numpy as np
from fastapi.testclient import TestClient
from httpx import Response
from numpy.typing import NDArray
from PIL import Image

MakeClient: TypeAlias = Callable[..., TestClient]

ANALYZE = "/v1/analyze"


def png_of(pixels: NDArray[np.uint8]) -> bytes:
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def problem(response: Response) -> tuple[int, str]:
    """Return a problem's status and code; its form is as RFC 9457 asks."""
    assert response.headers["content-type"] == "application/problem+json"
    told = response.json()
    assert set(told) == {"type", "title", "status", "code", "detail", "request"}
    assert told["status"] == response.status_code
    assert told["request"] == response.headers["x-request-id"]
    return response.status_code, told["code"]
