"""Scenarios as they are written: one YAML file, or the same as JSON in a body of the control API.

Besides its own keys a scenario takes every setting of `POST /_mock/tenants`; its `faults`, `stubs` and expected `requests` are the bodies
of `POST /_mock/faults`, `/_mock/stubs` and `/_mock/verify`. What reads those bodies reads them here, so that file and request agree.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple, TypeVar, cast

from runflow_mock.domain.documents import Document, Json, write_document
from runflow_mock.domain.errors import ModelNotFound
from runflow_mock.domain.hints import did_you_mean
from runflow_mock.domain.models import Catalog, Model
from runflow_mock.domain.scenarios import Scenario
from runflow_mock.domain.tenants import TenantSettings
from runflow_mock.openapi.yaml_values import Mark, Path, YamlError
from runflow_mock.packaged import operation_ids
from runflow_mock.wire.control import ControlError
from runflow_mock.wire.expectations import decode_expectation
from runflow_mock.wire.faults import Names, decode_rule
from runflow_mock.wire.marked_yaml import read_yaml
from runflow_mock.wire.overrides import decode_duration, decode_override
from runflow_mock.wire.stubs import decode_stub
from runflow_mock.wire.tenants import SETTINGS, decode_tenant

OWN_KEYS = ("name", "story", "models", "durations", "faults", "stubs", "expectations", "unused", "history")
UNUSED = ("error", "allowed")
STORY_MAX = 10_000
ENTRIES_MAX = 1_000

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_STEP = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|\[[0-9]+\]")
_AT = re.compile(r"at `\$((?:\.[a-z_]+|\[\d+\])*)")
_UNKNOWN = re.compile(r"unknown field `([^`]+)`")
_LEADING = re.compile(r"[a-z_]+(?:\[\d+\])*(?:\.[a-z_]+(?:\[\d+\])*)*(?=[: ])")


PartT = TypeVar("PartT")


class ScenarioError(ValueError):
    """A scenario that cannot be used; `path` leads to what is wrong with it, as far as `around` if the message itself says the rest."""

    def __init__(self, path: Path, message: str, around: Path = ()) -> None:
        inside = write_path(path[len(around) :])
        if around and inside and message.startswith(inside):
            text = f"{write_path(around)}.{message}"
        elif inside and message.startswith(inside):
            text = message
        else:
            text = f"{write_path(path)}: {message}" if path else message
        super().__init__(text)
        self.path = path
        self.message = message


class ScenarioFileError(ValueError):
    """A file or text that is no scenario; says in which line and column."""

    def __init__(self, source: str, mark: Mark, message: str) -> None:
        super().__init__(f"{source}:{mark.line}:{mark.column}: {message}")
        self.source = source
        self.mark = mark
        self.message = message


def read_scenario(text: str, source: str, catalog: Catalog, usual_name: str = "inline") -> Scenario:
    """Returns the scenario of a YAML or JSON text; `source` is what errors call the text.

    Raises:
        ScenarioFileError: it cannot be used; the message begins with source, line and column.
    """
    try:
        marked = read_yaml(text)
    except YamlError as error:
        raise ScenarioFileError(source, error.mark, error.message) from None
    try:
        return decode_scenario(marked.value, catalog, usual_name)
    except ScenarioError as error:
        raise ScenarioFileError(source, marked.mark_of(error.path), str(error)) from None


def decode_scenario(value: Json, catalog: Catalog, usual_name: str = "inline") -> Scenario:
    """Returns a scenario.

    Raises:
        ScenarioError: it cannot be used; the error says what is wrong, where, and what is possible.
    """
    if not isinstance(value, dict):
        raise ScenarioError((), f"a scenario is an object with keys such as {', '.join(OWN_KEYS)}")
    known = (*OWN_KEYS, *SETTINGS)
    for key in value:
        if key not in known:
            hint = did_you_mean(key, known) or "."
            raise ScenarioError((key,), f"no such key{hint} A scenario takes {', '.join(known)}")
    # What happened in the tenant that a scenario was written from is for `runflow-mock replay`, which reads it.
    if not isinstance(value.get("history", {}), dict):
        raise ScenarioError(("history",), "must be the body of GET /_mock/history")
    models = _models(value, catalog)
    names = Names(partial(_path_of, catalog.including(models)), operation_ids())
    rules = [
        *_each(value, "faults", lambda entry: decode_rule(write_document(entry), names)),
        *_each(value, "stubs", lambda entry: decode_stub(write_document(entry), names)),
    ]
    unused = value.get("unused", UNUSED[0])
    if unused not in UNUSED:
        raise ScenarioError(("unused",), f"{str(unused)[:80]!r} must be one of {', '.join(UNUSED)}")
    return Scenario(
        name=_text(value, "name", usual_name, _NAME),
        story=_text(value, "story", "").strip(),
        settings=_settings(value),
        models=models,
        rules=tuple(rule for rule, _ in rules),
        contents=tuple(content for _, contents in rules for content in contents),
        expectations=_each(value, "expectations", lambda entry: decode_expectation(entry, names)),
        allows_unused=unused == UNUSED[1],
        source=write_document({key: part for key, part in value.items() if key != "history"}),
    )


def write_path(path: Path) -> str:
    """Returns a path as `faults[2].what.kind`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


class _Section(NamedTuple):
    """A part of the scenario that is read by itself: where it stands, and its value."""

    path: Path
    value: Json


def _models(value: Mapping[str, Json], catalog: Catalog) -> tuple[Model, ...]:
    changed = {model.id: model for model in _each(value, "models", lambda entry: decode_override(entry, catalog))}
    durations = value.get("durations")
    if durations is not None and not isinstance(durations, dict):
        raise ScenarioError(("durations",), "must be an object from models to durations such as '90s'")
    for path, seconds in (durations or {}).items():
        read = partial(decode_duration, path, catalog=catalog.including(tuple(changed.values())))
        model = _read(_Section(("durations", path), seconds), read)
        changed[model.id] = model
    return tuple(changed.values())


def _each(value: Mapping[str, Json], key: str, read: Callable[[Json], PartT]) -> tuple[PartT, ...]:
    entries = value.get(key)
    if entries is None:
        return ()
    if not isinstance(entries, list) or len(entries) > ENTRIES_MAX:
        raise ScenarioError((key,), f"must be a list of at most {ENTRIES_MAX}")
    return tuple(_read(_Section((key, index), entry), read) for index, entry in enumerate(entries))


def _read(section: _Section, read: Callable[[Json], PartT]) -> PartT:
    """Returns what a part says, or raises an error that leads to the very field that is wrong, as far as its message names one."""
    try:
        return read(section.value)
    except ControlError as error:
        raise ScenarioError((*section.path, *_named_in(error.message, section.value)), _in_yaml(error.message), section.path) from None
    except ModelNotFound as error:
        nearest = "" if error.nearest is None else f"; did you mean {error.nearest}?"
        place = _existing(section.value, ("where", "model")) or _existing(section.value, ("model",))
        raise ScenarioError((*section.path, *place), f"there is no model {error.model_id[:200]!r}{nearest}") from None


def _settings(value: Mapping[str, Json]) -> Document:
    given: Json = {name: part for name, part in value.items() if name in SETTINGS}
    settings = write_document(given)
    _read(_Section((), given), lambda _: decode_tenant(settings, TenantSettings(name="scenario")))
    return settings


def _text(value: Mapping[str, Json], key: str, usual: str, form: re.Pattern[str] | None = None) -> str:
    text = value.get(key, usual)
    if not isinstance(text, str) or len(text) > STORY_MAX:
        raise ScenarioError((key,), f"must be a text of at most {STORY_MAX} characters")
    if form is not None and form.fullmatch(text) is None:
        raise ScenarioError((key,), f"{text[:80]!r} must be of a-z, 0-9 and -, 1 to 64 of them")
    return text


def _path_of(catalog: Catalog, path: str) -> str:
    return path if path in catalog.workflow_paths and not catalog.offers(path) else catalog.get(path).id


def _named_in(message: str, value: Json) -> Path:
    """Returns the path that an error message names, as far as it leads into the value."""
    unknown, at, leading = _UNKNOWN.search(message), _AT.search(message), _LEADING.match(message)
    text = at[1] if at is not None else "" if unknown is not None or leading is None else leading[0]
    steps = tuple(int(step[1:-1]) if step.startswith("[") else step for step in _STEP.findall(text))
    return _existing(value, (*steps, unknown[1]) if unknown is not None else steps)


def _in_yaml(message: str) -> str:
    """Returns a message of the JSON reader in words for who writes YAML, where a number without quotes is no text."""
    is_unquoted = re.search(r"Expected `str[^`]*`, got `(?:int|float|bool)`", message)
    # Which fields the whole takes is no news about a part.
    message = message if _AT.search(message) is None else message.partition("; the body takes")[0]
    return f"{message} (write it in quotes)" if is_unquoted else message


def _existing(value: Json, path: Path) -> Path:
    found: list[str | int] = []
    for step in path:
        parts: Mapping[str | int, Json] = dict(enumerate(value)) if isinstance(value, list) else {}
        parts = cast("Mapping[str | int, Json]", value) if isinstance(value, dict) else parts
        if step not in parts:
            break
        value = parts[step]
        found.append(step)
    return tuple(found)
