"""pyfakefs: the fake keeps its own files, and what a failing test leaves is left on the machine's disk."""

import os
from pathlib import Path

import requests
from stories import tell, tell_in_process

pytest_plugins = ["pytester"]
FAILING = """
import pathlib

def test_fails(fs, runflow):
    pathlib.Path("/of/the/test").mkdir(parents=True)
    assert 1 == 2
"""


def test_tool_first(fs, runflow, runflow_receiver):
    Path("/of/the/test").mkdir(parents=True)
    tell(runflow, runflow_receiver)


def test_tool_last(runflow, runflow_receiver, fs):
    tell(runflow, runflow_receiver)


def test_in_process(fs, runflow_in_process):
    tell_in_process(runflow_in_process)


def test_hosts(runflow_hosts, fs):
    # requests looks for its own authorities before it asks anybody.
    fs.add_real_file(os.environ.get("REQUESTS_CA_BUNDLE") or requests.certs.where())
    assert requests.get("https://api.runflow.io/v1/auth/me", headers=runflow_hosts.headers, timeout=20).status_code == 200


def test_what_is_left_is_left_for_real(pytester):
    pytester.makepyfile(FAILING)
    result = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider")
    result.stdout.fnmatch_lines(["*assert 1 == 2*", "runflow-mock replay .runflow-mock/*"])
    assert len(list((pytester.path / ".runflow-mock").glob("*test_fails.yaml"))) == 1
    assert not Path("/of/the/test").exists()
