"""Forms of keys: in which shapes an API key, or a secret of callbacks, may stand in bytes where nobody knows the secret itself.

Both begin with words with which nothing else begins. Those are looked for as they are, in base64, base32 and hexadecimal digits, turned
round, and as the numbers of their bytes.
"""

import re
from typing import NamedTuple

from runflow_mock.domain.disguises import in_base32, in_base64

# How the number of a byte may be written, each with that of the last byte of each of those words: what has it not is not looked at more
# closely.
_BASES = {"%d": b"95", "%02x": b"5f", "%03o": b"137"}
# What stands between two numbers: signs, a name or place with signs behind it, and the word for the base.
_BETWEEN = rb"\W++(?:\w{1,4}+\W++){0,2}(?:0?[ox]|u)?0*+"


class KeyForms(NamedTuple):
    """The forms of one kind of secret: its beginning, with a `hint` that each of them has, and what stands for it in digits."""

    plain: re.Pattern[bytes]
    turned_round: re.Pattern[bytes]
    hint: bytes
    as_written: tuple[bytes, ...]
    in_small_letters: tuple[bytes, ...]
    numbers: tuple[tuple[bytes, re.Pattern[bytes]], ...]

    def stands_in(self, part: bytes, lowered: bytes) -> bool:
        """Whether bytes, and the same in small letters, hold one of the forms."""
        return (
            (self.hint in part and self.plain.search(part) is not None)
            or (self.hint[::-1] in part and self.turned_round.search(part) is not None)
            or any(map(part.__contains__, self.as_written))
            or any(map(lowered.__contains__, self.in_small_letters))
            or any(hint in lowered and numbers.search(lowered) is not None for hint, numbers in self.numbers)
        )


def _forms(plain: bytes, turned_round: bytes, hint: bytes, *words: bytes) -> KeyForms:
    return KeyForms(
        plain=re.compile(plain),
        turned_round=re.compile(turned_round),
        hint=hint,
        as_written=tuple(form for word in words for form in in_base64(word)),
        in_small_letters=tuple(form for word in words for form in (*in_base32(word), word.hex().encode())),
        # Each by itself, so that it begins with what is quickly looked for.
        numbers=tuple(
            (hint, re.compile(_BETWEEN.join((base % byte).encode() for byte in word) + rb"\b"))
            for word in words
            for base, hint in _BASES.items()
        ),
    )


# `rfk_` is too short for other forms than its own: what is random has them by chance.
# Turned round they end with what a name may end with as well: one is a key where a name of ours is in front, or what is as long and
# mixed as what is drawn at random.
KEYS = _forms(
    rb"rf_(?:live|svc)_\w|rfk_\w",
    rb"(?:(?<=\w_kcom)|(?<=[A-Za-z0-9]{20})(?<![A-Za-z]{20})(?<![0-9]{20}))_(?:evil|cvs)_fr(?!\w)",
    b"rf",
    b"rf_live_",
    b"rf_svc_",
)
SECRETS = _forms(rb"whsec_\w", rb"\w_ceshw", b"whsec_", b"whsec_")


def shows(part: bytes, *kinds: KeyForms) -> bool:
    """Tells whether bytes hold what looks like a secret of one of these kinds."""
    # Lowered once: of long digits each search costs as much.
    lowered = part.lower()
    return any(kind.stands_in(part, lowered) for kind in kinds)
