"""urllib3 1.26, to which somebody else in the same environment may have pinned it, is enough for the fixtures."""

import subprocess
import sys

import pytest

CODE = "import urllib3; del urllib3.BaseHTTPResponse; import runflow_mock.runtime.answers, runflow_mock.testing.client"


@pytest.mark.slow
def test_names_of_urllib3_that_came_with_its_second_version_are_not_needed() -> None:
    subprocess.run([sys.executable, "-c", CODE], check=True)
