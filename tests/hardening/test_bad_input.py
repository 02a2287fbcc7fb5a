"""A slice of the hostile files; ``prove.py bad-input`` sends them all to a server of its own."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice

import pytest
from bad_input import outcome_of
from corpus import quick_files
from fastapi.testclient import TestClient

from lentigo.runtime.analyzer import Analyzer
from lentigo.serving.app import create_app
from lentigo.serving.settings import Settings

_EACH = 11
"""One in so many files: about two hundred, of all families."""


@pytest.fixture(scope="module")
def client(analyzer: Analyzer) -> Iterator[TestClient]:
    app = create_app(Settings(rate_per_minute=10_000), analyzer)
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client


def test_there_are_thousands_each_with_its_own_name_and_all_the_same_each_time() -> None:
    names = Counter(file.name for file in quick_files())
    assert len(names) >= 2000
    assert max(names.values()) == 1
    first, again = (list(islice(quick_files(), 0, 300, 10)) for _ in range(2))
    assert first == again


def test_what_is_broken_or_hostile_gets_a_reason_or_a_finding(client: TestClient) -> None:
    outcomes = Counter[str]()
    for file in islice(quick_files(), 0, None, _EACH):
        part = (file.name, file.content, file.content_type)
        outcome = outcome_of(client.post("/v1/analyze", files={"image": part}))
        assert outcome == "finding" or outcome.startswith("4"), (file.name, outcome)
        assert not outcome.isdigit(), file.name
        outcomes[outcome] += 1
    assert sum(outcomes.values()) >= 150
    assert {"finding", "422 damaged", "415 not-an-image", "413 too-large"} <= set(outcomes)
    assert client.app.state.service.memory.held == 0
