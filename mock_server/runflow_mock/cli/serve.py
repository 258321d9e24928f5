"""`runflow-mock serve`: the sandbox."""

import errno
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click
import msgspec
from msgspec.structs import replace

from runflow_mock.cli.dialects import dialect_options, read_speech
from runflow_mock.cli.options import COUNT_MAX, Figure, WholeNumber, document_option, json_option, option, state_option, tell
from runflow_mock.cli.stopping import is_ignored
from runflow_mock.domain.hosts import objection_to_address
from runflow_mock.domain.instants import EARLIEST, LATEST, is_reachable
from runflow_mock.domain.money import parse_money
from runflow_mock.domain.principals import ADMIN_KEY_PREFIX, KEY_PREFIX, SANDBOX
from runflow_mock.domain.records import Limits
from runflow_mock.runtime.bounds import MEBIBYTE, BoundsMax
from runflow_mock.runtime.config import (
    BROKER_SCHEMES,
    DEFAULT_PORT,
    DEFAULT_TLS_PORT,
    Config,
    ConfigError,
    is_broker,
    read_admin_token,
    read_caps,
    read_clock,
    read_keys,
    read_names,
    read_public_url,
    read_rewrites,
)
from runflow_mock.runtime.descriptors import allow_descriptors, bounds_within
from runflow_mock.runtime.observers import Log
from runflow_mock.runtime.runtime import Runtime
from runflow_mock.web.app import create_app
from runflow_mock.web.server import SecureSocket, Server, bind, open_secure, url_of
from runflow_mock.wire.quotas import parse_quota
from runflow_mock.wire.tenants import LIFETIME_MIN
from runflow_mock.wire.times import read_duration, read_instant, write_instant

if TYPE_CHECKING:
    from runflow_mock.openapi.contracts import Contract

# Full collections are made rare, because what the worlds keep is not the collector's business; a young one stays a pause of 1 ms.
GC_THRESHOLDS = (5_000, 20, 100)
# Options that are a setting as they stand; the others are read first, or have another name there.
AS_GIVEN = (
    *("host", "port", "state", "seed", "speed", "client_time", "strict", "comfyui_beta", "magic", "callback_secret", "callback_ca", "cors"),
    *("inspector", "catalog", "scenario", "scenario_inline", "watch", "unknown_models", "unknown_keys", "skill", "tenants_max"),
    *("after_restart", "log_level", "log_format"),
)
COUNT = WholeNumber(1, COUNT_MAX)
BYTES = WholeNumber(MEBIBYTE, 1 << 50)

ValueT = TypeVar("ValueT")
STORY = """\
Try it:
  export RUNFLOW_API_KEY={key}
  curl -sX POST {url}/v1/models/runflow/background-removal/runs -H "Authorization: Bearer $RUNFLOW_API_KEY" \
-H "Content-Type: application/json" -d '{{"input": {{"image_url": "https://cdn.example.com/shoe.jpg"}}}}'
  curl -s "{url}/v1/runs?limit=1&fields=id,status_code,output,cost" -H "Authorization: Bearer $RUNFLOW_API_KEY"
"""


class Ready(NamedTuple):
    """Where the sandbox can be reached."""

    url: str
    secure: SecureSocket | None

    @property
    def inspector(self) -> str:
        """The page for people."""
        return f"{self.url}/_mock/"

    def tls(self) -> dict[str, str]:
        """Returns address and authority of https, or nothing where there is none."""
        return {} if self.secure is None else {"tls_url": url_of(self.secure.bound, "https"), "ca_file": str(self.secure.ca_file)}


@click.command()
@option("--host", default="127.0.0.1", help="Address to listen on.")
@option("--port", default=DEFAULT_PORT, type=WholeNumber(0, 65535), help="Port to listen on; 0 picks a free one.")
@option("--tls", is_flag=True, help="Listen for https too, with a certificate of the local CA: see `runflow-mock ca`.")
@option("--tls-port", default=None, type=WholeNumber(0, 65535), help=f"Port of https; implies --tls.  [default: {DEFAULT_TLS_PORT}]")
@option("--tls-names", default="", help="Further names on the certificate, separated by commas, such as a container's.")
@state_option()
@option("--seed", default="0", help="Seed of every tenant: the same seed and requests give the same ids, times and bodies.")
@option("--clock", default="real", help="How time passes: real, manual, auto, or scaled:FACTOR.")
@option("--speed", default=10.0, type=Figure(0.001, 1_000_000), help="Divides the catalog's running times.")
@option("--start", default=None, help="Instant at which tenants begin, such as 2026-01-01T00:00:00Z.")
@option("--balance", default="10.00", help="Credits of a new tenant, in USD.")
@dialect_options
@option("--client-time", default="wall", type=click.Choice(["wall", "virtual"]), help="Clock of what clients compare with their own.")
@option(
    "--strict",
    is_flag=True,
    help="Nothing without evidence: no plain-http callbacks, no routes, models or forms of output that are only inferred.",
)
@option("--comfyui-beta/--no-comfyui-beta", default=True, help="Let organizations deploy and run ComfyUI workflows.")
@option("--magic/--no-magic", default=True, help="Let documented inputs choose an outcome, such as client_ref mock:fail.")
@option("--output-lifetime", default="24h", help="How long the addresses of output files work, of the tenant's time.")
@option("--keys", default="", help="Further keys, as tenant:key,tenant:key.")
@option("--callback-secret", default=None, help="Callback secret that every new tenant has from the start.")
@option("--callback-hosts", default="", help="Hosts besides loopback that callbacks may reach, separated by commas.")
@option("--callback-rewrite", default="", help="Origins to send callbacks elsewhere, as https://app.example=http://web:8000.")
@option("--callback-ca", default=None, type=click.Path(exists=True, dir_okay=False, path_type=Path), help="CA of https receivers, PEM.")
@option("--callback-timeout", default=10.0, type=Figure(0.01, 600), help="Seconds that a receiver may take.")
@option("--admin-token", default=None, help="Token of server-wide control verbs where the server is not on loopback.")
@option("--public-url", default=None, help="Base of the URLs in answers, in place of the address of the request.")
@option("--allowed-hosts", default="", help="Names besides loopback under which the control API may be addressed.")
@option("--cors", is_flag=True, help="Send CORS headers under /v1, for browser sandboxes; the API itself sends none.")
@option("--inspector/--no-inspector", default=True, help="Answer browsers at /_mock/ with the inspector.")
@option("--open", is_flag=True, help="Open the inspector in a browser when ready.")
@option("--catalog", multiple=True, type=click.Path(path_type=Path), help="File or folder with further models; repeatable.")
@option("--scenario", default=None, help="Scenario of every new tenant: one that ships (see `runflow-mock scenarios`), or a file.")
@option("--scenario-inline", default=None, help="Scenario of every new tenant as YAML or JSON text, where there is no file yet.")
@option("--watch", is_flag=True, help="Read the scenario's file anew when it changes, and begin the tenants made from it anew.")
@option("--unknown-models", default="refuse", type=click.Choice(["refuse", "accept"]), help="What to do with ids outside the catalog.")
@option(
    "--unknown-keys",
    default="accept",
    type=click.Choice(["accept", "refuse"]),
    help="What to do with keys that no tenant has: make it, or answer 401.",
)
@option("--skill", default=None, type=click.Path(path_type=Path), help="SKILL.md to serve to agents, byte for byte, in place of our own.")
@document_option("Document that judges the journal in place of the packaged one.")
@option("--body-max", default=72 * 1024 * 1024, type=WholeNumber(1024, COUNT_MAX), help="Bytes that a JSON body may have.")
@option("--batch-limit", default=100, type=WholeNumber(1, 10_000), help="Items that a batch may have.")
@option("--concurrency", default="", help="Runs of a model that may be under way at once, as MODEL=N,*=N; the rest stays queued.")
@option("--quota", default=None, help="Requests that a key may send in a window, as 5/1m; 5/1m:date sets the form of Retry-After.")
@option("--tenants-max", default=10_000, type=COUNT, help="Tenants that the server may hold.")
@option("--runs-max", default=Limits().runs_max, type=COUNT, help="Runs that a tenant may hold.")
@option("--journal-max", default=Limits().journal_max, type=COUNT, help="Exchanges that a tenant's journal keeps.")
@option("--history-max", default=Limits().history_max, type=COUNT, help="Commits that a tenant's history keeps.")
@option("--connections-max", default=BoundsMax().connections_max, type=COUNT, help="Connections of clients at once.")
@option("--body-bytes-max", default=BoundsMax().body_bytes_max, type=BYTES, help="Bytes of large bodies that are read at once.")
@option("--journal-bytes-max", default=BoundsMax().journal_bytes_max, type=BYTES, help="Bytes of all journals together.")
@option("--streams-max", default=BoundsMax().streams_max, type=COUNT, help="Streams of events at once.")
@option("--answer-bytes-max", default=BoundsMax().answer_bytes_max, type=BYTES, help="Bytes of answers that clients have not taken.")
@option("--long-answers-max", default=BoundsMax().long_answers_max, type=COUNT, help="Long answers of the control API in the making.")
@option("--callback-sockets-max", default=BoundsMax().callback_sockets_max, type=COUNT, help="Callbacks that may be sent at the same time.")
@option("--file-bytes-max", default=BoundsMax().file_bytes_max, type=BYTES, help="Bytes of assets, and of files of rules, of all tenants.")
@option("--record-bytes-max", default=BoundsMax().record_bytes_max, type=BYTES, help="Bytes of requests that all tenants may hold.")
@option("--timers-max", default=BoundsMax().timers_max, type=COUNT, help="Scheduled changes that all tenants may hold.")
@option("--keep", default=None, metavar="DIRECTORY|URL", help="Folder or nats://HOST:PORT in which tenants outlive the process.")
@option("--sync", default="normal", type=click.Choice(["normal", "full"]), help="With --keep DIRECTORY: full survives a loss of power too.")
@option(
    "--after-restart",
    default="catch-up",
    type=click.Choice(["catch-up", "stand"]),
    help="With --keep: whether clocks have gone on meanwhile, or stood.",
)
@option("--report", default=None, type=click.Path(file_okay=False, path_type=Path), help="Folder that gets the evidence at the end.")
@option("--log-level", default="info", type=click.Choice(["info", "warning"]), help="info tells every exchange and step.")
@option("--log-format", default="text", type=click.Choice(["text", "json"]), help="Form of the log on stderr.")
@json_option("Print one JSON line with url, key, admin_key and pid when ready; with https, tls_url and ca_file too.")
def command(*, as_json: bool, report: Path | None, **options: Any) -> None:
    """Start the sandbox.

    It serves the fake API until it is stopped, over http and, with --tls, over https as well. Every option can also be set by its
    environment variable. With --report a folder for each tenant is written when it stops: timeline, journal (also as HAR), deliveries,
    ledger, report (also as JUnit), scenario and history. Exit codes: 0 stopped, 2 wrong usage or a port that is taken.
    """
    config = read_config(options)
    allowed = allow_descriptors(config.bounds)
    bounds = config.bounds if allowed is None else bounds_within(config.bounds, allowed)
    if options["open"] and not config.inspector:
        raise ConfigError("open: there is no inspector to open; leave --no-inspector away")
    log = Log(as_json=config.log_format == "json", level=config.log_level)
    if bounds != config.bounds:
        log.problem(f"{allowed} descriptors are allowed (ulimit -n), so that connections_max is {bounds.connections_max}")
    config = replace(config, bounds=bounds)
    on_stop = None if report is None else _leave_evidence(report)
    app = create_app(config, contract=_contract(options["openapi"]), observer=log, on_stop=on_stop)
    with bind(config.host, config.port) as bound, open_secure(config, datetime.now(UTC)) as secure:
        ready = Ready(config.public_url or url_of(bound), secure)
        unsaid: list[ConfigError] = []

        def announce() -> None:
            try:
                _tell_ready(config, ready, as_json=as_json, opens=options["open"])
            except ConfigError as error:
                unsaid.append(error)
                server.should_exit = True

        server = Server(app, announce, secure, app.state.runtime.bounds, app.state.runtime.stop)
        _stop_by_signals(server)
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        gc.enable()
        try:
            server.run(sockets=[bound])
        except SystemExit:
            # uvicorn exits when the application could not start; where an option is to blame, that is told below.
            if not app.state.refused:
                raise
        finally:
            log.close()
    unsaid += app.state.refused
    if unsaid:
        raise unsaid[0]
    if app.state.runtime.unwritten:
        sys.exit(1)


def _stop_by_signals(server: Server) -> None:
    # uvicorn hands the signal on once it has stopped; being asked to stop is no failure.
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    signal.signal(signal.SIGINT, lambda number, frame: None)
    if sys.platform != "win32" and not is_ignored(signal.SIGHUP):
        # Who closes the terminal wants the evidence too.
        signal.signal(signal.SIGHUP, lambda number, frame: server.handle_exit(signal.SIGTERM, frame))


def _leave_evidence(folder: Path) -> Callable[[Runtime], Awaitable[None]]:
    """Returns what writes the evidence when the server stops; without it nobody needs what it is written with."""
    from runflow_mock.cli.evidence import check_folder, write_evidence

    check_folder(folder)
    return partial(write_evidence, folder=folder)


def read_config(options: dict[str, Any]) -> Config:
    """Returns the configuration that the options describe.

    Raises:
        ConfigError: an option cannot be used.
    """
    clock, scale = read_clock(options["clock"])
    speech = read_speech(options)
    return Config(
        **{name: options[name] for name in AS_GIVEN},
        tls_port=DEFAULT_TLS_PORT if options["tls_port"] is None and options["tls"] else options["tls_port"],
        tls_names=_named("tls-names", read_names, options["tls_names"]),
        clock=clock,
        scale=scale,
        start=None if options["start"] is None else _named("start", _start, options["start"]),
        balance=_named("balance", parse_money, options["balance"]),
        dialect=speech.dialect,
        switches=speech.switches,
        output_lifetime=_named("output-lifetime", _lifetime, options["output_lifetime"]),
        keys=read_keys(options["keys"]),
        callback_hosts=_named("callback-hosts", read_names, options["callback_hosts"]),
        callback_rewrites=read_rewrites(options["callback_rewrite"]),
        callback_timeout_seconds=options["callback_timeout"],
        admin_token=read_admin_token(options["admin_token"]),
        public_url=read_public_url(options["public_url"]),
        allowed_hosts=_named("allowed-hosts", read_names, options["allowed_hosts"]),
        body_bytes_max=options["body_max"],
        batch_items_max=options["batch_limit"],
        concurrency=read_caps(options["concurrency"]),
        quota=None if options["quota"] is None else _named("quota", parse_quota, options["quota"]),
        **_keeping(options["keep"], options["sync"]),
        limits=Limits(runs_max=options["runs_max"], journal_max=options["journal_max"], history_max=options["history_max"]),
        bounds=BoundsMax(**{name: options[name] for name in BoundsMax.__struct_fields__}),
    )


def _keeping(keep: str | None, sync: str) -> dict[str, Any]:
    if keep is None or not is_broker(keep):
        if "://" in (keep or ""):
            raise ConfigError(f"keep: {keep!r} is neither a folder nor the address of a broker, such as nats://HOST:4222")
        return {"keep": None if keep is None else Path(keep), "keep_synced": sync == "full"}
    if sync == "full":
        raise ConfigError("sync: when a message is on the disk is the broker's own setting, sync_interval; leave --sync out")
    objection = objection_to_address(keep, BROKER_SCHEMES)
    if objection is not None:
        # What stands before the host may be a password.
        raise ConfigError(f"keep: {keep.rpartition('@')[2]!r} is not the address of a broker such as nats://HOST:4222: it {objection}")
    return {"keep_url": keep}


def _tell_ready(config: Config, ready: Ready, *, as_json: bool, opens: bool) -> None:
    url, key, admin_key = ready.url, KEY_PREFIX + SANDBOX, ADMIN_KEY_PREFIX + SANDBOX
    if as_json:
        line: dict[str, object] = {"url": url, "key": key, "admin_key": admin_key, "pid": os.getpid(), **ready.tls()}
        if config.inspector:
            line["inspector"] = ready.inspector
        said = [msgspec.json.encode(line).decode() + "\n"]
    else:
        clock = config.clock.value if config.scale == 1 else f"{config.clock.value} x{config.scale:g}"
        said = [f"runflow-mock is ready at {url} with key {key} (clock {clock}, speed {config.speed:g}, seed {config.seed})\n"]
        if tls := ready.tls():
            said.append(f"and at {tls['tls_url']}, for clients that trust {tls['ca_file']} (see `runflow-mock ca`)\n")
        if config.inspector:
            said.append(f"See what happens at {ready.inspector}\n")
        said.append(STORY.format(url=url, key=key))
    try:
        sys.stdout.write("".join(said))
        sys.stdout.flush()
    except OSError as error:
        told = "it is closed; send it to a file, or to /dev/null" if error.errno == errno.EBADF else error.strerror
        raise ConfigError(f"the standard output cannot be written, where serve says that it is ready: {told}") from None
    if opens:
        import webbrowser

        # A browser in a terminal keeps whoever opens it waiting.
        Thread(target=webbrowser.open, args=(ready.inspector,), name="browser", daemon=True).start()


def _contract(source: str | None) -> "Contract | None":
    """Returns the document that judges in place of the packaged one; what reads it is only loaded when there is one."""
    if source is None:
        return None
    from runflow_mock.runtime.foreign_documents import load_contract

    return load_contract(source, tell)


def _named(option: str, read: Callable[[str], ValueT], text: str) -> ValueT:
    """Returns what a text says, or names the option whose text it is in the objection."""
    try:
        return read(text)
    except ValueError as error:
        raise ConfigError(f"{option}: {error}") from None


def _start(text: str) -> datetime:
    start = read_instant(text)
    if not is_reachable(start):
        raise ValueError(f"{text!r} must be from {write_instant(EARLIEST)} to {write_instant(LATEST)}")
    return start


def _lifetime(text: str) -> timedelta:
    lifetime = read_duration(text)
    if lifetime < LIFETIME_MIN:
        raise ValueError(f"{text!r} is below {LIFETIME_MIN.total_seconds():g} s")
    return lifetime
