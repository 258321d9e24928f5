"""Scenarios: a whole situation in one record, from the credits at its beginning to what must be true at its end.

Theory. A scenario makes a world: its settings, models that differ from the catalog's, and the rules that are in force from the start. It is
read once and may make many worlds, each of which is the same. The rules stand in the world's history as if somebody had put them there
right after its beginning.

The API knows nothing of this: it is the kit's own vocabulary.
"""

import msgspec

from runflow_mock.domain.commands import AddRule
from runflow_mock.domain.documents import Document
from runflow_mock.domain.expectations import Expectation
from runflow_mock.domain.models import Model


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One situation.

    `settings` is the JSON object of those settings of a tenant that the scenario gives; the rest is left as it is where it is used.
    `contents` are the bytes of the files in its rules. `source` is the scenario as it was written, as JSON.
    """

    name: str
    story: str = ""
    settings: Document = Document(b"{}")
    models: tuple[Model, ...] = ()
    rules: tuple[AddRule, ...] = ()
    contents: tuple[bytes, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    allows_unused: bool = False
    source: Document = Document(b"{}")


def name_of_file(stem: str) -> str:
    """Returns the name of a scenario that gives itself none: its file's, with what no name may have made to hyphens."""
    letters = (letter if letter.isascii() and letter.isalnum() else "-" for letter in stem.lower())
    return "".join(letters).strip("-")[:64] or "scenario"
