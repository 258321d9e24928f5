"""Sample callbacks: real ones, each the message of a small world of its own, for a caller who carries it to the receiver.

Nothing is rendered here: bytes, headers and signatures come from the code that sends the callbacks of a sandbox, faulty ones too.
Only what the service could send and never does, such as an event of the future, is written over and signed again with the same functions.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from types import TracebackType
from typing import Any

import msgspec

from runflow_mock.domain.attempt_faults import other_digits
from runflow_mock.domain.dialects import dialect_of
from runflow_mock.domain.disguises import in_base64
from runflow_mock.domain.known_secrets import KNOWN_MIN
from runflow_mock.domain.signing import sign_bare, sign_timestamped
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.kit.probes.distances import is_far, moved_away
from runflow_mock.kit.probes.known_records import KnownRecords, written_over
from runflow_mock.runtime.config import Config
from runflow_mock.testing.in_process import InProcess
from runflow_mock.testing.samples import EVENTS, RECEIVER_URL, SampleCallback, carry, lead_to, sample_world

# A SHA-256 in hexadecimal: with it a signature ends in every dialect.
DIGITS = 64
TIMESTAMP, SIGNATURE, REQUEST_ID = "Runflow-Timestamp", "Runflow-Signature", "Runflow-Request-Id"
RECORD_IDS = ("run_id", "batch_id", "evaluation_id")
# A secret that nobody was given.
NOBODYS = "rf_whsec_that_nobody_was_given"
# As many as are needed until one is far from two right signatures, some five thousand, with room; and within the window of whoever has a
# short one.
VARIANTS_MAX, VARIANT_SECONDS_MAX = 100_000, 120
# So long the service waits before the second attempt.
RETRY_SECONDS = 10


class Sender:
    """Writes samples, signed with a secret in the form of a dialect; each is about something else, or about a known record.

    What a caller names of its own, a client_ref, is another one each time: whoever acts once for each of them is right.

    `event` is what a genuine callback tells of, where nothing else is asked for; `previous_secret` is still good during a rotation.
    """

    def __init__(
        self,
        secret: str,
        dialect: str = "seed",
        *,
        switches: Mapping[str, str] | None = None,
        event: str = "run.completed",
        known: KnownRecords | None = None,
        previous_secret: str | None = None,
    ) -> None:
        self.secret = secret
        self.previous_secret = previous_secret
        self.event = event
        self.known = known
        self._switches = switches or {}
        self._dialect = dialect_of(dialect, self._switches)
        self._orders = count(1)
        self._app = InProcess(Config(clock=ClockMode.MANUAL, speed=1.0))

    def __enter__(self) -> "Sender":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._app.stop()

    @contextmanager
    def telling_of(self, event: str) -> Iterator[None]:
        """Lets another event be the genuine one as long as the context lasts."""
        usual, self.event = self.event, event
        try:
            yield
        finally:
            self.event = usual

    @property
    def dates_attempts(self) -> bool:
        """Whether samples carry a timestamp."""
        return self._dialect.dates_attempts

    def write(
        self,
        event: str | None = None,
        *,
        attempt_fault: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        secret: str | None = None,
        is_fresh: bool = False,
        is_forged: bool = False,
    ) -> SampleCallback:
        """Returns the sample about an event, distorted by a fault of callbacks or signed with another secret if that is asked for.

        With known records a fresh one is about something that the receiver was not told of yet, and one that `is_forged`, or is to be
        refused for another reason, about something that may have ended otherwise.

        Raises:
            NoRecord: there is no known record for it.
        """
        name = event or self.event
        record = None if self.known is None else self.known.pick(name, is_fresh=is_fresh, is_forged=is_forged)
        return self._write(name, attempt_fault, metadata, secret or self.secret, attempts=1, record=record)[0]

    def write_in_order(self) -> tuple[SampleCallback, SampleCallback]:
        """Returns two samples, the first of which is about what was created before.

        Raises:
            NoRecord: there are no known records for them.
        """
        records = (None, None) if self.known is None else self.known.pick_two(self.event)
        first, second = (self._write(self.event, None, None, self.secret, attempts=1, record=record)[0] for record in records)
        return first, second

    def write_twice(self) -> tuple[SampleCallback, SampleCallback]:
        """Returns the first two attempts of one delivery: the answer to the first is lost, in the eyes of the sender."""
        record = None if self.known is None else self.known.pick(self.event, is_fresh=True)
        first, second = self._write(self.event, None, None, self.secret, attempts=2, record=record)
        if self.dates_attempts:
            # As long ago as the service waits; in the same second both would carry the same signature.
            first = self.sign(first, first.body, at=int(second.headers[TIMESTAMP]) - RETRY_SECONDS)
        return first, second

    def attempt_again(self, sample: SampleCallback) -> SampleCallback:
        """Returns the next attempt of the delivery of which a sample is the first: other request id, timestamp and signature."""
        request_id = sample.headers[REQUEST_ID].rpartition("-")[0] + "-2"
        return self.sign(sample.with_headers(Runflow_Request_Id=request_id), sample.body, at=int(datetime.now(UTC).timestamp()))

    def write_alike(self, other: SampleCallback, part: slice) -> SampleCallback:
        """Returns a sample about something else whose ids differ from those of another sample in a part of their digits alone."""
        sample = self.write(is_fresh=True)
        mine, its = (json.loads(each.body) for each in (sample, other))
        name = next(name for name in RECORD_IDS if mine.get(name) is not None)
        delivery, _, attempt = other.headers[REQUEST_ID].rpartition("-")
        alike = sample.with_headers(Runflow_Request_Id=f"{_differing(delivery, part)}-{attempt}")
        return self.sign(alike, sample.body.replace(mine[name].encode(), _differing(its[name], part).encode()))

    def sign(self, sample: SampleCallback, body: bytes, *, secret: str | None = None, at: int | None = None) -> SampleCallback:
        """Returns a sample with another body, signed as the service would sign it; with another secret or at another time if given."""
        stamp = self._stamp(sample, at)
        signature = _signature(body, stamp, self.secret if secret is None else secret)
        dated = {} if stamp is None else {TIMESTAMP: str(stamp)}
        return SampleCallback({**sample.headers, **dated, SIGNATURE: signature}, body)

    def sign_for_nobody(self, sample: SampleCallback, body: bytes, *, at: int | None = None) -> SampleCallback:
        """Returns a sample with another body under a wrong signature, which nobody takes who compares a part of it, or folds it."""
        rights = list(self.right_digits(sample, body, at=at))
        wrongs = (self.sign(sample, body, secret=f"{NOBODYS}_{number}", at=at) for number in count())
        moved = (_with_digits(wrong, moved_away(digits_of(wrong), rights)) for wrong in wrongs)
        return next(wrong for wrong in moved if is_far(digits_of(wrong), rights))

    def right_digits(self, sample: SampleCallback, body: bytes, *, at: int | None = None) -> Iterator[str]:
        """Yields the digits of each signature under which a receiver may take a body; of most of thousands only the first is asked for."""
        stamp = self._stamp(sample, at)
        return (_signature(body, stamp, secret)[-DIGITS:] for secret in self.secrets)

    def variants(self, **metadata: str) -> Iterator[SampleCallback]:
        """Yields genuine samples, each under another signature: with metadata of its own, or of a known record as of an earlier second.

        Those with metadata of their own have the given ones as well.

        Of a known record there is one alone where samples are not dated.
        """
        sample = self.write()
        yield sample
        if self.known is None:
            message = json.loads(sample.body)
            for number in range(VARIANTS_MAX):
                yield self.sign(sample, msgspec.json.encode({**message, "metadata": {"number": number, **metadata}}))
        elif self.dates_attempts:
            stamp = int(sample.headers[TIMESTAMP])
            yield from (self.sign(sample, sample.body, at=stamp - seconds) for seconds in range(1, VARIANT_SECONDS_MAX))

    def _stamp(self, sample: SampleCallback, at: int | None) -> int | None:
        """The second at which a sample is signed, where samples are dated."""
        if not self.dates_attempts:
            return None
        return int(sample.headers[TIMESTAMP]) if at is None else at

    @property
    def secrets(self) -> list[str]:
        """The secrets under which a receiver takes callbacks, as far as they are known."""
        return [secret for secret in (self.secret, self.previous_secret) if secret is not None]

    def betrayed(self, sample: SampleCallback, content: bytes) -> str | None:
        """Returns what an answer gives away to whoever has sent a sample, in words: a secret, or a signature that was missing.

        The headers of an answer are part of its content; what is written in base64 or in hexadecimal digits of either case counts too.
        """
        if any(len(secret) >= KNOWN_MIN and _tells(content, secret.encode()) for secret in self.secrets):
            return "the secret"
        if not self._can_be_signed(sample):
            return None
        needed = [self.sign(sample, sample.body, secret=secret).headers[SIGNATURE] for secret in self.secrets]
        digits = [signature[-DIGITS:] for signature in needed]
        # Whoever says again what it was sent gives nothing away, whatever stood around it.
        if any(right in sample.headers.get(SIGNATURE, "") for right in digits):
            return None
        is_told = any(_tells(content, bytes.fromhex(right)) or _tells(content, right.encode()) for right in digits)
        return "the signature that the callback should have had" if is_told else None

    def _can_be_signed(self, sample: SampleCallback) -> bool:
        return not self.dates_attempts or sample.headers.get(TIMESTAMP, "").isdecimal()

    def in_other_form(self, sample: SampleCallback) -> SampleCallback:
        """Returns a sample signed as the other dialect does it."""
        if self.dates_attempts:
            return sample.with_headers(Runflow_Timestamp=None, Runflow_Signature=sign_bare(sample.body, self.secret))
        stamp = int(datetime.now(UTC).timestamp())
        return sample.with_headers(Runflow_Timestamp=str(stamp), Runflow_Signature=sign_timestamped(sample.body, stamp, self.secret))

    def _write(
        self,
        event: str,
        attempt_fault: Mapping[str, Any] | None,
        metadata: Mapping[str, Any] | None,
        secret: str,
        *,
        attempts: int,
        record: Mapping[str, Any] | None,
    ) -> list[SampleCallback]:
        sample = EVENTS[event]
        with sample_world(self._app, secret=secret, dialect=self._dialect.name, switches=self._switches) as control:
            if attempt_fault is not None:
                control.add_fault(what=attempt_fault, where={})
            lead_to(control, sample, RECEIVER_URL, metadata, client_ref=f"sku-{next(self._orders)}")
            written = [carry(control) for _ in range(attempts)]
        if record is None:
            return written
        told = record if metadata is None else {**record, "metadata": metadata}
        return [self._about(each, told, secret) for each in written]

    def _about(self, sample: SampleCallback, record: Mapping[str, Any], secret: str) -> SampleCallback:
        """Returns a sample about a known record; what was not signed well before is not signed well then."""
        body = written_over(sample.body, record)
        is_signed = SIGNATURE in sample.headers and self.sign(sample, sample.body, secret=secret).headers == sample.headers
        return self.sign(sample, body, secret=secret) if is_signed else SampleCallback(sample.headers, body)


def digits_of(sample: SampleCallback) -> str:
    """Returns the digits of a sample's signature, without what stands before them."""
    return sample.headers[SIGNATURE][-DIGITS:]


def _signature(body: bytes, stamp: int | None, secret: str) -> str:
    return sign_bare(body, secret) if stamp is None else sign_timestamped(body, stamp, secret)


def _with_digits(sample: SampleCallback, digits: str) -> SampleCallback:
    return sample.with_headers(Runflow_Signature=sample.headers[SIGNATURE][:-DIGITS] + digits)


def _tells(content: bytes, text: bytes) -> bool:
    """Whether an answer has a text in it: as it is, in base64, or in hexadecimal digits."""
    return any(form in content for form in (text, *in_base64(text))) or text.hex().encode() in content.lower()


def _differing(identifier: str, part: slice) -> str:
    """Returns an id that differs from another in a part of its digits alone."""
    return identifier[: part.start] + other_digits(identifier[part]) + identifier[part.stop :]
