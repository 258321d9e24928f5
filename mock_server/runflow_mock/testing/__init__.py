"""For tests: clients of a server, over HTTP, and every type that a fixture returns; only `server` and `in_process` start a server.

What needs the whole fake is loaded when it is asked for: `InProcess`, `sample_callback`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from runflow_mock.kit.skills.asserting import assert_skill
from runflow_mock.testing.client import ClientError
from runflow_mock.testing.control import Control
from runflow_mock.testing.receiver import CallbackReceiver, Received, Reply
from runflow_mock.testing.records import Attempt, Clock, Delivery, Exchange, Invariant, Ledger, LedgerEntry, Requests, Rule, Step, Violation
from runflow_mock.testing.runflow import Runflow, open_tenant
from runflow_mock.testing.session_servers import RunflowServer

if TYPE_CHECKING:
    from runflow_mock.testing.asynchronous import AsyncReceiver, AsyncRunflow
    from runflow_mock.testing.in_process import InProcess
    from runflow_mock.testing.interception import ServiceEndpoint
    from runflow_mock.testing.samples import SampleCallback, sample_callback

__all__ = [
    "AsyncReceiver",
    "AsyncRunflow",
    "Attempt",
    "CallbackReceiver",
    "ClientError",
    "Clock",
    "Control",
    "Delivery",
    "Exchange",
    "InProcess",
    "Invariant",
    "Ledger",
    "LedgerEntry",
    "Received",
    "Reply",
    "Requests",
    "Rule",
    "Runflow",
    "RunflowServer",
    "SampleCallback",
    "ServiceEndpoint",
    "Step",
    "Violation",
    "assert_skill",
    "open_tenant",
    "sample_callback",
]

_LOADED_WHEN_ASKED_FOR = {
    "AsyncReceiver": "asynchronous",
    "AsyncRunflow": "asynchronous",
    "InProcess": "in_process",
    "SampleCallback": "samples",
    "ServiceEndpoint": "interception",
    "sample_callback": "samples",
}


def __getattr__(name: str) -> Any:
    """Loads what is asked for: a test whose server runs elsewhere loads no part of the fake."""
    if name not in _LOADED_WHEN_ASKED_FOR:
        raise AttributeError(f"module 'runflow_mock.testing' has no attribute {name!r}")
    return getattr(import_module(f"runflow_mock.testing.{_LOADED_WHEN_ASKED_FOR[name]}"), name)
