"""Podman, which needs no daemon: as this machine has it, or, where no base can be pulled, with settings of our own on a base made here."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from image.bases import BASE, HOST_PATH, make_base
from image.boxes import Box
from image.commands import IMAGE, ROOT, TOOLS, named_base, run, wait_until
from image.docker import Docker
from image.layers import layer_sizes

SHELLS = ("dash",)

# Limits that a container may have without the right to raise any, a runtime that knows both versions of control groups, and a network of
# its own: where a bridge of the usual one is left over from other means, two would have the same addresses.
SETTINGS = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]

[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
compat_api_enforce_docker_hub = false

[network]
network_backend = "netavark"
network_config_dir = "{folder}/networks"
default_subnet = "10.187.0.0/24"
"""
STORAGE = """\
[storage]
driver = "overlay"
graphroot = "{folder}/storage"
runroot = "{folder}/run"

# Nothing stays mounted that would keep the folder from being removed.
[storage.options.overlay]
skip_mount_home = "true"
"""


class Ground(NamedTuple):
    """What an image is built on: a base by name, made here from an archive or pulled."""

    program: Sequence[str]
    base: str
    archive: Path | None = None

    @property
    def build_options(self) -> Sequence[str]:
        """The options of a build on it."""
        return ("--format=docker", "--layers=false", "--network=host", f"--build-arg=BASE={self.base}")

    @property
    def run_options(self) -> Sequence[str]:
        """The options of a container: no shell is found in it where we know what stands in the base."""
        return () if self.archive is None else tuple(f"--volume=/dev/null:/usr/bin/{name}:ro" for name in SHELLS)


def own_ground(work: Path, cache: Path) -> Ground:
    """Returns a ground that needs no registry, and leaves what this machine's Podman holds alone."""
    settings, storage = work / "containers.conf", work / "storage.conf"
    settings.write_text(SETTINGS.format(folder=work))
    storage.write_text(STORAGE.format(folder=work))
    program = ("env", f"CONTAINERS_CONF={settings}", f"CONTAINERS_STORAGE_CONF={storage}", "podman")
    return Ground(program, BASE, make_base(cache))


class Podman:
    """Builds and runs with Podman."""

    def __init__(self, work: Path, ground: Ground) -> None:
        self._work = work
        self._ground = ground
        self._docker = Docker(ground.program, work, build_options=ground.build_options, run_options=ground.run_options)

    def prepare(self) -> None:
        """Puts the base where builds find it, and starts a container of it.

        Raises:
            Failed: this machine cannot run containers.
        """
        if self._ground.archive is not None:
            self._run("import", f"--change=ENV PATH={HOST_PATH}", self._ground.archive, self._ground.base)
            # Nowhere but in the storage of this run: the application of compose.yaml stands on it.
            self._run("tag", self._ground.base, f"docker.io/library/{named_base()}")
        self._run("run", "--rm", "--read-only", "--cap-drop=ALL", self._ground.base, "true")

    def build(self) -> None:
        """Builds on the base."""
        self._docker.build()

    def settings(self) -> Mapping[str, Any]:
        """Returns the image's settings."""
        return self._docker.settings()

    def sizes(self) -> Mapping[str, int]:
        """Returns the compressed bytes of all layers together."""
        folder = self._work / "packed"
        self._run("push", IMAGE, f"oci:{folder}:{IMAGE}")
        return {"all layers": sum(layer_sizes(folder))}

    def start(self, environment: Mapping[str, str], report: Path) -> AbstractContextManager[Box]:
        """Runs the container while the context lasts."""
        return self._docker.start(environment, report)

    @contextmanager
    def api(self) -> Iterator[str]:
        """Serves the API that Docker has while the context lasts."""
        socket = self._work / "docker.sock"
        address = f"unix://{socket}"
        with (self._work / "service.log").open("w") as log:
            command = [*self._ground.program, "system", "service", "--time=0", address]
            process = subprocess.Popen(command, stdout=log, stderr=log)
            try:
                wait_until(socket.exists, f"podman did not serve {address}")
                yield address
            finally:
                process.terminate()
                process.wait()

    def compose(self, *arguments: str, env: Mapping[str, str]) -> None:
        """Does with compose.yaml what the arguments say, with these environment variables."""
        *settings, _ = self._ground.program
        run(*settings, TOOLS / "podman-compose", "--file", ROOT / "compose.yaml", *arguments, env=env)

    def _run(self, *arguments: str | Path) -> str:
        return run(*self._ground.program, *arguments)
