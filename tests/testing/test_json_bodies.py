"""Bodies that JSON cannot tell are told by what is wrong with them, and where, whatever else is in them."""

from dataclasses import dataclass
from typing import Any

import pytest

from runflow_mock.testing.json_bodies import json_of


@dataclass
class Knot:
    """Something that may hold itself."""

    within: Any = None


def around(wrong: object) -> tuple[list[Any], dict[str, Any]]:
    """Returns a list and a mapping that hold something wrong first, and then themselves."""
    items, named = [wrong], {"wrong": wrong}
    items.append(items)
    named["again"] = named
    return items, named


def test_part_without_a_form_is_told_beside_a_loop() -> None:
    for body in around(object()):
        with pytest.raises(TypeError, match="has no form in JSON"):
            json_of(body)


def test_loop_is_told_where_all_parts_have_a_form() -> None:
    for body in around(1.5):
        with pytest.raises(ValueError, match="it contains itself"):
            json_of(body)


def test_object_that_holds_itself_is_told_beside_one_that_has_no_form() -> None:
    knot = Knot()
    knot.within = knot
    with pytest.raises(TypeError, match="has no form in JSON"):
        json_of([object(), knot])


def test_part_that_is_there_twice_is_sent_twice() -> None:
    same = {"a": [1.5]}
    assert json_of([same, same]) == b'[{"a":[1.5]},{"a":[1.5]}]'
