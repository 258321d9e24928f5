"""The pytest door: a server for the session, a fresh tenant for each test, a callback receiver, and a strict end.

Loading this module costs next to nothing: everything else is imported by the fixtures that need it. With `--runflow-url` the fixtures use a
server that runs elsewhere, and import no part of ours.
"""

import os
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from runflow_mock.openapi.contracts import Contract
    from runflow_mock.testing.asynchronous import AsyncReceiver, AsyncRunflow
    from runflow_mock.testing.endings import Lent
    from runflow_mock.testing.in_process import InProcess
    from runflow_mock.testing.interception import ServiceEndpoint
    from runflow_mock.testing.markers import Wishes
    from runflow_mock.testing.receiver import CallbackReceiver
    from runflow_mock.testing.runflow import Runflow
    from runflow_mock.testing.session_servers import RunflowServer

URL_VARIABLE = "RUNFLOW_MOCK_URL"
OPENAPI_VARIABLE = "RUNFLOW_MOCK_OPENAPI"
ARTIFACTS = ".runflow-mock"
MARKER = (
    "runflow(scenario=None, seed=None, clock='auto', balance=None, dialect=None, allow_unused=False, allow_violations=False, "
    "allow_exceptions=False, **settings): how the tenant of this test is made; further settings are those of POST /_mock/tenants"
)


class _Options(NamedTuple):
    """What the options say to every tenant; nothing where they are not given."""

    seed: str
    profile: str
    artifacts: Path


_OPTIONS = pytest.StashKey[_Options]()
_LENT = pytest.StashKey[list["Lent"]]()
_LEFT = pytest.StashKey[list["Lent"]]()
_OUTCOMES = pytest.StashKey[dict[str, str]]()
_BROKEN: set[str] = set()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options, each with its twin in the ini file."""
    group = parser.getgroup("runflow", "runflow-mock: a local fake of the Runflow API")
    for name, usual, what in (
        ("url", "", f"address of a server that runs already, in place of one in this process (or {URL_VARIABLE})"),
        ("seed", "", "seed of every tenant, so that each test has the same ids; without it each node id has its own"),
        ("profile", "", "profile of `runflow-mock calibrate` by which every tenant speaks that names no dialect"),
        ("openapi", "", f"OpenAPI document that judges in place of the packaged one: a file or an address (or {OPENAPI_VARIABLE})"),
        ("artifacts", ARTIFACTS, "folder for what a failing test leaves behind to be replayed; it ignores itself for git"),
    ):
        group.addoption(f"--runflow-{name}", default=None, metavar=name.upper(), help=what)
        parser.addini(f"runflow_{name}", what, default=usual)


def pytest_configure(config: pytest.Config) -> None:
    """Explains the marker, and reads what every tenant needs to know."""
    config.addinivalue_line("markers", MARKER)
    artifacts = config.rootpath / (_option(config, "artifacts") or ARTIFACTS)
    config.stash[_OPTIONS] = _Options(seed=_option(config, "seed"), profile=_option(config, "profile"), artifacts=artifacts)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Tells what happened in the world of a test's tenant if somebody interrupts it."""
    try:
        return (yield)
    except KeyboardInterrupt:
        if lent := _lent_to(item):
            from runflow_mock.testing.endings import show, told

            show(item.config, [section for each in lent for section in told(each)])
        raise


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begins what is known of a test's end, and loads what pytest-socket and pyfakefs would take away.

    For good we would keep what stands in the place of sockets and files.
    """
    item.stash[_OUTCOMES] = {}
    if "pytest_socket" not in sys.modules and "pyfakefs" not in sys.modules:
        return
    if any(name.startswith("runflow") for name in getattr(item, "fixturenames", ())):
        from runflow_mock.testing.fake_files import keep_real_files, keep_real_sockets

        keep_real_sockets()
        keep_real_files()


def pytest_runtest_logstart(nodeid: str) -> None:
    """Forgets how a test has ended before, where it is run again."""
    _BROKEN.discard(nodeid)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remembers a test of which a part has failed: its subtests are reported on their own, and it goes on after them."""
    if report.when == "call" and report.failed:
        _BROKEN.add(report.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Judges the end of a test that is expected to fail while it runs: it may fail by that, as it is expected to."""

    def judge_all() -> None:
        from runflow_mock.testing.endings import judge

        for lent in item.stash.get(_LENT, []):
            judge(lent)

    if _LENT in item.stash:
        from runflow_mock.testing.expected_failures import is_expected_by_unittest, judge_within

        if is_expected_by_unittest(item):
            judge_within(item, judge_all)
    yield
    if _LENT in item.stash and item.get_closest_marker("xfail") is not None:
        judge_all()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Adds to the report of a failing test what happened in its tenant's world, and remembers how the test ended."""
    report: Any = yield
    item.stash.setdefault(_OUTCOMES, {})[call.when] = "failed" if hasattr(report, "wasxfail") else report.outcome
    if report.failed and call.when != "teardown" and (lent := _lent_to(item)):
        from runflow_mock.testing.endings import told

        report.sections.extend(section for each in lent for section in told(each))
    if left := item.session.stash.get(_LEFT, []):
        from runflow_mock.testing.endings import take_back

        while left:
            take_back(left.pop(), is_judged=False)
    return report


@pytest.fixture(scope="session")
def runflow_server(request: pytest.FixtureRequest) -> Iterator["RunflowServer"]:
    """A server for the whole session: one in this process on a free port, or the one at `--runflow-url`."""
    from runflow_mock.testing.session_servers import NoServer, RunflowServer, server_at

    config = request.config
    url = _option(config, "url") or os.environ.get(URL_VARIABLE)
    if url:
        try:
            elsewhere = server_at(url)
        except NoServer as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None
        yield elsewhere
        return
    from runflow_mock.testing.green_threads import is_patched, serve_apart

    if is_patched():
        with serve_apart(_option_openapi(config)) as url:
            yield RunflowServer(url, is_external=False)
        return
    from runflow_mock.domain.tenants import ClockMode
    from runflow_mock.runtime.config import Config
    from runflow_mock.testing.server import serve

    with serve(Config(port=0, clock=ClockMode.AUTO, speed=1.0, unknown_keys="refuse"), contract=_contract(config)) as server:
        yield RunflowServer(server.url, is_external=False, calls=server.calls)


@pytest.fixture
def runflow(request: pytest.FixtureRequest, runflow_server: "RunflowServer") -> Iterator["Runflow"]:
    """A fresh tenant for this test: address and key for the client, and every verb of the control API."""
    from runflow_mock.testing.runflow import open_tenant

    def opened(name: str, **settings: Any) -> "Runflow":
        return open_tenant(runflow_server.url, exchanger=runflow_server.calls, name=name, **settings)

    with _lent(request.node, opened) as lent:
        yield lent


@pytest.fixture(scope="session")
def runflow_app(request: pytest.FixtureRequest) -> Iterator["InProcess"]:
    """The fake without a socket, for the whole session: an ASGI application. Tests take `runflow_in_process`."""
    from runflow_mock.domain.tenants import ClockMode
    from runflow_mock.runtime.config import Config
    from runflow_mock.testing.green_threads import check_threads
    from runflow_mock.testing.in_process import InProcess

    check_threads()
    app = InProcess(Config(clock=ClockMode.AUTO, speed=1.0, unknown_keys="refuse"), contract=_contract(request.config))
    yield app
    app.stop()


@pytest.fixture
def runflow_in_process(request: pytest.FixtureRequest, runflow_app: "InProcess") -> Iterator["Runflow"]:
    """A fresh tenant without a socket: `.transport` for httpx, `.adapter` for requests, `.deliver_to` takes the application under test."""
    from runflow_mock.testing.in_process import open_tenant_in

    def opened(name: str, **settings: Any) -> "Runflow":
        return open_tenant_in(runflow_app, name=name, **settings)

    with _lent(request.node, opened) as lent:
        yield lent


@pytest.fixture
def runflow_async(runflow: "Runflow") -> "AsyncRunflow":
    """The tenant of this test, for a test that is a coroutine."""
    from runflow_mock.testing.asynchronous import AsyncRunflow

    return AsyncRunflow(runflow)


@pytest.fixture
def runflow_in_process_async(runflow_in_process: "Runflow") -> "AsyncRunflow":
    """The tenant without a socket, for a test that is a coroutine."""
    from runflow_mock.testing.asynchronous import AsyncRunflow

    return AsyncRunflow(runflow_in_process)


@pytest.fixture
def runflow_receiver(runflow: "Runflow") -> Iterator["CallbackReceiver"]:
    """A real callback receiver on loopback; waiting for it moves a clock that stands."""
    with runflow.receiver() as receiver:
        yield receiver


@pytest.fixture
def runflow_receiver_async(runflow_receiver: "CallbackReceiver", runflow: "Runflow") -> "AsyncReceiver":
    """The callback receiver of this test, for a test that is a coroutine."""
    from runflow_mock.testing.asynchronous import AsyncReceiver

    return AsyncReceiver(runflow_receiver, runflow.awaited)


@pytest.fixture(scope="session")
def runflow_tenants(request: pytest.FixtureRequest) -> "Callable[..., AbstractContextManager[Runflow]]":
    """Opens tenants for fixtures of a wider scope; called with settings, it gives a context in which the tenant lives."""

    def opened(*, in_process: bool = False, **wishes: Any) -> "AbstractContextManager[Runflow]":
        from runflow_mock.testing.in_process import open_tenant_in
        from runflow_mock.testing.nodes import seed_from
        from runflow_mock.testing.runflow import open_tenant

        first_user = os.environ.get("PYTEST_CURRENT_TEST", "session").rpartition(" ")[0]
        settings = {"seed": seed_from(f"{first_user} {len(counted)}"), **wishes}
        counted.append(first_user)
        if in_process:
            app = request.getfixturevalue("runflow_app")
            return _lent(request.node, lambda name, **given: open_tenant_in(app, name=name, **given), settings)
        server = request.getfixturevalue("runflow_server")
        return _lent(request.node, lambda name, **given: open_tenant(server.url, exchanger=server.calls, name=name, **given), settings)

    counted: list[str] = []
    return opened


@pytest.fixture
def runflow_env(runflow: "Runflow", monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """Sets RUNFLOW_API_KEY, RUNFLOW_BASE_URL, RUNFLOW_API_BASE, and NO_PROXY for loopback; the value is the mapping, for subprocesses."""
    from runflow_mock.testing.proxy import direct_env

    env = {**runflow.env, **direct_env(os.environ, runflow.base_url)}
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return env


@pytest.fixture(scope="session")
def runflow_endpoint(runflow_server: "RunflowServer", tmp_path_factory: pytest.TempPathFactory) -> Iterator["ServiceEndpoint"]:
    """A port that speaks TLS under the service's names, for the whole session. Tests take `runflow_hosts`."""
    from runflow_mock.testing.interception import ServiceEndpoint

    endpoint = ServiceEndpoint(runflow_server.url, tmp_path_factory.mktemp("runflow-endpoint"))
    yield endpoint
    endpoint.stop()


@pytest.fixture
def runflow_hosts(runflow: "Runflow", runflow_endpoint: "ServiceEndpoint", monkeypatch: pytest.MonkeyPatch) -> Iterator["Runflow"]:
    """Leads requests of this process for https://api.runflow.io and its siblings to the fake, whatever library sends them."""
    from runflow_mock.testing.interception import SERVICE_HOSTS, intercept
    from runflow_mock.testing.proxy import direct_env

    for name, value in direct_env(os.environ, runflow.base_url, SERVICE_HOSTS).items():
        monkeypatch.setenv(name, value)
    with intercept(runflow_endpoint):
        yield runflow


@pytest.fixture
def runflow_proxy_env(runflow: "Runflow", runflow_server: "RunflowServer", tmp_path: Path) -> Iterator[Mapping[str, str]]:
    """Environment variables for a subprocess whose client has https://api.runflow.io written into it: key, proxy and authority."""
    from runflow_mock.testing.proxy import Proxy

    with Proxy(runflow_server.url, tmp_path) as proxy:
        yield {"RUNFLOW_API_KEY": runflow.api_key, **proxy.env}


@contextmanager
def _lent(node: Any, open_it: "Callable[..., Runflow]", given: Mapping[str, Any] | None = None) -> Iterator["Runflow"]:
    """Opens a tenant and hands it to a test, or to all below a node; at the end it is judged, where the test has passed, and dropped."""
    from runflow_mock.testing.client import ClientError
    from runflow_mock.testing.endings import lend, take_back
    from runflow_mock.testing.markers import MarkerError, check_operations
    from runflow_mock.testing.nodes import is_report_to_come, tenant_name

    settings, strictness = _wishes(node, given)
    try:
        handle = open_it(tenant_name(node.name), **settings)
    except ClientError as error:
        raise pytest.fail.Exception(f"@pytest.mark.runflow: {error}", pytrace=False) from None
    others = node.stash.setdefault(_LENT, [])
    others.append(lent := lend(node, handle, strictness, node.config.stash[_OPTIONS].artifacts, tenants=len(others)))
    is_well = False
    try:
        check_operations(strictness, lambda: handle.report()["judge"]["operations"])
        yield handle
        # Whatever has been raised in a `with` of a test is the report of that test.
        is_well = True
    except MarkerError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    finally:
        node.stash[_LENT].remove(lent)
        if not is_well and not isinstance(node, pytest.Item) and is_report_to_come():
            # What was raised in a `with` is the report of a test, which tells of the tenant.
            handle.stop_deliveries()
            node.stash.setdefault(_LEFT, []).append(lent)
        else:
            take_back(lent, is_judged=is_well and _has_passed(node))


def _lent_to(item: pytest.Item) -> "list[Lent]":
    """Returns the tenants of a test, and the latest first of those open in the session, where it opens some or a fixture of it does."""
    kept = (_LENT, _LEFT) if "runflow_tenants" in getattr(item, "fixturenames", ()) else ()
    opened = reversed([lent for key in kept for lent in item.session.stash.get(key, [])])
    named = (lent._replace(node_id=f"{item.nodeid} tenant {number}") for number, lent in enumerate(opened, 1))
    return [*item.stash.get(_LENT, []), *named]


def _has_passed(node: Any) -> bool:
    """Tells whether the end of a tenant is to be judged: of a test, where it has passed; of what is wider, always."""
    if not isinstance(node, pytest.Item):
        return True
    if _OUTCOMES not in node.stash:
        # Whoever fills fixtures without pytest, as pytest-asyncio-cooperative does, reports afterwards.
        return sys.exception() is None
    was_judged = node.get_closest_marker("xfail") is not None
    return node.stash[_OUTCOMES].get("call") == "passed" and not was_judged and node.nodeid not in _BROKEN


def _wishes(node: Any, given: Mapping[str, Any] | None) -> "Wishes":
    """Returns what the markers of a test ask for, or what was asked for in a call."""
    from runflow_mock.testing.markers import MarkerError, Wishes, asked_of, read_wishes
    from runflow_mock.testing.nodes import seed_of

    try:
        wishes = read_wishes({**(given or {}), **asked_of(node)})
    except MarkerError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    options: _Options = node.config.stash[_OPTIONS]
    seed = options.seed or (seed_of(node, len(node.stash.get(_LENT, []))) if isinstance(node, pytest.Item) else "0")
    settings = {"clock": "auto", "seed": seed, **wishes.settings}
    if "dialect" not in settings and options.profile:
        from runflow_mock.testing.plugin_files import spoken

        settings |= spoken(node.config.rootpath / options.profile, settings.get("switches", {}))
    return Wishes(settings, wishes.strictness)


def _contract(config: pytest.Config) -> "Contract | None":
    """Returns the user's document, if there is one."""
    if source := _option_openapi(config):
        from runflow_mock.testing.plugin_files import contract_at

        return contract_at(source)
    return None


def _option_openapi(config: pytest.Config) -> str:
    """Returns where the user's document is; one that the ini file names is looked for beside it, wherever pytest was started."""
    given = config.getoption("--runflow-openapi")
    source = str(config.getini("runflow_openapi") or "")
    beside = source if not source or source.startswith(("http://", "https://")) else str(config.rootpath / source)
    return str(given or beside or os.environ.get(OPENAPI_VARIABLE) or "")


def _option(config: pytest.Config, name: str) -> str:
    given = config.getoption(f"--runflow-{name}")
    return str(config.getini(f"runflow_{name}") or "") if given is None else str(given)
