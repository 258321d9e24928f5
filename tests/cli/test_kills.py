"""Nothing that was acknowledged is lost when the server is killed, whatever it is doing."""

from pathlib import Path

import pytest
from interruptions import tell
from kills import rounds


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_killed_server_has_lost_nothing_that_it_has_told(tmp_path: Path) -> None:
    results = rounds(6, tmp_path / "kept")
    assert [each.wrong for each in results] == [[]] * 7
    assert sum(each.acknowledged for each in results) > 60


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_server_that_was_killed_has_the_history_of_one_that_was_not(tmp_path: Path) -> None:
    """Byte for byte, with every callback that has left: ids, instants, retries and the ids of requests."""
    told = tell(5, tmp_path / "kept")
    assert told.killed == told.unkilled
    assert len(told.killed.callbacks) > 5
