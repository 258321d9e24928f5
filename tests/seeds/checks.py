"""Checks that facts of several pages share: small requests as the pages print them, with only host, key and ids replaced."""

import re
from collections.abc import Callable
from typing import Any

from doors import Door
from steps import Body, get_run, ok, problem

Check = Callable[[Door], None]
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
DYVER = "/v1/models/runflow/dyver-removal"
SHIRT = "https://cdn.example.com/shirt.jpg"
YOURS = "https://you.example/webhooks/runflow"
SERVER = "https://your-server.com/webhook"
TAG_AND_BACKGROUND = ["tag_removal", "background_removal"]


def created(door: Door, path: str, body: Body, status: int = 201) -> Body:
    """What a POST has made."""
    return ok(door.post(path, body), status)


def ended(door: Door, run: Body) -> Body:
    """A run after everything has happened."""
    door.settle()
    return get_run(door, run)


def runs(model: str, **inputs: Any) -> Check:
    """The model takes a run of these inputs and finishes it."""

    def check(door: Door) -> None:
        run = created(door, f"/v1/models/{model}/runs", {"input": inputs})
        assert ended(door, run)["status_code"] == "succeeded"

    return check


def named(*names: str) -> Check:
    """The catalog has active models of these names, or of these families."""

    def check(door: Door) -> None:
        found = [row["model_name"] for row in door.get("/models-catalog.json", key=None).json() if row["active"]]
        assert [name for name in names if not any(each.startswith(name) for each in found)] == []

    return check


def served(path: str, media_type: str, *words: str) -> Check:
    """A page is there without a key, of that type, and has these words."""

    def check(door: Door) -> None:
        response = door.get(path, key=None)
        assert (response.status_code, response.headers["content-type"].partition(";")[0]) == (200, media_type)
        assert [word for word in words if word not in response.text] == []

    return check


def refused(status: int, code: str, ask: Callable[[Door], Any]) -> Check:
    """A request is refused with that status and code."""
    return lambda door: (problem(ask(door), status, code), None)[1]


def skill_says(*words: str) -> Check:
    """The skill that the sandbox hands out has these words."""
    return served("/.well-known/agent-skills/runflow/SKILL.md", "text/markdown", *words)
