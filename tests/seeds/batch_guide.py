"""Page 004: many pictures through one model, with the items wrapped."""

from checks import SERVER, UUID7, created, refused, served
from doors import Door
from facts import Fact
from steps import Body, ok, post_fault
from uploads import upload

PATH = "/v1/models/runflow/background-replace/batches"
EXAMPLE: Body = {
    "items": [{"input": {"image_url": f"https://cdn.example.com/0{number}.jpg", "prompt": "white studio"}} for number in (1, 2, 3)],
    "callback_url": SERVER,
}


def _created(door: Door) -> None:
    batch = created(door, PATH, EXAMPLE)
    assert UUID7.fullmatch(batch["id"])
    assert (batch["status_code"], batch["items_total"]) == ("queued", 3)


def _finished(door: Door) -> Body:
    batch = created(door, PATH, EXAMPLE)
    door.settle()
    return ok(door.get(f"/v1/batches/{batch['id']}"))


def _verified(door: Door) -> None:
    batch = _finished(door)
    assert (batch["status_code"], batch["items_total"], batch["items_succeeded"], batch["items_failed"]) == ("succeeded", 3, 3, 0)


def _told(door: Door) -> None:
    batch = _finished(door)
    history = door.get(f"/v1/batches/{batch['id']}/callback").json()
    assert [each["payload"]["status"] for each in history] == [batch["status_code"]]
    assert ("status_code" in history[0]["payload"], "status" in batch) == (False, False)


def _partial(door: Door) -> Body:
    post_fault(door, {"edge": "batch.item[1]"}, {"kind": "fail", "failure_message": "too dark"})
    batch = _finished(door)
    assert batch["status_code"] == "partial_succeeded"
    return batch


def _items(door: Door) -> None:
    batch = _finished(door)
    items = ok(door.get(f"/v1/batches/{batch['id']}/items"))["items"]
    assert [(item["sequence_index"], item["status_code"], bool(item["output"])) for item in items] == [
        (n, "succeeded", True) for n in range(3)
    ]
    assert all(ok(door.get(f"/v1/runs/{item['run_id']}"))["batch_id"] == batch["id"] for item in items)


def _why(door: Door) -> None:
    batch = _partial(door)
    items = ok(door.get(f"/v1/batches/{batch['id']}/items"))["items"]
    assert [item["failure_message"] for item in items] == [None, "too dark", None]


def _asset_ids(door: Door) -> None:
    asset = upload(door)
    body = {"items": [{"input": {"image_url": asset["id"], "prompt": "white studio"}}, EXAMPLE["items"][0]]}
    assert created(door, PATH, body)["items_total"] == 2


def _quota(door: Door) -> object:
    key = ok(door.post("/_mock/tenants", {"balance": "0"}), 201)["key"]
    return door.post(PATH, EXAMPLE, key=key)


def _unreachable(door: Door) -> None:
    body = {**EXAMPLE, "callback_url": "https://nobody.example/hook"}
    batch = created(door, PATH, body)
    door.settle()
    (delivery,) = door.get(f"/v1/batches/{batch['id']}/callback").json()
    assert (delivery["status_code"], delivery["attempts"][0]["status_code"]) == ("failed", None)


def _models(door: Door) -> None:
    page = door.get("/models", key=None)
    assert (page.status_code, "background-replace" in page.text) == (200, True)


FACTS = (
    Fact("004-01", "a list of addresses or asset ids is the input", _asset_ids),
    Fact("004-02", "POST …/background-replace/batches with items of {input}, at once with id, queued and the count", _created),
    Fact("004-03", "GET /v1/batches/{id} has status_code, the callback the same value as status", _told),
    Fact("004-04", "a batch can end partial_succeeded", lambda door: (_partial(door), None)[1]),
    Fact("004-05", "GET /v1/batches/{id}/items has an entry per input with run_id, status and outputs", _items),
    Fact("004-06", "a batch that went well: succeeded, 3 of 3, none failed", _verified),
    Fact("004-07", "a failed item says why in failure_message", _why),
    Fact("004-08", "the whole batch fails fast for want of credit", refused(402, "INSUFFICIENT_CREDITS", _quota)),
    Fact("004-09", "a callback that cannot be delivered never arrives", _unreachable),
    Fact("004-10", "ids such as 01J0… and batch_01J0…", None, "placeholders: the reference and real clients have UUIDs"),
    Fact("004-11", "picking a model at /models", _models),
    Fact(
        "004-12",
        "the whole batch fails fast for want of a key",
        refused(401, "UNAUTHORIZED", lambda door: door.post(PATH, EXAMPLE, key="no")),
    ),
    Fact(
        "004-13", "the documentation has an index at /llms.txt", served("/llms.txt", "text/markdown", "POST /v1/models/{model_id}/batches")
    ),
)
