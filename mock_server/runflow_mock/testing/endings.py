"""The end of a test: it is judged once, where it has passed, and told once.

A test that has failed, was skipped or is expected to fail has its report already: its tenant is dropped, and what else there is to say
stands in the sections of that report. A test that is expected to fail may fail by its end, so that its end is judged while it still runs.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from unittest import SkipTest

import pytest
from urllib3.exceptions import HTTPError

from runflow_mock.testing.applications import Raised, words_of
from runflow_mock.testing.artifacts import save_scenario
from runflow_mock.testing.client import ClientError
from runflow_mock.testing.database_locks import way_out_of_lock
from runflow_mock.testing.nodes import node_id
from runflow_mock.testing.outlooks import missing_callbacks
from runflow_mock.testing.records import End, Exchange, Step, read_steps
from runflow_mock.testing.runflow import Runflow
from runflow_mock.testing.strictness import complaints, complaints_in
from runflow_mock.testing.telling import tell_journal, tell_timeline, tell_verdicts

Section = tuple[str, str]
# Of no use to a client that has come.
_AIM = (
    "if the client has sent requests, none has come here: give it runflow.base_url and runflow.api_key; the fixture runflow_env puts both "
    "into the environment, and runflow_hosts leads https://api.runflow.io here"
)
_AIM_IN_PROCESS = (
    "if the client has sent requests, none has come here: give it runflow_in_process.transport (httpx) or runflow_in_process.adapter "
    "(requests), and runflow_in_process.api_key; httpx asks what a client has as proxy= or mounts= before its transport: give that one "
    "mounts={'all://': runflow_in_process.transport}"
)

# Of use to a client that has found the way, and has no key.
_KEY = "if that was the client of this test, give it runflow.api_key; the fixture runflow_env puts it into the environment"
_KEY_IN_PROCESS = "if that was the client of this test, give it runflow_in_process.api_key"

# An application that raises one of these has failed; pytest would skip the test, expect its failure or end the session, and a fixture
# cannot raise the last.
_NO_FAILURES = (pytest.skip.Exception, pytest.xfail.Exception, pytest.exit.Exception, SkipTest, KeyboardInterrupt, StopIteration)


class Lent(NamedTuple):
    """A tenant in the hands of a test: how strict its end is, and where a failure leaves something behind."""

    runflow: Runflow
    strictness: Mapping[str, Any]
    artifacts: Path
    here: Path
    node_id: str


def lend(
    item: pytest.Item | pytest.Collector, runflow: Runflow, strictness: Mapping[str, Any], artifacts: Path, *, tenants: int = 0
) -> Lent:
    """Returns a tenant as it is lent to a test that has so many, or to all tests below a node."""
    name = node_id(item) if isinstance(item, pytest.Item) else item.nodeid
    if tenants and isinstance(item, pytest.Item):
        # Each leaves a file of its own, and those that `runflow_tenants` has opened are counted apart.
        name = f"{name} own tenant {tenants + 1}"
    return Lent(runflow, strictness, artifacts, item.config.invocation_params.dir, name)


def take_back(lent: Lent, *, is_judged: bool) -> None:
    """Drops the tenant; where it is judged, fails with everything that stayed silent, or with what an application under test raised."""
    runflow = lent.runflow
    forgotten = runflow.awaited.forgotten()
    try:
        runflow.stop_deliveries()
        if not is_judged:
            # The test has its report: a server that is gone meanwhile would only make a second one of it.
            with suppress(ClientError, HTTPError, OSError):
                runflow.control.delete_tenant(runflow.tenant)
            return
        runflow.deliveries.settle()
        raised = _unexpected(lent)
        end = runflow.control.end_tenant(runflow.tenant)
    finally:
        runflow.close()
    found = [*forgotten, *complaints_in(end, **_contract_of(lent))]
    if found or raised:
        _fail(found, raised, _sections_at_end(lent, end))


def judge(lent: Lent) -> None:
    """Fails as `take_back` does, while the tenant stays; the sections of the report tell the rest."""
    lent.runflow.deliveries.settle()
    found, raised = _complaints_so_far(lent), _unexpected(lent)
    if found or raised:
        _fail(found, raised, [])


def told(lent: Lent) -> list[Section]:
    """Returns what a failing report is told about a tenant that is still there.

    Whatever goes wrong here must not hide the failure itself, nor end the session.
    """
    try:
        return _sections_so_far(lent)
    except Exception as error:
        return [("runflow", f"what happened in tenant {lent.runflow.tenant} could not be told: {type(error).__name__}: {error}")]


def _sections_so_far(lent: Lent) -> list[Section]:
    runflow = lent.runflow
    found = _complaints_so_far(lent)
    happened = _sections(lent, runflow.timeline, list(runflow.journal), runflow.report(), runflow.control.export_scenario(history=True))
    exceptions = [("runflow exceptions", _traces(runflow.exceptions))] if runflow.exceptions else []
    missing = missing_callbacks(runflow.control)
    return [
        *exceptions,
        *([("runflow complaints", "\n".join(found))] if found else []),
        # Whatever has ended the test, a client that waits has waited for these.
        *([("runflow callbacks", missing)] if missing else []),
        *happened,
    ]


def show(config: pytest.Config, told: list[Section]) -> None:
    """Prints sections where there is no report to carry them: of a test that was interrupted."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    # Under `-q` pytest does not know that the line has begun.
    reporter.write_line("")
    for title, text in told:
        reporter.write_sep("-", title)
        reporter.write_line(text)


def _complaints_so_far(lent: Lent) -> list[str]:
    return [*lent.runflow.awaited.forgotten(), *complaints(lent.runflow, **_contract_of(lent))]


def _sections_at_end(lent: Lent, end: End) -> list[Section]:
    if end.report is None or end.evidence is None:
        return []
    return _sections(lent, read_steps(end.evidence.timeline), end.evidence.journal, end.report, end.evidence.scenario)


def _sections(lent: Lent, steps: list[Step], journal: list[Exchange], report: Mapping[str, Any], scenario: str) -> list[Section]:
    hints, verdicts = report["hints"], tell_verdicts(report["verdicts"])
    return [
        ("runflow timeline", tell_timeline(steps)),
        ("runflow journal", tell_journal(journal, steps)),
        *([("runflow verdicts", verdicts)] if verdicts else []),
        *([("runflow hints", "\n".join(advice))] if (advice := [*hints, *_aim(lent, journal, hints)]) else []),
        ("runflow replay", save_scenario(lent.artifacts, lent.node_id, scenario, lent.here)),
    ]


def _aim(lent: Lent, journal: list[Exchange], hints: list[str]) -> tuple[str, ...]:
    """Returns how a client is led to the tenant, where none has come; one that hints tell of without a journal was turned away."""
    if journal:
        return ()
    if hints:
        return (_KEY_IN_PROCESS if lent.runflow.is_in_process else _KEY,)
    return (_AIM_IN_PROCESS if lent.runflow.is_in_process else _AIM,)


def _contract_of(lent: Lent) -> dict[str, Any]:
    return {name: value for name, value in lent.strictness.items() if name != "allow_exceptions"}


def _unexpected(lent: Lent) -> list[Raised]:
    """Returns the exceptions of applications under test that nobody allowed."""
    allowed = lent.strictness.get("allow_exceptions", False)
    if allowed is True:
        return []
    return [raised for raised in lent.runflow.exceptions if not isinstance(raised.error, allowed or ())]


def _fail(found: list[str], raised: list[Raised], told: list[Section]) -> None:
    lines = "\n".join((*found, "", "\n\n".join(f"{title}\n{text}" for title, text in told)))
    if not raised:
        pytest.fail(lines, pytrace=False)
    first = raised[0]
    again = f", and {len(raised) - 1} more came after it" if len(raised) > 1 else ""
    where = f"raised by the application under test at {first.where}{again}; allow_exceptions=True of the marker allows it"
    notes = [note for note in (where, way_out_of_lock(first.error), lines) if note and note.strip()]
    if _is_no_failure(first.error) or not _has_noted(first.error, notes):
        raise pytest.fail.Exception("\n".join(notes)) from first.error
    raise first.error


def _is_no_failure(error: BaseException) -> bool:
    """Tells whether pytest would not fail the test; of a group, in which groups of tasks raise what they have, one such is enough."""
    if isinstance(error, BaseExceptionGroup):
        return any(map(_is_no_failure, error.exceptions))
    return isinstance(error, _NO_FAILURES)


def _has_noted(error: BaseException, notes: list[str]) -> bool:
    """Adds notes to an exception, and tells whether it takes any: one that is frozen does not."""
    try:
        for note in notes:
            error.add_note(note)
    except Exception:
        return False
    return True


def _traces(raised: tuple[Raised, ...]) -> str:
    from traceback import format_exception

    distinct = {words_of(each.error): each for each in reversed(raised)}
    return "\n".join(
        f"{each.where}:\n{''.join(format_exception(each.error))}{way_out_of_lock(each.error) or ''}" for each in reversed(distinct.values())
    )
