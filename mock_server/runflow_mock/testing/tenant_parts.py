"""The parts of a tenant's handle: its clock, rules, deliveries, records, journal and stubs, each as what a test does with it."""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from runflow_mock.domain.mime import EXTENSION_OF
from runflow_mock.testing.control import Control, Duration, Money
from runflow_mock.testing.records import Delivery, Exchange, Pulled, Rule, Step
from runflow_mock.user_files import read_file


class TenantClock:
    """The tenant's clock. Every move returns the steps that happened, once all of them have, receivers' answers included."""

    def __init__(self, control: Control, pulling: "TenantDeliveries") -> None:
        self._control = control
        self._pulling = pulling

    @property
    def now(self) -> str:
        """The present, as RFC 3339 text."""
        return self._control.clock().now

    def advance(self, by: Duration) -> list[Step]:
        """Moves on by a duration such as `"10m"`, `"PT10M"` or a number of seconds."""
        self._pulling.settle()
        return self._control.advance(by)

    def advance_to(self, to: str) -> list[Step]:
        """Moves on to an instant."""
        self._pulling.settle()
        return self._control.advance_to(to)

    def next(self) -> list[Step]:
        """Moves to the next instant at which something is due."""
        self._pulling.settle()
        return self._control.next()

    def run_until_idle(self, limit: Duration | None = None) -> list[Step]:
        """Moves from timer to timer until none is left."""
        self._pulling.settle()
        return self._control.run_until_idle(limit)

    def freeze(self) -> None:
        """Lets the clock stand."""
        self._control.freeze()

    def resume(self) -> None:
        """Lets the clock pass again."""
        self._control.resume()


class TenantFaults:
    """The fault rules of the tenant, in the order in which they are asked."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._control.faults())

    def __len__(self) -> int:
        return len(self._control.faults())

    def add(
        self,
        *,
        what: str | Mapping[str, Any],
        where: str | Mapping[str, Any] | None = None,
        when: Mapping[str, Any] | None = None,
        label: str | None = None,
    ) -> Rule:
        """Puts a rule into force: `what` may be the name of a kind, `where` that of an edge, and both the full form of the control API."""
        kind = {"kind": what} if isinstance(what, str) else what
        place = {"edge": where} if isinstance(where, str) else where
        return self._control.add_fault(what=kind, where=place, when=when, label=label)

    def remove(self, rule: Rule | str) -> None:
        """Takes a rule out of force."""
        self._control.remove_fault(rule.id if isinstance(rule, Rule) else rule)

    def clear(self) -> None:
        """Takes all rules out of force."""
        self._control.clear_faults()


class PulledDelivery:
    """One attempt that the test carries to its receiver; unless told otherwise it counts as answered with 200 once time goes on."""

    def __init__(self, control: Control, pulled: Pulled) -> None:
        self._control = control
        self._is_answered = False
        self.id = pulled.delivery_id
        self.number = pulled.number
        self.url = pulled.url
        self.headers = pulled.headers
        self.body = pulled.body

    def answer(self, status: int) -> None:
        """Says how the receiver answered; anything but 2xx leads to the next attempt."""
        if self._is_answered:
            raise ValueError(f"attempt {self.number} of delivery {self.id} was answered already")
        self._control.answer_delivery(self.id, status)
        self._is_answered = True

    def settle(self) -> None:
        """Counts as answered with 200, unless it was answered."""
        if not self._is_answered:
            self.answer(200)


class TenantDeliveries:
    """The deliveries of the tenant, oldest first."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._pulled: list[PulledDelivery] = []

    def __iter__(self) -> Iterator[Delivery]:
        return iter(self._control.deliveries())

    def __len__(self) -> int:
        return len(self._control.deliveries())

    def __getitem__(self, index: int) -> Delivery:
        return self._control.deliveries()[index]

    def pull(self) -> Sequence[PulledDelivery]:
        """Returns the attempts that are due, for the test to carry to the receiver itself; earlier ones are settled first."""
        self.settle()
        self._pulled = [PulledDelivery(self._control, pulled) for pulled in self._control.pull_deliveries()]
        return tuple(self._pulled)

    def settle(self) -> None:
        """Counts every attempt that was pulled and not answered as answered with 200."""
        for delivery in self._pulled:
            delivery.settle()
        self._pulled = []


class TenantRecords:
    """The runs or the batches of the tenant, oldest first, as the API shows them; reading them is no request of the client."""

    def __init__(self, control: Control, noun: str) -> None:
        self._list = control.runs if noun == "run" else control.batches
        self._cancel = control.cancel_run if noun == "run" else control.cancel_batch

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._list())

    def __len__(self) -> int:
        return len(self._list())

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self._list()[index]

    def cancel(self, record_id: str, reason: str | None = None) -> dict[str, Any]:
        """Stops it, as the service would, and returns it."""
        return self._cancel(record_id, reason)


class TenantJournal:
    """What the client under test asked and was answered, oldest first."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self._control.journal(limit=2_000))

    def __len__(self) -> int:
        return len(self._control.journal(limit=2_000))

    def __getitem__(self, index: int) -> Exchange:
        return self._control.journal(limit=2_000)[index]

    def find(self, **filters: Any) -> list[Exchange]:
        """Returns the exchanges that fit the filters of `GET /_mock/journal`."""
        return self._control.journal(**filters)


class Stub:
    """An input that waits to be given its output."""

    def __init__(self, control: Control, place: Mapping[str, Any]) -> None:
        self._control = control
        self._place = place

    def returns(
        self,
        output: Mapping[str, Any] | None = None,
        *,
        files: Sequence[str | Path | Mapping[str, Any]] = (),
        nsfw_detected: bool | None = None,
        duration: Duration | None = None,
        cost: Money | None = None,
        times: int | None = None,
    ) -> dict[str, Any]:
        """Puts the stub into force: runs with this input give the output, or these media files, which may be paths."""
        if isinstance(files, str | bytes | Path | Mapping) or not isinstance(files, Iterable):
            raise TypeError(f"files is a list of paths or of mappings, not {files!r:.80}")
        given = [_file(file) for file in files]
        return self._control.add_stub(
            **self._place, output=output, files=given or None, nsfw_detected=nsfw_detected, duration=duration, cost=cost, times=times
        )


_TYPE_OF = {f".{extension}": media_type for media_type, extension in EXTENSION_OF.items()} | {".jpeg": "image/jpeg"}


def _file(file: str | Path | Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(file, str | Path):
        return file
    path = Path(file)
    media_type = _TYPE_OF.get(path.suffix.lower())
    if media_type is None:
        raise ValueError(f"{str(path)[:200]}: the media type of {path.suffix!r} is not known; give {{name, media_type, base64}} instead")
    return {"name": path.name, "media_type": media_type, "base64": base64.b64encode(read_file(path)).decode()}
