"""Every command where the machine gives it less than it wants: no standard streams, a full disk, hardly any descriptors, no folder."""

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import click
import httpx
import pytest
from commands import call, sandbox
from kept import kept_fake
from steps import INPUT, RUNS

from runflow_mock.cli import group
from runflow_mock.packaged import openapi_document
from runflow_mock.testing.receiver import CallbackReceiver

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")]

Names = tuple[str, ...]
ROOM = 16
NOISE = ("Traceback", "Exception ignored", "Warning", "event loop")
CAPTURE = {"id": "019b76da-a800-7000-8003-3fcce408a587", "status_code": "succeeded", "failure_code": None}


def leaves(command: click.Command, path: Names = ()) -> Iterator[tuple[Names, click.Command]]:
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from leaves(found, (*path, name))


LEAVES = dict(leaves(group))
# These hold a server or a client against everything, which takes minutes: `serve` and `report` write what they write by the same doors.
LONG = {("verify",), ("verify-client",), ("verify-receiver",), ("demo",)}
SERVERS = {("serve",), ("listen",)}


class Surroundings(NamedTuple):
    """What a process is begun in: what is done before it, and where its output goes; `is_mute` where nothing can be printed."""

    before: Callable[[], None] = lambda: None
    output: str | None = None
    environment: Mapping[str, str] = {}
    is_mute: bool = False


def _limit(what: int, size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(what, (size, size))


def _full_disk() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))


def _gone_folder() -> None:
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    os.rmdir(folder)


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
NO_HOME = {"HOME": "/nonexistent", "TMPDIR": "/nonexistent", "XDG_STATE_HOME": ""}
SURROUNDINGS = {
    "no streams": Surroundings(lambda: os.closerange(0, 3), is_mute=True),
    "full output": Surroundings(output="/dev/full", is_mute=True),
    "full disk": Surroundings(_full_disk),
    "ten descriptors": Surroundings(_limit(resource.RLIMIT_NOFILE, 10)),
    "nowhere": Surroundings(_gone_folder, environment={**ASCII, **NO_HOME}),
}


async def _keep_one(folder: Path) -> None:
    async with kept_fake(folder) as fake:
        await fake.create_run()


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """What each parameter of each command may be given, by its name; by that of its command where others have the name too."""
    folder = tmp_path_factory.mktemp("given")
    (folder / "openapi.json").write_bytes(openapi_document().body)
    (folder / "run.json").write_text(json.dumps(CAPTURE))
    name = json.loads(call("scenarios", "list", "--json").out)[0]["name"]
    (folder / "scenario.yaml").write_text(call("scenarios", "show", name).out)
    asyncio.run(_keep_one(folder / "kept"))
    with ExitStack() as stack:
        running, receiver = stack.enter_context(sandbox()), stack.enter_context(CallbackReceiver())
        key = running.ready["key"]
        client = stack.enter_context(httpx.Client(base_url=running.url, headers={"Authorization": f"Bearer {key}"}))
        client.post(RUNS, json={"input": INPUT}).raise_for_status()
        (folder / "history.json").write_bytes(client.get("/_mock/history").raise_for_status().content)
        yield {
            "name": name,
            "files": str(folder / "scenario.yaml"),
            "event": "run.completed",
            "url": running.url,
            "trigger url": receiver.url,
            "port": "0",
            "reason": "x",
            "source": str(folder / "openapi.json"),
            "against": str(folder / "openapi.json"),
            "key": key,
            "given": str(folder / "run.json"),
            "tenant": "kept",
            "file": "written.tenant",
            "kept import file": str(folder / "kept" / "kept.sqlite"),
            "replay file": str(folder / "history.json"),
            "keep": str(folder / "kept"),
            "report": "report",
            "markdown_file": "written.md",
            "junit_file": "written.xml",
        }


def arguments_of(path: Names, values: Mapping[str, str]) -> Iterator[str]:
    """Yields how a command is called: with what it must have, where it goes, and every file that it can write."""
    yield from path
    for parameter in LEAVES[path].params:
        name = parameter.name or ""
        value = values.get(" ".join((*path, name)), values.get(name))
        if parameter.required:
            assert value is not None, f"{' '.join(path)} must have {name}: say above what it may be"
        elif name not in ("url", "port", "report", "markdown_file", "junit_file"):
            continue
        if value is not None:
            yield from (parameter.opts[0], value) if isinstance(parameter, click.Option) else (value,)


def run(arguments: Sequence[str], where: Surroundings, folder: Path, *, serves: bool) -> tuple[int, str]:
    """Returns the exit code of a command and what it said; one that serves is ended once it has said that it does."""
    with ExitStack() as stack:
        err = stack.enter_context(tempfile.TemporaryFile())
        out = subprocess.PIPE if where.output is None else stack.enter_context(Path(where.output).open("wb"))
        process = subprocess.Popen(
            [sys.executable, "-m", "runflow_mock", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=folder,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **where.environment},
            preexec_fn=where.before,  # noqa: PLW1509 - no thread of ours runs while it does
        )
        if serves and process.stdout is not None and process.stdout.readline():
            process.terminate()
        process.communicate(timeout=120)
        err.seek(0)
        return process.returncode, err.read().decode(errors="replace")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("where", SURROUNDINGS)
@pytest.mark.parametrize("path", sorted(LEAVES.keys() - LONG), ids=" ".join)
def test_command_says_what_is_wrong_and_leaves_nothing_half_done(
    path: Names, where: str, values: Mapping[str, str], tmp_path: Path
) -> None:
    code, err = run([*arguments_of(path, values)], SURROUNDINGS[where], tmp_path, serves=path in SERVERS)
    assert code in (0, 1, 2, 3), (code, err)
    assert [noise for noise in NOISE if noise in err] == [], err
    assert [file for file in tmp_path.rglob(".*") if file.is_file()] == []
    if SURROUNDINGS[where].is_mute:
        # What nobody can read was not told, whatever it is.
        assert (code != 0, code == 2 or len(err.splitlines()) <= 1) == (True, True), (code, err)
