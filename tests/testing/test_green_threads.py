"""Where greenlets stand in the place of threads or sockets, the fake works apart, or it is said at once what to do."""

import sys
from collections.abc import Container
from types import SimpleNamespace

import pytest

from runflow_mock.testing.green_threads import check_threads, is_patched, serve_apart


def patch(monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    """Puts there what gevent says of the modules that it has patched."""
    patched: Container[str] = frozenset(modules)
    monkeypatch.setitem(sys.modules, "gevent.monkey", SimpleNamespace(is_module_patched=patched.__contains__))


def test_greenlets_in_the_place_of_threads_need_a_process_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    patch(monkeypatch, "threading", "socket", "select")
    assert is_patched()
    with pytest.raises(RuntimeError, match="take the fixture runflow"):
        check_threads()


def test_sockets_of_greenlets_among_real_threads_are_refused_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    patch(monkeypatch, "socket", "select")
    with pytest.raises(RuntimeError, match=r"thread=False.*patch threads as well"):
        is_patched()
    with pytest.raises(RuntimeError, match=r"thread=False.*patch threads as well"):
        check_threads()


def test_process_in_which_nothing_is_patched_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    patch(monkeypatch, "os")
    check_threads()
    assert not is_patched()


@pytest.mark.slow(is_covering=True)
def test_server_apart_that_does_not_start_is_told() -> None:
    with (
        pytest.raises(RuntimeError, match=r"a process of its own did not start .*exit code 2.*: .*nowhere\.json"),
        serve_apart("nowhere.json"),
    ):
        """Nothing is served."""
