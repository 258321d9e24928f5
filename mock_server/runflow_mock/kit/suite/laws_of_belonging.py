"""Laws of belonging: what was made stands in its lists, once; what has one name is one record; what is one's own has one owner.

A list or a record that is right by itself can still be that of somebody else, or leave out what there is.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from runflow_mock.domain.documents import object_of
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.laws_of_lists import items_of
from runflow_mock.kit.suite.memories import Memory, is_replay

# Where what an operation makes is listed; a path without a start is the one that was asked.
LISTED_AT: Mapping[str, tuple[str, ...]] = {
    "create_run": ("/v1/runs",),
    "create_comfyui_run": ("/v1/runs", ""),
    "create_model_batch": ("/v1/batches",),
    "create_batch": ("/v1/batches",),
    "create_callback_secret": ("/v1/callback-secrets",),
    "create_webhook": ("/v1/webhooks",),
    "create_comfyui_workflow": ("/v1/comfyui-workflows",),
    "create_comfyui_workflow_input": ("",),
    "confirm_asset_upload": ("/v1/assets",),
}
# What leaves all records of a list in it.
LEAVES_ALL = frozenset(("limit", "sort_by", "fields", "embed", "add_signature"))
# Kinds of which a server shows an organization its own and nothing else.
OWNED = frozenset(("Run", "Batch", "BatchItem", "Evaluation", "CallbackSecret", "Asset", "Webhook", "CreditBalance"))
# Whoever sends requests makes these, calls them otherwise and deletes them; all other names last.
WORKFLOW = "workflow"
# Kinds that are called by a name, and whose name it is beside theirs.
NAMED: Mapping[str, tuple[str, str]] = {
    "Model": ("model", "model_creator_id"),
    "PublicModel": ("model", "model_creator_id"),
    "ModelCreator": ("model creator", ""),
    "ComfyuiWorkflow": (WORKFLOW, "org_id"),
    "Flow": ("flow", "org_id"),
    "FlowSummary": ("flow", "org_id"),
    "Solution": ("solution", ""),
}
# Where the parts of a run are listed of which it says whether it has any; and where its logs are, which show it.
LOGS = ("/v1/runs/{run_id}/logs", "/v1/runs/{run_id}/logs/{id}")
PARTS_OF_RUNS: Mapping[str, str] = {LOGS[0]: "has_logs", "/v1/runs/{run_id}/node-runs": "has_node_runs"}
# What is called by its owner and its name in a path.
A_MODEL, A_WORKFLOW = "/v1/models/{model_id}", "/v1/comfyui-workflows/{owner}/{slug}"


def what_is_made_is_listed(answer: Answer, memory: Memory) -> Iterator[str]:
    """What was made and not deleted is in every list where it belongs, from its creation on."""
    operation = "" if memory.operation is None else memory.operation.id
    if answer.status < 300 and memory.record is not None and not is_replay(answer):
        for path in LISTED_AT.get(operation, ()):
            memory.made.setdefault(path or answer.path, set()).add(str(memory.record["id"]))
        if operation == "create_evaluation" and isinstance(memory.record.get("run_id"), str):
            memory.made.setdefault(f"/v1/runs/{memory.record['run_id']}/evaluations", set()).add(str(memory.record["id"]))
    if answer.method == "DELETE" and answer.status == 204:
        place, _, gone = answer.path.rpartition("/")
        memory.made.get(place, set()).discard(gone)
    items, made = items_of(answer), memory.made.get(answer.path)
    if items is None or not made or answer.query.keys() - LEAVES_ALL or answer.json.get("next") is not None:
        return
    listed = {str(item["id"]) for item in items if "id" in item}
    # Who asks for fields may leave the id out.
    if len(listed) == len(items):
        yield from (f"{each} was made and is not in the list" for each in sorted(made - listed)[:2])


def what_is_made_is_there(answer: Answer, memory: Memory) -> Iterator[str]:
    """What was made and not deleted is there for whoever made it."""
    place, _, key = answer.path.rpartition("/")
    is_gone = answer.method == "GET" and answer.status == 404 and not answer.is_provoked and memory.operation is not None
    if is_gone and key in memory.made.get(place, ()):
        yield f"{key} was made, and is not there"
    for part in memory.parts if answer.method == "GET" else ():
        # Further inside stand records of others.
        listed_at = {0: place, 2: answer.path}.get(len(part.way), "")
        if part.value.get("deleted_at") is not None and str(part.value.get("id")) in memory.made.get(listed_at, ()):
            yield f"{part.value['id']} was made, nobody has deleted it, and its deleted_at is {part.value['deleted_at']!r}"


def nothing_is_there_twice(answer: Answer, memory: Memory) -> Iterator[str]:
    """No record stands twice in one list, wherever in an answer the list is."""
    for part in memory.parts:
        for name, value in part.value.items():
            if not isinstance(value, list) or name not in part.described.properties:
                continue
            keys = [str(each["id"]) for each in value if isinstance(each, dict) and "id" in each]
            if len(keys) != len(set(keys)):
                yield f"{name} of {part.described.name or answer.path} has a record twice: {sorted(keys)[:6]}"


def has_one_owner(answer: Answer, memory: Memory) -> Iterator[str]:
    """Whatever is one's own belongs to one organization."""
    for part in memory.parts:
        owner = part.value.get("org_id")
        if part.described.name in OWNED and isinstance(owner, str):
            memory.owner = memory.owner or owner
            if owner != memory.owner:
                yield f"{part.described.name} {part.value.get('id')} belongs to {owner}, and what was seen before to {memory.owner}"


def one_name_is_one_record(answer: Answer, memory: Memory) -> Iterator[str]:
    """What has the name of a record is that record, and what lies under its name refers to it."""
    for part in memory.parts:
        kind, whose = NAMED.get(part.described.name, ("", ""))
        slug, record_id = part.value.get("slug"), part.value.get("id")
        if kind and isinstance(slug, str) and isinstance(record_id, str) and (not whose or isinstance(part.value.get(whose), str)):
            called = f"{kind} {slug} of {part.value.get(whose) if whose else 'the catalogue'}"
            yield from _is_the_same(memory, answer, called, record_id, is_lasting=kind != WORKFLOW)
    operation, params = memory.operation, {name: unquote(value) for name, value in memory.params.items()}
    if operation is None or not memory.parts or answer.status >= 300:
        return
    if "/" in params.get("model_id", ""):
        called, is_itself = f"the model {params['model_id']}", operation.path == A_MODEL
        yield from _refers_to(memory, answer, called, "model_id", is_itself=is_itself, is_lasting=True)
    elif params.keys() == {"owner", "slug"}:
        called, is_itself = f"the {WORKFLOW} {params['owner']}/{params['slug']}", operation.path == A_WORKFLOW
        yield from _refers_to(memory, answer, called, "comfyui_workflow_id", is_itself=is_itself, is_lasting=False)


def has_what_it_says(answer: Answer, memory: Memory) -> Iterator[str]:
    """A run that says that it has logs or node runs has some, and one that says that it has none has none; each log shows its run."""
    template, items = "" if memory.operation is None else memory.operation.path, items_of(answer)
    if template in PARTS_OF_RUNS and items is not None and not answer.query.keys() - LEAVES_ALL:
        run, name = memory.records.get(memory.params["run_id"]), PARTS_OF_RUNS[template]
        told = None if run is None else run.fields.get(name)
        is_now = told is not None and told.moment == answer.moment is not None
        if told is not None and is_now and isinstance(told.value, bool) and told.value is not bool(items):
            yield f"{answer.path} has {len(items)} records, and {name} is {told.value} in {told.evidence}"
    depth = 0 if items is None else 2
    for part in memory.parts if template in LOGS and "fields" not in answer.query else ():
        shown = part.value.get("run")
        if len(part.way) == depth and part.described.name == "RunLog" and object_of(shown).get("id") != part.value.get("run_id"):
            yield f"the log {part.value.get('id')} is of the run {part.value.get('run_id')}, and shows {str(shown)[:120]}"


def has_its_own_output(answer: Answer, memory: Memory) -> Iterator[str]:
    """No two runs have one file for their output, where the suite sees to it that each makes its own."""
    for part in memory.parts if answer.moment is not None else ():
        output = part.value.get("output") if part.described.name == "Run" else None
        files = output.get("outputs") if isinstance(output, dict) else None
        for file in files if isinstance(files, list) else ():
            # What is signed anew is the same file.
            address = str(file.get("url") if isinstance(file, dict) else None).partition("?")[0]
            owner = memory.addresses.setdefault(address, str(part.value.get("id")))
            if "://" in address and owner != part.value.get("id"):
                yield f"run {part.value.get('id')} has the output {address}, and so has run {owner}"


def _refers_to(memory: Memory, answer: Answer, name: str, reference: str, *, is_itself: bool, is_lasting: bool) -> Iterator[str]:
    """What is read under a name is the record of that name, or refers to it."""
    record = memory.parts[0].value
    if is_itself:
        if isinstance(record.get("slug"), str) and record["slug"] != name.partition("/")[2]:
            yield f"{name} has the slug {record['slug']!r}"
        yield from _is_the_same(memory, answer, name, record.get("id"), is_lasting=is_lasting)
        return
    for part in memory.parts:
        # Further inside stand records of others, which refer to what they like.
        if len(part.way) <= 2:
            yield from _is_the_same(memory, answer, name, part.value.get(reference), is_lasting=is_lasting)


def _is_the_same(memory: Memory, answer: Answer, name: str, record_id: Any, *, is_lasting: bool) -> Iterator[str]:
    """A name that lasts is one record's; any other may be given away again by requests of which it is not known what came between."""
    if not isinstance(record_id, str):
        return
    before, moment = memory.names.get(name, (record_id, answer.moment))
    if before != record_id and moment == answer.moment and (is_lasting or moment is not None):
        yield f"{name} is {record_id} here, and was {before}"
    memory.names[name] = (record_id, answer.moment)


LAWS = {
    "made_is_listed": what_is_made_is_listed,
    "made_is_there": what_is_made_is_there,
    "nothing_twice": nothing_is_there_twice,
    "one_owner": has_one_owner,
    "has_what_it_says": has_what_it_says,
    "own_output": has_its_own_output,
    "one_name": one_name_is_one_record,
}
