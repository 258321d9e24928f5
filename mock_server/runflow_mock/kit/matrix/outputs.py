"""Outputs: whether what a client has printed holds a secret, in any of the forms in which programs show texts and bytes.

Whoever logs takes a secret for harmless once it looks otherwise: in capitals, in groups, turned round, in base64, base32 or hexadecimal
digits, or as the numbers of its bytes. All of these are the secret to whoever reads the log. What is hashed, enciphered, cut, or written in
other digits, as those of base85, is another text, and is not looked for.
"""

import re
from collections.abc import Iterator, Sequence

from runflow_mock.domain.disguises import in_base32, in_base64, layers_of

# Fewer letters and digits in a row may stand in any log by chance.
LETTERS_MIN = 12
# How the bytes of a text are written one by one: in decimal, octal and binary digits, with zeros in front and without.
_NUMBERS = ("d", "03d", "o", "03o", "b", "08b")
_HEX_SIGN, _DIGITS, _WORD = re.compile(rb"0x(?=[0-9a-f]{2}\b)"), b"0123456789", re.compile(rb"[0-9a-z]+")
_NO_LETTER = bytes(set(range(256)) - set(b"0123456789abcdefghijklmnopqrstuvwxyz"))
_NO_LETTER_OR_BLANK = bytes(set(_NO_LETTER) - set(b" \t\r\n"))
_BLANK_BUT_DIGITS = bytes(byte if byte in _DIGITS else 32 for byte in range(256))
_HAS_BOTH = re.compile(rb"[a-z][0-9]|[0-9][a-z]")
_NUMBER = re.compile(rb"[0-9]")


class Output:
    """What a client has printed, read once in each way for all the secrets that are looked for in it."""

    def __init__(self, data: bytes) -> None:
        self._layers = (data, *(layer.data for layer in layers_of(data)))
        # Programs break digits into lines, and into groups.
        self._joined = [b"".join(layer.replace(b":", b"").split()) for layer in self._layers]
        self._joined_small = [layer.lower() for layer in self._joined]
        self._letters = [_letters(layer) for layer in self._layers]
        self._parts = [b" ".join(layer.lower().translate(None, _NO_LETTER_OR_BLANK).split()) for layer in self._layers]
        self._numbers = [_numbers(layer) for layer in self._layers]

    def shows(self, secret: bytes) -> bool:
        """Tells whether a secret is in it: as it is, behind escapes or in digits, in capitals, in groups, or turned round."""
        readings: Sequence[tuple[Sequence[bytes], Iterator[bytes]]] = (
            (self._layers, iter((secret,))),
            (self._joined_small, iter((secret.hex().encode(),))),
            (self._joined, iter(in_base64(secret))),
            (self._letters, _letter_forms(secret)),
            (self._parts, _part_forms(secret)),
            (self._numbers, _number_forms(secret)),
        )
        return any(form in layer for layers, forms in readings for form in forms for layer in layers)


def _letters(text: bytes) -> bytes:
    """The letters and digits of a text alone, without capitals, and without the sign of hexadecimal digits."""
    return _HEX_SIGN.sub(b"", text.lower()).translate(None, _NO_LETTER)


def _numbers(text: bytes) -> bytes:
    return b",".join((b"", *text.translate(_BLANK_BUT_DIGITS).split(), b""))


def _letter_forms(secret: bytes) -> Iterator[bytes]:
    """Yields what a secret leaves of letters and digits; one of words alone, as dummies are, may stand in any sentence."""
    letters = _letters(secret)
    plain = (letters, letters[::-1]) if _is_random(secret) else (letters[::-1],)
    yield from (form for form in (*plain, secret.hex().encode(), *in_base32(secret)) if len(form) >= LETTERS_MIN)


def _part_forms(secret: bytes) -> Iterator[bytes]:
    """Yields what words and numbers leave of letters and digits: no sentence has them without blanks, or with one behind each letter."""
    letters = _letters(secret)
    if len(letters) >= LETTERS_MIN and _NUMBER.search(letters) is not None:
        yield letters
        yield b" ".join(letters[at : at + 1] for at in range(len(letters)))


def _is_random(secret: bytes) -> bool:
    """Whether enough of a secret are words with letters and digits next to each other: a number may stand beside any word."""
    return sum(len(word) for word in _WORD.findall(secret.lower()) if _HAS_BOTH.search(word) is not None) >= LETTERS_MIN


def _number_forms(secret: bytes) -> Iterator[bytes]:
    for form in _NUMBERS:
        yield b",%b," % ",".join(format(byte, form) for byte in secret).encode()
