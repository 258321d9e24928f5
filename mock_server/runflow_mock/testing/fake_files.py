"""File systems and sockets that a test has put in the place of the machine's: the fake has its own all the same."""

import sys
from contextlib import AbstractContextManager, nullcontext, suppress
from importlib import import_module
from typing import Any

# What is loaded only later would be given the test's file system.
_READING = (
    "runflow_mock.resources",
    "runflow_mock.packaged",
    "runflow_mock.runtime.files",
    "runflow_mock.runtime.certificates",
    "runflow_mock.testing.artifacts",
    "runflow_mock.testing.endings",
    "runflow_mock.testing.interception",
    "runflow_mock.testing.server",
    "runflow_mock.testing.session_servers",
    "runflow_mock.web.control.operations",
)

_PYFAKEFS = "pyfakefs.fake_filesystem_unittest"


def real_files() -> AbstractContextManager[Any]:
    """Returns a context in which paths lead to the machine's own files: since Python 3.13 those that were made before lead astray, too."""
    pyfakefs = sys.modules.get(_PYFAKEFS)
    patcher = None if pyfakefs is None else pyfakefs.Patcher.PATCHER
    if pyfakefs is None or patcher is None or not patcher.is_patching:
        return nullcontext()
    paused: AbstractContextManager[Any] = pyfakefs.Pause(patcher)
    return paused


def keep_real_sockets() -> None:
    """Loads what would keep the sockets of pytest-socket for good; to be said before that puts them in the place of the system's."""
    if "pytest_socket" in sys.modules:
        with suppress(ImportError):
            import_module("uvloop")


def keep_real_files() -> None:
    """Has pyfakefs pass our modules by; to be said before it puts its own in the place of the system's."""
    patcher = getattr(sys.modules.get(_PYFAKEFS), "Patcher", None)
    if patcher is not None:
        for name in _READING:
            import_module(name)
        patcher.SKIPNAMES |= {name for name in sys.modules if name.partition(".")[0] == "runflow_mock"}
