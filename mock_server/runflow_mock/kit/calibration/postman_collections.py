"""Collections: the saved answers in a collection of Postman, as captures, folders and all."""

import re
from collections.abc import Iterator, Mapping

from runflow_mock.domain.documents import Json, list_of, object_of
from runflow_mock.kit.calibration.archives import path_of_the_api
from runflow_mock.kit.calibration.captures import Capture, Kind, Object, Unrecognised, header_names

DEPTH_MAX = 50

# The address of a server usually stands in a variable of the collection.
_VARIABLE = re.compile(r"^(?:https?://)?\{\{[^{}]*\}\}")


def is_collection(value: Json) -> bool:
    """Tells whether a value is a collection of Postman."""
    whole = object_of(value)
    return isinstance(whole.get("item"), list) and isinstance(whole.get("info"), dict)


def read_collection(value: Json, source: str) -> Iterator[Capture]:
    """Returns the answers of the API that were saved in a collection.

    Raises:
        Unrecognised: there are none.
    """
    found = list(_saved(object_of(value), source, "", 0))
    if not found:
        raise Unrecognised("no answer of the API was saved in this collection of Postman: save one as an example of its request")
    yield from found


def _saved(folder: Object, source: str, place: str, depth: int) -> Iterator[Capture]:
    for index, part in enumerate(list_of(folder.get("item")) if depth < DEPTH_MAX else ()):
        item, here = object_of(part), f"{place}item[{index}]"
        yield from _saved(item, source, f"{here}.", depth + 1)
        for number, response in enumerate(list_of(item.get("response"))):
            yield from _capture(object_of(response), object_of(item.get("request")), source, f"{here}.response[{number}]")


def _capture(response: Object, request: Object, source: str, place: str) -> Iterator[Capture]:
    asked = object_of(response.get("originalRequest")) or request
    path, host = path_of_the_api(_url(asked.get("url")))
    status, body = response.get("code"), response.get("body")
    if path is None or not isinstance(status, int):
        return
    headers: list[Json] = [
        {"name": part.get("key"), "value": part.get("value")} for part in map(object_of, list_of(response.get("header")))
    ]
    yield Capture(
        source=source,
        place=place,
        kind=Kind.ANSWER,
        method=str(asked.get("method") or "GET"),
        path=path,
        host=host,
        status=status,
        headers=header_names(headers),
        body=body.encode() if isinstance(body, str) else b"",
    )


def _url(given: Json) -> str:
    """Returns the address of a request with the values of its variables in it; what stands for a host is that of the service."""
    parts = object_of(given)
    text = str(given if isinstance(given, str) else parts.get("raw") or "")
    named = [object_of(part) for part in list_of(parts.get("variable"))]
    values: Mapping[str, str] = {f":{part.get('key')}": str(part.get("value") or part.get("key")) for part in named}
    address, _, _ = _VARIABLE.sub("https://api.runflow.io", text).partition("?")
    return "/".join(values.get(segment, segment) for segment in address.split("/"))
