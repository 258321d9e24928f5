"""Security: the credentials that a document asks for at an operation.

A way is a set of credentials that are needed together; one way of several suffices, and one that needs nothing makes all others optional.

Source: OpenAPI, "Security Requirement Object" and "Security Scheme Object".
"""

from collections.abc import Callable, Mapping

import msgspec

from runflow_mock.domain.documents import Json
from runflow_mock.openapi.parts import UNREAD
from runflow_mock.openapi.pointers import Pointer

PLACES = ("query", "header", "cookie")
"""Where an API key may be."""

# RFC 9449 binds a token to its client by another word, under any of the types that hand tokens out.
_TOKENS = frozenset(("bearer", "dpop"))

Part = Mapping[str, Json]


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """One credential: where it is and under which name; of an Authorization header the words that may begin it, none meaning any.

    One that nobody here can see has no place; `says` tells what it is.
    """

    says: str
    place: str = ""
    name: str = ""
    words: frozenset[str] = frozenset()


Way = tuple[Credential, ...]


class Security(msgspec.Struct, frozen=True):
    """What lets a client in at an operation, and what of it cannot be understood: the way to it from the requirements, and why."""

    ways: tuple[Way, ...] = ()
    wrong: tuple[tuple[Pointer, str], ...] = ()


def read_security(asked: Json, scheme_of: Callable[[str], Part | None]) -> Security:
    """Returns what security requirements ask for; a scheme goes by its name, if the document has one of that name."""
    if asked is None:
        return Security()
    if not isinstance(asked, list):
        return Security(wrong=(((), "security is not a list"),))
    ways: list[Way] = []
    wrong: list[tuple[Pointer, str]] = []
    for index, way in enumerate(asked):
        if not isinstance(way, dict):
            wrong.append(((str(index),), "a security requirement is an object"))
            ways.append((_unseen("what is not understood"),))
            continue
        read = {name: _read(name, scheme_of(name)) for name in way}
        wrong += [((str(index), name), found) for name, found in read.items() if isinstance(found, str)]
        ways.append(tuple(_unseen(name) if isinstance(found, str) else found for name, found in read.items()))
    return Security(tuple(ways), tuple(wrong))


def _unseen(says: str) -> Credential:
    return Credential(says=says[:80])


def _read(name: str, scheme: Part | None) -> Credential | str:
    """Returns the credential of a scheme, or why it cannot be understood."""
    if scheme is None:
        return "components/securitySchemes holds no scheme of this name"
    if UNREAD in scheme:
        return str(scheme[UNREAD])
    read = _TYPES.get(str(scheme.get("type")))
    return f"{str(scheme.get('type'))[:40]!r} is none of {', '.join(_TYPES)}" if read is None else read(name[:80], scheme)


def _read_key(name: str, scheme: Part) -> Credential | str:
    place, field = scheme.get("in"), scheme.get("name")
    if not isinstance(place, str) or place not in PLACES:
        return f"in {str(place)[:40]!r} is none of {', '.join(PLACES)}"
    if not isinstance(field, str) or not field:
        return "an API key has a name"
    return Credential(says=f"{field[:80]} in {'a ' if place == 'cookie' else 'the '}{place} ({name})", place=place, name=field)


def _read_http(name: str, scheme: Part) -> Credential | str:
    word = scheme.get("scheme")
    if not isinstance(word, str) or not word:
        return "a scheme of HTTP says which"
    return _authorization(f"Authorization: {word[:40]} ({name})", frozenset((word.lower(),)))


def _read_token(name: str, scheme: Part) -> Credential:
    return _authorization(f"Authorization: Bearer ({name})", _TOKENS)


def _authorization(says: str, words: frozenset[str]) -> Credential:
    return Credential(says=says, place="header", name="Authorization", words=words)


_TYPES: Mapping[str, Callable[[str, Part], Credential | str]] = {
    "apiKey": _read_key,
    "http": _read_http,
    "mutualTLS": lambda name, _: _unseen(f"a client certificate ({name})"),
    "oauth2": _read_token,
    "openIdConnect": _read_token,
}


def query_names(security: Security) -> frozenset[str]:
    """Returns which names in a query are those of credentials."""
    return frozenset(each.name for way in security.ways for each in way if each.place == "query")
