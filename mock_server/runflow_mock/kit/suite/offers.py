"""Offers: the model with which the suite creates, taken from what the server's own catalogue has.

Every fake has the usual one. Another server may call its models as it likes: what it does not have is no fault of its.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from runflow_mock.domain.documents import Json
from runflow_mock.kit.suite.carriers import Answer

MODEL = "runflow/background-removal"
IMAGE = "https://cdn.example.com/shirt.jpg"
INPUT: dict[str, Json] = {"image_url": IMAGE}
# What is given for an input that must be there, by its type; a model that wants something else is not taken.
GIVEN: Mapping[str, Json] = {"image": IMAGE, "image_list": [IMAGE], "string": "a red shirt", "text": "a red shirt", "boolean": True}
CANDIDATES_MAX = 500
Get = Callable[[str], Answer]


class Offer(msgspec.Struct, frozen=True):
    """A model by the name in its path, and an input that it takes.

    `left_open` counts what is not given and has no default: of such inputs one of several may have to be there, and no catalogue says so.
    """

    model: str = MODEL
    input: dict[str, Json] = msgspec.field(default_factory=lambda: INPUT)
    left_open: int = 0

    @property
    def path(self) -> str:
        """Where the model stands."""
        return f"/v1/models/{self.model}"

    @property
    def runs(self) -> str:
        """Where runs of it are created."""
        return f"{self.path}/runs"

    @property
    def batches(self) -> str:
        """Where batches of it are created."""
        return f"{self.path}/batches"


USUAL = Offer()
RUNS, BATCHES = USUAL.runs, USUAL.batches


def offered(get: Get) -> Offer:
    """Returns the usual model where a server has it, else the one of its list that leaves least open and wants least.

    Where there is no list it is the usual one.
    """
    if get(USUAL.path).status == 200:
        return USUAL
    listed = _items(get(f"/v1/models?limit={CANDIDATES_MAX}&embed=inputs"))
    creators = {each.get("id"): each.get("slug") for each in _items(get(f"/v1/model-creators?limit={CANDIDATES_MAX}"))}
    found = sorted(_offers(listed, creators), key=lambda offer: (offer.left_open, len(offer.input), offer.model))
    # An image says nothing that could be refused for its words.
    return next((offer for offer in found if IMAGE in offer.input.values()), found[0] if found else USUAL)


def _offers(listed: list[Any], creators: Mapping[Any, Any]) -> Iterator[Offer]:
    for model in listed:
        creator, slug = creators.get(model.get("model_creator_id")), model.get("slug")
        if model.get("status_code") != "active" or not isinstance(creator, str) or not isinstance(slug, str):
            continue
        inputs = [each for each in model.get("inputs") or () if isinstance(each, dict)]
        needed = [each for each in inputs if each.get("is_required")]
        if needed and all(each.get("variable_type_code") in GIVEN for each in needed):
            given = {str(each.get("name")): GIVEN[each["variable_type_code"]] for each in needed}
            left_open = sum(not each.get("is_required") and each.get("default_value") is None for each in inputs)
            yield Offer(f"{quote(creator)}/{quote(slug)}", given, left_open)


def _items(answer: Answer) -> list[Any]:
    content = answer.json if answer.status == 200 else None
    items = content.get("items") if isinstance(content, dict) else None
    return [each for each in items if isinstance(each, dict)] if isinstance(items, list) else []
