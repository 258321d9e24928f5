"""For tests: clients of a server, over HTTP, and every type that a fixture returns; only `server` and `in_process` start a server.

What needs the whole fake, or a library that not everybody has, is loaded when it is asked for: `InProcess`, `Transport`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from runflow_mock.kit.skills.asserting import assert_skill
from runflow_mock.testing.client import ClientError
from runflow_mock.testing.control import Control
from runflow_mock.testing.receiver import CallbackReceiver, Received, Reply
from runflow_mock.testing.records import (
    Attempt,
    Clock,
    Delivery,
    End,
    Evidence,
    Exchange,
    Invariant,
    Ledger,
    LedgerEntry,
    Message,
    Pulled,
    Requests,
    Rule,
    Step,
    Tenant,
    Violation,
)
from runflow_mock.testing.runflow import App, PulledDelivery, Runflow, Stub, open_tenant
from runflow_mock.testing.session_servers import RunflowServer

if TYPE_CHECKING:
    from runflow_mock.testing.applications import Raised
    from runflow_mock.testing.asynchronous import AsyncReceiver, AsyncRunflow
    from runflow_mock.testing.httpx_transports import Transport
    from runflow_mock.testing.in_process import InProcess
    from runflow_mock.testing.interception import ServiceEndpoint
    from runflow_mock.testing.receivers_in_process import Mount
    from runflow_mock.testing.requests_adapters import Adapter
    from runflow_mock.testing.samples import SampleCallback, sample_callback

__all__ = [
    "Adapter",
    "App",
    "AsyncReceiver",
    "AsyncRunflow",
    "Attempt",
    "CallbackReceiver",
    "ClientError",
    "Clock",
    "Control",
    "Delivery",
    "End",
    "Evidence",
    "Exchange",
    "InProcess",
    "Invariant",
    "Ledger",
    "LedgerEntry",
    "Message",
    "Mount",
    "Pulled",
    "PulledDelivery",
    "Raised",
    "Received",
    "Reply",
    "Requests",
    "Rule",
    "Runflow",
    "RunflowServer",
    "SampleCallback",
    "ServiceEndpoint",
    "Step",
    "Stub",
    "Tenant",
    "Transport",
    "Violation",
    "assert_skill",
    "open_tenant",
    "sample_callback",
]

_LOADED_WHEN_ASKED_FOR = {
    "Adapter": "requests_adapters",
    "AsyncReceiver": "asynchronous",
    "AsyncRunflow": "asynchronous",
    "InProcess": "in_process",
    "Mount": "receivers_in_process",
    "Raised": "applications",
    "SampleCallback": "samples",
    "ServiceEndpoint": "interception",
    "Transport": "httpx_transports",
    "sample_callback": "samples",
}


def __getattr__(name: str) -> Any:
    """Loads what is asked for: a test whose server runs elsewhere loads no part of the fake."""
    if name not in _LOADED_WHEN_ASKED_FOR:
        raise AttributeError(f"module 'runflow_mock.testing' has no attribute {name!r}")
    return getattr(import_module(f"runflow_mock.testing.{_LOADED_WHEN_ASKED_FOR[name]}"), name)
