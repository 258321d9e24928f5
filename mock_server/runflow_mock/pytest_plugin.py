"""The pytest door: a server for the session, a fresh tenant for each test, a callback receiver, and a strict end.

Loading this module costs next to nothing: everything else is imported by the fixtures that need it. With `--runflow-url` the fixtures use a
server that runs elsewhere, and import no part of ours.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from runflow_mock.openapi.contracts import Contract
    from runflow_mock.testing.asynchronous import AsyncReceiver, AsyncRunflow
    from runflow_mock.testing.in_process import InProcess
    from runflow_mock.testing.receiver import CallbackReceiver
    from runflow_mock.testing.runflow import Runflow

URL_VARIABLE = "RUNFLOW_MOCK_URL"
OPENAPI_VARIABLE = "RUNFLOW_MOCK_OPENAPI"
MARKER = (
    "runflow(scenario=None, seed=None, clock='auto', balance=None, dialect=None, allow_unused=False, allow_violations=False, **settings): "
    "how the tenant of this test is made; further settings are those of POST /_mock/tenants"
)
STRICTNESS = ("allow_unused", "allow_violations")
WRONG_USAGE = 2
_HANDLE = pytest.StashKey["Runflow"]()


class RunflowServer(NamedTuple):
    """The server of the session: its address, and whether it runs elsewhere."""

    url: str
    is_external: bool


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options, each with its twin in the ini file."""
    group = parser.getgroup("runflow", "runflow-mock: a local fake of the Runflow API")
    for name, usual, what in (
        ("url", "", f"address of a server that runs already, in place of one in this process (or {URL_VARIABLE})"),
        ("seed", "0", "seed of every tenant: the same seed gives each test the same ids"),
        ("profile", "", "profile of `runflow-mock calibrate` by which every tenant speaks that names no dialect"),
        ("openapi", "", f"OpenAPI document that judges in place of the packaged one: a file or an address (or {OPENAPI_VARIABLE})"),
        ("artifacts", ".runflow-mock", "folder for what a failing test leaves behind to be replayed"),
    ):
        group.addoption(f"--runflow-{name}", default=None, metavar=name.upper(), help=what)
        parser.addini(f"runflow_{name}", what, default=usual)


def pytest_configure(config: pytest.Config) -> None:
    """Explains the marker."""
    config.addinivalue_line("markers", MARKER)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Adds to the report of a failing test what happened in its tenant's world."""
    report = yield
    runflow = item.stash.get(_HANDLE, None)
    if runflow is not None and report.failed and call.when == "call":  # type: ignore[attr-defined]  # the wrapped hook's result
        report.sections.extend(_tell(item, runflow))  # type: ignore[attr-defined]
    return report


@pytest.fixture(scope="session")
def runflow_server(request: pytest.FixtureRequest) -> Iterator[RunflowServer]:
    """A server for the whole session: one in this process on a free port, or the one at `--runflow-url`."""
    url = _option(request.config, "url") or os.environ.get(URL_VARIABLE)
    if url:
        yield RunflowServer(url.rstrip("/"), is_external=True)
        return
    from runflow_mock.domain.tenants import ClockMode
    from runflow_mock.runtime.config import Config
    from runflow_mock.testing.server import serve

    with serve(Config(port=0, clock=ClockMode.AUTO, speed=1.0), contract=_contract(request.config)) as server:
        yield RunflowServer(server.url, is_external=False)


@pytest.fixture
def runflow(request: pytest.FixtureRequest, runflow_server: RunflowServer) -> Iterator["Runflow"]:
    """A fresh tenant for this test: address and key for the client, and every verb of the control API."""
    from runflow_mock.testing.runflow import open_tenant

    settings, strictness = _settings(request)
    handle = open_tenant(runflow_server.url, name=_tenant_name(request.node), **settings)
    yield from _lend(request, handle, strictness)


@pytest.fixture(scope="session")
def runflow_app(request: pytest.FixtureRequest) -> Iterator["InProcess"]:
    """The fake without a socket, for the whole session: an ASGI application. Tests take `runflow_in_process`."""
    from runflow_mock.domain.tenants import ClockMode
    from runflow_mock.runtime.config import Config
    from runflow_mock.testing.in_process import InProcess

    app = InProcess(Config(clock=ClockMode.AUTO, speed=1.0), contract=_contract(request.config))
    yield app
    app.stop()


@pytest.fixture
def runflow_in_process(request: pytest.FixtureRequest, runflow_app: "InProcess") -> Iterator["Runflow"]:
    """A fresh tenant without a socket for this test; `.app` is an ASGI application, `.deliver_to` takes the application under test."""
    from runflow_mock.testing.in_process import open_tenant_in

    settings, strictness = _settings(request)
    handle = open_tenant_in(runflow_app, name=_tenant_name(request.node), **settings)
    yield from _lend(request, handle, strictness)


@pytest.fixture
def runflow_async(runflow: "Runflow") -> "AsyncRunflow":
    """The tenant of this test, for a test that is a coroutine."""
    from runflow_mock.testing.asynchronous import AsyncRunflow

    return AsyncRunflow(runflow)


@pytest.fixture
def runflow_receiver(runflow: "Runflow") -> Iterator["CallbackReceiver"]:
    """A real callback receiver on loopback; waiting for it moves a clock that stands."""
    from runflow_mock.testing.receiver import CallbackReceiver

    with CallbackReceiver() as receiver:
        if runflow.control.clock().mode == "auto":
            receiver.move_with(lambda: bool(runflow.clock.next()))
        yield receiver


@pytest.fixture
def runflow_receiver_async(runflow_receiver: "CallbackReceiver") -> "AsyncReceiver":
    """The callback receiver of this test, for a test that is a coroutine."""
    from runflow_mock.testing.asynchronous import AsyncReceiver

    return AsyncReceiver(runflow_receiver)


@pytest.fixture
def runflow_env(runflow: "Runflow", monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """Sets RUNFLOW_API_KEY, RUNFLOW_BASE_URL and RUNFLOW_API_BASE for this test; the value is the mapping, for subprocesses."""
    for name, value in runflow.env.items():
        monkeypatch.setenv(name, value)
    return runflow.env


@pytest.fixture
def runflow_hosts(runflow: "Runflow") -> Iterator["Runflow"]:
    """Leads requests of this process for https://api.runflow.io and its siblings to the fake, whatever library sends them."""
    from runflow_mock.testing.interception import intercept

    with intercept(runflow.base_url):
        yield runflow


@pytest.fixture
def runflow_proxy_env(runflow: "Runflow", runflow_server: RunflowServer, tmp_path: Path) -> Iterator[Mapping[str, str]]:
    """Environment variables for a subprocess whose client has https://api.runflow.io written into it: key, proxy and authority."""
    from runflow_mock.testing.proxy import Proxy

    with Proxy(runflow_server.url, tmp_path) as proxy:
        yield {"RUNFLOW_API_KEY": runflow.api_key, **proxy.env}


def _lend(request: pytest.FixtureRequest, handle: "Runflow", strictness: Mapping[str, Any]) -> Iterator["Runflow"]:
    """Hands a tenant to a test; at its end everything that stayed silent is told, and the tenant is dropped."""
    from runflow_mock.testing.strictness import complaints

    request.node.stash[_HANDLE] = handle
    try:
        yield handle
        handle.deliveries.settle()
        found = complaints(handle, **strictness)
        if found:
            sections = "\n\n".join(f"{title}\n{text}" for title, text in _tell(request.node, handle))
            pytest.fail("\n".join((*found, "", sections)), pytrace=False)
    finally:
        handle.control.delete_tenant(handle.tenant)
        handle.close()
        del request.node.stash[_HANDLE]


def _settings(request: pytest.FixtureRequest) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns what the markers ask for: settings of the tenant, and how strict its end is; the nearest marker counts."""
    settings: dict[str, Any] = {"clock": "auto", "seed": _option(request.config, "seed")}
    for marker in reversed(list(request.node.iter_markers("runflow"))):
        if marker.args:
            raise pytest.UsageError(f"@pytest.mark.runflow takes names only, not {marker.args!r}; {MARKER}")
        settings.update(marker.kwargs)
    given = {name: value for name, value in settings.items() if value is not None}
    if "dialect" not in given and (file := _option(request.config, "profile")):
        given |= _spoken(request.config.rootpath / file, given.get("switches", {}))
    return {name: value for name, value in given.items() if name not in STRICTNESS}, {
        name: given[name] for name in STRICTNESS if name in given
    }


def _spoken(file: Path, switches: Mapping[str, str]) -> dict[str, Any]:
    """Returns the settings that let a tenant speak by a profile, its own switches on top."""
    from runflow_mock.runtime.profiles import load_profile

    try:
        profile = load_profile(file)
    except ValueError as error:
        raise pytest.UsageError(f"runflow_profile: {error}") from None
    return {"dialect": profile.dialect, "switches": {**profile.switches, **switches}}


def _tell(item: pytest.Item, runflow: "Runflow") -> list[tuple[str, str]]:
    from runflow_mock.testing.telling import tell_journal, tell_timeline

    saved, hints = _save(item, runflow), runflow.report()["hints"]
    return [
        ("runflow timeline", tell_timeline(runflow.timeline)),
        ("runflow journal", tell_journal(list(runflow.journal))),
        *([("runflow hints", "\n".join(hints))] if hints else []),
        ("runflow replay", saved),
    ]


def _save(item: pytest.Item, runflow: "Runflow") -> str:
    """Writes the scenario that makes such a tenant again, with all that happened in it, and returns how to play it, or why that is not."""
    from runflow_mock.runtime.files import write_whole

    path = item.config.rootpath / _option(item.config, "artifacts") / f"{_slug(item.nodeid, 100)}.yaml"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, runflow.control.export_scenario(history=True).encode())
    except OSError as error:
        # The test has failed for another reason, which must not be lost with this file.
        return f"nothing to replay: {error}"
    shown = path.relative_to(item.config.rootpath) if path.is_relative_to(item.config.rootpath) else path
    return f"runflow-mock replay {shown}"


def _contract(config: pytest.Config) -> "Contract | None":
    """Returns the user's document, if there is one; what is wrong with it ends the session, for nothing could be judged."""
    source = config.getoption("--runflow-openapi") or _openapi_of_ini(config) or os.environ.get(OPENAPI_VARIABLE)
    if not source:
        return None
    from runflow_mock.runtime.foreign_documents import DocumentError, load_contract

    try:
        return load_contract(source)
    except DocumentError as error:
        pytest.exit(f"runflow_openapi: {error}", returncode=WRONG_USAGE)


def _openapi_of_ini(config: pytest.Config) -> str:
    """Returns what the ini file names; a file is looked for beside it, wherever pytest was started."""
    source = str(config.getini("runflow_openapi") or "")
    return source if not source or source.startswith(("http://", "https://")) else str(config.rootpath / source)


def _option(config: pytest.Config, name: str) -> str:
    given = config.getoption(f"--runflow-{name}")
    return str(config.getini(f"runflow_{name}") or "") if given is None else str(given)


def _tenant_name(item: pytest.Item) -> str:
    """Returns a name that says which test it is, and that no other test, worker or run has."""
    return f"{_slug(item.name, 46)}_{os.urandom(8).hex()}"


def _slug(text: str, length: int) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[-length:].strip("_") or "test"
