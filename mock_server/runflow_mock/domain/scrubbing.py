"""Scrubbing: secrets go out of bytes by their value, whatever place, size and form the bytes have, before they are stored or shown.

Theory. A secret is one that the server was told (an operator's token, a callback secret, the secret of a webhook), or anything that looks
like a key of the real service. It is found as it is, percent-encoded, with the escapes of JSON, in UTF-16, inside base64, or packed; the
value of a field or parameter that names a secret counts as one, whether the rest of the document can be read or not. In its place stands a
mask of the same length, so that declared lengths stay true and base64 stays base64; to scrub twice is to scrub once. The beginning of a
real key stays: whoever reads the mask should see what it hides.

The dummies that the server issues itself, `rf_live_mock_…` and `rf_svc_mock_…`, are no secrets: they are printed when it starts.
"""

import re
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

KNOWN_MIN = 8
"""How many characters a secret must have to be known by its value: shorter ones would be found in ordinary words."""
KNOWN_MAX = 256
"""How many secrets are known by their value at most; the oldest makes room. Those that look like real keys need none."""
MARGIN = 2_048
"""How far beyond a cut one must look, so that no part of a secret is left before it."""
NAMES = ("secret", "plain_secret", "callback_secret", "webhook_secret", "client_secret", "signing_secret", "private_key", "password")
"""Names of fields and parameters whose values are secrets, in any case, with `_`, `-` or nothing between their words."""
KEY_NAMES = ("api_key", "admin_key", "x_api_key", "admin_token", "access_token", "refresh_token", "auth_token")

# Without a bracket or a star at its beginning, so that a document in YAML stays one.
_MASK = b"redacted"
_PREFIX = re.compile(rb"^(?:rf_(?:live|svc|test|whsec)_|rfk_|whsec_)", re.IGNORECASE)
_KEY = re.compile(rb"(rf_(?:live|svc|test|whsec)_|rfk_|whsec_)(?!mock_)[A-Z0-9+/_-]{6,}={0,2}", re.IGNORECASE)
# What must be there for any of them; hardly any bytes have it, so that it is looked for first.
_HINTS = (b"rf_", b"rfk_", b"whsec_")
_NAME_HINTS = (b"secret", b"key", b"token", b"passw")
_ALL_HINTS = (*_HINTS, *_NAME_HINTS)
_DISGUISES = (b"%", b"\\", b"\x00")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})|\\u00([0-7][0-9A-Fa-f])|\\(/)|\x00")
_LAYERS_MAX = 3
# How gzip begins, and zlib, which HTTP calls deflate.
_PACKED = (b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_ANY_FORM = zlib.MAX_WBITS + 32
_UNPACKED_MAX = 1024 * 1024
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}")
_STANDARD, _FOR_URLS = bytes.maketrans(b"-_", b"+/"), bytes.maketrans(b"+/", b"-_")
# What a history has in the place of secrets that a replay finds again, or is given.
_LEFT_OUT = (b"[redacted]", b"[from the seed] ")
_NAME = "|".join(name.replace("_", "[_-]?") for name in (*NAMES, *KEY_NAMES)).encode()
_FIELD = re.compile(rb'"(?:%b)"\s*+:\s*+"((?:[^"\\]|\\.)*+)' % _NAME, re.IGNORECASE | re.DOTALL)
_PARAMETER = re.compile(rb"(?:^|[?&\s])(?:%b)=([^&\s\"'<>]++)" % _NAME, re.IGNORECASE)


class Span(NamedTuple):
    """Where something goes, and what comes in its place."""

    begin: int
    end: int
    content: bytes


def mask(length: int) -> bytes:
    """Returns what stands in the place of so many bytes."""
    return (_MASK + b"*" * (length - len(_MASK)))[:length]


class Scrubber:
    """Takes secrets out of bytes and texts, and learns those that it cannot know by their looks."""

    def __init__(self, known: Iterable[str | None] = ()) -> None:
        self._known: dict[bytes, None] = {}
        self._fragments, self._needles = _FRAGMENTS, _NEEDLES
        for secret in known:
            self.learn(secret)

    def learn(self, secret: str | None) -> None:
        """Knows a secret by its value from now on, unless it is too short, a dummy, or looks like a real key anyway."""
        if secret is None or len(secret) < KNOWN_MIN or secret.startswith(("rf_live_mock_", "rf_svc_mock_", "[redacted]")):
            return
        value = secret.encode(errors="replace")
        if value in self._known or _KEY.fullmatch(value) is not None:
            return
        self._known[value] = None
        if len(self._known) > KNOWN_MAX:
            del self._known[next(iter(self._known))]
        fragments = tuple(chain.from_iterable(map(_in_base64, self._known)))
        self._fragments, self._needles = (*_FRAGMENTS, *fragments), (*_NEEDLES, *self._known, *fragments)

    def is_clean(self, *parts: bytes) -> bool:
        """Tells, in the short time that there is on the way of a request, whether nothing in the bytes needs a closer look."""
        # Plain loops: whatever is kept or told comes by here, and generators would cost three times as much as the searches.
        for part in parts:
            if part.startswith(_PACKED):
                return False
        data = b"\n".join(parts)
        for needle in self._needles:
            if needle in data:
                return False
        lowered = data.lower()
        for hint in _ALL_HINTS:  # noqa: SIM110
            if hint in lowered:
                return False
        return True

    def scrub(self, data: bytes) -> bytes:
        """Returns the bytes with masks in the place of secrets; they are as many as before."""
        if data.startswith(_PACKED):
            # What was packed cannot be masked in part.
            unpacked = _unpacked(data)
            if self._scrub(unpacked) != unpacked:
                return mask(len(data))
        return self._scrub(data)

    def _scrub(self, data: bytes) -> bytes:
        if self.is_clean(data):
            return data
        # One after the other, each on what the one before has left: what one hides must not come back with another.
        for find in (self._plain, self._disguised, self._encoded, _named):
            spans = tuple(find(data))
            if spans:
                scrubbed = bytearray(data)
                for span in spans:
                    scrubbed[span.begin : span.end] = span.content
                data = bytes(scrubbed)
        return data

    def cut(self, data: bytes, length_max: int) -> bytes:
        """Returns the first bytes of some, without a part of a secret at their end."""
        return self.scrub(data[: length_max + MARGIN])[:length_max]

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
        # A copy: another thread may learn one meanwhile.
        for secret in tuple(self._known):
            begin = data.find(secret)
            while begin >= 0:
                end = begin + len(secret)
                yield _masked(begin, end)
                begin = data.find(secret, end)

    def _disguised(self, data: bytes) -> Iterator[Span]:
        """Returns the secrets behind escapes, which may stand upon one another."""
        layers = [data]
        while len(layers) <= _LAYERS_MAX and any(disguise in layers[-1] for disguise in _DISGUISES):
            layers.append(_ESCAPE.sub(_unescape, layers[-1]))
            spans = sorted(self._plain(layers[-1]))
            begins, ends = [span.begin for span in spans], [span.end for span in spans]
            for layer in reversed(layers[:-1]):
                begins, ends = _stood(layer, begins), _stood(layer, ends)
            yield from map(_masked, begins, ends)

    def _encoded(self, data: bytes) -> Iterator[Span]:
        """Returns the runs of base64 that hold secrets. Where one begins is not certain: what stands before may look like a part of it."""
        if not any(fragment in data for fragment in self._fragments):
            return
        for run in _BASE64.finditer(data):
            for offset in range(4):
                content = self._reencoded(run[0], offset)
                if content is not None:
                    yield Span(run.start() + offset, run.start() + offset + len(content), content)
                    break

    def _reencoded(self, run: bytes, offset: int) -> bytes | None:
        """Returns a run from an offset on with its secrets masked, or nothing when there are none."""
        text = run[offset:].translate(_STANDARD)
        text = text[: len(text) - (len(text) % 4 == 1)]
        decoded = b64decode(text + b"=" * (-len(text) % 4))
        spans = tuple(self._plain(decoded))
        if not spans:
            return None
        hidden = bytearray(decoded)
        for span in spans:
            hidden[span.begin : span.end] = span.content
        again = b64encode(bytes(hidden)).rstrip(b"=")
        return again.translate(_FOR_URLS) if b"-" in run or b"_" in run else again


def _unpacked(data: bytes) -> bytes:
    """Returns the beginning of what was packed, as far as it can be had; nothing where the bytes only look like that."""
    try:
        return zlib.decompressobj(_ANY_FORM).decompress(data, _UNPACKED_MAX)
    except zlib.error:
        return b""


def _named(data: bytes) -> Iterator[Span]:
    """Returns the values of fields and parameters that name secrets."""
    # Without an equals sign there is no parameter: to find that out by the names takes a hundred times as long.
    for found in chain(_FIELD.finditer(data), _PARAMETER.finditer(data) if b"=" in data else ()):
        # What kind of key it was is kept: rules about where clients send their keys are judged by it.
        prefix = _PREFIX.match(found[1])
        begin = found.start(1) + (prefix.end() if prefix is not None else 0)
        hidden = data[begin : found.end(1)]
        if not found[1].startswith(_LEFT_OUT) and hidden != mask(len(hidden)):
            yield _masked(begin, found.end(1))


def _masked(begin: int, end: int) -> Span:
    return Span(begin, end, mask(end - begin))


def _unescape(found: re.Match[bytes]) -> bytes:
    digits = found[1] or found[2]
    return bytes((int(digits, 16),)) if digits is not None else found[3] or b""


def _stood(data: bytes, offsets: Sequence[int]) -> list[int]:
    """Returns where in some bytes that stood which has these offsets, in ascending order, once they are without escapes."""
    stood, shorter, escapes = list[int](), 0, _ESCAPE.finditer(data)
    found = next(escapes, None)
    for offset in offsets:
        while found is not None and found.start() - shorter < offset:
            shorter += len(found[0]) - len(_unescape(found))
            found = next(escapes, None)
        stood.append(offset + shorter)
    return stood


def _in_base64(secret: bytes) -> tuple[bytes, ...]:
    """Returns what every base64 of bytes with this secret in them has, by how many bytes stand before it."""
    fragments = set[bytes]()
    for before in range(3):
        digits = b64encode(b"\x00" * before + secret)[(0, 2, 3)[before] : (before + len(secret)) * 8 // 6]
        fragments |= {digits, digits.translate(_FOR_URLS)}
    return tuple(sorted(fragments))


_FRAGMENTS = tuple(chain.from_iterable(map(_in_base64, _HINTS)))
_NEEDLES = (*_DISGUISES, *_FRAGMENTS)
