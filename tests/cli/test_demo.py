import json

import pytest
from commands import call, run_command


@pytest.mark.slow(is_covering=True)
def test_demo_tells_the_whole_story_in_plain_lines() -> None:
    result = run_command("demo")
    assert result.returncode == 0, result.stderr
    story = result.stdout
    assert "running -> partial_succeeded" in story
    assert story.count("verified: HMAC-SHA256") == 2
    assert "cost 0.410000 USD; balance 9.590000 USD" in story
    assert "automatic: False" in story
    assert "\x1b" not in story


@pytest.mark.slow
def test_demo_is_the_same_story_every_time() -> None:
    first, second = (run_command("demo").stdout.splitlines() for _ in range(2))
    assert _timeline(first) == _timeline(second)
    assert len(_timeline(first)) > 10


@pytest.mark.slow(is_covering=True)
def test_demo_as_data_has_the_whole_story() -> None:
    told = call("demo", "--json")
    record = json.loads(told.out)
    assert (told.code, set(record)) == (0, {"batch", "timeline", "callbacks", "ledger", "verified"})
    assert record["batch"]["status_code"] == "partial_succeeded"
    assert [message["body"]["batch_id"] for message in record["callbacks"]] == [record["batch"]["id"]] * record["verified"]
    assert (record["verified"], record["ledger"]["balance"]) == (2, "9.590000")


def _timeline(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith("00:00:")]
