"""Notebooks: a kernel is a process of its own, and finds the tenant by its environment; nbmake's items take no fixtures."""

import os
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from stories import PATH

CELLS = [
    "import json, os, urllib.request",
    f"""
body = json.dumps({{"input": {{"image_url": "https://cdn.example.com/a.png"}}}}).encode()
headers = {{"Authorization": "Bearer " + os.environ["RUNFLOW_API_KEY"], "Content-Type": "application/json"}}
assert urllib.request.urlopen(urllib.request.Request(os.environ["RUNFLOW_BASE_URL"] + "{PATH}", body, headers)).status == 201
""",
]


@pytest.fixture
def notebook(tmp_path):
    file = tmp_path / "shop.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS]), file)
    return file


def test_notebook_as_a_test(runflow, runflow_env, notebook):
    NotebookClient(nbformat.read(notebook, as_version=4), kernel_name="python3", timeout=60).execute()
    assert len(runflow.runs) == 1


def test_notebook_that_asks_a_fake_with_a_fault(runflow, runflow_env, notebook):
    runflow.faults.add(what={"kind": "answer", "status": 503})
    with pytest.raises(CellExecutionError, match="503"):
        NotebookClient(nbformat.read(notebook, as_version=4), kernel_name="python3", timeout=60).execute()


def test_nbmake(runflow, notebook):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbmake", str(notebook)]
    done = subprocess.run(command, env={**os.environ, **runflow.env}, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
    assert len(runflow.runs) == 1
