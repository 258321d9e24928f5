"""Secrets that are known by their value: what they are looked for as, and how many are looked for at once."""

import html
from collections.abc import Iterable
from functools import partial
from itertools import chain
from math import inf
from typing import Literal, NamedTuple

from runflow_mock.domain.disguises import in_base64
from runflow_mock.domain.field_names import may_be_in_field_name

KNOWN_MIN = 8
"""How many characters a secret must have to be known by its value: shorter ones would be found in ordinary words."""
FEW_MAX = 16
"""How many texts are looked for one after the other."""


class _Piece(NamedTuple):
    """A part of a text, read as one number: which texts have it, how long it is, and of what kind the number is."""

    least: int
    below: float
    length: int
    kind: Literal["I", "Q"]


# Wherever a text of 2n - 1 bytes stands, a multiple of n is in it that has n bytes of the text behind it. Long ones are seldom elsewhere.
_PIECES = (_Piece(15, inf, 8, "Q"), _Piece(7, 15, 4, "I"))


class Texts:
    """Texts of `KNOWN_MIN` bytes or more that are looked for together; where they are many, one look tells whether any may be there.

    To look for hundreds one after the other takes longer than all else that is done with what is looked through.
    """

    def __init__(self, texts: Iterable[bytes] = (), *, joined: Iterable["Texts"] = ()) -> None:
        several, own = tuple(joined), tuple(texts)
        self._texts: tuple[bytes, ...] = tuple(dict.fromkeys(chain(own, *(each._texts for each in several))))
        # What the texts of others are known by was made with them.
        own_pieces = (_pieces_of(own, piece) for piece in _PIECES)
        self._pieces: tuple[frozenset[int], ...] = tuple(map(frozenset[int].union, own_pieces, *(each._pieces for each in several)))

    def within(self, data: bytes) -> Iterable[bytes]:
        """Returns those of the texts that are in some bytes."""
        if len(self._texts) > FEW_MAX and all(map(partial(_has_none, data), _PIECES, self._pieces)):
            return ()
        return filter(data.__contains__, self._texts)


class Known(NamedTuple):
    """A secret that is known: how many were known with it, and what it is without any escapes, in base64, and in hexadecimal digits."""

    lesson: int
    forms: Texts
    fragments: Texts
    hex_forms: Texts
    may_be_in_name: bool


def known_of(secret: str, lesson: int) -> Known:
    """Returns what a secret is looked for as that became known as the `lesson`th."""
    forms = _forms_of(secret)
    fragments, hex_forms = Texts(chain.from_iterable(map(in_base64, forms))), Texts(form.hex().encode() for form in forms)
    return Known(lesson, Texts(forms), fragments, hex_forms, may_be_in_field_name(secret))


def _forms_of(secret: str) -> tuple[bytes, ...]:
    """Returns the bytes that a secret is without any escapes: in UTF-8, and where it has unusual characters also otherwise."""
    texts = (secret, secret.replace(" ", "+"), html.escape(secret))
    forms = [text.encode(errors="replace") for text in texts]
    if not secret.isascii():
        # Of ASCII, UTF-16 only has a NUL beside each character.
        forms += [secret.encode("utf-16-le", errors="replace"), secret.encode("utf-16-be", errors="replace")]
        forms += [secret.encode("latin-1", errors="replace")] if max(secret) < "\u0100" else []
    return tuple(dict.fromkeys(forms))


def _pieces_of(texts: Iterable[bytes], piece: _Piece) -> frozenset[int]:
    own = (text for text in texts if piece.least <= len(text) < piece.below)
    parts = (text[begin : begin + piece.length] for text in own for begin in range(piece.length))
    return frozenset(chain.from_iterable(_numbers(part, piece) for part in parts))


def _has_none(data: bytes, piece: _Piece, pieces: frozenset[int]) -> bool:
    return not pieces or pieces.isdisjoint(_numbers(data, piece))


def _numbers(data: bytes, piece: _Piece) -> memoryview:
    """Returns the numbers that stand in bytes, one behind the other; what is left at the end is none."""
    return memoryview(data)[: len(data) // piece.length * piece.length].cast(piece.kind)
