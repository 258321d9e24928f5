"""The handle of one tenant in a test: its address and key for the client under test, and everything the test itself may ask or change."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from runflow_mock.testing.applications import Raised
from runflow_mock.testing.arguments import check_address
from runflow_mock.testing.client import ClientError, Exchanger, HttpExchanger
from runflow_mock.testing.control import Control
from runflow_mock.testing.dialers import Dialer, SocketDialer
from runflow_mock.testing.forgotten_awaits import Awaited
from runflow_mock.testing.loop_guards import GuardedExchanger
from runflow_mock.testing.outlooks import TenantOutlook
from runflow_mock.testing.receiver import CallbackReceiver
from runflow_mock.testing.records import Ledger, Step, Tenant
from runflow_mock.testing.scenario_files import scenario_body
from runflow_mock.testing.tenant_parts import (
    PulledDelivery,
    Stub,
    TenantClock,
    TenantDeliveries,
    TenantFaults,
    TenantJournal,
    TenantRecords,
)

if TYPE_CHECKING:
    from runflow_mock.testing.httpx_transports import Transport
    from runflow_mock.testing.receivers_in_process import Mount
    from runflow_mock.testing.requests_adapters import Adapter

BASE_URL_VARIABLES = ("RUNFLOW_BASE_URL", "RUNFLOW_API_BASE")
KEY_VARIABLE = "RUNFLOW_API_KEY"

# The parts are found here as well: a handle is what people import.
__all__ = [
    "BASE_URL_VARIABLES",
    "KEY_VARIABLE",
    "App",
    "PulledDelivery",
    "Runflow",
    "Stub",
    "TenantClock",
    "TenantDeliveries",
    "TenantFaults",
    "TenantJournal",
    "TenantRecords",
    "open_tenant",
]


class App(Protocol):
    """The fake without a socket: an ASGI application to which applications under test can be mounted."""

    @property
    def dialer(self) -> Dialer: ...

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...

    def mount(self, prefix: str, app: Any, *, lifespan: bool = True, beside: "Mount | None" = None) -> "Mount": ...

    def unmount(self, mount: "Mount") -> None: ...

    def note_loop(self) -> None: ...

    def needs_loop_of_caller(self) -> bool: ...


class Runflow:
    """One tenant, for one test; `app` is the fake itself where it runs in this process without a socket."""

    def __init__(
        self,
        control: Control,
        tenant: Tenant,
        url: str,
        app: App | None = None,
        *,
        dialer: Dialer | None = None,
        guard: GuardedExchanger | None = None,
    ) -> None:
        self.control = control
        self._app = app
        self._guard = guard
        self._mode = tenant.clock
        self._dialer = dialer
        self._mounts: list[Mount] = []
        self.awaited = Awaited()
        self.tenant = tenant.tenant
        self.base_url = url
        self.api_key = tenant.key
        self.admin_key = tenant.admin_key
        self.keys = tenant.keys
        self.seed = tenant.seed
        self.deliveries = TenantDeliveries(control)
        self.clock = TenantClock(control, self.deliveries)
        self.faults = TenantFaults(control)
        self.runs = TenantRecords(control, "run")
        self.batches = TenantRecords(control, "batch")
        self.journal = TenantJournal(control)

    @property
    def app(self) -> App:
        """The fake as an ASGI application, for Starlette's clients; only `runflow_in_process` has one. For httpx take `transport`."""
        if self._app is None:
            raise TypeError("this tenant lives on a server and has no app; use the fixture runflow_in_process")
        return self._app

    @property
    def is_in_process(self) -> bool:
        """Whether the fake runs in this process without a socket."""
        return self._app is not None

    @property
    def transport(self) -> "Transport":
        """A transport for `httpx.Client` and `httpx.AsyncClient`: every request ends at the fake, and fails as over a network."""
        from runflow_mock.testing.httpx_transports import Transport

        return Transport(self._way(), self.note_loop)

    @property
    def adapter(self) -> "Adapter":
        """The same for requests: `session.mount("https://", runflow.adapter)`."""
        from runflow_mock.testing.requests_adapters import Adapter

        return Adapter(self._way())

    def deliver_to(self, app: Any, prefix: str = "http://localhost", *, lifespan: bool = True) -> "Mount":
        """Delivers callbacks whose URL begins with the prefix straight into an ASGI or WSGI application under test.

        An ASGI application runs on the event loop of the test, where there is one, with its lifespan, unless something else runs that.
        Handed over again with another prefix it does not start again.
        What it raises is a 500 to the fake, as in production, and fails the test at its end with its own traceback.
        """
        beside = next((mount for mount in self._mounts if mount.given is app), None)
        mount = self.app.mount(prefix, app, lifespan=lifespan, beside=beside)
        self._mounts.append(mount)
        return mount

    def receiver(self) -> CallbackReceiver:
        """Returns a callback receiver on loopback, which listens in a `with`; waiting for it moves a clock that stands."""
        receiver = CallbackReceiver()
        receiver.look_at(TenantOutlook(self.control))
        if self._mode == "auto":
            receiver.move_with(lambda: bool(self.clock.next()))
        if self._guard is not None:
            self._guard.threaded.add(receiver.url)
        return receiver

    @property
    def callback_secret(self) -> str:
        """The secret that signs callbacks; one is made where there is none."""
        return self.control.callback_secret()

    @property
    def exceptions(self) -> tuple[Raised, ...]:
        """What applications under test have raised while they handled callbacks: `error`, and `where`."""
        return tuple(raised for exceptions in dict.fromkeys(mount.exceptions for mount in self._mounts) for raised in exceptions.all())

    def note_loop(self) -> None:
        """Takes the event loop of the caller for that of the test."""
        if self._app is not None:
            self._app.note_loop()

    def stop_deliveries(self) -> None:
        """Takes the applications under test away, and lets them shut down; what they raise then counts as well."""
        for mount in self._mounts:
            self.app.unmount(mount)

    @property
    def env(self) -> dict[str, str]:
        """The environment variables by which clients find the fake."""
        return {KEY_VARIABLE: self.api_key, **dict.fromkeys(BASE_URL_VARIABLES, self.base_url)}

    @property
    def headers(self) -> dict[str, str]:
        """The header that a client sends to be this tenant."""
        return {"Authorization": f"Bearer {self.api_key}"}

    @property
    def ledger(self) -> Ledger:
        """Balance, holds, charges, entries and invariants, as they are now."""
        return self.control.ledger()

    @property
    def timeline(self) -> list[Step]:
        """Everything that happened so far."""
        return self.control.timeline()

    def stub(
        self,
        model: str | None = None,
        *,
        input: Mapping[str, Any] | None = None,  # noqa: A002 - the API's own word
        metadata: Mapping[str, Any] | None = None,
        client_ref: str | None = None,
    ) -> Stub:
        """Returns a stub for runs of this kind; say with `returns` what they give."""
        place = {"model": model, "input": input, "metadata": metadata, "client_ref": client_ref}
        return Stub(self.control, {name: value for name, value in place.items() if value is not None})

    def scenario(self, scenario: str | Path | Mapping[str, Any]) -> dict[str, Any]:
        """Replaces the tenant's world by that of a scenario: one of ours by name, a YAML file, or its content."""
        return self.control.load_scenario(scenario_body(scenario))

    def verify(self, **clause: Any) -> dict[str, Any]:
        """Checks the journal, as `verify(operation="create_run", count=1)`.

        Raises:
            AssertionError: it does not hold; the message names the nearest miss.
        """
        try:
            return self.control.verify(**clause)
        except ClientError as error:
            if error.status != 409:
                raise
            raise AssertionError(error.told) from None

    def report(self) -> dict[str, Any]:
        """Returns the verdicts on the client under test so far."""
        return self.control.report()

    def close(self) -> None:
        """Closes the connections and takes applications under test away; the tenant stays."""
        self.stop_deliveries()
        self._mounts = []
        self.control.close()

    def _way(self) -> Dialer:
        if self._app is not None:
            return self._app.dialer
        return self._dialer or SocketDialer(self.base_url)

    def __enter__(self) -> "Runflow":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Runflow tenant {self.tenant} at {self.base_url}>"


def open_tenant(
    url: str, *, control_key: str | None = None, exchanger: Exchanger | None = None, dialer: Dialer | None = None, **settings: Any
) -> Runflow:
    """Makes a tenant on a server and returns its handle; the settings are those of `POST /_mock/tenants`.

    `exchanger` is another way to the server than HTTP, and `dialer` one for the client under test.
    """
    check_address("url", url)
    base = url.rstrip("/")
    way = GuardedExchanger(exchanger or HttpExchanger(base))
    # A test has no use for a tenant that outlives it.
    tenant = Control(base, control_key, way).create_tenant(**{"keep": False, **settings})
    return Runflow(Control(base, tenant.key, way), tenant, base, dialer=dialer, guard=way)
