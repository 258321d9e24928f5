"""pytest-repeat: each run of a test has a tenant and ids of its own."""

import pytest
from stories import tell

IDS = []


@pytest.mark.repeat(3)
def test_run(runflow, runflow_receiver):
    tell(runflow, runflow_receiver)
    IDS.append(runflow.runs[0]["id"])


def test_ids_differ():
    assert len(IDS) == len(set(IDS)) == 3
