"""Signer steps: signatures of somebody who has something like the secret, or nothing but what everybody sees.

Whoever reads its secret in several ways, because one of them did not fit once, takes what is signed with another one; and whoever makes a
signature of what comes with a callback takes what anybody can make.
"""

import hmac
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from hashlib import md5, sha1, sha256, sha512

import msgspec

from runflow_mock.kit.probes.probe_steps import ProbeKit, Seen, seen_refused, under_name
from runflow_mock.kit.probes.sample_callbacks import DIGITS, RECORD_IDS, REQUEST_ID, SIGNATURE, TIMESTAMP
from runflow_mock.testing.samples import SampleCallback

# Of the digits of an id so many at its end.
ALIKE = 12


def _delivery(sample: SampleCallback) -> str:
    return sample.headers[REQUEST_ID].rpartition("-")[0]


def _record_id(sample: SampleCallback) -> str:
    message = msgspec.json.decode(sample.body)
    return next(str(message[name]) for name in RECORD_IDS if message.get(name) is not None)


def _signed(key: str, sample: SampleCallback) -> str:
    """Returns the digits of a signature as the service makes it, with a key of one's own."""
    stamp = sample.headers.get(TIMESTAMP)
    content = sample.body if stamp is None else f"{stamp}.".encode() + sample.body
    return hmac.digest(key.encode(), content, "sha256").hex()


# What becomes of a secret that is written, cut or read in another way.
DERIVED: Mapping[str, Callable[[str], str]] = {
    "turned round": lambda secret: secret[::-1],
    "without its prefix": lambda secret: secret.rpartition("whsec_")[2],
    "up to its half": lambda secret: secret[: len(secret) // 2],
    "from its half on": lambda secret: secret[len(secret) // 2 :],
    "in capitals": str.upper,
    "in quotes": lambda secret: f'"{secret}"',
    "with a line break": lambda secret: f"{secret}\n",
    "with percent signs": lambda secret: "".join(f"%{byte:02X}" for byte in secret.encode()),
    "as bytes are printed": lambda secret: repr(secret.encode()),
    "in base64": lambda secret: b64encode(secret.encode()).decode(),
    "in hexadecimal digits": lambda secret: secret.encode().hex(),
    "as its digest": lambda secret: sha256(secret.encode()).hexdigest(),
}
# What stands in the place of the digits, made of what anybody sees who looks at a callback.
SELF_MADE: Mapping[str, Callable[[SampleCallback], str]] = {
    "the delivery": _delivery,
    "the attempt": lambda sample: sample.headers[REQUEST_ID],
    "the timestamp": lambda sample: sample.headers.get(TIMESTAMP, "0"),
    "the record's id": _record_id,
    "a digest of the timestamp": lambda sample: sha256(sample.headers.get(TIMESTAMP, "0").encode()).hexdigest(),
    # Of a usual kind, or of one that is out of use.
    "SHA-512 of the body": lambda sample: sha512(sample.body).hexdigest(),
    "SHA-1 of the body": lambda sample: sha1(sample.body, usedforsecurity=False).hexdigest(),
    "MD5 of the body": lambda sample: md5(sample.body, usedforsecurity=False).hexdigest(),
    "a digest of the delivery": lambda sample: sha256(_delivery(sample).encode()).hexdigest(),
    "a digest of the attempt": lambda sample: sha256(sample.headers[REQUEST_ID].encode()).hexdigest(),
    "signed with the delivery": lambda sample: _signed(_delivery(sample), sample),
    "signed with the record's id": lambda sample: _signed(_record_id(sample), sample),
    "signed with the timestamp": lambda sample: _signed(sample.headers.get(TIMESTAMP, "0"), sample),
}


def refuses_derived_secrets(kit: ProbeKit) -> Iterator[Seen]:
    """A sample signed with what is made of the secret: it is not the secret, and none of these must be taken."""
    sample = kit.sender.write()
    known = {kit.sender.sign(sample, sample.body, secret=secret).headers[SIGNATURE] for secret in kit.sender.secrets}
    for number, (name, derive) in enumerate(DERIVED.items()):
        signed = _as_another(kit.sender.sign(sample, sample.body, secret=derive(kit.sender.secret)), number)
        # A secret may be the same in capitals, or without a prefix that it has not.
        if signed.headers[SIGNATURE] not in known:
            yield under_name(f"the secret {name}", seen_refused(kit.carrier.carry(signed)))


def refuses_self_made(kit: ProbeKit) -> Iterator[Seen]:
    """A sample whose signature is made without a secret, of what comes with it."""
    sample = kit.sender.write()
    prefix = sample.headers[SIGNATURE][:-DIGITS]
    for number, (name, make) in enumerate(SELF_MADE.items()):
        another = _as_another(sample, number)
        yield under_name(name, seen_refused(kit.carrier.carry(another.with_headers(Runflow_Signature=prefix + make(another)))))


def _as_another(sample: SampleCallback, number: int) -> SampleCallback:
    """Returns a sample as another delivery: whoever remembers what it has refused is told of by another rule."""
    return sample.with_headers(Runflow_Request_Id=f"{_delivery(sample)[:-ALIKE]}{number:0{ALIKE}x}-1")
