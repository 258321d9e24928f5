"""The broker of a cluster: what logs stand in, what is told of it without its client's detours, and what it and its client raise."""

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

import msgspec
import nats.errors
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import APIError, Error, NotFoundError
from nats.js.kv import KeyValue
from nats.js.object_store import ObjectStore

from runflow_mock.decoders import json_decoder
from runflow_mock.runtime.keepers import Elsewhere

STREAM = "RUNFLOW_MOCK"
SUBJECTS = "runflow_mock.log."
OBJECTS, KEYS = "runflow_mock_objects", "runflow_mock_keys"
ANSWER_SECONDS_MAX = 2.0
"""How long the broker may take before clients are told to ask again."""
_LATEST = f"$JS.API.STREAM.MSG.GET.{STREAM}"
# The engine's own numbers for an append that expected to stand after another message.
_WRONG_LAST = frozenset({10071, 10164})
_NOT_FOUND = 404


class Broker(NamedTuple):
    """A JetStream that is connected, and what of it is ours."""

    client: Client
    jetstream: JetStreamContext
    objects: ObjectStore
    keys: KeyValue

    async def latest(self, subject: str) -> int:
        """Returns the number of a subject's latest message, or 0.

        Every look at a tenant waits for it. The client's own way to ask makes a message out of the answer, which costs more than the rest.
        """
        asked = b'{"last_by_subj":"%b"}' % subject.encode()
        answer = _read_latest((await self.client.request(_LATEST, asked, timeout=ANSWER_SECONDS_MAX)).data)
        if answer.message is not None:
            return answer.message.seq
        if answer.error is not None and answer.error.code != _NOT_FOUND:
            raise Elsewhere(f"the broker refused: {answer.error.description}")
        return 0

    async def remove(self, names: Iterable[str]) -> None:
        """Removes objects, and the note that the engine would keep of each one that has ever been there."""
        for name in names:
            with suppress(NotFoundError):
                await self.objects.delete(name)
                note = f"$O.{OBJECTS}.M.{urlsafe_b64encode(name.encode()).decode()}"
                await self.jetstream.purge_stream(f"OBJ_{OBJECTS}", subject=note)


@contextmanager
def translated() -> Iterator[None]:
    """Raises what the broker and its client raise as a `KeepError`."""
    try:
        yield
    except APIError as error:
        if error.err_code in _WRONG_LAST:
            raise Elsewhere("the tenant has gone to another worker") from None
        raise Elsewhere(f"the broker refused: {error.description}") from None
    except (Error, nats.errors.Error, OSError, TimeoutError) as error:
        raise Elsewhere(f"the broker cannot be reached: {error or type(error).__name__}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Elsewhere(f"the broker said what cannot be read: {error}") from None


class _Stored(msgspec.Struct):
    """What the engine tells of a message beside the message itself, which nobody looks at here."""

    seq: int


class _Refused(msgspec.Struct):
    """Why the engine tells nothing."""

    code: int
    description: str = ""


class _Latest(msgspec.Struct):
    """The engine's answer to the question for the latest message of a subject."""

    message: _Stored | None = None
    error: _Refused | None = None


_read_latest = json_decoder(_Latest).decode
