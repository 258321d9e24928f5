"""Shapes of paths: by them two documents mean the same operation, whatever their parameters are called.

A model's path has several segments. Our document says so with one parameter that spans slashes; another may write `{owner}/{slug}`, or
one `{model_id}` that is marked by nothing. The last of the parameters that stand where ours spans is then taken to span as well.
"""

import re
from collections.abc import Mapping
from functools import cache

from runflow_mock.openapi.addresses import PARAMETER, unnamed
from runflow_mock.openapi.contracts import Contract, Declared, packaged_contract
from runflow_mock.openapi.foreign_documents import Foreign
from runflow_mock.openapi.matched_names import with_matched_names

_Written = tuple[str, str]


def contract_of(form: Foreign, source: str) -> Contract:
    """Returns a user's document as a contract; `source` is what messages call it, and parameters span slashes where ours do."""
    spanning = {path: _spanning(path) for path in form.document["paths"]}
    return Contract(with_matched_names(form.document), source=source, spanning=spanning, problems=form.problems).check()


@cache
def known_shapes() -> frozenset[str]:
    """Returns the shapes of the paths of our document, `{}` for each parameter."""
    return frozenset(map(unnamed, packaged_contract().paths))


def shape_of(contract: Contract, path: str) -> str:
    """Returns the shape of one of a contract's paths: `{}` for a segment that varies, `{+}` for several."""
    spanning, shape = contract.spanning_of(path), []
    for segment in path.split("/"):
        parameter = PARAMETER.fullmatch(segment)
        if parameter is None:
            shape.append(unnamed(segment))
            continue
        spans = parameter[1] in spanning
        while spans and shape[-1] == "{}":
            shape.pop()
        shape.append("{+}" if spans else "{}")
    return "/".join(shape)


def plain_parameters(contract: Contract, path: str) -> tuple[str, ...]:
    """Returns the parameters in one of a contract's paths that are in one segment each, and no part of several."""
    names: list[str] = []
    run: list[str] = []
    for segment in (*path.split("/"), ""):
        parameter = PARAMETER.fullmatch(segment)
        if parameter is None:
            names, run = [*names, *run, *PARAMETER.findall(segment)], []
        else:
            run = [] if parameter[1] in contract.spanning_of(path) else [*run, parameter[1]]
    return tuple(names)


def paired(one: Contract, other: Contract) -> tuple[Mapping[str, Declared], Mapping[str, Declared]]:
    """Returns all operations of two contracts, each in the order of its document; those that are the same have the same key.

    The key is method and shape of the path. Of several of one shape those are the same whose paths are written alike, and of what is left
    the first is the first; all but the first of them go by a path.
    """
    mine, theirs = _equals(one), _equals(other)
    keys: tuple[dict[_Written, str], dict[_Written, str]] = ({}, {})
    for key in {**mine, **theirs}:
        here, there = mine.get(key, []), theirs.get(key, [])
        shared = {*here} & {*there}
        # Which is the first is no matter of the order in the file.
        ordered = [sorted(each, key=lambda written: (written not in shared, written)) for each in (here, there)]
        names = [key, *(" ".join(written) for written in max(ordered, key=len)[1:])]
        for known, each in zip(keys, ordered, strict=True):
            known.update(zip(each, names, strict=False))
    first, second = ({known[_written(each)]: each for each in side.operations} for known, side in zip(keys, (one, other), strict=True))
    return first, second


def _written(declared: Declared) -> _Written:
    return declared.method, declared.path


def _equals(contract: Contract) -> dict[str, list[_Written]]:
    """Returns the operations of a contract as they are written, by method and shape of the path."""
    found: dict[str, list[_Written]] = {}
    for declared in contract.operations:
        found.setdefault(f"{declared.method} {shape_of(contract, declared.path)}", []).append(_written(declared))
    return found


def _spanning(path: str) -> frozenset[str]:
    """Returns the parameters in a path of any document that stand where one of ours spans slashes."""
    matches = (form.fullmatch(path) for form in _spanning_forms())
    return frozenset(name for match in matches if match is not None for name in match.groups())


@cache
def _spanning_forms() -> tuple[re.Pattern[str], ...]:
    ours = packaged_contract()
    return tuple(_form(path, ours.spanning_of(path)) for path in ours.paths if ours.spanning_of(path))


def _form(path: str, spanning: frozenset[str]) -> re.Pattern[str]:
    """Returns what fits the paths of other documents that mean this one of ours; its groups are the parameters that span."""
    any_one, several = r"\{[^}/]+\}", r"(?:\{[^}/]+\}/)*\{([^}/]+)\}"
    parts = PARAMETER.split(path)
    texts = (re.escape(part) if index % 2 == 0 else several if part in spanning else any_one for index, part in enumerate(parts))
    return re.compile("".join(texts))
