"""An application on the tiny models, and photos to send it."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from serving_client import MakeClient, png_of

from lentigo.runtime.analyzer import Analyzer
from lentigo.serving.app import create_app
from lentigo.serving.settings import Settings


@pytest.fixture(scope="session")
def photo(dark_disc: NDArray[np.uint8]) -> bytes:
    return png_of(dark_disc)


@pytest.fixture
def make_client(analyzer: Analyzer) -> Iterator[MakeClient]:
    """Makes a client of an application with these settings."""
    with ExitStack() as stack:

        def make(analyzer: Analyzer = analyzer, **settings: Any) -> TestClient:
            app = create_app(Settings(**settings), analyzer)
            return stack.enter_context(
                TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)
            )

        yield make


@pytest.fixture
def client(make_client: MakeClient) -> TestClient:
    return make_client()
