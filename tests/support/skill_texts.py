"""Texts for agents in words of our own: one in which everything is true, and lines that make something in it false."""

from typing import NamedTuple

GOOD = """\
---
name: runflow
description: How to call the service, for tests. It goes on
  over a second line.
---

# Calling the service

Finished workflows are listed at https://www.runflow.io/api, and the API is at https://api.runflow.io (see `/v1/health`).
Models are in a list:

    GET https://www.runflow.io/models-catalog.json
    → JSON array of { provider_slug, model_slug, price_label }

## Start

    POST https://api.runflow.io/v1/models/{owner}/{slug}/runs
      Authorization: Bearer $RUNFLOW_API_KEY
      Content-Type: application/json

Body (`ModelRunCreate`):
- `input` (object, **required**): what the model takes
- `metadata` (object, optional): anything
- `client_ref` (string, optional): your label, at most 255 characters

```bash
RUN=$(curl -sX POST "$RUNFLOW_BASE_URL/v1/models/openai/gpt-image-2/edit/runs" \\
  -H "Authorization: Bearer $RUNFLOW_API_KEY" \\
  -H 'Content-Type: application/json' \\
  -d '{
    "input": {"prompt": "a red shoe", "image_urls": ["https://cdn.example.com/a.png"]}
  }' | jq -r .id)
```

`POST /v1/models/{owner}/{slug}/runs` answers 201. Many at once: `POST /v1/models/{owner}/{slug}/batches` with `{"input": [{...}, ...]}`.

## Wait

Poll `GET /v1/runs/{run_id}` until `status_code` is `succeeded`, `failed` or
`cancelled`. `GET /v1/runs?limit=5` lists the latest.

```json
{"id": "018f", "status_code": "succeeded", "output": {}}
```

Messages carry `Runflow-Signature`; answer them with a 2xx.

## Errors

Every error is `{"code", "message", "errors"}`.

- 401: another key
- 429: wait, then again
- 5xx: later

| status | meaning |
|---|---|
| 402 | no money |
"""


class Plant(NamedTuple):
    """A line of the text, what stands there instead, and the claim in it that is false then."""

    line: str
    instead: str
    claim: str


PLANTS = {
    "path": Plant(
        "Poll `GET /v1/runs/{run_id}` until `status_code` is `succeeded`, `failed` or",
        "Poll `GET /v1/jobs/{id}` until `status_code` is `succeeded`, `failed` or",
        "GET /v1/jobs/{id}",
    ),
    "path alone": Plant(
        "Finished workflows are listed at https://www.runflow.io/api, and the API is at https://api.runflow.io (see `/v1/health`).",
        "Finished workflows are listed at https://www.runflow.io/api, and the API is at https://api.runflow.io (see `/v1/healthy`).",
        "/v1/healthy",
    ),
    "method": Plant(
        "`cancelled`. `GET /v1/runs?limit=5` lists the latest.", "`cancelled`. `DELETE /v1/runs` clears them.", "DELETE /v1/runs"
    ),
    "query": Plant(
        "`cancelled`. `GET /v1/runs?limit=5` lists the latest.",
        "`cancelled`. `GET /v1/runs?top=5` lists the latest.",
        "GET /v1/runs",
    ),
    "host": Plant(
        "    POST https://api.runflow.io/v1/models/{owner}/{slug}/runs",
        "    POST https://www.runflow.io/v1/models/{owner}/{slug}/runs",
        "POST https://www.runflow.io/v1/models/{owner}/{slug}/runs",
    ),
    "method of curl": Plant(
        """RUN=$(curl -sX POST "$RUNFLOW_BASE_URL/v1/models/openai/gpt-image-2/edit/runs" \\""",
        """RUN=$(curl -sX PUT "$RUNFLOW_BASE_URL/v1/models/openai/gpt-image-2/edit/runs" \\""",
        "PUT /v1/models/openai/gpt-image-2/edit/runs",
    ),
    "body of curl": Plant("  -d '{", """  -d '{ "callback_url": 5,""", "body of POST /v1/models/openai/gpt-image-2/edit/runs"),
    "authorization": Plant(
        "      Authorization: Bearer $RUNFLOW_API_KEY", "      Authorization: Basic $RUNFLOW_API_KEY", "header Authorization"
    ),
    "header with the key": Plant("      Authorization: Bearer $RUNFLOW_API_KEY", "      X-Api-Key: $RUNFLOW_API_KEY", "header X-Api-Key"),
    "content type": Plant("      Content-Type: application/json", "      Content-Type: text/xml", "header Content-Type"),
    "limit": Plant(
        "- `client_ref` (string, optional): your label, at most 255 characters",
        "- `client_ref` (string, optional): your label (≤64 chars)",
        "limit 64 characters of client_ref",
    ),
    "keys of a page": Plant(
        "    → JSON array of { provider_slug, model_slug, price_label }",
        "    → JSON array of { provider_slug, model_slug, cost_label }",
        "keys provider_slug, model_slug, cost_label",
    ),
    "keys of a request": Plant(
        "`POST /v1/models/{owner}/{slug}/runs` answers 201. Many at once: "
        '`POST /v1/models/{owner}/{slug}/batches` with `{"input": [{...}, ...]}`.',
        'Many at once: `POST /v1/models/{owner}/{slug}/batches` with `{"jobs": [{...}, ...]}`.',
        "keys jobs",
    ),
    "keys of errors": Plant('Every error is `{"code", "message", "errors"}`.', 'Every error is `{"code", "detail"}`.', "keys code, detail"),
    "status in a list": Plant("- 429: wait, then again", "- 420: wait, then again", "status 420"),
    "status in a table": Plant("| 402 | no money |", "| 451 | no money |", "status 451"),
}


def planted(plant: Plant) -> tuple[str, int]:
    """The text with a false line, and the number of that line."""
    lines = GOOD.splitlines()
    place = lines.index(plant.line)
    lines[place] = plant.instead
    return "\n".join(lines) + "\n", place + 1
