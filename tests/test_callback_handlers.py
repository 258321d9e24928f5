"""The handlers of `examples/callbacks`: each takes every genuine callback in either form once, and nothing else."""

import hashlib
import hmac
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import urllib3
from commands import ROOT

from runflow_mock.domain.dialects import BUNDLES
from runflow_mock.testing.samples import EVENTS, SampleCallback, sample_callback

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # Go compiles its library when it is asked for the first time.

HANDLERS = ROOT / "examples" / "callbacks"
SECRET = "rf_whsec_of_the_handlers"
START_SECONDS_MAX = 240
POOL = urllib3.PoolManager()
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "python": (sys.executable, "handler.py", "{port}"),
    "node": ("node", "handler.mjs", "{port}"),
    "go": ("go", "run", "handler.go", "{port}"),
    "php": ("php", "-S", "127.0.0.1:{port}", "handler.php"),
    "java": ("java", "Handler.java", "{port}"),
}
LANGUAGES = [language for language, command in COMMANDS.items() if shutil.which(command[0])]


@contextmanager
def running(language: str, dialect: str, folder: Path, **settings: str) -> Iterator[str]:
    """Starts a handler as its README says, and gives its address; what it prints is in the file `out`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # PHP remembers in files, where TMPDIR says.
    usual = {"RUNFLOW_CALLBACK_SECRET": SECRET, "RUNFLOW_SIGNATURE": BUNDLES[dialect].signature, "TMPDIR": str(folder)}
    environment = {**os.environ, **usual, **settings}
    command = [word.format(port=port) for word in COMMANDS[language]]
    with (folder / "out").open("w") as out, (folder / "err").open("w") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, cwd=HANDLERS, env=environment, start_new_session=True)
        try:
            url = f"http://127.0.0.1:{port}/"
            await_listener(url, process, folder)
            yield url
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def await_listener(url: str, process: "subprocess.Popen[bytes]", folder: Path) -> None:
    """Waits until somebody answers, or the handler has ended."""
    retries = urllib3.Retry(total=10, backoff_factor=0.05, backoff_max=0.2)
    until = time.monotonic() + START_SECONDS_MAX
    while process.poll() is None and time.monotonic() < until:
        try:
            POOL.request("GET", url, retries=retries)
        except urllib3.exceptions.MaxRetryError:
            continue
        return
    raise AssertionError((folder / "err").read_text())


def post(url: str, sample: SampleCallback) -> int:
    return POOL.request("POST", url, headers=sample.headers, body=sample.body, timeout=30, retries=False).status


def hang_up(url: str) -> None:
    """Ends a connection in the middle of a message, and waits until the other side has ended it too."""
    address = urllib3.util.parse_url(url)
    with socket.create_connection((address.host or "", address.port or 0), timeout=30) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: 100\r\n\r\n{")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1_000):
            pass


@contextmanager
def saying_nothing(url: str) -> Iterator[None]:
    """Keeps a connection open on which a request has begun and does not go on."""
    address = urllib3.util.parse_url(url)
    with socket.create_connection((address.host or "", address.port or 0), timeout=30) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\n")
        yield


def dated(stamp: str) -> SampleCallback:
    """Returns a callback that whoever has the secret signed, with any text for a time."""
    unsigned = of("run.completed", "seed", secret=None)
    digest = hmac.new(SECRET.encode(), f"{stamp}.".encode() + unsigned.body, hashlib.sha256).hexdigest()
    return unsigned.with_headers(Runflow_Timestamp=stamp, Runflow_Signature=f"v1={digest}")


def of(event: str, dialect: str, *, secret: str | None = SECRET, at: datetime | None = None) -> SampleCallback:
    return sample_callback(event, secret=secret, dialect=dialect, at=at)


def wrong(dialect: str) -> Mapping[str, SampleCallback]:
    """Callbacks that must not be taken, by what is wrong with them."""
    genuine = of("run.completed", dialect)
    signature = genuine.headers["Runflow-Signature"]
    other = "docs" if dialect == "seed" else "seed"
    found = {
        "unsigned": of("run.completed", dialect, secret=None),
        "signed by somebody else": of("run.completed", dialect, secret="rf_whsec_of_somebody_else"),
        "signed with nothing": genuine.with_headers(Runflow_Signature=""),
        "cut short": genuine.with_headers(Runflow_Signature=signature[:-1]),
        "changed on the way": SampleCallback(genuine.headers, genuine.body.replace(b"succeeded", b"succeedeD")),
        "in the other form": of("run.completed", other),
    }
    if BUNDLES[dialect].dates_attempts:
        found["old"] = of("run.completed", dialect, at=datetime.now(UTC) - timedelta(hours=1))
        found["early"] = of("run.completed", dialect, at=datetime.now(UTC) + timedelta(hours=1))
        found["without its time"] = genuine.with_headers(Runflow_Timestamp=None)
        found["with a time that is none"] = genuine.with_headers(Runflow_Timestamp="soon")
        found |= {f"signed at {stamp}": dated(stamp) for stamp in ("soon", "", "1e400", "NaN", "9" * 30, "9" * 400, str(-(2**63)))}
    return found


@pytest.mark.parametrize("dialect", BUNDLES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_handler_takes_what_is_genuine_once_and_nothing_else(language: str, dialect: str, tmp_path: Path) -> None:
    genuine = {event: of(event, dialect) for event in EVENTS}
    with running(language, dialect, tmp_path) as url:
        refused = {what: post(url, sample) for what, sample in wrong(dialect).items()}
        taken = {event: post(url, sample) for event, sample in genuine.items()}
        repeated = {event: post(url, sample) for event, sample in genuine.items()}
    assert refused == dict.fromkeys(refused, 401)
    assert taken == repeated == dict.fromkeys(EVENTS, 204)
    printed = (tmp_path / "out").read_text().splitlines()
    assert len(printed) == len(EVENTS)
    assert [event for event, line in zip(EVENTS, printed, strict=True) if event not in line] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_handler_goes_on_after_messages_that_are_none(language: str, tmp_path: Path) -> None:
    genuine = of("run.completed", "seed")
    with running(language, "seed", tmp_path) as url:
        hang_up(url)
        nameless = [post(url, genuine.with_headers(Runflow_Request_Id=name)) for name in (None, "", "-1")]
        taken = post(url, genuine)
    assert (nameless, taken) == ([400] * 3, 204)


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "php"])  # Its own server is for trying things.
def test_handler_takes_a_message_beside_one_that_does_not_end(language: str, tmp_path: Path) -> None:
    with running(language, "seed", tmp_path) as url, saying_nothing(url):
        assert post(url, of("run.completed", "seed")) == 204


@pytest.mark.parametrize("language", LANGUAGES)
def test_handler_takes_an_empty_setting_for_one_that_is_not_there(language: str, tmp_path: Path) -> None:
    """A form that is empty, as compose makes it of one that is not set, is the usual one: in the other nothing says when it was signed."""
    with running(language, "seed", tmp_path, RUNFLOW_SIGNATURE="") as url:
        assert (post(url, of("run.completed", "docs")), post(url, of("run.completed", "seed"))) == (401, 204)


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language == "php"])  # The others have no file for it.
def test_handler_that_cannot_remember_does_not_say_that_it_has_taken_a_message(language: str, tmp_path: Path) -> None:
    """What it answered with 204 would not come again, and nobody has acted on it."""
    with running(language, "seed", tmp_path, TMPDIR=str(tmp_path / "nowhere")) as url:
        assert post(url, of("run.completed", "seed")) == 500
    assert "run.completed" not in (tmp_path / "out").read_text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_handler_without_a_secret_says_so_and_takes_nothing(language: str, tmp_path: Path) -> None:
    """Where the variable is empty, as compose makes it of one that is not set, anybody could sign."""
    unsigned = of("run.completed", "docs", secret=None)
    forged = unsigned.with_headers(Runflow_Signature=hmac.new(b"", unsigned.body, hashlib.sha256).hexdigest())
    try:
        with running(language, "docs", tmp_path, RUNFLOW_CALLBACK_SECRET="") as url:
            status = post(url, forged)
    except AssertionError:
        status = None  # It did not start.
    assert status in {None, 500}
    assert "RUNFLOW_CALLBACK_SECRET" in (tmp_path / "err").read_text()


def test_every_handler_is_tried() -> None:
    # The machine of whoever develops this may have some of the languages only.
    files = {word for command in COMMANDS.values() for word in command if "andler." in word}
    assert files == {file.name for file in HANDLERS.iterdir() if file.suffix != ".md"}
