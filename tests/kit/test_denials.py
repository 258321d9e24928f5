"""Denials: whoever says that an endpoint is not there, or a body not to be sent, is not told that it is so; claims elsewhere are judged."""

import pytest

from runflow_mock.kit.skills.claims import Standing
from runflow_mock.kit.skills.judging import check_skill, contradictions

FRONT = "---\nname: runflow\ndescription: x\n---\n# It\n\n"
CREATE = "`POST /v1/models/runflow/background-removal/runs`"
RIGHT = '`{"input": {"image_url": "https://a.example/b.png"}}`'
WRONG = '`{"inputs": {}}`'

DENIED = [
    "There is no `DELETE /v1/runs/{id}`; cancel it instead.",
    "There's no `DELETE /v1/runs/{id}`.",
    "There is not a `GET /v1/runz` endpoint.",
    "There isn't a `GET /v1/runz`.",
    "There isn't any `/v1/runz` endpoint.",
    "No `GET /v1/runz` exists.",
    "No `GET /v1/runz` endpoint exists.",
    "No such endpoint as `GET /v1/runz`.",
    "The API has no `GET /v1/runz`.",
    "The API does not have a `GET /v1/runz` endpoint.",
    "The API doesn't offer `GET /v1/runz`.",
    "Runflow does not provide `POST /v1/runz`.",
    "It has no `DELETE /v1/runs/{id}` endpoint.",
    "Do not send `POST /v1/runz`; it does not exist.",
    "Do not call `/v1/runz` (it does not exist).",
    "Don't use `POST /v1/predictions`: that is Replicate's API.",
    "Use `POST /v1/models/{owner}/{name}/runs` instead of `POST /v1/predictions`.",
    "Use runs in place of `POST /v1/runz`.",
    "Call `GET /v1/runs/{id}` and not `GET /v1/runz/{id}`.",
    "`POST /v1/predictions` is not supported.",
    "`POST /v1/predictions` isn't supported.",
    "`POST /v1/predictions` is not an endpoint.",
    "`POST /v1/predictions` is not an endpoint of this API.",
    "`POST /v1/predictions` is not a Runflow endpoint.",
    "`POST /v1/predictions` returns 404: there is no such path.",
    "`GET /v1/runz` answers 404, because it does not exist.",
    "`GET /v1/runz` will return 404.",
    "`GET /v1/runz` does not exist and never did.",
    "`GET /v1/runz` is unknown to the API.",
    "`GET /v1/runz` is not part of the API.",
    "`GET /v1/runz` isn't part of the API.",
    "`GET /v1/runz` is deprecated and has been removed.",
    "`GET /v1/runz` was deprecated and removed in 2024.",
    "The endpoint `GET /v1/runz` no longer exists.",
    "The old endpoint `GET /v1/runz` was removed.",
    "Older versions had `GET /v1/runz`.",
    "In the beta there was a `GET /v1/runz`.",
    "Unlike other services there is no `POST /v1/predictions`.",
    "Neither `GET /v1/runz` nor `GET /v1/tasks` exists.",
    "`GET /v1/runz` and `GET /v1/tasks` do not exist.",
    "There is neither a `GET /v1/runz` nor a `GET /v1/tasks`.",
    "There are no `GET /v1/runz` and `GET /v1/tasks` endpoints.",
    "There is no endpoint `GET /v1/runz`.",
    "There is no endpoint called `GET /v1/runz`.",
    "There is no path `/v1/runz`.",
    "There is no such endpoint as `GET /v1/runz`.",
    "Never use `GET /v1/runz`; it has been removed.",
    "Avoid `GET /v1/runz`: it is gone.",
    "- ❌ `GET /v1/runz` (does not exist)",
    "- `GET /v1/runz`: does not exist",
    "- `GET /v1/runz` — does not exist",
    "- `GET /v1/runz` – no such endpoint",  # noqa: RUF001 - as people write
    "- `GET /v1/runz` (no such endpoint)",
    "- Wrong: `GET /v1/runz`",
    "- ❌ `GET /v1/runz`",
    "| `GET /v1/runz` | does not exist |",
    "| `GET /v1/runz` | does not exist; use runs |",
    "| ❌ `GET /v1/runz` | ✅ `GET /v1/runs` |",
    "Common mistake: calling `GET /v1/runz`.",
    "We never had a `GET /v1/runz`.",
    "`GET /v1/runz` used to exist.",
    "`GET /v1/runz` doesn't exist.",
    "`GET /v1/runz` does not exist in this API.",
    "`GET /v1/runz` does not exist: poll runs.",
    "`GET /v1/runz` is not available.",
    "`GET /v1/runz` is not available any more.",
    "`GET /v1/runz` is no longer available.",
    "`GET /v1/runz` has not existed since 2024.",
    "You cannot call `GET /v1/runz`, as it does not exist.",
    "`GET /v1/runz` is a mistake; it is not there.",
    "`GET /v1/runz`, which does not exist, is often guessed.",
    "The guess `GET /v1/runz` is wrong: no such path exists.",
    "`GET /v1/runz` (removed)",
    "~~GET /v1/runz~~",
    "`/v1/runz` is replaced by `/v1/runs`.",
    "`/v1/runz` was merged into `/v1/runs`.",
    "Runs cannot be deleted: there is no `DELETE /v1/runs/{id}`.",
    "A run is not cancelled by `DELETE /v1/runs/{id}`; there is no such call.",
    "There is no `PUT /v1/runs/{id}` or `PATCH /v1/runs/{id}`.",
    "There is no `PUT` or `PATCH /v1/runs/{id}`.",
    "There is no `PUT /v1/runs/{id}`, `PATCH /v1/runs/{id}` or `DELETE /v1/runs/{id}`.",
    "Models guess `GET /v1/runz`. It does not exist.",
    "Some call `GET /v1/runz`; that does not exist.",
    "Do not send `POST /v1/predictions`.",
    "Don't invent endpoints like `GET /v1/runz`.",
    "Never call `POST /v1/generate`.",
    "The following do not exist: `GET /v1/runz`, `GET /v1/tasks`.",
    "Removed in v2: `GET /v1/runz`.",
    "Not available: `GET /v1/runz`.",
    "Not supported: `GET /v1/runz`, `GET /v1/tasks`.",
    "There is no delete: `DELETE /v1/runs/{id}` answers 405.",
    "`DELETE /v1/runs/{id}` answers 405.",
    "`DELETE /v1/runs/{id}` is not allowed.",
    "`DELETE /v1/runs/{id}` is not supported; cancel the run.",
    "`PUT /v1/runs/{id}` is not possible.",
    "Runs have no `PUT /v1/runs/{id}`.",
    "Runs don't have a `DELETE /v1/runs/{id}`.",
    "Runflow is not OpenAI: `POST /v1/chat/completions` does not exist.",
    "You can't `DELETE /v1/runs/{id}`.",
    "You cannot `DELETE /v1/runs/{id}`.",
    "It is not possible to `DELETE /v1/runs/{id}`.",
    "`GET /v1/runz` is not a thing.",
    "`GET /v1/runz` is not a valid endpoint.",
    "`GET /v1/runz` isn't valid.",
    "There is nothing at `GET /v1/runz`.",
    "Nothing answers at `GET /v1/runz`.",
    "`GET /v1/runz` leads nowhere.",
    "`GET /v1/runz` is gone since v2 (use runs).",
    "`GET /v1/runz` has been superseded by `GET /v1/runs`.",
    "`GET /v1/runz` has moved to `GET /v1/runs`.",
    "`GET /v1/runz` is now `GET /v1/runs`.",
    "`GET /v1/runz` became `GET /v1/runs`.",
    "The call is `GET /v1/runs` (not `GET /v1/runz`).",
    "The call is `GET /v1/runs` – not `GET /v1/runz`.",  # noqa: RUF001 - as people write
    "It is `GET /v1/runs`, never `GET /v1/runz`.",
    "It is called `GET /v1/runs`, no longer `GET /v1/runz`.",
    "`GET /v1/runs` (was `GET /v1/runz`).",
    "`GET /v1/runs` (previously `GET /v1/runz`).",
    "`GET /v1/runs` replaces `GET /v1/runz`.",
    "`GET /v1/runs` replaced `GET /v1/runz` in v2.",
    "`GET /v1/runs`, which replaced the old `GET /v1/runz`, lists them.",
    "Migrate from `GET /v1/runz` to `GET /v1/runs`.",
    "Replace `GET /v1/runz` with `GET /v1/runs`.",
    "Change `GET /v1/runz` to `GET /v1/runs`.",
    # What another service has.
    "On OpenAI it is `POST /v1/images/generations`; here it is runs.",
    "Unlike Replicate (`POST /v1/predictions`) you name the model in the path.",
    "Replicate's `POST /v1/predictions` is `POST /v1/models/{owner}/{slug}/runs` here.",
    "With Replicate you call `POST /v1/predictions`; here you name the model.",
    "Another API has `GET /v1/runz`.",
    # However a path is written.
    "There is no `GET /v1/runz/:id`.",
    "`GET /v1/runz/<job_id>` does not exist.",
    "`GET /v1/runz/$ID` does not exist.",
    "`GET /v1/runz/${ID}` was removed in v2.",
    "`GET /v1/runs?top=5` is not supported.",
    "There is no `GET https://api.runflow.io/v1/runz`.",
    "https://api.runflow.io/v1/runz does not exist.",
    "There is no API at https://www.runflow.io/v1/runs.",
    "There is no https://api.runflow.io/v1/tasks or https://api.runflow.io/v1/runz.",
    "_`GET /v1/runz`_ does not exist.",
    "There is no [`GET /v1/runz`](https://x.example).",
    "[`GET /v1/runz`](https://x.example) does not exist.",
]
UNDER_DENIALS = [
    "The following endpoints do not exist:\n\n- `GET /v1/runz`\n- `POST /v1/predictions`",
    "These do not exist:\n- `GET /v1/runz`\n- `/v1/tasks`",
    "## Endpoints that do not exist\n\n- `GET /v1/runz`\n- `GET /v1/tasks`",
    "Do not call these:\n\n```\nGET /v1/runz\nPOST /v1/predictions\n```",
    "Wrong:\n\n```\nGET /v1/runz\n```",
    "The API has none of these:\n\n1. `GET /v1/runz`",
    "There are no such endpoints:\n\n* `GET /v1/runz`",
    "| Old | New |\n|---|---|\n| `GET /v1/runz` | `GET /v1/runs` |",
    "| Don't | Do |\n|---|---|\n| `GET /v1/runz` | `GET /v1/runs` |",
    "| Wrong | Right |\n|---|---|\n| `GET /v1/runz` | `GET /v1/runs` |",
    "Wrong:\n\n```\ncurl https://api.runflow.io/v1/runz -H 'X-Api-Key: k'\n```",
    "❌ Wrong:\n\n```\nGET /v1/runz\nX-Api-Key: 1\n```",
]
CLAIMED = [
    "Use `GET /v1/runz` to list them.",
    "Do not send `POST /v1/runz` twice.",
    "Do not call `GET /v1/runz` more than once a second.",
    "Don't poll `GET /v1/runz` in a loop.",
    "`GET /v1/runz` has no body.",
    "`GET /v1/runz` is not cached.",
    "`GET /v1/runz` is not supported by the free plan.",
    "`GET /v1/runz` answers 404 if the job does not exist.",
    "`GET /v1/runz` returns 404 when there is no such job.",
    "Instead of polling, call `POST /v1/runz`.",
    "If there is no callback, use `GET /v1/runz`.",
    "Unlike a callback, `GET /v1/runz` answers at once.",
    "The API has no websockets; poll `GET /v1/runz`.",
    "The API doesn't wait: `GET /v1/runz`.",
    "Neither wait nor poll: `GET /v1/runz` answers.",
    "Avoid calling `GET /v1/runz` too often.",
    "Never call `GET /v1/runz` without a key.",
    "- `GET /v1/runz`: does not need a key",
    "| `GET /v1/runz` | no body |",
    "`GET /v1/runz` is not deprecated.",
    "`DELETE /v1/runs/{id}` removes it.",
    "`GET /v1/runz` never fails.",
    "There is no `GET /v1/runs/{id}/x`, but there is `GET /v1/runz`.",
    "Older versions had other paths; now it is `GET /v1/runz`.",
    "`GET /v1/runz` isn't available before you sign in.",
    "You cannot call `GET /v1/runz` without a key.",
    "`GET /v1/runz` is no longer slow.",
    "You can't call `GET /v1/runz` without a key.",
    "Models run. `GET /v1/runz` lists them. It does not cost anything.",
    "`GET /v1/runz` is now faster.",
    "`GET /v1/runz` replaces the webhook.",
    "`GET /v1/runz` shows what has moved.",
    "It is never late: `GET /v1/runz`.",
    "It was `GET /v1/runz` that failed.",
    "Never wait: `GET /v1/runz` answers.",
    "Do not retry `POST /v1/runz` without a key.",
    "Do not send more than ten `POST /v1/runz` a second.",
    "This is not optional: `GET /v1/runz`.",
    "Wrong key: `GET /v1/runz` answers 401.",
    "In this example: `GET /v1/runz`.",
    "Use `GET /v1/runz/:id`.",
    "`GET /v1/runz/<job_id>` does not exist before the run.",
    "`GET /v1/runs?top=5` is fast.",
    "`GET https://api.runflow.io/v1/runz` does not wait.",
]
UNDER_OTHERS = [
    '```python\nrequests.get(f"{BASE}/v1/runz/{run_id}")\n```',
    '```python\nrequests.get(f"{API_URL}/v1/runz")\n```',
    "These exist:\n\n- `GET /v1/runz`",
    "These do not need a key:\n\n- `GET /v1/runz`",
    "These do not exist before v2:\n\n- `GET /v1/runz`",
    "These do not exist: x.\n\nThese do:\n\n- `GET /v1/runz`",
    "## Endpoints that do not exist\n\nNone.\n\n## Endpoints\n\n- `GET /v1/runz`",
    "Do not call these twice:\n\n- `GET /v1/runz`",
    "| Old | New |\n|---|---|\n| `GET /v1/runs` | `GET /v1/runz` |",
    "| Endpoint | Body |\n|---|---|\n| `GET /v1/runz` | no |",
    "Do not forget the key:\n\n```\nGET /v1/runz\n```",
    "## Wrong keys\n\n```\nGET /v1/runz\n```",
    "Wrong:\n\n```\nGET /v1/tasks\n```\n\n```\nGET /v1/runz\n```",
    "Do not use this twice:\n\n```\nGET /v1/runz\n```",
    "Previously made runs:\n\n- `GET /v1/runz`",
    "Old runs:\n\n- `GET /v1/runz`",
]
# Only their readers know that these do not deny it.
LEFT_TO_READERS = [
    "There is no limit on `GET /v1/runz`.",
    "Instead of a callback use `GET /v1/runz`.",
    "`GET /v1/runz` is not supported in the browser.",
    "Nothing but `GET /v1/runz` exists.",
    "Unlike Replicate, Runflow has `POST /v1/predictions`.",
    "Avoid `GET /v1/runz`: it is slow.",
    "`GET /v1/runz` is not allowed for guests.",
    "`GET /v1/runz` was never removed.",
    "`GET /v1/runz/{id}` returns runs that were removed last year.",
]


@pytest.mark.parametrize("text", DENIED)
def test_endpoint_that_a_sentence_denies_is_not_contradicted(text: str) -> None:
    assert contradictions(check_skill(f"{FRONT}{text}\n")) == ()


@pytest.mark.parametrize("text", UNDER_DENIALS)
def test_endpoint_under_a_denial_is_not_contradicted(text: str) -> None:
    assert contradictions(check_skill(f"{FRONT}{text}\n")) == ()


@pytest.mark.parametrize("text", [*CLAIMED, *UNDER_OTHERS])
def test_endpoint_of_which_more_is_said_is_contradicted(text: str) -> None:
    assert len(contradictions(check_skill(f"{FRONT}{text}\n"))) == 1


@pytest.mark.parametrize("text", LEFT_TO_READERS)
def test_endpoint_near_a_word_of_denial_is_unknown(text: str) -> None:
    judged = check_skill(f"{FRONT}{text}\n")
    assert [(each.standing, each.reason) for each in judged] == [(Standing.UNKNOWN, "the text may say that it is not there")]


@pytest.mark.parametrize(
    ("text", "standing"),
    [
        (f"Send {CREATE} with {RIGHT}, not with {WRONG}.", Standing.UNKNOWN),
        (f"Send {CREATE} with body {RIGHT} instead of {WRONG}.", Standing.UNKNOWN),
        (f"Call {CREATE}.\n\nDo not send this body:\n\n```json\n{WRONG[1:-1]}\n```", Standing.UNKNOWN),
        (f"Call {CREATE}.\n\nSend this body:\n\n```json\n{WRONG[1:-1]}\n```", Standing.CONTRADICTED),
        (f"Send {CREATE} with body {WRONG} instead of a form.", Standing.CONTRADICTED),
    ],
)
def test_body_that_is_not_to_be_sent_is_not_contradicted(text: str, standing: Standing) -> None:
    bodies = [each for each in check_skill(f"{FRONT}{text}\n") if "inputs" in str(each.claim.says) or "inputs" in each.claim.sentence]
    assert bodies[-1].standing is standing
