"""The story that the documentation tells, walked as it is told: a batch half failed, why, and again without the fault."""

from collections.abc import Callable

import pytest
from commands import Sandbox
from looking import Looker

from ten_steps import IMAGES, STEPS, begin, walk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]


def test_story_of_ten_steps_comes_true(look: Callable[..., Looker], running: Sandbox) -> None:
    app = begin(running.url, "ten_steps")
    looker = look(f"{running.url}/_mock/")
    seen: list[str] = []
    walk(looker.page, app, seen.append)
    assert seen == [step.picture for step in STEPS if step.picture]
    assert [batch["status_code"] for batch in app.client.get("/_mock/batches")["items"]] == ["partial_succeeded", "succeeded"]
    assert len(STEPS) == 10


def test_each_picture_was_taken_by_day_and_by_night() -> None:
    wanted = {f"{step.picture}{theme}.png" for step in STEPS if step.picture for theme in ("", "-dark")}
    assert {file.name for file in IMAGES.glob("inspector-*.png")} == wanted
