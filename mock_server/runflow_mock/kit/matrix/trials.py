"""Trials: the command at work in one cell, in a tenant of its own, and everything that was seen of it."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from runflow_mock.kit.matrix.cells import Cell
from runflow_mock.runtime.config import environment_for_client
from runflow_mock.testing.client import ClientError
from runflow_mock.testing.control import Control
from runflow_mock.testing.diagnosis import TERMINAL

OUTPUT_CHARACTERS_MAX = 4000
MOVE_SECONDS = 0.3
SETTLE = "1h"


class MatrixJob(msgspec.Struct, frozen=True, kw_only=True):
    """What is run: command, environment besides the tenant's, secret of callbacks, and how long it may take."""

    command: tuple[str, ...]
    url: str
    env: Mapping[str, str]
    callback_secret: str
    seconds_max: float


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of the command in one cell.

    `exit_code` is nothing where it had to be stopped; `saw_end` says that an answer told it of a record that has ended.
    """

    cell: Cell
    tenant: str
    exit_code: int | None
    seconds: float
    output: str
    exchanges: int
    report: dict[str, Any]
    is_met: bool
    runs: int
    asks_for_callback: bool = False
    saw_end: bool = True
    deliveries: tuple[dict[str, Any], ...] = ()

    @property
    def told(self) -> str:
        """How it ended, in words."""
        ended = f"exit code {self.exit_code}" if self.exit_code is not None else "did not end and was stopped"
        return f"{ended} after {self.seconds:.1f} s, {self.exchanges} exchanges"


def try_cell(cell: Cell, job: MatrixJob) -> Trial:
    """Runs the command in a cell and returns what was seen; its tenant stays, for whoever wants to look closer.

    Raises:
        ValueError: the command cannot be started.
    """
    tenant = Control(job.url).create_tenant(**cell.settings, balance="100.00", callback_secret=job.callback_secret)
    control = Control(job.url, tenant.key)
    try:
        for fault in cell.faults:
            control.add_fault(**fault)
        started = time.monotonic()
        with _Mover(control, cell):
            exit_code, output = _run(cell, job, tenant.key)
        seconds = time.monotonic() - started
        if cell.clock.stands:
            # A receiver that outlives the command is told what is still to be told.
            control.run_until_idle(SETTLE)
        report, journal = control.report(), control.journal()
        return Trial(
            cell=cell,
            tenant=tenant.tenant,
            exit_code=exit_code,
            seconds=round(seconds, 2),
            output=output[-OUTPUT_CHARACTERS_MAX:],
            exchanges=report["exchanges"]["total"],
            report=report,
            is_met=_is_met(cell, control),
            runs=len(control.runs()),
            asks_for_callback=any(_names_callback(exchange.request.body) for exchange in journal),
            saw_end=any(_tells_of_an_end(exchange.response.body) for exchange in journal),
            deliveries=tuple(control.client.get("/_mock/deliveries")["items"]),
        )
    finally:
        control.close()


def environment(job: MatrixJob, cell: Cell, key: str) -> dict[str, str]:
    """Returns the variables that the command is given on top of the usual ones."""
    return {
        **job.env,
        **environment_for_client(job.url, key),
        "RUNFLOW_CALLBACK_SECRET": job.callback_secret,
        "RUNFLOW_MOCK_CELL": cell.name,
    }


class _Mover:
    """Moves time on where it stands, once the client has created something: a client that only listens would wait for ever."""

    def __init__(self, control: Control, cell: Cell) -> None:
        self._control = control
        self._cell = cell
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._move, name=f"mover of {cell.name}", daemon=True)

    def __enter__(self) -> None:
        if self._cell.clock.stands:
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _move(self) -> None:
        while not self._is_over.wait(MOVE_SECONDS):
            if self._cell.cancels:
                self._cancel()
            if self._control.runs():
                self._control.next()

    def _cancel(self) -> None:
        for batch in self._control.batches():
            self._try(self._control.cancel_batch, batch)
        for run in self._control.runs():
            self._try(self._control.cancel_run, run)

    def _try(self, cancel: Any, record: Mapping[str, Any]) -> None:
        if record["status_code"] not in ("queued", "dispatching", "running"):
            return
        try:
            cancel(record["id"], "the matrix has cancelled it")
        except ClientError as error:
            # Anything else than that it has ended in the meantime is a fault of ours.
            if error.status != 409:
                raise


def _run(cell: Cell, job: MatrixJob, key: str) -> tuple[int | None, str]:
    env = {**os.environ, **environment(job, cell, key)}
    try:
        process = subprocess.Popen(  # noqa: S603 - the command is the user's own
            job.command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )
    except OSError as error:
        raise ValueError(f"{job.command[0]!r} cannot be started: {error.strerror}; write the command after --") from None
    try:
        output, _ = process.communicate(timeout=job.seconds_max)
        return process.returncode, output.decode(errors="replace")
    except subprocess.TimeoutExpired:
        _stop(process)
        output, _ = process.communicate()
        return None, output.decode(errors="replace")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _names_callback(body: Any) -> bool:
    return isinstance(body, dict) and bool(body.get("callback_url"))


def _tells_of_an_end(body: Any) -> bool:
    return isinstance(body, dict) and body.get("status_code") in TERMINAL


def _is_met(cell: Cell, control: Control) -> bool:
    """Whether the client came into the situation."""
    if cell.cancels:
        return any(run["status_code"].startswith("cancel") for run in control.runs())
    fired: Sequence[bool] = [rule.fired > 0 for rule in control.faults()]
    return (any(fired) if cell.is_any_fault else all(fired)) or not fired
