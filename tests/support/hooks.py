"""Hooks: callbacks as they arrive at a real receiver, with signatures judged by code that shares nothing with ours."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from doors import Door
from steps import Body, ok, post_fault, post_run

from runflow_mock.runtime.sender import HttpSender
from runflow_mock.testing.receiver import CallbackReceiver, Received

SECRET = "rf_whsec_0123456789abcdef"


class Hook:
    """A door whose callbacks leave over HTTP, and the receiver that they reach."""

    def __init__(self, door: Door, receiver: CallbackReceiver) -> None:
        self.door = door
        self.receiver = receiver

    @property
    def received(self) -> Sequence[Received]:
        """What has arrived, in the order of arrival."""
        return self.receiver.deliveries

    def rule(self, what: Body | str, where: Body | None = None, when: Body | None = None) -> Body:
        """Puts a rule into force; a kind alone has its usual fields."""
        return post_fault(self.door, where or {}, {"kind": what} if isinstance(what, str) else what, when)

    def run(self, **body: Any) -> Body:
        """Creates a run that tells the receiver about its end."""
        return post_run(self.door, callback_url=self.receiver.url, **body)

    def finish(self, **body: Any) -> Body:
        """Creates a run, lets everything happen, and returns what became of its delivery."""
        return self.delivery(self.run(**body))

    def delivery(self, run: Body) -> Body:
        """Lets everything happen, and returns the delivery of a run as its operator sees it."""
        self.door.settle()
        (found,) = [each for each in ok(self.door.get("/_mock/deliveries"))["items"] if each.get("run_id") == run["id"]]
        return dict(found)

    def fired(self, rule: Body) -> int:
        """How often a rule has fired."""
        return int(ok(self.door.get(f"/_mock/faults/{rule['id']}"))["fired"])


@contextmanager
def hooked(*replies: int, **settings: Any) -> Iterator[Hook]:
    """A door whose callbacks leave over HTTP, with a callback secret, and a receiver that answers as given and then with 200."""
    with CallbackReceiver(*replies) as receiver, Door(sender=HttpSender(), **{"callback_secret": SECRET, **settings}) as door:
        yield Hook(door, receiver)


def is_signed_with(secret: str, callback: Received) -> bool:
    """Tells whether a callback is signed with a secret over its raw bytes, in the form of whichever dialect it is in."""
    content, prefix = callback.body, ""
    if callback.timestamp is not None:
        content, prefix = callback.timestamp.encode() + b"." + content, "v1="
    return callback.signature == prefix + hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


def told(callback: Received) -> Body:
    """What a callback tells."""
    payload: Body = json.loads(callback.body)
    return payload


def age_of(callback: Received) -> float:
    """How many seconds before now a callback says that it was sent."""
    assert callback.timestamp is not None
    return time.time() - int(callback.timestamp)


def statuses(delivery: Body) -> list[int | None]:
    """The status codes that are recorded of a delivery's attempts."""
    return [attempt["status_code"] for attempt in delivery["attempts"]]
