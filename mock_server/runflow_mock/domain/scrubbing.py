"""Scrubbing: secrets go out of bytes by their value, whatever place, size and form the bytes have, before they are stored or shown.

Theory. A secret is one that the server was told (an operator's token, a callback secret, the secret of a webhook), or anything that looks
like a key of the real service. It is found as it is, behind escapes, in UTF-16, inside base64 and hexadecimal digits, or packed
(`domain.disguises`); the value of a field, part or parameter that names a secret counts as one, and so does the password in an address,
whether the rest of the document can be read or not. In its place stands a mask of the same length, so that declared lengths stay true and
base64 stays base64, and a document of JSON stays one, with the names of our fields; to scrub twice is to scrub once. The beginning of a
real key stays: whoever reads the mask should see what it hides.

The dummies that the server issues itself, `rf_live_mock_…` and `rf_svc_mock_…`, are no secrets: they are printed when it starts.
"""

import re
from base64 import b64decode, b64encode
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from hashlib import sha256
from itertools import chain
from typing import NamedTuple

from runflow_mock.domain import disguises
from runflow_mock.domain.known_secrets import KNOWN_MIN, Known, Texts, known_of
from runflow_mock.domain.named_secrets import HINTS as NAME_HINTS
from runflow_mock.domain.named_secrets import has_password, named_values

KNOWN_MAX = 256
"""How many secrets of tenants are known by their value at most. Those that look like real keys need no room."""
HARMLESS_MAX = 4_096
"""Of how many bytes that looked suspicious and hid nothing it is known, by their digests: answers are read, and repeated, many times."""
LATER_MAX = 16
"""For how many numbers of secrets it is kept at once which became known after them."""
MARGIN = 2_048
"""How far beyond a cut one must look, so that no part of a secret is left before it."""

# Without a bracket or a star at its beginning, so that a document in YAML stays one.
_MASK = b"redacted"
_PREFIX = re.compile(rb"^(?:rf_(?:live|svc|test|whsec)_|rfk_|whsec_)", re.IGNORECASE)
_KEY = re.compile(rb"(rf_(?:live|svc|test|whsec)_|rfk_|whsec_)(?!mock_)[A-Z0-9+/_-]{6,}={0,2}", re.IGNORECASE)
# What proves itself by its form: a token of JSON and its signature, and a private key. What they begin with shows what was there.
_TOKEN = re.compile(rb"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}+\.((?:[A-Za-z0-9_-]*+\.){1,3}[A-Za-z0-9_-]{8,})")
_PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----([^\"'<>{}]+?)(?=-----END|[\"'<>{}]|\Z)")
_DUMMY = re.compile(rb"(?:bearer )?rf_(?:live|svc)_mock_", re.IGNORECASE)
# What must be there for any of them; hardly any bytes have it, so that it is looked for first.
_HINTS = (b"rf_", b"rfk_", b"whsec_")
_HEX_HINTS = tuple(hint.hex().encode() for hint in _HINTS)
_HEX_KEY = re.compile(rb"(?:%b)(?:[0-9a-f]{2})+" % b"|".join(_HEX_HINTS), re.IGNORECASE)
_ALL_HINTS = (*_HINTS, *_HEX_HINTS, *NAME_HINTS)
_NESTED_MAX = 3
# How much more than the bytes themselves is decoded for a look into them; what is left then cannot be known to be harmless.
_DECODED_MORE = 4_096
# How base64 of gzip begins.
_PACKED_DIGITS = b"H4sI"
# What a history has in the place of secrets that a replay finds again, or is given; and digests, as a lock has them of operations.
_LEFT_OUT = (b"[redacted]", b"[from the seed] ", b"sha256:")


class Span(NamedTuple):
    """Where something goes, and what comes in its place."""

    begin: int
    end: int
    content: bytes


def mask(length: int) -> bytes:
    """Returns what stands in the place of so many bytes."""
    return (_MASK + b"*" * (length - len(_MASK)))[:length]


class _Look:
    """One look through some bytes: how much may still be decoded for it, and what was found to be harmless."""

    __slots__ = ("harmless", "left")

    def __init__(self, data: bytes) -> None:
        self.left = 2 * len(data) + _DECODED_MORE
        self.harmless: set[bytes] = set()


class Scrubber:
    """Takes secrets out of bytes and texts, and learns those that it cannot know by their looks; `known` are never forgotten."""

    def __init__(self, known: Iterable[str | None] = ()) -> None:
        self._known: dict[str, Known] = {}
        self._owners: dict[str, str] = {}
        self._later: dict[int, Scrubber] = {}
        self._look_for(())
        self.lessons = 0
        """How many secrets it has come to know so far: what was scrubbed before the latest may still show that one."""
        for secret in known:
            self._know(secret)

    def learn(self, secret: str, whose: str = "") -> None:
        """Knows a secret by its value from now on, unless it is too short, a dummy, or looks like a real key anyway.

        Where there is no room, the oldest of whoever has most makes some: nobody can have those of others forgotten.
        """
        if self._know(secret):
            self._owners[secret] = whose

    def _know(self, secret: str | None) -> bool:
        if secret is None or len(secret) < KNOWN_MIN or secret.startswith(("rf_live_mock_", "rf_svc_mock_", "[redacted]")):
            return False
        if secret in self._known or _KEY.fullmatch(secret.encode(errors="replace")) is not None:
            return False
        self._known[secret] = known_of(secret, self.lessons + 1)
        if len(self._owners) >= KNOWN_MAX:
            most, _ = Counter(self._owners.values()).most_common(1)[0]
            oldest = next(known for known, owner in self._owners.items() if owner == most)
            del self._known[oldest], self._owners[oldest]
        self._later = {}
        self._look_for(self._known.values())
        # Last: who reads in another thread how many are known has to look for all of them.
        self.lessons += 1
        return True

    def _look_for(self, secrets: Iterable[Known]) -> None:
        """Looks from now on for what secrets are known by. What there was is left as it is: another thread may be at work with it."""
        secrets = tuple(secrets)
        self._forms = Texts(joined=(secret.forms for secret in secrets))
        self._fragments = Texts(joined=(secret.fragments for secret in secrets))
        self._texts = Texts(joined=(self._forms, self._fragments))
        self._hex_forms = Texts(joined=(secret.hex_forms for secret in secrets))
        self._may_mask_names = any(secret.may_be_in_name for secret in secrets)
        self._harmless = set[bytes]()

    def since(self, lessons: int) -> "Scrubber":
        """Returns what looks for those secrets alone that became known after so many: enough where bytes were scrubbed for these before."""
        if lessons <= 0:
            return self
        later = self._later.get(lessons)
        if later is None:
            if len(self._later) >= LATER_MAX:
                self._later.clear()
            later = self._later[lessons] = Scrubber()
            later._look_for(known for known in self._known.values() if known.lesson > lessons)
        return later

    def is_clean(self, *parts: bytes) -> bool:
        """Tells, in the short time that there is on the way of a request, whether nothing in the bytes needs a closer look."""
        # What stands between them is in nothing that is looked for.
        data = b"\r".join(parts)
        is_ascii = data.isascii()
        # Plain loops: whatever is kept or told comes by here, and generators would cost three times as much as the searches.
        for part in parts:
            if part.startswith(disguises.PACKED) or (not is_ascii and _is_binary(part)):
                return False
        for disguise in disguises.DISGUISES:
            if disguise in data:
                return False
        if not self._shows_nothing(data) or (b"\n" in data and disguises.BROKEN.search(data) is not None):
            return False
        return (b"=" not in data or disguises.QUOTED.search(data) is None) and (b"&" not in data or disguises.ENTITY.search(data) is None)

    def _shows_nothing(self, data: bytes) -> bool:
        """Tells whether no secret stands in bytes that are no archive, but behind escapes or ends of lines."""
        for needle in _NEEDLES:
            if needle in data:
                return False
        lowered = data.lower()
        for hint in _ALL_HINTS:
            if hint in lowered:
                return False
        for _ in chain(self._texts.within(data), self._hex_forms.within(lowered)):
            return False
        return not disguises.has_encoded(data) and not has_password(data)

    def scrub(self, data: bytes) -> bytes:
        """Returns the bytes with masks in the place of secrets; they are as many as before."""
        if self.is_clean(data):
            return data
        # Those of now: what is found harmless while a secret is learned is not harmless afterwards.
        harmless, digest = self._harmless, sha256(data).digest()
        if digest in harmless:
            return data
        scrubbed = self._looked_into(data, _NESTED_MAX, _Look(data))
        if scrubbed == data:
            if len(harmless) >= HARMLESS_MAX:
                harmless.clear()
            harmless.add(digest)
            return data
        # It needs a parser, which the command line and a health check do without: they mask nothing.
        from runflow_mock.domain.masked_documents import in_form

        return in_form(data, scrubbed, b"*", may_mask_names=self._may_mask_names)

    def _scrub(self, data: bytes, nested_max: int, look: "_Look") -> bytes:
        return data if self.is_clean(data) else self._looked_into(data, nested_max, look)

    def _looked_into(self, data: bytes, nested_max: int, look: "_Look") -> bytes:
        if (data.startswith(disguises.PACKED) or _is_binary(data)) and self._is_hiding(data, nested_max):
            # What was packed cannot be masked in part.
            return mask(len(data))
        # One after the other, each on what the one before has left: what one hides must not come back with another.
        disguised = partial(self._disguised, nested_max=nested_max, look=look)
        encoded = partial(self._encoded, nested_max=nested_max, look=look)
        in_digits = partial(self._in_hexadecimal, nested_max=nested_max, look=look)
        # Most of what needs a closer look has an escape in it, as addresses have, and nothing else.
        is_only_disguised = self._shows_nothing(data)
        for find in (self._packed, self._plain, disguised, encoded, in_digits, _named):
            spans = () if is_only_disguised and find is not disguised else tuple(find(data))
            if spans:
                scrubbed = bytearray(data)
                for span in spans:
                    scrubbed[span.begin : span.end] = span.content
                data, is_only_disguised = bytes(scrubbed), False
        return data

    def _is_hiding(self, data: bytes, nested_max: int = _NESTED_MAX) -> bool:
        """Tells whether what was packed holds a secret, or holds more than can be looked at."""
        content, is_all = disguises.unpacked(data) if data.startswith(disguises.PACKED) else disguises.inflated(data)
        return not is_all or (bool(content) and (nested_max == 0 or self._scrub(content, nested_max - 1, _Look(content)) != content))

    def _packed(self, data: bytes) -> Iterator[Span]:
        """Returns the packed parts of bytes that hold secrets: to their end, because where they end is not certain."""
        begin = data.find(disguises.GZIP, 1)
        if begin >= 0 and self._is_hiding(data[begin:]):
            yield _masked(begin, len(data))

    def scrub_text(self, text: str) -> str:
        """Returns a text with masks in the place of secrets."""
        data = text.encode(errors="surrogatepass")
        scrubbed = self.scrub(data)
        return text if scrubbed is data else scrubbed.decode(errors="surrogatepass")

    def _plain(self, data: bytes) -> Iterator[Span]:
        """Returns the secrets that stand in bytes as they are."""
        lowered = data.lower()
        if any(hint in lowered for hint in _HINTS):
            for found in _KEY.finditer(data):
                yield _masked(found.end(1), found.end())
        if any(hint in lowered for hint in _HEX_HINTS):
            yield from _in_digits(data)
        if b"eyJ" in data:
            yield from (_masked(*found.span(1)) for found in _TOKEN.finditer(data))
        if b"PRIVATE KEY" in data:
            yield from (_masked(*found.span(1)) for found in _PRIVATE_KEY.finditer(data))
        for secret in self._hex_forms.within(lowered):
            begin = lowered.find(secret)
            while begin >= 0:
                yield _masked(begin, begin + len(secret))
                begin = lowered.find(secret, begin + len(secret))
        for secret in self._forms.within(data):
            begin = data.find(secret)
            while begin >= 0:
                end = begin + len(secret)
                yield _masked(begin, end)
                begin = data.find(secret, end)

    def _disguised(self, data: bytes, nested_max: int, look: "_Look") -> Iterator[Span]:
        """Returns the secrets behind escapes, which may stand upon one another."""
        for layer in disguises.layers_of(data):
            if self._shows_nothing(layer.data):
                continue
            others = () if layer.is_joined else (*self._plain(layer.data), *_named(layer.data))
            spans = (*self._encoded(layer.data, nested_max, look), *others)
            offsets = sorted({offset for span in spans for offset in (span.begin, span.end)})
            stood = dict(zip(offsets, layer.places(offsets), strict=True))
            yield from (_masked(stood[span.begin], stood[span.end]) for span in spans)

    def _encoded(self, data: bytes, nested_max: int, look: "_Look") -> Iterator[Span]:
        """Returns the runs of base64 that hold secrets. Where one begins is not certain: what stands before may look like a part of it."""
        fragments = (*filter(data.__contains__, _FRAGMENTS), *self._fragments.within(data))
        # All that may be text, with one look: most runs are ids and words, and to look at each by itself would be most of the work.
        texts = [found.start() for found in disguises.ENCODED.finditer(data)] if disguises.has_encoded(data) else []
        for run in disguises.BASE64.finditer(data) if fragments or texts else ():
            if run[0].startswith((_PACKED_DIGITS, b"e")):
                decoded = _decoded(run[0])
                if decoded.startswith(disguises.PACKED) and self._is_hiding(decoded):
                    yield _masked(run.start(), run.end())
                    continue
            begins = texts[bisect_left(texts, run.start()) : bisect_left(texts, run.end())] if nested_max else ()
            within = tuple(self._within(run, sorted({(begin - run.start()) % 4 for begin in begins}), nested_max, look)) if begins else ()
            if within:
                yield from within
                continue
            # A run that holds a secret has a fragment of it.
            if not any(fragment in run[0] for fragment in fragments):
                continue
            for offset in range(4):
                content = self._reencoded(run[0], offset)
                if content is not None:
                    yield Span(run.start() + offset, run.start() + offset + len(content), content)
                    break

    def _within(self, run: re.Match[bytes], offsets: Iterable[int], nested_max: int, look: "_Look") -> Iterator[Span]:
        """Returns a run of base64 without what the text in it hides: names tell secrets in there, too."""
        for offset in offsets:
            decoded = _decoded(run[0][offset:])
            hidden = self._hidden(decoded, nested_max, look)
            if hidden is None:
                yield _masked(run.start(), run.end())
                return
            if hidden != decoded:
                content, begin = _encoded_as(run[0], hidden), run.start() + offset
                yield Span(begin, begin + len(content), content)
                return

    def _in_hexadecimal(self, data: bytes, nested_max: int, look: "_Look") -> Iterator[Span]:
        """Returns the texts in hexadecimal digits that hide something behind another disguise."""
        for digits in disguises.HEX_TEXT.finditer(data) if nested_max and disguises.has_encoded(data) else ():
            decoded = bytes.fromhex(digits[0].decode())
            hidden = self._hidden(decoded, nested_max, look)
            if hidden is None:
                yield _masked(*digits.span())
            elif hidden != decoded:
                again = hidden.hex().encode()
                yield Span(*digits.span(), again.upper() if digits[0].isupper() else again)

    def _hidden(self, decoded: bytes, nested_max: int, look: "_Look") -> bytes | None:
        """Returns what was decoded without secrets, or nothing where there is too much to be looked at."""
        if decoded in look.harmless:
            return decoded
        look.left -= len(decoded)
        if look.left < 0:
            return None
        hidden = self._scrub(decoded, nested_max - 1, look)
        if hidden == decoded:
            look.harmless.add(decoded)
        return hidden

    def _reencoded(self, run: bytes, offset: int) -> bytes | None:
        """Returns a run from an offset on with its secrets masked, or nothing when there are none."""
        decoded = _decoded(run[offset:])
        spans = tuple(self._plain(decoded))
        if not spans:
            return None
        hidden = bytearray(decoded)
        for span in spans:
            hidden[span.begin : span.end] = span.content
        return _encoded_as(run, bytes(hidden))


def _in_digits(data: bytes) -> Iterator[Span]:
    """Returns the real keys that are written in hexadecimal digits."""
    for digits in _HEX_KEY.finditer(data):
        found = _KEY.match(bytes.fromhex(digits[0].decode()))
        if found is not None:
            yield _masked(digits.start() + 2 * found.end(1), digits.start() + 2 * found.end())


def _encoded_as(run: bytes, content: bytes) -> bytes:
    again = b64encode(content).rstrip(b"=")
    return again.translate(disguises.FOR_URLS) if b"-" in run or b"_" in run else again


def _decoded(run: bytes) -> bytes:
    text = run.translate(disguises.STANDARD)
    text = text[: len(text) - (len(text) % 4 == 1)]
    return b64decode(text + b"=" * (-len(text) % 4))


def _named(data: bytes) -> Iterator[Span]:
    """Returns the values of fields, parts and parameters that name secrets, and the passwords in addresses."""
    values = tuple(named_values(data))
    for begin, end in _joined((value.begin, value.end) for value in values if not value.is_number):
        value = data[begin:end]
        # What kind of key it was is kept: rules about where clients send their keys are judged by it.
        prefix = _PREFIX.match(value)
        start = begin + (prefix.end() if prefix is not None else 0)
        if not value.startswith(_LEFT_OUT) and _DUMMY.match(value) is None and data[start:end] != mask(end - start):
            yield _masked(start, end)
    yield from (Span(value.begin, value.end, b"9" * (value.end - value.begin)) for value in values if value.is_number)


def _joined(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yields what spans cover together, in order: a mask upon another would be none."""
    joined: tuple[int, int] | None = None
    for begin, end in sorted(spans):
        if joined is not None and begin < joined[1]:
            joined = joined[0], max(joined[1], end)
            continue
        if joined is not None:
            yield joined
        joined = begin, end
    if joined is not None:
        yield joined


def _is_binary(data: bytes) -> bool:
    """Tells whether some bytes are no text: what was packed without a head has no other mark."""
    if data.isascii():
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return True
    return False


def _masked(begin: int, end: int) -> Span:
    return Span(begin, end, mask(end - begin))


_FRAGMENTS = (*chain.from_iterable(map(disguises.in_base64, _HINTS)), _PACKED_DIGITS)
# A token of JSON begins so, whatever the rest of it looks like.
_NEEDLES = (disguises.GZIP, b"eyJ", *_FRAGMENTS)
