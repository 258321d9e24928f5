"""Nothing that was acknowledged is lost when the server is killed, whatever it is doing."""

from pathlib import Path

import pytest
from kills import rounds


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_killed_server_has_lost_nothing_that_it_has_told(tmp_path: Path) -> None:
    results = rounds(6, tmp_path / "kept")
    assert [each.wrong for each in results] == [[]] * 7
    assert sum(each.acknowledged for each in results) > 60
