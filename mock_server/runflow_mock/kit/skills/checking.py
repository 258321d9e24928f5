"""Holds the claims of a text against an OpenAPI document: one function for each kind of statement.

Where the document is silent the opinion is *unknown*; the same where a text can mean something that the document does not describe.
"""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from runflow_mock.domain.documents import try_document
from runflow_mock.domain.mime import essence
from runflow_mock.kit.skills.claims import (
    Endpoint,
    Example,
    Header,
    Keys,
    Limit,
    Opinion,
    Side,
    Statement,
    Status,
    Unread,
    contradicted,
    held,
    unknown,
)
from runflow_mock.kit.skills.endpoints import API_PREFIX, is_of_api
from runflow_mock.kit.skills.reference import Reference
from runflow_mock.openapi.addresses import Addressed
from runflow_mock.openapi.explanations import schema_errors
from runflow_mock.openapi.nearest_routes import nearest_route
from runflow_mock.wire.sites import HOSTS, Site

_HOST_OF_API = f"{Site.API}.runflow.io"
# `runz` is meant to be `runs`, `products` is another noun.
NOUN_LIKENESS_MIN = 0.75
# What this API has, by the names that it or others give it: a path that begins so is meant to be one of its own.
KINDRED = frozenset(
    re.findall(
        "[a-z-]+",
        "runs batches models assets flows solutions evaluations webhooks account billing jobs tasks predictions generations executions "
        "inferences requests images videos files uploads media workflows pipelines credits usage keys api-keys secrets callbacks hooks",
    )
)
_LEFT_OUT = ("...", "…", "*")
_LITERAL_AFTER_PLACEHOLDER = re.compile(r"\{[^{}]*\}/(?:[^/]+/)*[^/{}]+(?:/|$)")
_KEYWORDS: Mapping[str, tuple[str, ...]] = {
    "characters": ("maxLength",),
    "items": ("maxItems",),
    "bytes": ("x-max-bytes", "maxLength"),
    "": ("maxLength", "maximum", "maxItems", "maxProperties"),
}
_OWN_HEADERS = ("runflow-", "x-runflow-")
_KEY_HEADER = re.compile(r"api-?key|auth-?token|access-?token")


def hold(says: Statement, reference: Reference) -> Opinion:
    """Returns what a document says of a statement."""
    return _JUDGES[type(says)](says, reference)


def _hold_endpoint(says: Endpoint, reference: Reference) -> Opinion:
    if not is_of_api(says):
        is_astray = says.host in HOSTS and says.path.startswith(f"{API_PREFIX}/")
        return contradicted(f"{says.host} has no API; it is at {_HOST_OF_API}") if is_astray else unknown("a page, not a path of the API")
    if any(mark in says.path for mark in _LEFT_OUT):
        return unknown("a part of the path is left out")
    addressed = reference.address(says)
    if addressed is None:
        return _hold_beginning(says, reference)
    if any(_LITERAL_AFTER_PLACEHOLDER.search(addressed.params[name]) for name in reference.contract.spanning_of(addressed.path)):
        return unknown(f"would be {addressed.path} with an odd value for its last part")
    return _hold_method(says, addressed, reference)


def _hold_beginning(says: Endpoint, reference: Reference) -> Opinion:
    """Judges what is no path of the document: it may be how some of its paths begin, or beside them on their host."""
    if says.method is None and (says.path == "/" or reference.begins(says.path)):
        return held("the API's host" if says.path == "/" else "paths of the document begin so")
    if not says.path.startswith(f"{API_PREFIX}/"):
        return unknown(f"not below {API_PREFIX}, which is all that the document describes")
    if says.host is None and not _is_of_document(says.path, reference):
        return unknown("names no host, and no path of the document begins like it: it may be another backend's")
    nearest = nearest_route(reference.contract, says.method or "GET", says.path)
    return contradicted(f"the document has no path {says.path}{f'; the nearest is {nearest}' if nearest else ''}")


def _is_of_document(path: str, reference: Reference) -> bool:
    """Tells whether a path without a host begins with a noun of the document, one that is nearly spelled so, or one that means as much."""
    noun, *nouns = (part.removeprefix(API_PREFIX).lstrip("/").partition("/")[0] for part in (path, *reference.contract.paths))
    return noun in KINDRED or bool(get_close_matches(noun, sorted(set(nouns)), n=1, cutoff=NOUN_LIKENESS_MIN))


def _hold_method(says: Endpoint, addressed: Addressed, reference: Reference) -> Opinion:
    methods = tuple(addressed.methods)
    if says.method is not None and says.method not in methods and not (says.method == "HEAD" and "GET" in methods):
        return contradicted(f"the document has {', '.join(methods)} {addressed.path}, and no {says.method}")
    method = says.method or (methods[0] if len(methods) == 1 else "GET" if "GET" in methods else None)
    declared = None if method is None else reference.contract.operation(addressed.path, method)
    names = {parameter.name for parameter in declared.parameters if parameter.place == "query"} if declared else None
    absent = [name for name in says.query if names is not None and name not in names]
    if absent:
        return contradicted(f"{method} {addressed.path} has no query parameter {absent[0]}")
    return held(declared.id if declared is not None else addressed.path)


def _hold_example(says: Example, reference: Reference) -> Opinion:
    declared = reference.declared(says.endpoint)
    if declared is None:
        return unknown("of no operation that the document has")
    pointer = reference.request_of(declared)
    if pointer is None:
        return contradicted(f"{declared.id} takes no JSON body")
    value = try_document(says.body)
    if value is None:
        return unknown("not JSON as it stands")
    error = next(schema_errors(reference.contract, pointer, value), None)
    if error is not None:
        return contradicted(f"{'/'.join(map(str, error.loc)) or 'body'}: {error.message[:200]}")
    return _hold_keys(Keys(names=tuple(value) if isinstance(value, dict) else (), side=Side.REQUEST, endpoint=says.endpoint), reference)


def _hold_keys(says: Keys, reference: Reference) -> Opinion:
    if says.side is Side.OTHER:
        return unknown("of whose keys this speaks was not understood")
    declared = reference.declared(says.endpoint)
    if declared is None and says.side is not Side.ERROR:
        return unknown("of no operation that the document has")
    if says.side is Side.ERROR:
        names = reference.error_names
    else:
        assert declared is not None
        request = reference.request_of(declared)
        ways = reference.answers_of(declared, "2") if says.side is Side.ANSWER else (request,) if request else ()
        names = frozenset(name for way in ways for name in reference.members(way))
    if not names:
        return unknown("the document lists no keys there")
    absent = [name for name in says.names if name not in names]
    if says.side is Side.ANSWER and len(absent) == len(says.names):
        return unknown("could be a part of the answer")
    if absent:
        return contradicted(f"the document has no {absent[0]} there{_nearest(absent[0], names)}")
    return held(f"{declared.id if declared is not None else 'errors'}: {', '.join(says.names) or 'no keys'}")


def _hold_header(says: Header, reference: Reference) -> Opinion:
    name = says.name.lower()
    told = _SENT[name](says, reference) if name in _SENT else None
    if told is not None:
        return told
    if name in reference.headers:
        return held("a header of the document")
    if name.startswith(_OWN_HEADERS):
        return contradicted(f"the document has no such header{_nearest(name, reference.headers)}")
    if _KEY_HEADER.search(name) and reference.schemes:
        return contradicted(f"the key is sent as Authorization, with scheme {', '.join(sorted(reference.schemes))}")
    return unknown("the document does not name this header")


def _hold_authorization(says: Header, reference: Reference) -> Opinion:
    scheme, space, _ = says.value.partition(" ")
    known = ", ".join(sorted(reference.schemes))
    if not known or not space:
        return unknown("the scheme was not understood")
    is_known = scheme.lower() in reference.schemes
    return held(f"scheme {known}") if is_known else contradicted(f"the document has scheme {known}, not {scheme.lower()}")


def _hold_content_type(says: Header, reference: Reference) -> Opinion | None:
    declared = reference.declared(says.endpoint)
    if declared is None or not declared.body:
        return None
    media_type = essence(says.value)
    known = ", ".join(declared.body)
    return held(known) if media_type in declared.body else contradicted(f"{declared.id} takes {known}, not {media_type}")


# Headers whose value says something, by their name in lower case.
_SENT: Mapping[str, Callable[[Header, Reference], Opinion | None]] = {
    "authorization": _hold_authorization,
    "content-type": _hold_content_type,
}


def _hold_status(says: Status, reference: Reference) -> Opinion:
    known = reference.statuses
    if {says.code, f"{says.code[0]}XX", "default"} & known or (says.code.endswith("xx") and any(s[0] == says.code[0] for s in known)):
        return held("declared")
    return contradicted(f"no operation answers {says.code}")


def _hold_limit(says: Limit, reference: Reference) -> Opinion:
    keywords = _KEYWORDS.get(says.unit)
    if not says.field or keywords is None:
        return unknown("what this is a limit of was not understood")
    declared = reference.declared(says.endpoint)
    body = reference.request_of(declared) if declared is not None else None
    ways = [reference.members(body)[says.field]] if body is not None and says.field in reference.members(body) else []
    limits = frozenset(number for way in ways or reference.fields.get(says.field, ()) for number in reference.numbers(way, keywords))
    if says.most in limits:
        return held(f"{says.field} has the limit {says.most}")
    if not limits or not ways:
        return unknown(f"which {says.field} has this limit is not certain")
    return contradicted(f"the limit of {says.field} is {', '.join(map(str, sorted(limits)))} in the document")


def _hold_unread(says: Unread, reference: Reference) -> Opinion:
    return unknown("not understood")


_JUDGES: Mapping[type, Callable[[Any, Reference], Opinion]] = {
    Endpoint: _hold_endpoint,
    Example: _hold_example,
    Keys: _hold_keys,
    Header: _hold_header,
    Status: _hold_status,
    Limit: _hold_limit,
    Unread: _hold_unread,
}


def _nearest(name: str, known: frozenset[str] | tuple[str, ...]) -> str:
    near = get_close_matches(name, sorted(known), n=1)
    return f"; the nearest is {near[0]}" if near else ""
