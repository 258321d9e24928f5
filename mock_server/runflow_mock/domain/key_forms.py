"""Forms of keys: in which shapes an API key, or a secret of callbacks, may stand in bytes where nobody knows the secret itself.

Both begin with words with which nothing else begins. Those are looked for as they are, in base64, base32 and hexadecimal digits, turned
round, and as the numbers of their bytes.
"""

import re
from typing import NamedTuple

from runflow_mock.domain.disguises import in_base32, in_base64

# The number of the last byte of each of those words: what has it not is not looked at more closely.
_IN_NUMBERS = b"95"


class KeyForms(NamedTuple):
    """The forms of one kind of secret: its beginning, with a `hint` that each of them has, and what stands for it in digits."""

    plain: re.Pattern[bytes]
    turned_round: re.Pattern[bytes]
    hint: bytes
    as_written: tuple[bytes, ...]
    in_small_letters: tuple[bytes, ...]
    numbers: re.Pattern[bytes]

    def stands_in(self, part: bytes, lowered: bytes) -> bool:
        """Whether bytes, and the same in small letters, hold one of the forms."""
        return (
            (self.hint in part and self.plain.search(part) is not None)
            or (self.hint[::-1] in part and self.turned_round.search(part) is not None)
            or any(map(part.__contains__, self.as_written))
            or any(map(lowered.__contains__, self.in_small_letters))
            or (_IN_NUMBERS in part and self.numbers.search(part) is not None)
        )


def _forms(plain: bytes, turned_round: bytes, hint: bytes, *words: bytes) -> KeyForms:
    return KeyForms(
        plain=re.compile(plain),
        turned_round=re.compile(turned_round),
        hint=hint,
        as_written=tuple(form for word in words for form in in_base64(word)),
        in_small_letters=tuple(form for word in words for form in (*in_base32(word), word.hex().encode())),
        numbers=re.compile(rb"|".join(rb"\b" + rb",\s*".join(b"%d" % byte for byte in word) + rb"\b" for word in words)),
    )


# `rfk_` is too short for other forms than its own: what is random has them by chance.
# Turned round they end with what a name may end with as well, of which so much is seldom in front.
KEYS = _forms(rb"rf_(?:live|svc)_\w|rfk_\w", rb"(?<=\w{8})_(?:evil|cvs)_fr(?!\w)", b"rf", b"rf_live_", b"rf_svc_")
SECRETS = _forms(rb"whsec_\w", rb"\w_ceshw", b"whsec_", b"whsec_")


def shows(part: bytes, *kinds: KeyForms) -> bool:
    """Tells whether bytes hold what looks like a secret of one of these kinds."""
    # Lowered once: of long digits each search costs as much.
    lowered = part.lower()
    return any(kind.stands_in(part, lowered) for kind in kinds)
