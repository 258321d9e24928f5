"""The contract suite as tests: `pytest contracts --base-url URL --api-key KEY [--openapi FILE]`; without an address, against our fake."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from runflow_mock.kit.sheets.markdown import write_markdown
from runflow_mock.kit.suite.carriers import AppCarrier, HttpCarrier
from runflow_mock.kit.suite.generating import EFFORTS, Effort, effort_of, labels, require_generator
from runflow_mock.kit.suite.pairs import coverage
from runflow_mock.kit.suite.reports import counts, summary_of
from runflow_mock.kit.suite.runner import declared_operations, plan
from runflow_mock.kit.suite.suite_tenants import Target, TargetError
from runflow_mock.kit.suite.tallies import Breach, Tally
from runflow_mock.openapi.promises import as_documented
from runflow_mock.runtime.foreign_documents import DocumentError, load_document

TOTAL = pytest.StashKey[Tally]()
DOCUMENT = pytest.StashKey[dict[str, Any]]()
WRONG_USAGE = 2
OPENAPI_VARIABLE = "RUNFLOW_MOCK_OPENAPI"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options of the suite."""
    group = parser.getgroup("contract", "what the contract suite is held against")
    group.addoption("--base-url", default=None, help="where the server is, without /v1; left out, our fake is started")
    group.addoption("--api-key", default=None, help="key to use where the suite gets none of its own")
    group.addoption("--openapi", default=None, help="document that judges in place of the packaged one: a file or an address")
    group.addoption("--dialect", default=None, choices=["seed", "docs"], help="dialect of the tenants that the suite makes")
    group.addoption("--over", default="app", choices=["app", "http"], help="how our own fake is reached when there is no --base-url")
    group.addoption("--effort", default="quick", choices=sorted(EFFORTS), help="how many requests are made up")
    group.addoption("--suite-seed", default=None, type=int, help="make up other requests than usual, the same for the same seed")
    group.addoption("--allow-spend", default=0.0, type=float, help="USD that may be spent on a server that is no fake")
    group.addoption("--summary", default=None, help="file for a Markdown summary with the table of operations and statuses")
    parser.addini("runflow_openapi", "document that judges the contract suite in place of the packaged one", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Loads the document, without which there is nothing to collect."""
    config.addinivalue_line("markers", "timeout(seconds): how long a part of the suite may take")
    config.stash[TOTAL] = Tally()
    try:
        require_generator()
        config.stash[DOCUMENT] = load_document(
            config.getoption("--openapi") or os.environ.get(OPENAPI_VARIABLE) or config.getini("runflow_openapi") or None
        )
    except (TargetError, DocumentError) as error:
        pytest.exit(str(error), returncode=WRONG_USAGE)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Gives a test of one operation every operation of the document."""
    if "label" in metafunc.fixturenames:
        metafunc.parametrize("label", labels(metafunc.config.stash[DOCUMENT]))


@pytest.fixture(scope="session")
def document(pytestconfig: pytest.Config, target: Target) -> Mapping[str, Any]:
    """The document that judges; it is never loaded from the server under test, and what our fake alone promises binds no other."""
    given = pytestconfig.stash[DOCUMENT]
    return given if target.is_mock else as_documented(given)


@pytest.fixture(scope="session")
def effort(pytestconfig: pytest.Config) -> Effort:
    """How many requests are made up."""
    return effort_of(pytestconfig.getoption("--effort"), pytestconfig.getoption("--suite-seed"))


@pytest.fixture(scope="session")
def target(pytestconfig: pytest.Config) -> Iterator[Target]:
    """The server under test."""
    url, dialect = pytestconfig.getoption("--base-url"), pytestconfig.getoption("--dialect")
    key, spend = pytestconfig.getoption("--api-key"), pytestconfig.getoption("--allow-spend")
    if url is not None:
        found = Target(HttpCarrier(url), key, dialect=dialect, spend_usd=spend)
        if found.spend_usd and not found.has_control:
            sys.stderr.write("\n".join(plan(found)) + "\n")
        yield found
    elif pytestconfig.getoption("--over") == "http":
        from runflow_mock.runtime.config import Config
        from runflow_mock.testing.server import serve

        with serve(Config(port=0)) as server:
            yield Target(HttpCarrier(server.url), key, dialect=dialect)
    else:
        from runflow_mock.testing.in_process import InProcess

        app = InProcess(callbacks_open=False)
        yield Target(AppCarrier(app), key, dialect=dialect)
        app.stop()


@pytest.fixture
def settle(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> Any:
    """Takes the tally of a part: adds it to the total, and fails with what is broken."""

    def take(tally: Tally) -> None:
        pytestconfig.stash[TOTAL].add(tally)
        if hasattr(request.config, "workeroutput"):
            request.config.workeroutput.setdefault("tallies", []).append(tally.as_json())
        told = [f"{breach.check} at {breach.operation}: {breach.says}\n    {breach.evidence}" for breach in tally.breaches]
        assert not told, "\n".join(told[:10])
        assert not tally.errors, "\n".join(tally.errors[:10])
        if not tally.cases:
            pytest.skip("; ".join(tally.notes) or "nothing was exercised")

    return take


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Adds up what processes of pytest-xdist have counted."""
    for told in getattr(node, "workeroutput", {}).get("tallies", ()):
        node.config.stash[TOTAL].add(_tally(told))


def _tally(told: dict[str, Any]) -> Tally:
    """Returns the tally that `as_json` told."""
    tally = Tally()
    tally.cases = told["cases"]
    for counter, pairs in ((tally.checks, told["checks"]), (tally.links, told["links"]), (tally.phases, told["phases"])):
        counter.update(pairs)
    tally.answers.update({(name, status): count for name, status, count in told["answers"]})
    tally.broken.update({(check, operation): count for check, operation, count in told["broken"]})
    tally.breaches = [Breach(**breach) for breach in told["breaches"]]
    tally.errors, tally.notes = list(told["errors"]), list(told["notes"])
    return tally


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Prints the counts, and writes the summary."""
    total, declared = config.stash[TOTAL], declared_operations(config.stash[DOCUMENT])
    seed = config.getoption("--suite-seed")
    seen, pairs = coverage(total, declared)
    terminalreporter.section("contract suite")
    terminalreporter.line(f"seed {'usual, the same requests every time' if seed is None else seed}; {counts(total)}")
    terminalreporter.line(f"operation x status: {seen} of {pairs} declared pairs; phases {dict(total.phases)}")
    file = config.getoption("--summary")
    if file:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text(write_markdown(summary_of(total, declared, "Contract suite")), encoding="utf-8")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Says with exit code 3 that nothing was exercised: no traffic is no pass."""
    is_worker = hasattr(session.config, "workerinput")
    if not is_worker and exitstatus == 0 and not session.config.option.collectonly and not session.config.stash[TOTAL].cases:
        session.exitstatus = 3
