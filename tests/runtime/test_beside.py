"""A call that is alone has threads beside its own; one among others does all itself."""

import threading

import pytest

from lentigo.runtime.beside import Beside


def test_a_call_that_is_alone_gets_another_thread_and_one_among_others_its_own() -> None:
    beside = Beside()
    here = threading.get_ident()
    with beside.call() as alone:
        with beside.call() as among_others:
            assert among_others.submit(threading.get_ident).result() == here
        assert alone.submit(threading.get_ident).result() != here
    with beside.call() as alone_again:
        assert alone_again.submit(threading.get_ident).result() != here


def test_a_fault_is_raised_where_the_result_is_asked_for() -> None:
    def fails() -> None:
        raise ValueError("no numbers")

    beside = Beside()
    with beside.call() as alone, beside.call() as among_others:
        for executor in (alone, among_others):
            future = executor.submit(fails)
            with pytest.raises(ValueError, match="no numbers"):
                future.result()
