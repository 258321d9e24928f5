"""The page on callbacks says what is really sent: its headers over a socket, its fields and events in every message and dialect."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from commands import ROOT
from hooks import SECRET, hooked

from runflow_mock.domain.dialects import BUNDLES
from runflow_mock.domain.signing import TOLERANCE
from writing.callbacks import PAYLOADS, samples

PAGE = (ROOT / "docs" / "reference" / "callbacks.md").read_text(encoding="utf-8")
DOCUMENT = json.loads((ROOT / "contracts" / "openapi.json").read_bytes())
# What every request has, whatever it tells.
OF_THE_CLIENT = {"host", "accept", "accept-encoding", "content-length"}


def section(heading: str) -> str:
    (found,) = re.findall(rf"^##+ {re.escape(heading)}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def rows(heading: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in section(heading).splitlines() if line.startswith("| `")]


def paths(value: Any, prefix: str = "") -> Iterator[str]:
    """The paths of all fields of a message; what belongs to the model or to the caller is a leaf."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield f"{prefix}{name}"
            if name not in ("metadata", "input") and not (name == "output" and ("[]" in prefix or "run_id" in value)):
                yield from paths(part, f"{prefix}{name}.")
    elif isinstance(value, list):
        for part in value:
            yield from paths(part, f"{prefix.removesuffix('.')}[].")


@pytest.mark.parametrize("dialect", BUNDLES)
def test_headers_of_the_page_are_those_that_arrive(dialect: str) -> None:
    column = 1 + list(BUNDLES).index(dialect)
    shown = {row[0].strip("`").lower() for row in rows("Headers") if row[column] != "is not sent"}
    with hooked(dialect=dialect, callback_secret=SECRET) as hook:
        hook.finish()
        (received,) = hook.received
    assert shown == set(received.headers) - OF_THE_CLIENT


@pytest.mark.parametrize("noun", PAYLOADS)
def test_fields_of_the_page_are_those_of_every_message(noun: str) -> None:
    shown = [row[0].strip("`") for row in rows(f"Of {'an' if noun == 'evaluation' else 'a'} {noun}")]
    messages = [sample.document for (event, _), sample in samples().items() if event.startswith(noun)]
    assert len(messages) >= 4
    for message in messages:
        assert list(message) == [path for path in shown if "." not in path]
        # A failure's error object is told in the row of `output`.
        extra = {f"output.{name}" for name in ("code", "message", "stage")} if message["event"] == "run.failed" else set()
        assert set(paths(message)) - extra <= set(shown)
    seen = {path for message in messages for path in paths(message)}
    assert set(shown) <= seen


def test_events_of_the_page_are_those_of_the_contract() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    told = {event for name in PAYLOADS.values() for event in schemas[name]["properties"]["event"]["enum"]}
    assert {row[0].strip("`") for row in rows("Events")} == told
    assert all(section(f"`{event}`") for event in told)


def test_statuses_and_outputs_of_the_page_are_those_that_are_sent() -> None:
    for event, *cells in rows("Events"):
        for place, dialect in enumerate(BUNDLES):
            message = samples()[event.strip("`"), dialect].document
            assert cells[place] == f"`{message['status']}`"
            assert (cells[2 + place] == "`null`") == (message["output"] is None)


@pytest.mark.parametrize("suffix", ["py", "mjs", "go", "php", "java"])
def test_handlers_have_the_tolerance_of_the_contract(suffix: str) -> None:
    (file,) = (ROOT / "examples" / "callbacks").glob(f"[hH]andler.{suffix}")
    assert re.search(rf"(?i)tolerance\w*\b.{{0,6}}= {TOLERANCE.total_seconds():.0f}\b", file.read_text(encoding="utf-8"))
