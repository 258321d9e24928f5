"""Sharing: which worker runs what. A file stays on one worker, but for tables whose rows take seconds each and share nothing.

`--dist loadgroup` would say so in the files themselves; xdist 3.8 does not know groups under pytest 9.2 any more.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

APART = frozenset(
    (
        "tests/kit/test_bench_of_clients.py",
        "tests/kit/test_probes.py",
        "tests/suite/test_lies.py",
        "tests/suite/test_right_servers.py",
    )
)


class Sharing(LoadScopeScheduling):  # type: ignore[misc]  # its types are not told
    """Shares out files, the longest first, and then what is apart: each of these goes to whichever worker is free."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file in APART else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Sharing | None:
    """Returns what shares out tests under `--dist loadscope`."""
    return Sharing(config, log) if config.getoption("dist") == "loadscope" else None
