"""The pages of models: the list, one model for people, and one model as Markdown for agents.

Source: `www.model-pages` (where they are, and which parts the Markdown has). All words are runflow-mock's own.
"""

from collections.abc import Iterator, Sequence
from html import escape

import msgspec

from runflow_mock.domain.dialects import Dialect
from runflow_mock.domain.model_parts import outputs_of, prices_of, sample_input
from runflow_mock.domain.models import Creator, Model
from runflow_mock.domain.money import format_money
from runflow_mock.web.pages.fields import FieldRow, alternatives, field_rows
from runflow_mock.web.pages.layout import write_page, write_table
from runflow_mock.wire.sites import Sites

_FIELD_HEAD = ("Field", "Type", "Required", "Values", "Meaning")


def write_model_list(models: Sequence[Model]) -> str:
    """Returns the page that lists all models."""
    active = sum(model.is_active for model in models)
    rows = [
        (f'<a href="/models/{escape(model.id)}">{escape(model.name)}</a>', f"<code>{escape(model.id)}</code>", escape(model.category),
         escape(model.price.label), "yes" if model.is_active else "no, runs are accepted" if model.is_offered else "no")
        for model in models
    ]  # fmt: skip
    counts = f"{len(models)} models, {active} of them active."
    intro = f'<h1>Models</h1>\n<p class="soft">{counts} Also as <a href="/models-catalog.json">JSON</a>.</p>\n'
    return write_page("Models", (intro, write_table(("Name", "Id", "Category", "Price", "Active"), rows)))


def write_model_page(model: Model, creator: Creator, sites: Sites, dialect: Dialect) -> str:
    """Returns the page of one model."""
    state = "" if model.is_active else f' <span class="tag">inactive: runs are {"accepted" if model.is_offered else "refused"}</span>'
    return write_page(
        model.name,
        (
            f'<h1>{escape(model.name)}</h1>\n<p class="soft">{escape(creator.display_name)} · {escape(model.category)}{state}</p>\n',
            f"<p>{escape(model.description)}</p>\n",
            write_endpoint(model),
            f"<h2>Input</h2>\n{write_fields(model)}",
            f"<h2>Output</h2>\n{_outputs(model, dialect)}",
            f"<h2>Price</h2>\n{_prices(model)}",
            f"<h2>Try it</h2>\n<pre>{escape(write_curl(model, sites))}</pre>\n",
            f'<p>The same for agents: <a href="/models/{escape(model.id)}/llms.txt">llms.txt</a></p>\n',
        ),
    )


def write_endpoint(model: Model) -> str:
    """Returns the line that says where to run a model and for how much."""
    return f'<p><code>POST /v1/models/{escape(model.id)}/runs</code> <span class="tag">{escape(model.price.label)}</span></p>\n'


def write_fields(model: Model) -> str:
    """Returns the table of a model's inputs."""
    table = write_table(_FIELD_HEAD, (_cells(row) for row in field_rows(model)))
    choice = " or ".join(" with ".join(f"<code>{escape(name)}</code>" for name in names) for names in alternatives(model))
    return table + (f"<p>One of these is needed: {choice}.</p>\n" if choice else "")


def write_model_text(model: Model, creator: Creator, sites: Sites, dialect: Dialect) -> str:
    """Returns one model as Markdown: endpoint, parameters and price."""
    return "\n".join(_lines(model, creator, sites, dialect)) + "\n"


def write_curl(model: Model, sites: Sites) -> str:
    """Returns a command that runs a model with sample inputs."""
    body = msgspec.json.format(msgspec.json.encode({"input": sample_input(model)}), indent=2).decode()
    quoted = body.replace("'", "'\\''")
    return (
        f"curl -X POST {sites.api}/v1/models/{model.id}/runs \\\n"
        '  -H "Authorization: Bearer $RUNFLOW_API_KEY" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        f"  -d '{quoted}'"
    )


def _lines(model: Model, creator: Creator, sites: Sites, dialect: Dialect) -> Iterator[str]:
    yield from (f"# {model.name}", "", f"> {model.description}", "", "## Overview", "")
    yield f"- Endpoint: `POST {sites.api}/v1/models/{model.id}/runs`"
    yield f"- Model ID: `{model.id}`"
    yield f"- Provider: {creator.display_name}"
    yield f"- Category: {model.category}"
    yield f"- Active: {'yes' if model.is_active else 'no, but runs are accepted' if model.is_offered else 'no, runs are refused'}"
    yield f"- Last updated: {model.updated_at.date().isoformat()}"
    yield from ("", "## Pricing", "", f"- Label: {model.price.label}")
    for row in prices_of(model):
        yield f"- {row.effect.value.capitalize()}: ${format_money(row.price)} per {row.unit.replace('_', ' ')} ({row.description})"
    yield from ("", "## Input Schema", "", "These fields go into `input`.", "")
    for field in field_rows(model):
        yield from (f"### `{field.name}` ({field.kind}, {'required' if field.is_required else 'optional'})", "", field.description, "")
        yield from (f"- {word}: {value}" for word, value in field.limits)
        yield from ("",) if field.limits else ()
    for number, names in enumerate(alternatives(model)):
        yield f"- {'Or' if number else 'Needed: either'} {' with '.join(f'`{name}`' for name in names)}"
    yield from ("", "## Output Schema", "")
    yield from (f"- `{part.name}` ({part.variable_type}): {part.description}" for part in outputs_of(model, dialect))
    yield from ("", "## Usage Example", "", "```sh", write_curl(model, sites), "```", "", "## Status of this text", "")
    yield "Written by runflow-mock, an unofficial sandbox."
    yield f"- Evidence for the model: {model.evidence}; for its price: {model.price_evidence}"
    yield from (f"- Chosen by the sandbox: {part}" for part in model.inferred)


def _cells(row: FieldRow) -> tuple[str, ...]:
    values = "<br>".join(f"{escape(word)}: {escape(value)}" for word, value in row.limits)
    return (f"<code>{escape(row.name)}</code>", escape(row.kind), "yes" if row.is_required else "", values, escape(row.description))


def _outputs(model: Model, dialect: Dialect) -> str:
    parts = outputs_of(model, dialect)
    rows = ((f"<code>{escape(part.name)}</code>", escape(part.variable_type), escape(part.description)) for part in parts)
    return write_table(("Field", "Type", "Meaning"), rows)


def _prices(model: Model) -> str:
    rows = (
        (escape(row.description), escape(row.effect.value), f"${format_money(row.price)}", escape(row.unit.replace("_", " ")))
        for row in prices_of(model)
    )
    return write_table(("What", "Effect", "Amount", "Per"), rows)
