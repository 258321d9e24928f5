"""File systems that a test has put in the place of the machine's: the fake reads its own files all the same."""

import sys
from importlib import import_module

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


def keep_real_files() -> None:
    """Has pyfakefs pass our modules by; to be said before it puts its own in the place of the system's."""
    patcher = getattr(sys.modules.get("pyfakefs.fake_filesystem_unittest"), "Patcher", None)
    if patcher is not None:
        for name in _READING:
            import_module(name)
        patcher.SKIPNAMES |= {name for name in sys.modules if name.partition(".")[0] == "runflow_mock"}
