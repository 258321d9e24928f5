"""What the work of a run comes to: its output and its cost, the model's own or as a rule has it."""

from collections.abc import Sequence

import msgspec

from runflow_mock.domain.documents import Document, Json, look_up, read_document, write_document
from runflow_mock.domain.fault_kinds import Succeed, SucceedPartially
from runflow_mock.domain.media import Extent, GivenFile, extent_of
from runflow_mock.domain.models import Model
from runflow_mock.domain.money import Money
from runflow_mock.domain.outputs import file_names, form_of, media_url, produce, produce_given
from runflow_mock.domain.prices import Quote, quote
from runflow_mock.domain.runs import Run
from runflow_mock.engine.moment import Moment
from runflow_mock.engine.targets import model_of_run


class Work(msgspec.Struct, frozen=True, gc=False):
    """What a run has made: its output, what that costs, and how the model's own price comes about."""

    output: Document
    cost: Money
    cost_breakdown: Document | None


class _Asked(msgspec.Struct, frozen=True, gc=False):
    """What a run was asked for: its model, its inputs, and the figures and price that follow from them."""

    model: Model
    inputs: Json
    extent: Extent
    priced: Quote


def whole_work(moment: Moment, run: Run, given: Succeed) -> Work:
    """Returns the work of a run that succeeds; what the rule does not give is the model's own."""
    asked = _ask(moment, run)
    output = given.output if given.output is not None else _own_output(moment, run, asked, given=given.files)
    if given.nsfw_detected is not None:
        document = read_document(output)
        assert isinstance(document, dict), "an output is an object"
        output = write_document({**document, "nsfw_detected": given.nsfw_detected})
    if given.cost is not None:
        return Work(output, given.cost, None)
    return Work(output, asked.priced.cost, asked.priced.breakdown)


def part_of_work(moment: Moment, run: Run, given: SucceedPartially) -> Work:
    """Returns the work of a run that succeeds in part: without its last files, at a cost in proportion, unless the rule gives either.

    A success has something to show for itself: the first file is always there, also where it is the only one.
    """
    asked = _ask(moment, run)
    total = len(file_names(asked.model, asked.inputs, asked.extent))
    made = max(1, total - given.missing)
    output = given.output if given.output is not None else _own_output(moment, run, asked, made=made)
    return Work(output, given.cost if given.cost is not None else Money(asked.priced.cost * made // total), None)


def _ask(moment: Moment, run: Run) -> _Asked:
    model = model_of_run(moment.catalog, moment.store, run)
    inputs = read_document(run.input)
    extent = extent_of(model.output, inputs)
    return _Asked(model, inputs, extent, quote(model.price, inputs, extent))


def _own_output(moment: Moment, run: Run, asked: _Asked, *, given: Sequence[GivenFile] = (), made: int | None = None) -> Document:
    names = [file.name for file in given] or file_names(asked.model, asked.inputs, asked.extent)
    key, expires_at = moment.seed, moment.now + moment.settings.output_lifetime
    urls = [media_url(run, moment.settings.name, name, expires_at, key) for name in names]
    form = form_of(asked.model, moment.dialect)
    if given:
        return write_document(produce_given(given, urls, form))
    output = produce(asked.model, asked.inputs, urls, asked.extent, seed=lambda: key.child("output", run.id), form=form)
    return write_document(output if made is None else _without(output, urls[made:]))


def _without(output: dict[str, Json], absent: Sequence[str]) -> dict[str, Json]:
    """Returns an output in which nothing leads to the given addresses any more."""
    entries, addresses = output.get("outputs"), output.get("image_urls")
    rest = dict(output)
    if isinstance(entries, list):
        rest["outputs"] = [entry for entry in entries if look_up(entry, "url") not in absent]
    if isinstance(addresses, list):
        rest["image_urls"] = [address for address in addresses if address not in absent]
    return rest
