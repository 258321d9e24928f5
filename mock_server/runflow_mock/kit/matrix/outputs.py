"""Outputs: whether what a client has printed holds a secret, in any of the forms in which programs show texts and bytes.

Whoever logs takes a secret for harmless once it looks otherwise: in capitals, in groups, turned round, or in digits of any base. All of
these are the secret to whoever reads the log. What is hashed, enciphered or cut is another text, and is not looked for.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from runflow_mock.domain.disguises import holds, in_base32, layers_of

# Fewer letters and digits in a row may stand in any log by chance.
LETTERS_MIN = 12
# How the bytes of a text are written one by one: in decimal, octal and binary digits, with zeros in front and without.
_NUMBERS = ("d", "03d", "o", "03o", "b", "08b")
_NO_LETTER, _HEX_SIGN, _NUMBER = re.compile(rb"[^0-9a-z]"), re.compile(rb"0x(?=[0-9a-f]{2}\b)"), re.compile(rb"\d+")


def shows(output: bytes, secret: bytes) -> bool:
    """Tells whether an output holds a secret: as it is, behind escapes or in digits, in capitals, in groups, or turned round."""
    if holds(output, secret):
        return True
    layers = (output, *(layer.data for layer in layers_of(output)))
    return any(form in read(layer) for read, forms in _READINGS for form in forms(secret) for layer in layers)


def _letters(text: bytes) -> bytes:
    """The letters and digits of a text alone, without capitals, and without the sign of hexadecimal digits."""
    return _NO_LETTER.sub(b"", _HEX_SIGN.sub(b"", text.lower()))


def _numbers(text: bytes) -> bytes:
    return b",".join((b"", *_NUMBER.findall(text), b""))


def _letter_forms(secret: bytes) -> Iterator[bytes]:
    """Yields what a secret leaves of letters and digits; one of words alone, as dummies are, may stand in any sentence."""
    letters = _letters(secret)
    plain = (letters, letters[::-1]) if _NUMBER.search(letters) else (letters[::-1],)
    yield from (form for form in (*plain, secret.hex().encode(), *in_base32(secret)) if len(form) >= LETTERS_MIN)


def _number_forms(secret: bytes) -> Iterator[bytes]:
    for form in _NUMBERS:
        yield b",%b," % ",".join(format(byte, form) for byte in secret).encode()


_READINGS: Sequence[tuple[Callable[[bytes], bytes], Callable[[bytes], Iterator[bytes]]]] = (
    (_letters, _letter_forms),
    (_numbers, _number_forms),
)
