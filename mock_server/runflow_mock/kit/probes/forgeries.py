"""Forgeries: callbacks that nobody with the secret has signed over these bytes, each near to a genuine one at another edge.

Whoever compares a part of a signature, takes what is missing for what is right, or has a secret that everybody knows, takes one of them.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

import msgspec

from runflow_mock.domain.attempt_faults import other_digits
from runflow_mock.kit.probes.distances import is_far
from runflow_mock.kit.probes.known_records import NoRecord
from runflow_mock.kit.probes.sample_callbacks import (
    DIGITS,
    RECORD_IDS,
    REQUEST_ID,
    SIGNATURE,
    TIMESTAMP,
    Sender,
    digits_of,
)
from runflow_mock.testing.samples import SampleCallback

Forge = Callable[[Sender], SampleCallback]

# Events of the future, about what is known and about what is not.
NEWS, UNHEARD_OF = "run.hibernated", "asset.archived"

PART, MIDDLE = 16, 28
# What stands for bytes that are no text, wherever somebody has decoded them.
UNREADABLE = "\ufffd"
# The last attempt of a delivery has this number.
ATTEMPTS = 5
# Deeper than parsers go that call themselves for each level.
NESTED = b"[" * 100_000
OLD_SECONDS = 3600


def borrowed(sender: Sender) -> SampleCallback:
    """A sample with the signature, and timestamp, of another one, which tells something else: of one record two may say the same."""
    other, mine = sender.write(metadata={"note": "of something else"}), sender.write()
    return SampleCallback(
        {**mine.headers, **{name: other.headers[name] for name in (SIGNATURE, TIMESTAMP) if name in other.headers}}, mine.body
    )


def distorted(kind: str) -> Forge:
    """Returns the forgery that a fault of callbacks makes."""
    return lambda sender: sender.write(attempt_fault={"kind": f"callback.{kind}"})


def for_nobody(sender: Sender) -> SampleCallback:
    """A sample under a wrong signature."""
    sample = sender.write()
    return sender.sign_for_nobody(sample, sample.body)


def with_signature(change: Callable[[str, str], str]) -> Forge:
    """Returns the forgery whose signature is made of a prefix and the right digits."""

    def forge(sender: Sender) -> SampleCallback:
        sample = sender.write()
        signature = sample.headers[SIGNATURE]
        return sample.with_headers(Runflow_Signature=change(signature[:-DIGITS], signature[-DIGITS:]))

    return forge


def signed_with(secret: str) -> Forge:
    """Returns the forgery that is signed with a secret that everybody knows."""

    def forge(sender: Sender) -> SampleCallback:
        sample = sender.write()
        return sender.sign(sample, sample.body, secret=secret)

    return forge


def of_event(event: str) -> Forge:
    """Returns the forgery that tells of another event than the genuine one: whoever verifies some events alone takes it."""

    def forge(sender: Sender) -> SampleCallback:
        sample = sender.write(event, is_forged=True)
        return sender.sign_for_nobody(sample, sample.body)

    return forge


def old_of_event(event: str) -> Forge:
    """Returns the old callback that tells of an event: whoever looks at the time for some events alone takes it."""

    def forge(sender: Sender) -> SampleCallback:
        sample = sender.write(event, is_forged=True)
        return sender.sign(sample, sample.body, at=int(sample.headers[TIMESTAMP]) - OLD_SECONDS)

    return forge


def telling(**fields: Any) -> Forge:
    """Returns the forgery that says something else: whoever looks at that first may take it for nothing, and never verifies it."""

    def forge(sender: Sender) -> SampleCallback:
        sample = sender.write()
        body = msgspec.json.encode({**msgspec.json.decode(sample.body), **fields})
        return sender.sign_for_nobody(sample, body)

    return forge


def typed(content_type: str | None) -> Forge:
    """Returns the forgery of another content type, or of none: who verifies what a parser reads does not verify what it leaves alone."""
    return calling(Content_Type=content_type)


def calling(**headers: str | None) -> Forge:
    """Returns the forgery with headers that anybody can write, or without one: whoever believes these verifies nothing."""
    return lambda sender: for_nobody(sender).with_headers(**headers)


def from_address(address: str) -> Forge:
    """Returns the forgery that says, in every way in which proxies say it, that it comes from an address."""
    names = ("X_Forwarded_For", "X_Real_IP", "X_Client_IP", "True_Client_IP", "CF_Connecting_IP")
    return calling(Forwarded=f"for={address}", **dict.fromkeys(names, address))


def saying(body: bytes) -> Forge:
    """Returns the forgery of other bytes: whoever looks for an event first, and finds none, may take it for a ping."""
    return lambda sender: sender.sign_for_nobody(sender.write(), body)


def of_attempt(number: int) -> Forge:
    """Returns the forgery that says that it is an attempt of another number: whoever verifies the first ones alone takes it."""

    def forge(sender: Sender) -> SampleCallback:
        sample = for_nobody(sender)
        return sample.with_headers(Runflow_Request_Id=f"{sample.headers[REQUEST_ID].rpartition('-')[0]}-{number}")

    return forge


def made_fresh(sender: Sender) -> SampleCallback:
    """An old callback whose timestamp says that it is of this moment."""
    sample = sender.write()
    stamp = sample.headers[TIMESTAMP]
    return sender.sign(sample, sample.body, at=int(stamp) - OLD_SECONDS).with_headers(Runflow_Timestamp=stamp)


def without_timestamp(sender: Sender) -> SampleCallback:
    """A callback that does not say when it was signed, signed with another secret."""
    return for_nobody(sender).with_headers(Runflow_Timestamp=None)


def unkeyed(content_of: Callable[[SampleCallback], bytes]) -> Forge:
    """Returns the forgery with the plain digest of a content, for which nobody needs a secret."""

    def forge(sender: Sender) -> SampleCallback:
        sample = sender.write()
        return sample.with_headers(Runflow_Signature=sample.headers[SIGNATURE][:-DIGITS] + sha256(content_of(sample)).hexdigest())

    return forge


def stamped(timestamp: str) -> Forge:
    """Returns the forgery with a timestamp that cannot be read, or not be counted with."""
    return lambda sender: for_nobody(sender).with_headers(Runflow_Timestamp=timestamp)


def with_body(change: Callable[[bytes], bytes], **metadata: str) -> Forge:
    """Returns the forgery whose bytes were changed, and still mean the same to whoever reads them in a certain way.

    Its signature is far from the right ones, if there is such a variant; what is changed may be metadata that it has for that.

    Raises:
        NoRecord: what is known says nothing that can be changed so.
    """

    def forge(sender: Sender) -> SampleCallback:
        forged: SampleCallback | None = None
        for sample in sender.variants(**metadata):
            body = change(sample.body)
            if body != sample.body:
                forged = SampleCallback(sample.headers, body)
                if is_far(digits_of(sample), sender.right_digits(sample, body)):
                    break
        if forged is None:
            raise NoRecord("nothing that the application has created says what would be changed")
        return forged

    return forge


FORGERIES: Mapping[str, Forge] = {
    "wrong secret": for_nobody,
    "unsigned": distorted("unsigned"),
    # As everybody writes it who has found the address, and as a test of one's own that is let in by mistake.
    "none of its headers": calling(Runflow_Signature=None, Runflow_Timestamp=None, Runflow_Request_Id=None),
    "changed body": distorted("tamper"),
    "borrowed signature": borrowed,
    "first 16 digits right": with_signature(lambda prefix, digits: prefix + digits[:PART] + other_digits(digits[PART:])),
    "last 16 digits right": with_signature(lambda prefix, digits: prefix + other_digits(digits[:-PART]) + digits[-PART:]),
    "digits in the middle wrong": with_signature(
        lambda prefix, digits: prefix + digits[:MIDDLE] + other_digits(digits[MIDDLE:-MIDDLE]) + digits[-MIDDLE:]
    ),
    "last digit wrong": with_signature(lambda prefix, digits: prefix + digits[:-1] + other_digits(digits[-1])),
    "first digit wrong": with_signature(lambda prefix, digits: prefix + other_digits(digits[0]) + digits[1:]),
    # The same digits, bytes and words: whoever adds up how much they differ, folds them into one, or sorts them, sees no difference.
    "digits in another order": with_signature(lambda prefix, digits: prefix + digits[DIGITS // 2 :] + digits[: DIGITS // 2]),
    # Whoever compares as many digits as there should be does not see what follows.
    "signature with digits behind it": with_signature(lambda prefix, digits: prefix + digits + other_digits(digits[:PART])),
    "signature cut short": with_signature(lambda prefix, digits: prefix + digits[:PART]),
    "signature without digits": with_signature(lambda prefix, digits: prefix or "v1="),
    "signature of one digit": with_signature(lambda prefix, digits: digits[0]),
    "empty signature": with_signature(lambda prefix, digits: ""),
    "signature of another version": with_signature(lambda prefix, digits: f"v0={other_digits(digits)}"),
    # What cannot be read raises something in many languages: whoever answers 2xx to that has let it in.
    "signature that is no number": with_signature(lambda prefix, digits: f"{prefix or 'v1='}{'z' * DIGITS}"),
    "signature beyond ASCII": with_signature(lambda prefix, digits: f"{prefix}\u00e9{other_digits(digits)[1:]}"),
    "signature of another service": with_signature(lambda prefix, digits: f"sha256={other_digits(digits)}"),
    "signature none": with_signature(lambda prefix, digits: "none"),
    "digest of the body without a secret": unkeyed(lambda sample: sample.body),
    "digest of both without a secret": unkeyed(lambda sample: f"{sample.headers.get(TIMESTAMP, '')}.".encode() + sample.body),
    "several wrong signatures": with_signature(
        lambda prefix, digits: f"{prefix}{other_digits(digits)},{prefix}{other_digits(digits)[::-1]}"
    ),
    "wrong secret, next attempt": of_attempt(2),
    "wrong secret, last attempt": of_attempt(ATTEMPTS),
    "wrong secret, as text": typed("text/plain"),
    "wrong secret, as a form": typed("application/x-www-form-urlencoded"),
    "wrong secret, as a form with files": typed("multipart/form-data; boundary=of-files"),
    "wrong secret, as XML": typed("application/xml"),
    "wrong secret, no content type": typed(None),
    # What a proxy tells of an address is worth something only where the proxy takes away what callers say of it.
    "wrong secret, from this machine": from_address("127.0.0.1"),
    "wrong secret, from a network of one's own": from_address("10.0.0.1"),
    "wrong secret, from the service": calling(Origin="https://api.runflow.io", Referer="https://api.runflow.io/"),
    "wrong secret, no delivery": calling(Runflow_Request_Id=None),
    "wrong secret, no body": saying(b""),
    "wrong secret, no event": saying(b"{}"),
    "wrong secret, null": saying(b"null"),
    "wrong secret, a list": saying(b"[]"),
    "wrong secret, a text": saying(b'"run.completed"'),
    "wrong secret, no JSON": saying(b"not json"),
    "wrong secret, no text": saying(b"\xff\xfe"),
    # What other services send to find out whether somebody is there; whoever greets everybody says that nothing is verified.
    "wrong secret, ping": telling(event="ping"),
    "wrong secret, test": telling(event="test"),
    "wrong secret, challenge": saying(b'{"type":"url_verification","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7"}'),
    "wrong secret, queued": telling(status="queued"),
    "wrong secret, unheard-of status": telling(status="hibernating"),
    "wrong secret, large": telling(metadata={"note": "0123456789abcdef" * 20_000}),
}
# Those that need a timestamp.
DATED: Mapping[str, Forge] = {
    "timestamp made fresh": made_fresh,
    "no timestamp": without_timestamp,
    "empty timestamp": stamped(""),
    "timestamp of zero": stamped("0"),
    "timestamp that is no number": stamped("yesterday"),
    "timestamp beyond all numbers": stamped("9" * 400),
}
# What is parsed, decoded or trimmed before it is checked comes out as the bytes that were signed.
SAME_TO_READERS: Mapping[str, Forge] = {
    "added space": with_body(lambda body: body.replace(b'":', b'": ', 1)),
    "added line break": with_body(lambda body: body + b"\n"),
    "added mark of the byte order": with_body(lambda body: b"\xef\xbb\xbf" + body),
    "added NUL": with_body(lambda body: body + b"\x00"),
    "added return": with_body(lambda body: body + b"\r\n"),
    "added byte that is no text": with_body(lambda body: body + b"\xff"),
    # Whoever decodes the body writes this letter for each byte that is no text.
    "byte that is no text in a letter's place": with_body(lambda body: body.replace(UNREADABLE.encode(), b"\xff"), unreadable=UNREADABLE),
    "key given twice": with_body(lambda body: body.replace(b"{", b'{"event":null,', 1)),
}
# What stands where nobody has set a secret, in many languages, and what stands in examples.
NO_SECRETS: Mapping[str, str] = {"empty secret": "", "secret None": "None", "secret null": "null", "secret undefined": "undefined"}
WELL_KNOWN: Mapping[str, str] = {
    f"signed with {secret!r}": secret
    for secret in (
        *(" ", "0", "false", "nil", "NaN", "[object Object]", "rf_whsec_", "secret", "test", "changeme", "your-secret", "password"),
        *("True", "dev", "1234567890", "CALLBACK_SECRET"),
        # Where nothing was put in the place of a variable.
        *("RUNFLOW_CALLBACK_SECRET", "$RUNFLOW_CALLBACK_SECRET", "${RUNFLOW_CALLBACK_SECRET}"),
    )
}
# Whom else a receiver may take for one of its own, or for somebody who only looks whether it lives.
CALLERS: Mapping[str, Forge] = {
    **{f"from {address}": from_address(address) for address in ("192.168.1.1", "172.16.0.1", "::1", "localhost")},
    "for localhost": calling(Host="localhost", X_Forwarded_Host="localhost"),
    "from a health check": calling(User_Agent="ELB-HealthChecker/2.0"),
    "from a probe of Kubernetes": calling(User_Agent="kube-probe/1.31"),
    "packed": calling(Content_Encoding="gzip"),
    "that says that it is a test": telling(test=True, is_test=True, livemode=False, debug=True),
    "with headers of a test": calling(X_Test="1", X_Debug="1"),
    "that says that it has been let in": calling(
        X_Internal="1", X_Internal_Request="1", X_Admin="1", X_Bypass="1", X_SSL_Client_Verify="SUCCESS"
    ),
    "from a program that looks around": calling(User_Agent="curl/8.7.1 (compatible; Googlebot/2.1; UptimeRobot/2.0; Pingdom)"),
    "with a key of another kind": calling(Authorization="Bearer of-nobody", Cookie="session=of-nobody", X_Api_Key="of-nobody"),
}
BY_NAME_A_GET = calling(X_HTTP_Method_Override="GET", X_Method_Override="GET")
# What is read as a number by some, and by others with an error.
ODD_TIMESTAMPS: Mapping[str, Forge] = {
    repr(text): stamped(text) for text in ("\u00b9\u00b2\u00b3", "-1", "1.5", "nan", "inf", "1e3", "0x10", "1_000", "+5", " ")
}
# What is as long, or as short, as nobody expects, or of a form that nobody expects there.
ODD_FORMS: Mapping[str, Forge] = {
    "a long signature": with_signature(lambda prefix, digits: prefix + other_digits(digits) * 40),
    "an odd number of digits": with_signature(lambda prefix, digits: prefix + other_digits(digits)[:-1]),
    "a list of nothing": with_signature(lambda prefix, digits: ",,,"),
    "a name alone": with_signature(lambda prefix, digits: "v1"),
    "several equals signs": with_signature(lambda prefix, digits: "v1===="),
    "zeros alone": with_signature(lambda prefix, digits: prefix + "0" * DIGITS),
    "a word that says yes": with_signature(lambda prefix, digits: "true"),
    "a value that is missing": with_signature(lambda prefix, digits: f"{prefix}undefined"),
    "spaces alone": with_signature(lambda prefix, digits: "  "),
    "a version of the future": with_signature(lambda prefix, digits: f"v2={other_digits(digits)}"),
    "the form of the other dialect": with_signature(
        lambda prefix, digits: other_digits(digits) if prefix else f"v1={other_digits(digits)}"
    ),
    "the form of another service": with_signature(lambda prefix, digits: f"t=1,v1={other_digits(digits)},v0=0"),
    "a digest of another kind": with_signature(lambda prefix, digits: f"sha1={other_digits(digits)[:40]}"),
    "a delivery without an attempt": calling(Runflow_Request_Id="x"),
    "an attempt without a number": calling(Runflow_Request_Id="x-y"),
    "an attempt too many": calling(Runflow_Request_Id="00000000-0000-7000-8000-000000000000-99"),
    "no delivery at all": calling(Runflow_Request_Id=""),
    "bytes of another kind": calling(Content_Type="application/octet-stream"),
    "a charset of another kind": calling(Content_Type="APPLICATION/JSON; charset=utf-16"),
    # What is looked at before anything is verified.
    "a number for a message": saying(b"42"),
    "a truth for a message": saying(b"true"),
    "white space for a message": saying(b" \n"),
    "packed bytes for a message": saying(b"\x1f\x8b\x08\x00"),
    "an event without letters": telling(event=""),
    "an event in capitals": telling(event="RUN.COMPLETED"),
    "a list for an event": telling(event=["run.completed"]),
    "a record without a name": telling(**dict.fromkeys(RECORD_IDS)),
}
# One forgery of each kind: for whoever has a handler of its own for each event.
OF_EACH_EVENT = ("unsigned", "changed body", "borrowed signature", "first 16 digits right", "last digit wrong", "empty signature")
