"""Trials: the command at work in one cell, in a tenant of its own, and everything that was seen of it."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import dropwhile, pairwise, takewhile
from typing import Any

import msgspec

from runflow_mock.domain.callback_policy import origin_of
from runflow_mock.domain.credential_hygiene import SIGNED_PREFIXES
from runflow_mock.domain.known_secrets import KNOWN_MIN
from runflow_mock.domain.places import START_EDGE
from runflow_mock.domain.retry_hygiene import TRANSIENT
from runflow_mock.domain.verdicts import Judgement
from runflow_mock.kit.matrix.cells import OTHERS_SETTLE, OWN_WAITS, SOMEBODY
from runflow_mock.kit.matrix.clients import LAST_SECONDS_MAX, ClientRunner, longest_seconds
from runflow_mock.kit.matrix.ends import is_heard, saw_end, saw_end_first, untold
from runflow_mock.kit.matrix.outputs import Output
from runflow_mock.kit.matrix.situations import Cell
from runflow_mock.runtime.config import environment_for_client
from runflow_mock.testing.client import ClientError, Exchanger
from runflow_mock.testing.control import Control
from runflow_mock.testing.records import Exchange
from runflow_mock.wire.sites import HOSTS

OUTPUT_CHARACTERS_MAX = 4000
# Within these everything ends that was created, and within that, where time passes by itself, everything begins.
SETTLE, BEGIN = "1h", "1s"
# Enough for a thousand pictures: what a client does that has no credit left is another cell.
BALANCE = "100.00"
# So many records of a client's move on together: whoever has ordered hundreds would wait for minutes otherwise.
MOVED_TOGETHER = 10
BEYOND_THE_END = 416
MAKES_SECRETS = ("/v1/callback-secrets", "/v1/webhooks")
TLS_PORT = ":443"
# As much as the journal of a tenant keeps.
JOURNAL_MAX = 2_000
AGAIN_SECONDS_MAX = 120.0
GIVES_UP = "retry-gives-up"
# Pauses that grow faster than that are those of somebody who has stopped trying; as long may pass anyway until whoever tries is stopped.
GROWTH_MAX, STOPPING_MAX = 4, timedelta(seconds=1 + 2 * LAST_SECONDS_MAX)


class MatrixJob(msgspec.Struct, frozen=True, kw_only=True):
    """What is run: the client, where it finds the fake, environment besides the tenant's, and the secret of callbacks.

    Without an `exchanger` the fake is asked over HTTP. `env_of_distrust` is the environment of a client that is not told of the authority
    behind the certificates of the fake; `secure_connections` counts those over TLS of all clients that are told of it, or of all others, as
    the one in a cell is. `seconds_max` is when the client is stopped; `say` hears of one that is still trying then, and gets longer. `now`
    is the clock that the client sees: where time stands it begins there, so that whoever compares what the API says with its own clock
    finds both to agree. `again_seconds_max` is how long may take what is tried again for a rule, in all. `given_secrets` tells which
    secrets the webhooks of a tenant were given, replaced ones among them.
    """

    client: ClientRunner
    url: str
    env: Mapping[str, str]
    callback_secret: str
    env_of_distrust: Mapping[str, str] = {}
    secure_connections: Callable[[Cell], int] = lambda _: 0
    exchanger: Exchanger | None = None
    seconds_max: float = math.inf
    again_seconds_max: float = AGAIN_SECONDS_MAX
    now: Callable[[], float] = time.time
    say: Callable[[str], None] = lambda _: None
    given_secrets: Callable[[str], Iterable[str]] = lambda _: ()


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of the command in one cell.

    Of its `runs` so many were `made_again`: what each of them is to do had been done well before it was created. `lost_files` are the paths
    of files of which the last transfer failed or was cut. `exit_code` is nothing where it had to be stopped, and it `is_trying` where it
    was then still between two tries of what kept failing. It `only_creates` where it has asked for nothing else; `callback_origins` are the
    schemes, hosts and ports that it has named for callbacks. `misled` are the exchanges after a first answer with a fault, `readings` those
    that ask for something and change nothing. `saw_end`
    says that an answer told it of a record that has ended, and `knew_end` that one did before a state that nobody documented; `untold` are
    the runs of which it was not told the end, by answer or callback, `printed` what its output holds and must not. Of its exchanges the
    `secure_exchanges` are those in which it called the service by its name, over TLS. `late_seconds` is by how much somebody else who slept
    meanwhile was woken too late.
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
    made_again: int = 0
    lost_files: tuple[str, ...] = ()
    callback_origins: frozenset[str] = frozenset()
    misled: frozenset[str] = frozenset()
    readings: frozenset[str] = frozenset()
    only_creates: bool = False
    saw_end: bool = True
    knew_end: bool = False
    untold: tuple[str, ...] = ()
    is_trying: bool = False
    printed: tuple[str, ...] = ()
    secure_exchanges: int = 0
    deliveries: tuple[dict[str, Any], ...] = ()
    late_seconds: float = 0.0

    @property
    def asks_for_callback(self) -> bool:
        """Whether it has named an address for callbacks."""
        return bool(self.callback_origins)

    @property
    def told(self) -> str:
        """How it ended, in words."""
        ended = f"exit code {self.exit_code}" if self.exit_code is not None else "did not end and was stopped"
        return f"{ended} after {self.seconds:.1f} s, {self.exchanges} exchanges"

    @property
    def is_secure(self) -> bool:
        """Whether it calls the service by its name, over TLS, be it for a part of what it does."""
        return self.secure_exchanges > 0

    @property
    def has_heard(self) -> bool:
        """Whether a callback has told it of an end."""
        return any(map(is_heard, self.deliveries))


def try_cell(cell: Cell, job: MatrixJob) -> Trial:
    """Runs the command in a cell and returns what was seen; its tenant stays, for whoever wants to look closer.

    Raises:
        ValueError: the command cannot be started.
    """
    start = datetime.fromtimestamp(job.now(), UTC).isoformat(timespec="milliseconds")
    settings = {**cell.settings, "start": start, "balance": BALANCE, "callback_secret": job.callback_secret}
    tenant = Control(job.url, None, job.exchanger).create_tenant(**settings)
    control = Control(job.url, tenant.key, job.exchanger)
    try:
        mover = _Mover(control, cell)
        # What goes wrong goes wrong for the client.
        mover.precede()
        for fault in cell.faults:
            control.add_fault(**fault)
        secure_before = job.secure_connections(cell)
        started = time.monotonic()
        ended = job.client.run(environment(job, cell, tenant.key), mover.move, _Patience(control, cell, job).may_go_on)
        seconds = time.monotonic() - started
        now = control.clock().now
        if cell.clock.stands:
            # A receiver that outlives the command is told what is still to be told.
            control.run_until_idle(SETTLE)
        elif ended.exit_code is not None:
            # Whoever ends at once has come into its situation all the same.
            control.advance(BEGIN)
        report, kept = control.report(), control.journal(limit=JOURNAL_MAX)
        # What was created in the name of somebody else is not the client's.
        journal = [exchange for exchange in kept if not _is_of_somebody(exchange.request.body)]
        runs = [run for run in control.runs() if run["client_ref"] != SOMEBODY]
        total = report["exchanges"]["total"] - len(kept) + len(journal)
        deliveries = tuple(control.client.get("/_mock/deliveries")["items"])
        sent = [exchange.request.body for exchange in journal]
        return Trial(
            cell=cell,
            tenant=tenant.tenant,
            exit_code=ended.exit_code,
            seconds=round(seconds, 2),
            output=ended.output[-OUTPUT_CHARACTERS_MAX:],
            exchanges=total,
            report=report,
            is_met=_is_met(cell, control),
            runs=len(runs),
            made_again=_made_again(runs),
            lost_files=lost_files(journal),
            callback_origins=frozenset(
                origin_of(url) or url for body in sent if isinstance(body, dict) and (url := str(body.get("callback_url") or ""))
            ),
            misled=frozenset(exchange.id for exchange in [*dropwhile(lambda exchange: exchange.fault is None, journal)][1:]),
            readings=frozenset(exchange.id for exchange in journal if exchange.request.method == "GET"),
            only_creates=all(exchange.request.method == "POST" for exchange in journal),
            saw_end=saw_end(journal, runs),
            knew_end=saw_end_first(journal, runs),
            # What has left the journal may have told of any end.
            untold=() if len(journal) < total else untold(journal, deliveries, runs),
            is_trying=ended.exit_code is None and not cell.clock.stands and _is_trying(journal, now),
            printed=_printed(ended.output, (("the API key", tenant.key), *_signing_secrets(control, job, tenant.tenant, journal))),
            # The name alone anybody can write into a request that comes without TLS.
            secure_exchanges=over_tls(journal) if job.secure_connections(cell) > secure_before else 0,
            deliveries=deliveries,
            late_seconds=ended.late_seconds,
        )
    finally:
        control.close()


def environment(job: MatrixJob, cell: Cell, key: str) -> dict[str, str]:
    """Returns the variables that the command is given on top of the usual ones."""
    return {
        **(job.env_of_distrust if cell.distrusts else job.env),
        **({} if cell.zone is None else {"TZ": cell.zone}),
        **environment_for_client(job.url, key),
        "RUNFLOW_CALLBACK_SECRET": job.callback_secret,
        "RUNFLOW_MOCK_CELL": cell.name,
    }


class _Mover:
    """Moves time on where it stands, once the client has created something: a client that only listens would wait for ever."""

    def __init__(self, control: Control, cell: Cell) -> None:
        self._control = control
        self._cell = cell
        self._has_company = False

    def precede(self) -> None:
        """Before the client comes, somebody else has a record of each kind that it may create, which is still to begin."""
        for noun in ("runs", "batches") if self._cell.others > 0 else ():
            self._create_of_somebody(noun)

    def move(self) -> None:
        """Does what is to be done while the client is at work."""
        if not self._cell.clock.stands:
            return
        if self._cell.cancels:
            for batch in self._control.batches():
                self._try(self._control.cancel_batch, batch)
            for run in self._control.runs():
                self._try(self._control.cancel_run, run)
        if runs := [run for run in self._control.runs() if run["client_ref"] != SOMEBODY]:
            if self._cell.others > 0 and not self._has_company:
                self._bring_others(runs)
            for _ in range(1 + len(runs) // MOVED_TOGETHER):
                self._control.next()

    def _bring_others(self, own: Sequence[Mapping[str, Any]]) -> None:
        """Somebody else creates the same as the client does, and it fails while the client's own is still to begin."""
        self._has_company = True
        for run in own:
            where = {"edge": START_EDGE, "run_id": run["id"]}
            self._control.add_fault(where=where, what={"kind": "delay", "by": OWN_WAITS})
        noun = "runs" if own[0]["batch_id"] is None else "batches"
        for _ in range(self._cell.others):
            self._create_of_somebody(noun)
        self._control.advance(OTHERS_SETTLE)

    def _create_of_somebody(self, noun: str) -> None:
        image = {"image_url": "https://cdn.example.com/of-somebody-else.jpg"}
        body = {"input": image, "client_ref": SOMEBODY} if noun == "runs" else {"input": [{**image, "client_ref": SOMEBODY}]}
        self._control.client.post(f"/v1/models/runflow/background-removal/{noun}", body)

    def _try(self, cancel: Any, record: Mapping[str, Any]) -> None:
        if record["status_code"] not in ("queued", "dispatching", "running"):
            return
        try:
            cancel(record["id"], "the matrix has cancelled it")
        except ClientError as error:
            # Anything else than that it has ended in the meantime is a fault of ours.
            if error.status != 409:
                raise


class _Patience:
    """Waits for a client beyond its time while it is still trying: its next try too many, or its end, shows whether it gives up."""

    def __init__(self, control: Control, cell: Cell, job: MatrixJob) -> None:
        self._control, self._cell, self._job = control, cell, job
        self._has_said = False

    def may_go_on(self) -> bool:
        """Whether it is between two tries, and has not tried too often yet."""
        if self._cell.clock.stands or not _is_trying(self._control.journal(), self._control.clock().now):
            return False
        if any(found["rule"] == GIVES_UP and found["verdict"] == Judgement.BROKEN.value for found in self._control.report()["verdicts"]):
            return False
        if not self._has_said:
            self._has_said = True
            seconds, at_most = self._job.seconds_max, longest_seconds(self._job.seconds_max)
            self._job.say(f"{self._cell.name}: still trying after {seconds:g} s; it has up to {at_most:g} s to show whether it gives up")
        return True


def _is_of_somebody(body: Any) -> bool:
    """Whether a request is one that the matrix has made in the name of somebody else."""
    items = body.get("input") if isinstance(body, dict) else None
    parts = (body, *(items if isinstance(items, list) else ()))
    return any(isinstance(part, dict) and part.get("client_ref") == SOMEBODY for part in parts)


def over_tls(journal: Sequence[Exchange]) -> int:
    """Returns how many exchanges came under one of the service's own names, which are reached over TLS alone."""
    return sum((exchange.request.headers.get("host") or "").lower().removesuffix(TLS_PORT) in HOSTS for exchange in journal)


def lost_files(journal: Sequence[Exchange]) -> tuple[str, ...]:
    """Returns the paths of files of which the last transfer failed, or was cut by a rule, and that were not sent anew elsewhere."""
    transfers = [exchange for exchange in journal if (exchange.request.target or "").startswith(SIGNED_PREFIXES)]
    # Whoever has a file whole finds out by asking for what comes after its end.
    last = {_path(exchange): exchange for exchange in transfers if exchange.response.status != BEYOND_THE_END}
    sent_anew = {_sent(exchange) for exchange in last.values() if _is_whole(exchange)} - {None}
    return tuple(path for path, exchange in last.items() if not _is_whole(exchange) and _sent(exchange) not in sent_anew)


def _path(exchange: Exchange) -> str:
    return (exchange.request.target or "").partition("?")[0]


def _is_whole(exchange: Exchange) -> bool:
    return exchange.fault is None and (exchange.response.status or 0) < 400


def _sent(exchange: Exchange) -> tuple[str | None, Any] | None:
    """What an upload has sent: whoever opens another session for the same has lost nothing."""
    return (exchange.request.headers.get("content-length"), exchange.request.body) if exchange.request.method == "PUT" else None


def _signing_secrets(control: Control, job: MatrixJob, tenant: str, journal: Sequence[Exchange]) -> Iterator[tuple[str, str]]:
    """Yields what signs callbacks, or has done so in a trial: secrets that the client has made, deleted and replaced ones among them."""
    yield "the secret of callbacks", job.callback_secret
    if not any(exchange.request.method != "GET" and _path(exchange).startswith(MAKES_SECRETS) for exchange in journal):
        return
    world = control.snapshot()["world"]
    yield from (("a secret of callbacks", secret["material"]) for secret in world["secrets"])
    # Where a webhook was made so long ago that the history does not tell of it any more, it still has its secret.
    yield from (("a secret of webhooks", webhook["secret"]) for webhook in world["webhooks"])
    yield from (("a secret of webhooks", secret) for secret in job.given_secrets(tenant))


def _printed(output: str, secrets: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Returns which secrets an output holds, in whatever form; a text that is too short for a secret may stand anywhere."""
    said = Output(output.encode())
    return tuple(dict.fromkeys(name for name, secret in secrets if len(secret) >= KNOWN_MIN and said.shows(secret.encode())))


def _made_again(runs: Sequence[Mapping[str, Any]]) -> int:
    """Returns how many runs were created although one that does the same had succeeded by then."""
    done = [(run["input"], run["completed_at"]) for run in runs if run["status_code"] == "succeeded"]
    return sum(any(work == run["input"] and at <= run["created_at"] for work, at in done) for run in runs)


def _is_trying(journal: Sequence[Exchange], now: str) -> bool:
    """Whether what failed last was tried before, and the pause since then is one that a client may make that tries for ever."""
    failed = next(filter(_has_failed, reversed(journal)), None)
    if failed is None:
        return False
    # Between two tries of a creation a client may look for what it has created.
    last = list(takewhile(_has_failed, filter(partial(_is_same, failed), reversed(journal))))
    moments = [datetime.fromisoformat(at) for at in (now, *(exchange.at for exchange in last))]
    pauses = [later - earlier for later, earlier in pairwise(moments)]
    return len(pauses) > 1 and pauses[0] <= max(max(pauses[1:]) * GROWTH_MAX, STOPPING_MAX)


def _is_same(exchange: Exchange, other: Exchange) -> bool:
    return (exchange.request.method, _path(exchange)) == (other.request.method, _path(other))


def _has_failed(exchange: Exchange) -> bool:
    return exchange.response.status in TRANSIENT or not 0 < (exchange.response.status or 0) < 500


def _is_met(cell: Cell, control: Control) -> bool:
    """Whether the client came into the situation."""
    if cell.cancels:
        return any(run["status_code"].startswith("cancel") for run in control.runs())
    fired: dict[str, bool] = {}
    for rule in control.faults():
        what = repr(sorted(rule.what.items()))
        fired[what] = fired.get(what, False) or rule.fired > 0
    return any(fired.values()) if cell.is_any_fault else all(fired.values())
