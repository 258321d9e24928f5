"""Known steps: forgeries of what a receiver has taken a moment ago.

Many a receiver keeps what it has verified, or whom it knows, so that a repeat costs nothing. Whoever keeps it by a part of the message or
of its headers takes another message for the same, wherever that part is right.
"""

import time
from collections.abc import Iterator
from http import HTTPStatus

import msgspec

from runflow_mock.kit.probes.probe_steps import ProbeKit, Seen, seen_refused, under_name
from runflow_mock.kit.probes.sample_callbacks import REQUEST_ID, TIMESTAMP, Sender
from runflow_mock.testing.samples import SampleCallback

# So long ago a sample was signed whose moment is then another one: within the window of whoever has a short one.
AGO_SECONDS = 60
OTHER = {"note": "of something else"}
NOT_TAKEN = "nothing was taken before"
TAKES_EFFECT = "a forgery takes the effect of the genuine callback, which another rule is about"


def refuses_known(kit: ProbeKit) -> Iterator[Seen]:
    """What was taken before, under a secret of nobody's; where a forgery takes the effect of the genuine one, that is the same fault."""
    if not kit.taken:
        yield Seen(None, NOT_TAKEN)
        return
    known = kit.taken[0]
    answer = kit.carrier.carry(kit.sender.sign_for_nobody(known, known.body, at=int(time.time())))
    yield Seen(None, TAKES_EFFECT) if answer.is_taken and _takes_effect(kit) else seen_refused(answer)


def _takes_effect(kit: ProbeKit) -> bool:
    """Whether the genuine callback has no effect any more once it was forged."""
    if kit.effects is None or not kit.effects.has_acted:
        return False
    with kit.telling_what_acts():
        genuine = kit.sender.write(is_fresh=True)
    before = kit.effects.at_rest()
    kit.carrier.carry(kit.sender.sign_for_nobody(genuine, genuine.body))
    # Of whoever is called too often no effect is to be expected.
    is_heard = kit.carrier.carry(genuine).status != HTTPStatus.TOO_MANY_REQUESTS
    return is_heard and kit.effects.since(before) == 0


def refuses_known_signature(kit: ProbeKit) -> Iterator[Seen]:
    """Another body under the signature of what was taken before: whoever knows what it has verified may not look at the body again."""
    known = kit.sender.write()
    if not kit.carrier.carry(known).is_taken:
        yield Seen(None, NOT_TAKEN)
        return
    other = kit.sender.write(metadata=OTHER)
    # Of another delivery: whoever knows the delivery is another rule's.
    headers = {**known.headers, REQUEST_ID: other.headers[REQUEST_ID]}
    yield seen_refused(kit.carrier.carry(SampleCallback(headers, other.body)))


def refuses_all_but_known(kit: ProbeKit) -> Iterator[Seen]:
    """What was taken a moment ago, and one part of it is another: by whatever else a receiver knows it, that is the same."""
    known = kit.sender.write()
    if kit.sender.dates_attempts:
        known = kit.sender.sign(known, known.body, at=int(known.headers[TIMESTAMP]) - AGO_SECONDS)
    if not kit.carrier.carry(known).is_taken:
        yield Seen(None, NOT_TAKEN)
        return
    for part, forged in _but_for_one_part(kit.sender, known):
        answer = kit.carrier.carry(forged)
        if answer.is_taken and _takes_effect(kit):
            yield Seen(None, TAKES_EFFECT)
            return
        yield under_name(f"known but for its {part}", seen_refused(answer))


def refuses_odd(kit: ProbeKit) -> Iterator[Seen]:
    """What was sent to see whether it is survived was forged as well, and must not have been taken, unless for a delivery known before."""
    excuse = Seen(None, TAKES_EFFECT) if any(answer.is_taken for answer in kit.odd.values()) and _takes_effect(kit) else None
    for name, answer in kit.odd.items():
        seen = excuse if excuse is not None and answer.is_taken else seen_refused(answer)
        yield under_name(name, seen)


def _but_for_one_part(sender: Sender, known: SampleCallback) -> Iterator[tuple[str, SampleCallback]]:
    yield "signature", sender.sign_for_nobody(known, known.body)
    yield "body", SampleCallback(known.headers, msgspec.json.encode({**msgspec.json.decode(known.body), "metadata": OTHER}))
    if sender.dates_attempts:
        yield "timestamp", known.with_headers(Runflow_Timestamp=str(int(known.headers[TIMESTAMP]) + AGO_SECONDS))
