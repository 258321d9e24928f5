"""Letters: real callbacks, each the message of a small world of its own, for a caller who carries it to the receiver.

Nothing is rendered here: bytes, headers and signatures come from the code that sends the callbacks of a sandbox, distortions included.
Only what the service could send and never does, such as an event of the future, is written over and signed again with the same functions.
"""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import msgspec

from runflow_mock.domain.signing import sign_bare, sign_timestamped
from runflow_mock.domain.tenants import PULL, ClockMode
from runflow_mock.runtime.config import Config
from runflow_mock.testing.control import Control
from runflow_mock.testing.in_process import BASE_URL, InProcess
from runflow_mock.testing.samples import EVENTS, STEPS_MAX

RECEIVER_URL = "https://receiver.example.com/callbacks"
TIMESTAMP, SIGNATURE = "Runflow-Timestamp", "Runflow-Signature"


class SampleCallback(msgspec.Struct, frozen=True):
    """One message: the exact bytes and the headers."""

    headers: dict[str, str]
    body: bytes

    def with_headers(self, **headers: str | None) -> "SampleCallback":
        """Returns the sample with other headers; `_` stands for `-`, and nothing takes one away."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        merged = {**self.headers, **{name: value for name, value in given.items() if value is not None}}
        return SampleCallback({name: value for name, value in merged.items() if name not in given or given[name] is not None}, self.body)


class Sender:
    """Writes samples, signed with a secret in the form of a dialect; each is about something else."""

    def __init__(self, secret: str, dialect: str) -> None:
        self.secret = secret
        self.dialect = dialect
        self._app = InProcess(Config(clock=ClockMode.MANUAL, speed=1.0))

    def __enter__(self) -> "Sender":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._app.stop()

    @property
    def dates_attempts(self) -> bool:
        """Whether samples carry a timestamp."""
        return self.dialect == "seed"

    def write(
        self,
        event: str = "run.completed",
        *,
        distortion: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        secret: str | None = None,
    ) -> SampleCallback:
        """Returns the sample about an event, distorted by a fault of callbacks or signed with another secret if that is asked for."""
        return self._write(event, distortion, metadata, secret or self.secret, attempts=1)[0]

    def write_twice(self) -> tuple[SampleCallback, SampleCallback]:
        """Returns the first two attempts of one delivery: the answer to the first is lost, in the eyes of the sender."""
        first, second = self._write("run.completed", None, None, self.secret, attempts=2)
        return first, second

    def sign(self, sample: SampleCallback, body: bytes) -> SampleCallback:
        """Returns a sample with another body, signed as the service would sign it."""
        if not self.dates_attempts:
            return SampleCallback({**sample.headers, SIGNATURE: sign_bare(body, self.secret)}, body)
        return SampleCallback({**sample.headers, SIGNATURE: sign_timestamped(body, int(sample.headers[TIMESTAMP]), self.secret)}, body)

    def _write(
        self, event: str, distortion: Mapping[str, Any] | None, metadata: Mapping[str, Any] | None, secret: str, attempts: int
    ) -> list[SampleCallback]:
        sample = EVENTS[event]
        tenant = Control(BASE_URL, None, self._app).create_tenant(
            seed=secrets.token_hex(8), start=datetime.now(UTC).isoformat(), dialect=self.dialect, callback_secret=secret, deliveries=PULL
        )
        control = Control(BASE_URL, tenant.key, self._app)
        try:
            if sample.rule is not None:
                control.add_fault(**sample.rule)
            if distortion is not None:
                control.add_fault(what=distortion, where={})
            given = {} if metadata is None else {"metadata": metadata}
            created = control.client.post(sample.path, {**sample.body, **given, "callback_url": RECEIVER_URL})
            if sample.cancels is not None:
                control.client.post(f"/_mock/{sample.cancels}/{created['id']}/cancel")
            return [_carried(control) for _ in range(attempts)]
        finally:
            control.delete_tenant(tenant.tenant)


def _carried(control: Control) -> SampleCallback:
    """Moves time on until an attempt is due, and takes it; to the sender it is as if nobody had answered."""
    for _ in range(STEPS_MAX):
        for pulled in control.pull_deliveries():
            control.answer_delivery(pulled.delivery_id, 504)
            return SampleCallback(pulled.headers, pulled.body)
        control.next()
    raise AssertionError("the world of the sample has come to rest without a delivery")
