"""Sync mode: a run whose creation waits for its end and carries the media in the answer itself.

It belongs to models that declare the input `sync_mode`, and is asked for by each run. The media come as `data:` URIs in the places where
their addresses would stand; once they have been handed over, the run's record has no output any more.

Source: `runs.sync-mode`, `runs.sync-mode-output`. Inferred: that items of a batch have no such thing, and that an output that was never
handed over, because the wait was too long, stays readable.
"""

from collections.abc import Mapping

from runflow_mock.domain.documents import Document, Json, parts_of, read_document, read_object, write_document
from runflow_mock.domain.models import Model
from runflow_mock.domain.runs import Run


def is_synchronous(model: Model, run: Run) -> bool:
    """Tells whether the creation of a run waits for its end."""
    return model.output.sync_mode and run.batch_id is None and read_object(run.input).get("sync_mode") is True


def addresses_in(output: Document) -> tuple[str, ...]:
    """Returns the addresses of the files in an output, each once and in order."""
    found = (part for part in parts_of(read_document(output)) if isinstance(part, str) and part.startswith(("http://", "https://")))
    return tuple(dict.fromkeys(found))


def with_media_inline(output: Document, media: Mapping[str, str]) -> Document:
    """Returns an output with each address replaced by the `data:` URI that `media` has for it."""
    return write_document(_replace(read_document(output), media))


def _replace(value: Json, media: Mapping[str, str]) -> Json:
    if isinstance(value, dict):
        return {name: _replace(part, media) for name, part in value.items()}
    if isinstance(value, list):
        return [_replace(part, media) for part in value]
    return media.get(value, value) if isinstance(value, str) else value
