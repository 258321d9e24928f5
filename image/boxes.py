"""What can be done with a built image, whoever built it."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

UID = 10001


class Stopped(NamedTuple):
    """How a container ended after SIGTERM."""

    seconds: float
    exit_code: int


class Box(Protocol):
    """A running container: the image's own command as the image's own user, on a root file system that is read-only."""

    def run(self, command: Sequence[str]) -> int:
        """Runs another command in it and returns its exit code."""
        ...

    def stop(self) -> Stopped:
        """Sends SIGTERM and waits for the end."""
        ...


class Engine(Protocol):
    """Builds the image and runs it. Its containers share the network of this machine."""

    def build(self) -> None: ...

    def settings(self) -> Mapping[str, Any]:
        """Returns the image's settings, as the format of Docker spells them: User, Env, Cmd, …"""
        ...

    def sizes(self) -> Mapping[str, int]:
        """Returns the compressed bytes of the image's parts."""
        ...

    def start(self, environment: Mapping[str, str], report: Path) -> AbstractContextManager[Box]:
        """Runs the container, with a folder of this machine at /report, while the context lasts."""
        ...


@runtime_checkable
class Host(Engine, Protocol):
    """An engine that others can use as well: it has an API, and brings up several containers together."""

    def api(self) -> AbstractContextManager[str]:
        """Yields the address of its API, as DOCKER_HOST has it, while the context lasts."""
        ...

    def compose(self, *arguments: str, env: Mapping[str, str]) -> None:
        """Does with compose.yaml what the arguments say, with these environment variables."""
        ...
