"""YAML as values whose places in the text are known, so that an error can say in which line and column something stands.

Plain values only, no tags, no merge keys, every key once, and everything bounded, what aliases repeat included.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from runflow_mock.domain.documents import Json
from runflow_mock.openapi.yaml_values import YAML_WORDS, Mark, NotYamlError, Path, YamlError, YamlOptions, read_values

CHARACTERS_MAX = 1024 * 1024
DEPTH_MAX = 32
NODES_MAX = 50_000
# Bytes, as JSON, of what is written in the form of YAML: a fraction of a second's work.
WRITTEN_MAX = 128 * 1024
# What stands in a text of JSON as it is, and would be a break or an error in one of YAML.
_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


class Marked(NamedTuple):
    """A value, and the place of each of its parts."""

    value: Json
    marks: Mapping[Path, Mark]

    def mark_of(self, path: Path) -> Mark:
        """Returns where a part stands; of one that is not there, where the nearest part around it stands."""
        while path and path not in self.marks:
            path = path[:-1]
        return self.marks.get(path, Mark(1, 1))


def read_yaml(text: str) -> Marked:
    """Returns the value of a text with one document.

    Raises:
        YamlError: the text is not valid, goes beyond a limit, or uses what is not understood here.
    """
    if len(text) > CHARACTERS_MAX:
        raise YamlError(f"the text has {len(text)} characters; at most {CHARACTERS_MAX} are read", Mark(1, 1))
    try:
        read = read_values(text, _OPTIONS)
    except NotYamlError as error:
        raise YamlError(f"this is not YAML: {error.message}", error.mark or Mark(1, 1)) from None
    return Marked(read.result, read.marks)


def write_yaml(value: Json | Mapping[str, Json | msgspec.Raw]) -> str:
    """Returns a value as YAML that `read_yaml`, within its limits, reads back as the same; a large one in the form of JSON, which is YAML.

    To write YAML takes a hundred times as long as to write JSON, and nothing else has its turn meanwhile.
    """
    as_json = msgspec.json.encode(value)
    if len(as_json) > WRITTEN_MAX:
        text = msgspec.json.format(as_json, indent=2).decode()
        # Part by part, so that a thread that does this does not keep the others from going on.
        parts = (text[begin : begin + WRITTEN_MAX] for begin in range(0, len(text), WRITTEN_MAX))
        return "".join(_NOT_IN_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", part) for part in parts)
    import yaml

    class Writer(yaml.SafeDumper):
        """Quotes what would not be read as the text that it is, and writes several lines as several lines."""

        def ignore_aliases(self, data: object) -> bool:
            return True

    def represent_text(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        style = "|" if "\n" in text else None if _plain(text) is text else "'"
        return writer.represent_scalar("tag:yaml.org,2002:str", text, style)

    Writer.add_representer(str, represent_text)
    return yaml.dump(msgspec.json.decode(as_json), Dumper=Writer, sort_keys=False, allow_unicode=True, width=120)


_WHOLE = re.compile(r"[-+]?[0-9]{1,19}")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]{1,18}(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,2})?")


def _plain(text: str) -> Json:
    if text in YAML_WORDS:
        return YAML_WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


_OPTIONS = YamlOptions(depth_max=DEPTH_MAX, values_max=NODES_MAX, repeated_max=NODES_MAX, plain=_plain, is_strict=True)
