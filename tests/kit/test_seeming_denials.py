"""Seeming denials: conditions, warnings and other services near an endpoint do not say that it is not there."""

import pytest

from runflow_mock.kit.skills.judging import check_skill, contradictions

FRONT = "---\nname: runflow\ndescription: x\n---\n# It\n\n"
F = "`POST /v1/runs/{id}/fake`"

UNDER_CONDITIONS = [
    f"## If a run does not exist\n\n- {F}",
    f"When the run does not exist:\n\n```\n{F[1:-1]}\n```",
    f"If your image has no URL:\n\n- {F}",
    f"Your image has no URL:\n\n- {F}",
    f"Where a run offers no URL:\n\n1. {F}",
    f"# When there is no route\n\n- {F}",
    f"If these are not there:\n\n- {F}",
    f"Unless the following are not available:\n\n- {F}",
    f"Once your calls no longer exist:\n\n- {F}",
    f"Runs that do not exist:\n\n- {F}",
    "If a run does not exist:\n\n```\ncurl https://api.runflow.io/v1/runs -H 'X-API-Key: k'\n```",
    "If the run does not exist:\n\n```\ncurl -X POST https://api.runflow.io/v1/webhooks -d '{\"urll\": 5}'\n```",
    "If a run does not exist:\n\n- 418: a teapot",
    "## Common mistakes\n\n- 418: a teapot",
]
WITH_OTHERS = [
    f"Unlike OpenAI, you call {F}.",
    f"Compatible with OpenAI: {F} repeats a run.",
    f"Compatible with OpenAI: {F}.",
    f"Replicate's {F} works here too.",
    f"Use Replicate's {F}.",
    f"Google ({F}) models.",
    f"- Azure: {F}",
    f"As with other APIs, you send {F}.",
    f"As on OpenAI it is {F}.",
    f"On OpenAI it is {F} and here too.",
    f"Other services have none; OpenAI has {F}, as we do.",
]
WARNINGS = [
    f"Do not call {F}, unless a run hangs.",
    f"Never call {F} (it costs money) twice.",
    f"Never call {F}, or any other call, without a key.",
    f"Avoid {F}: it is slow.",
    f"Avoid {F} - it is slow.",
    f"Do not use {F} because it is slow.",
    f"Do not use {F}, since it is slow.",
    f"Do not call {F} so often.",
    f"A run that has ended you cannot {F}; wait.",
    f"If a run has ended, never call {F}.",
    f"It does not support {F}, with files at least.",
    f"(not {F} twice)",
    f"Call it once, not {F} twice.",
]
REFUSED_AT_TIMES = [
    f"{F} always answers 404, when the id is unknown.",
    f"{F} answers 405, if the run has ended.",
    f"{F} is not allowed, before the run has ended.",
    f"{F} is not allowed: the run has not ended.",
    f"{F} (not available before the run has ended).",
    f"{F}: it is not available, before a key is made.",
    f"{F}. This is wrong: the run must have ended.",
    f"{F}, which is wrong, if the run has not ended.",
    f"{F} does not exist, until the run has ended.",
    f"These work: {F}. They are not available: `https://x.example/v1/x`.",
    f"These work: {F}. They do not exist: `https://x.example/v1/x`.",
]
AMONG_MISTAKES = [
    f"| Call | Wrong |\n|---|---|\n| a \\| b {F} | x |",
    f"| Call | Wrong |\n|---|---|\n| a | call {F} twice |",
    f"- These do not exist:\n  - `GET /v1/runz`\n- {F}",
    f"- These do not exist:\n  - None.\n\nCalls:\n\n- These\n  - {F}",
    f"- These do not exist: none.\n  - {F}",
    f"## Common mistakes\n\n- {F} is called before the run has ended: wait.",
    f"## Common mistakes\n\n- {F}: without a key it answers 401.",
    f"## Avoid the following\n\n- {F} before the run has ended",
    f"Wrong:\n\n- {F} twice",
    f"Do not call these:\n\n- {F}, before the run has ended",
]
QUESTIONS_AND_TABLES = [
    f"Is there a limit on {F}? No.",
    f"Can I call {F} twice? No, once only.",
    f"Does the API support batches via {F}? Yes.",
    f"| Call | Streaming supported |\n|---|---|\n| {F} | yes |",
    f"| Call | Streaming supported |\n|---|---|\n| {F} | no |",
    f"| Call | Needs a key |\n|---|---|\n| {F} | no |",
    f"| Call | Exists |\n|---|---|\n| {F} | \u2705 |",
    f"| Instead of polling | Use |\n|---|---|\n| `GET /v1/runs` | {F} |",
    f"```\n# not for the impatient\n{F[1:-1]}\n```",
    f"```\n# wrong\n\n{F[1:-1]}\n```",
    f"```\n{F[1:-1]}  # 404 until there is one\n```",
    f"There is no reason to avoid {F}.",
    f"Don't avoid {F}.",
    f"It works without a key: {F}.",
    f"Do not start without {F}.",
    f"| Call | Callbacks |\n|---|---|\n| {F} | not supported |",
    f"{F} (not available before the first run)",
    f"{F} is not imaginary.",
    f"Invented in 2023: {F}.",
    f"Calls that we invented:\n\n- {F} starts it",
]
IN_OTHER_CELLS = [
    f"| Call | Supported | Use instead |\n|---|---|---|\n| `GET /v1/old` | no | {F} |",
    f"| Call | Use instead | Supported |\n|---|---|---|\n| `GET /v1/runs` | {F} | no |",
    f"| Call | Real | Use instead | Supported |\n|---|---|---|---|\n| `GET /v1/runs` | yes | {F} | no |",
    f"| Old call | Exists | New call |\n|---|---|---|\n| `GET /v1/runs` | \u274c | {F} |",
    f"| Exists | Old call | New call |\n|---|---|---|\n| no | `GET /v1/runs` | {F} |",
    f"| Call | Exists | Call | Exists |\n|---|---|---|---|\n| {F} | yes | `GET /v1/runs` | no |",
    f"| Call | Webhooks? Supported |\n|---|---|\n| {F} | no |",
    f"| Feature | Supported | Call |\n|---|---|---|\n| Streaming | no | {F} |",
    f"| Call | Streams | Supported |\n|---|---|---|\n| {F} with streams | x | no |",
]
OF_SOMETHING_ELSE = [
    f"Myth: {F} exists only in the beta.",
    f"Always avoid {F} in loops.",
    f"Does the API have a {F} limit? No.",
    f"{F} (not offered) to guests.",
    f"Myth: {F} is slow. It is fast.",
    f"Myth: {F} lists them.",
    f"The model hallucinates {F} answers.",
    f"No model hallucinates {F}.",
    f"We invented {F}.",
    f"What you can imagine:\n\n- {F} draws it",
    f"Imagine:\n\n- {F} draws it",
    f"The calls that make up:\n\n1. {F}",
    f"Tools that invent:\n\n- {F} draws a picture",
    f"The calls of which runs are made up:\n\n1. {F}",
    f"It works without any {F}.",
    f"Without a key you will not find {F}.",
    f"You will not find {F} slow.",
    f"Your plan lacks {F}.",
    f"{F} (not available; use a paid plan)",
    f"{F} (not available) before the first run",
    f"{F} - not available; use a paid plan",
    f"Does the free plan have {F}? No.",
    f"In the free plan, is there a {F}? No.",
    f"Does the API offer {F}? No, to guests it does not.",
    f"You can hardly avoid {F}.",
    f"There is no way to avoid {F}.",
    f"Nobody can avoid {F}.",
    f"A hard-to-avoid {F}.",
]
STILL_DENIED = [
    # Questions, cells that say no, comments in code, and what is made up.
    f"Does Runflow have a {F}? No.",
    f"**Q:** Is there a {F} endpoint?\n**A:** No. It has runs.",
    f"| Call | Exists |\n|---|---|\n| {F} | no |",
    f"| Supported? | Call |\n|---|---|\n| \u274c | {F} |",
    f"| Call | Real |\n|---|---|\n| {F} | **No** |",
    f"| Instead of | Use |\n|---|---|\n| {F} | `GET /v1/runs` |",
    f"```\n# Wrong:\n{F[1:-1]}\n# Right:\nGET /v1/runs\n```",
    f"```\n{F[1:-1]}  # 404, no such endpoint\n```",
    f"```\n{F[1:-1]}  // does not exist\n```",
    f"- {F} (not available)",
    f"Unsupported: {F}",
    f"The API lacks {F}.",
    f"You won't find {F} here.",
    f"{F} is fictional.",
    f"{F} is a hallucination.",
    f"Nonexistent endpoints such as {F} return 404.",
    f"Agents often hallucinate {F}.",
    f"Endpoints that agents hallucinate:\n\n- {F}",
    f"These are imaginary; never call them: {F}.",
    f"Myth: {F} exists.",
    f"Do not hallucinate {F}.",
    f"The made-up {F}.",
    f"These endpoints are made up:\n\n- {F}",
    f"Please avoid {F}.",
    f"| Call | Supported | Use instead |\n|---|---|---|\n| {F} | no | `GET /v1/runs` |",
    f"| Call | Use instead | Supported |\n|---|---|---|\n| {F} | `GET /v1/runs` | no |",
    f"| Call | Exists | Call | Exists |\n|---|---|---|---|\n| `GET /v1/runs` | yes | {F} | no |",
    f"{F} has been folded into `GET /v1/runs`.",
    # Heads of any column, and of lists in lists.
    f"| Call | Wrong |\n|---|---|\n| a | {F} |",
    f"| Was \\| is | Wrong | Right |\n|---|---|---|\n| x | {F} | `GET /v1/runs` |",
    f"- These do not exist:\n  - {F}\n  - {F}",
    f"- Calls\n  - These do not exist:\n    - Of runs\n      - {F}",
    f"These do not exist:\n\n- Runs:\n  - {F}",
    f"1. Wrong:\n\n   ```\n   {F[1:-1]}\n   ```",
    "These do not exist:\n\n- 418: a teapot",
    f"If you look for it: the API has no {F}.",
    f"The API has no {F}, so wait.",
    f"The API does not offer {F}, but you can wait.",
    f"Do not use {F}, use `GET /v1/runs`.",
    f"Do not use {F}: use `GET /v1/runs` instead.",
    f"Do not use {F}, it does not exist.",
    f"Never call {F} (there is no such path).",
    f"{F} is not available, because it was removed.",
    f"{F} does not exist, so wait.",
    f"Unlike Replicate's {F}, runs name the model.",
    f"Calls that do not exist:\n\n- {F}: use `GET /v1/runs`",
    f"## Common mistakes\n\n- {F}\n- {F} (does not exist)",
    "These do not exist:\n\n```\ncurl https://api.runflow.io/v1/runz -H 'X-API-Key: k'\n```",
]


SEEMING = [*UNDER_CONDITIONS, *WITH_OTHERS, *WARNINGS, *REFUSED_AT_TIMES, *AMONG_MISTAKES, *QUESTIONS_AND_TABLES, *OF_SOMETHING_ELSE]


@pytest.mark.parametrize("text", SEEMING)
def test_what_only_seems_to_be_denied_is_contradicted(text: str) -> None:
    assert contradictions(check_skill(f"{FRONT}{text}\n"))


@pytest.mark.parametrize("text", IN_OTHER_CELLS)
def test_call_that_an_answer_in_its_row_is_not_about_is_contradicted(text: str) -> None:
    assert any(F[6:-1] in str(each.claim.says) for each in contradictions(check_skill(f"{FRONT}{text}\n")))


@pytest.mark.parametrize("text", STILL_DENIED)
def test_denial_that_goes_on_with_its_reason_is_not_contradicted(text: str) -> None:
    assert contradictions(check_skill(f"{FRONT}{text}\n")) == ()
