"""An engine as developers and most CI services have it: Docker, or Podman, which takes the same words."""

import json
import subprocess
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from image.boxes import Stopped
from image.commands import IMAGE, ROOT, run
from image.indexes import secrets_of_build

CHUNK = 1024 * 1024


class Container:
    """A container of Docker's."""

    def __init__(self, program: Sequence[str], name: str) -> None:
        self._program = program
        self._name = name

    def run(self, command: Sequence[str]) -> int:
        """Runs another command in it and returns its exit code."""
        return subprocess.run([*self._program, "exec", self._name, *command], check=False, timeout=30).returncode

    def stop(self) -> Stopped:
        """Sends SIGTERM and waits for the end."""
        begun = datetime.now(UTC)
        run(*self._program, "kill", "--signal", "TERM", self._name)
        exit_code = int(run(*self._program, "wait", self._name, seconds_max=30))
        # The engine's own time of the end: `wait` looks only now and then.
        ended = datetime.fromisoformat(json.loads(run(*self._program, "inspect", self._name))[0]["State"]["FinishedAt"])
        return Stopped((ended - begun).total_seconds(), exit_code)


class Docker:
    """Builds and runs with `docker` or what takes the same words."""

    def __init__(self, program: Sequence[str], work: Path, *, build_options: Sequence[str] = (), run_options: Sequence[str] = ()) -> None:
        self._program = program
        self._work = work
        self._build_options = build_options
        self._run_options = run_options

    def build(self) -> None:
        """Builds, without other options on the base that the Dockerfile names."""
        run(*self._program, "build", *self._build_options, *secrets_of_build(self._work), "--tag", IMAGE, ROOT)

    def settings(self) -> Mapping[str, Any]:
        """Returns the image's settings."""
        found: Mapping[str, Any] = json.loads(run(*self._program, "image", "inspect", IMAGE))[0]
        # Podman tells of the health check beside the settings.
        return {"Healthcheck": found.get("Healthcheck"), **found["Config"]}

    def sizes(self) -> Mapping[str, int]:
        """Returns the compressed bytes of all layers together."""
        with subprocess.Popen([*self._program, "save", IMAGE], stdout=subprocess.PIPE) as saving:
            assert saving.stdout is not None
            packer = zlib.compressobj()
            size = sum(len(packer.compress(chunk)) for chunk in iter(partial(saving.stdout.read, CHUNK), b""))
            return {"all layers": size + len(packer.flush())}

    @contextmanager
    def start(self, environment: Mapping[str, str], report: Path) -> Iterator[Container]:
        """Runs the container while the context lasts."""
        variables = [f"--env={name}={value}" for name, value in environment.items()]
        closed = ("--read-only", "--cap-drop=ALL", "--network=host", f"--volume={report}:/report")
        name = run(*self._program, "run", "--detach", *closed, *self._run_options, *variables, IMAGE).strip()
        try:
            yield Container(self._program, name)
        finally:
            run(*self._program, "rm", "--force", "--volumes", name)

    @contextmanager
    def api(self) -> Iterator[str]:
        """Yields where the daemon's API is."""
        yield run(*self._program, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}").strip()

    def compose(self, *arguments: str, env: Mapping[str, str]) -> None:
        """Does with compose.yaml what the arguments say, with these environment variables."""
        run(*self._program, "compose", "--file", ROOT / "compose.yaml", *arguments, env=env)
