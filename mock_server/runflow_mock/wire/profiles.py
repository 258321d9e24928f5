"""Profiles: the switches that a calibration has found, as a file that people read and `serve --profile` loads."""

import msgspec

from runflow_mock.decoders import convert
from runflow_mock.domain.dialects import dialect_of
from runflow_mock.openapi.yaml_values import YamlError
from runflow_mock.wire.marked_yaml import read_yaml
from runflow_mock.wire.seals import FORMAT_PREFIX

FORMAT = f"{FORMAT_PREFIX}profile"
VERSION = 1
ORIGIN = "runflow-mock calibrate FILES --write FILE"


class ProfileError(ValueError):
    """A profile that cannot be used; the message says why, and what would be."""


class Source(msgspec.Struct, frozen=True):
    """One file that a profile was made from, and the SHA-256 of its bytes."""

    file: str
    sha256: str


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a service speaks: the bundle that is nearest, the switches that were seen, why others are not among them, and from what."""

    format: str = FORMAT
    version: int = VERSION
    date: str
    dialect: str
    switches: dict[str, str]
    undecided: dict[str, str] = {}
    sources: tuple[Source, ...] = ()


def write_profile(profile: Profile, *, as_json: bool) -> bytes:
    """Returns the text of a profile, in YAML or in JSON."""
    if as_json:
        return msgspec.json.format(msgspec.json.encode(profile), indent=1) + b"\n"
    import yaml

    head = f"# How a service speaks, as captures of it show: see runflow-mock serve --profile. Written by {ORIGIN}.\n"
    return (head + yaml.safe_dump(msgspec.to_builtins(profile), sort_keys=False, allow_unicode=True)).encode()


def read_profile(text: str) -> Profile:
    """Returns the profile in a text, YAML or JSON.

    Raises:
        ProfileError: it is none, or names a switch or a value that does not exist.
    """
    try:
        value = read_yaml(text).value
    except YamlError as error:
        raise ProfileError(f"line {error.mark.line}: {error.message}") from None
    mark = value.get("format") if isinstance(value, dict) else None
    if not isinstance(value, dict) or mark != FORMAT:
        raise ProfileError(f"its format is {mark!r}, not {FORMAT!r}; {ORIGIN} gives a profile")
    if value.get("version") != VERSION:
        raise ProfileError(f"it has version {value.get('version')!r}, and this runflow-mock reads version {VERSION} alone: make it anew")
    try:
        profile = convert(value, Profile)
        dialect_of(profile.dialect, profile.switches)
    except ValueError as error:
        raise ProfileError(str(error)) from None
    return profile
