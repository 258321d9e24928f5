"""Media types: which of those that a document names is meant by the content type of a message, parameters and ranges included."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache

import msgspec

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

# JSON is always UTF-8, and where a text is not, that is no matter of the contract; a boundary is not known in advance.
_IGNORED = frozenset(("charset", "boundary"))

ENCODINGS = frozenset(
    (
        *("utf-8", "utf8", "us-ascii", "ascii", "latin1", "latin-1", "koi8-r", "koi8-u"),
        *(f"iso-8859-{part}" for part in range(1, 17) if part != 12),
        *(f"{maker}125{page}" for maker in ("windows-", "cp") for page in range(9)),
        *(f"utf-{bits}{order}" for bits in (16, 32) for order in ("", "le", "be")),
    )
)
"""The encodings in which text is read: each costs as much as the text is long, and has no halves of characters."""


class MediaType(msgspec.Struct, frozen=True):
    """A media type: `name` is type and subtype in lower case, and may be a range."""

    name: str
    parameters: Mapping[str, str] = {}

    @property
    def is_json(self) -> bool:
        """Whether it is JSON."""
        return self.name in ("application/json", "text/json") or self.name.endswith("+json")

    @property
    def is_text(self) -> bool:
        """Whether it is text whose form nothing else says."""
        return self.name == "text/plain"

    @property
    def spelled(self) -> str:
        """Its one spelling, without what is no matter of a contract."""
        said = sorted((key, value) for key, value in self.parameters.items() if key not in _IGNORED)
        return "; ".join((self.name, *(f"{key}={value}" for key, value in said)))

    def decode(self, raw: bytes) -> str | None:
        """Returns the text that bytes of it are, or nothing where it names an encoding that is not read here; UTF-8 where it names none.

        A mark that says in which order the bytes are is no part of the text.
        """
        encoding = self.parameters.get("charset") or "utf-8"
        return raw.decode(encoding, "replace").removeprefix("\ufeff") if encoding in ENCODINGS else None


def read_media_type(text: str | None) -> MediaType:
    """Returns the media type that a text names."""
    name, *parts = (text or "").split(";")
    pairs = (part.partition("=") for part in parts)
    return MediaType(
        name.strip().lower(), {key.strip().lower(): value.strip().strip('"').lower() for key, _, value in pairs if key.strip()}
    )


def chosen(known: Iterable[str], sent: MediaType) -> str | None:
    """Returns which of the media types that a document names a message has: the most particular one that fits."""
    fitting = [(rank, key) for key in known if (rank := _rank(_known(key), sent)) is not None]
    return max(fitting, key=lambda found: found[0])[1] if fitting else None


# A document names few, and each of them is held against every message.
_known = lru_cache(maxsize=256)(read_media_type)


def _rank(known: MediaType, sent: MediaType) -> tuple[int, int, int] | None:
    """Returns how particular a media type is, or nothing where it does not fit."""
    if not sent.name or not fnmatchcase(sent.name, known.name.replace("[", "[[]")):
        return None
    said = {key: value for key, value in known.parameters.items() if key not in _IGNORED}
    # What the message does not say may be meant; what it says otherwise is not.
    if any(sent.parameters.get(key, value) != value for key, value in said.items()):
        return None
    return -known.name.count("*"), sum(sent.parameters.get(key) == value for key, value in said.items()), -len(said)
