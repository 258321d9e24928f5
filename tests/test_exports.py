"""What people import stands where they look for it, and importing the package costs nothing."""

import subprocess
import sys

import pytest

import runflow_mock
from runflow_mock.runtime.config import Config
from runflow_mock.web.app import create_app


def test_package_has_the_application_its_configuration_and_its_version() -> None:
    assert (runflow_mock.create_app, runflow_mock.Config) == (create_app, Config)
    assert sorted(runflow_mock.__all__) == ["Config", "__version__", "create_app"]
    assert runflow_mock.__version__[0].isdigit()


def test_name_that_is_not_there_is_named() -> None:
    with pytest.raises(AttributeError, match="no attribute 'create_ap'"):
        runflow_mock.create_ap  # noqa: B018 - the look-up is what is tested


@pytest.mark.slow
@pytest.mark.parametrize("starter", ["in_process", "server"])
def test_what_starts_a_fake_in_a_test_loads_all_of_it_before_the_test_replaces_clocks(starter: str) -> None:
    script = f"import sys, runflow_mock.testing.{starter}; print('runflow_mock.web.control.app' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    assert told.stdout.split() == ["True"]


def test_import_alone_loads_nothing_of_the_fake() -> None:
    script = "import sys, runflow_mock; print(*sorted(name for name in sys.modules if name.startswith('runflow_mock')))"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    assert told.stdout.split() == ["runflow_mock", "runflow_mock.version"]
