"""What `make test-slow` does with tests that fell beside others: see tests/support/again.py."""

import subprocess
import sys
from pathlib import Path

import pytest
from again import CLOCKED, are_clocked, main

ROOT = Path(__file__).parents[1]
CLOCK = "tests/kit/test_probes.py"


def test_files_that_judge_by_a_clock_are_there() -> None:
    assert [file for file in CLOCKED if not (ROOT / file).is_file()] == []


def test_only_what_judges_by_a_clock_is_tried_again() -> None:
    assert are_clocked([f"{CLOCK}::test_one[a::b]", f"{CLOCK}::test_two"])
    assert not are_clocked([f"{CLOCK}::test_one", "tests/web/test_runs.py::test_two"])
    assert not are_clocked([])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "body", "code"),
    [
        (CLOCK, "import os\ndef test(): assert os.path.exists('quiet')", 0),
        (CLOCK, "def test(): assert False", 1),
        ("tests/web/test_runs.py", "import os\ndef test(): assert os.path.exists('quiet')", 1),
    ],
    ids=["passes alone", "falls alone", "other"],
)
def test_what_fell_has_failed_unless_it_judges_by_a_clock_and_passes_alone(tmp_path: Path, file: str, body: str, code: int) -> None:
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(body + "\n", encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    first = subprocess.run([sys.executable, "-m", "pytest", "-q", file], cwd=tmp_path, check=False, capture_output=True)
    (tmp_path / "quiet").touch()
    assert (first.returncode, main(tmp_path)) == (1, code)
