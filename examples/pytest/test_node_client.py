"""A Node client, driven from pytest: any language will do, the environment says where the fake is."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from runflow_mock.testing import Runflow

CLIENT = Path(__file__).with_name("client.mjs")


@pytest.mark.slow
@pytest.mark.parametrize("end", ["succeeded", "failed"])
def test_node_client_waits_for_the_end(runflow: Runflow, runflow_env: Mapping[str, str], end: str) -> None:
    if end == "failed":
        runflow.faults.add(what="fail")
    env = {**os.environ, **runflow_env}
    done = subprocess.run(["node", str(CLIENT)], env=env, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == f"{end}\n"
