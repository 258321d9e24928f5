"""A contender: a server that is measured beside others, how it is started, and which of its requests are a create and a poll."""

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple

import msgspec

from benchmarks.rows import Row

NO_CLOCK = "it has no jobs, and no clock that could move them"


class Request(msgspec.Struct, frozen=True):
    """A request, and the status of the answer that it should get."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""

    @property
    def raw(self) -> bytes:
        """The bytes that are sent."""
        fields = {"Host": "127.0.0.1", "Accept": "*/*", **self.headers}
        if self.body:
            fields["Content-Length"] = str(len(self.body))
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"{self.method} {self.path} HTTP/1.1\r\n{head}\r\n".encode() + self.body


class Start(NamedTuple):
    """Where a server is to listen, and the folder that is its own."""

    port: int
    folder: Path
    is_quick: bool = False
    """Whether a callback is to be due at once."""


class Contender(ABC):
    """A server that takes part."""

    name: ClassVar[str]
    doing: ClassVar[str]
    """What its creates and polls are."""
    configuration: ClassVar[str]
    ready: ClassVar[str]
    """A path that answers 200 once it works."""
    keeps: ClassVar[bool] = True
    """Whether a create leaves something behind."""
    reasons: ClassVar[Mapping[Row, str]] = {}
    """Why a row cannot be measured."""

    @property
    @abstractmethod
    def programs(self) -> Sequence[Path]:
        """What has to be there for it to run."""

    @abstractmethod
    def version(self) -> str:
        """Returns the installed version."""

    @abstractmethod
    def command(self, start: Start) -> Sequence[str]:
        """Returns what starts it."""

    @abstractmethod
    def create(self, number: int, test: int | None = None, callback_url: str | None = None) -> Request:
        """Returns a create, as part of a test or not, that asks for a callback or not."""

    @abstractmethod
    def poll(self, answer: bytes, test: int | None = None) -> Request:
        """Returns a poll of what a create was answered with."""

    def absence(self) -> str | None:
        """Returns why it cannot take part on this machine, or nothing where it can."""
        missing = [program.name for program in self.programs if not program.exists()]
        return f"{', '.join(missing)} is not installed" if missing else None

    def files(self, sample: bytes) -> Mapping[str, bytes]:
        """Returns the files of its folder; the sample is what our fake has answered a poll with."""
        return {}

    def timers(self) -> Request | None:
        """Returns the question how much is left that goes on by itself, where something does."""
        return None

    def before_test(self, test: int) -> Sequence[Request]:
        """Returns what gives a test a clean state."""
        return ()

    def after_test(self, test: int) -> Sequence[Request]:
        """Returns what ends a test."""
        return ()

    def before_callbacks(self, url: str) -> Sequence[Request]:
        """Returns what makes it send callbacks there."""
        return ()


def program(name: str) -> Path:
    """Returns where a program of this machine is, or a path that does not exist."""
    for folder in os.get_exec_path():
        if (found := Path(folder) / name).exists():
            return found
    return Path("/nowhere") / name


def json_request(method: str, path: str, status: int, body: object, headers: Mapping[str, str] | None = None) -> Request:
    """Returns a request with a JSON body."""
    return Request(method, path, status, {"Content-Type": "application/json", **(headers or {})}, msgspec.json.encode(body))
