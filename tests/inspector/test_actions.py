"""What the inspector can do: each action is one verb of the control API, and what it did is seen there."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
import yaml
from looking import MODEL, NOBODY, Looker, Shop
from playwright.sync_api import Locator, expect

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]
Look = Callable[..., Looker]


def answer(looker: Looker, button: str, **fields: str) -> None:
    """Fills a question in and answers it."""
    dialog = looker.page.get_by_role("dialog")
    for label, value in fields.items():
        dialog.get_by_label(label.replace("_", " "), exact=True).fill(value)
    dialog.get_by_role("button", name=button, exact=True).click()
    expect(dialog).to_have_count(0)


def press(looker: Looker, name: str) -> Locator:
    button = looker.page.get_by_role("button", name=name, exact=True)
    button.click()
    return button


def test_clock_moves_on_stands_and_passes(look: Look, shop: Shop) -> None:
    run = shop.run()
    looker = look(shop.at("runs"))
    status = looker.table("runs").get_by_role("row").nth(1).get_by_role("cell").first
    clock = looker.page.get_by_role("region", name="Clock")
    expect(clock).to_contain_text("manual 2026-01-01 00:00:00 UTC")
    expect(clock).to_contain_text(f"next run {run['id'][-8:]} queued")
    press(looker, "Next")
    expect(status).to_have_text("dispatching")
    looker.page.get_by_label("Advance by").fill("1h")
    press(looker, "Advance")
    expect(status).to_have_text("succeeded")
    expect(clock).to_contain_text("nothing is due")
    shop.run()
    press(looker, "Run until idle")
    expect(looker.table("runs").get_by_role("cell", name="succeeded")).to_have_count(2)
    press(looker, "Resume")
    expect(looker.page.get_by_role("button", name="Freeze")).to_be_visible()
    assert shop.get("/_mock/clock")["rate"] == 1
    press(looker, "Freeze")
    expect(looker.page.get_by_role("button", name="Resume")).to_be_visible()
    assert shop.get("/_mock/clock")["rate"] == 0


def test_time_that_cannot_be_read_is_told_with_the_way_out(look: Look, shop: Shop) -> None:
    looker = look(shop.at("runs"))
    looker.complaints = []
    looker.page.get_by_label("Advance by").fill("soon")
    press(looker, "Advance")
    expect(looker.page.get_by_role("status")).to_contain_text("by:")
    looker.complaints.clear()  # the browser tells every answer of 422


@pytest.mark.parametrize("noun", ["runs", "batches"])
def test_cancel(look: Look, shop: Shop, noun: str) -> None:
    made = shop.run() if noun == "runs" else shop.batch()
    looker = look(shop.at(noun, made["id"]))
    press(looker, "Cancel")
    expect(looker.page.get_by_role("button", name="Cancel", exact=True)).to_have_count(0)
    assert [record["status_code"] for record in shop.get(f"/_mock/{noun}")["items"]] == ["cancelled"]


def test_resend_as_it_is_from_a_run(look: Look, shop: Shop) -> None:
    run = shop.run(callback_url=NOBODY)
    shop.client.post("/_mock/clock/run-until-idle")
    looker = look(shop.at("runs", run["id"]))
    press(looker, "Resend")
    expect(looker.page.get_by_role("table", name="Deliveries").get_by_role("row")).to_have_count(3)
    assert [delivery["is_automatic"] for delivery in shop.get("/_mock/deliveries")["items"]] == [True, False]


class Receiver(BaseHTTPRequestHandler):
    """Takes whatever comes and remembers the bytes."""

    taken: list[bytes]

    def do_POST(self) -> None:
        self.taken.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def receiver() -> Any:
    taken: list[bytes] = []
    server = HTTPServer(("127.0.0.1", 0), type("Handler", (Receiver,), {"taken": taken}))
    Thread(target=server.serve_forever, daemon=True).start()
    yield server, taken
    server.shutdown()
    server.server_close()


def test_resend_to_another_address_with_edited_bytes(look: Look, shop: Shop, receiver: Any) -> None:
    server, taken = receiver
    shop.run(callback_url=NOBODY)
    shop.client.post("/_mock/clock/run-until-idle")
    (first,) = shop.get("/_mock/deliveries")["items"]
    looker = look(shop.at("deliveries", first["id"]))
    press(looker, "Resend…")
    answer(looker, "Send", Address=f"http://127.0.0.1:{server.server_port}/mended", Bytes='{"event": "run.completed", "mine": true}')
    expect(looker.page).not_to_have_url(shop.at("deliveries", first["id"]))
    press(looker, "Next")
    expect(looker.page.get_by_label("Details")).to_contain_text("delivered")
    expect(looker.page.get_by_label("Details")).to_contain_text("fixed")
    assert taken == [b'{"event": "run.completed", "mine": true}']


def test_make_the_next_run_fail(look: Look, shop: Shop) -> None:
    run = shop.run()
    shop.client.post("/_mock/clock/run-until-idle")
    looker = look(shop.at("runs", run["id"]))
    press(looker, "Make the next one fail…")
    answer(looker, "Add fault", Label="from a run")
    (rule,) = shop.get("/_mock/faults")["items"]
    assert (rule["label"], rule["what"]["kind"], rule["where"], rule["when"]) == ("from a run", "fail", {"model": MODEL}, {"times": 1})
    shop.run()
    press(looker, "Run until idle")
    statuses = looker.table("runs").get_by_role("row").locator("> :first-child")
    expect(statuses).to_have_text(["Status", "failed", "succeeded"])
    shop.run()
    press(looker, "Run until idle")
    expect(statuses).to_have_text(["Status", "succeeded", "failed", "succeeded"])


def test_make_the_next_request_like_this_fail(look: Look, shop: Shop) -> None:
    shop.run()
    (exchange,) = shop.get("/_mock/journal?limit=1")["items"]
    looker = look(shop.at("requests", exchange["id"]))
    press(looker, "Make the next one like this fail…")
    answer(looker, "Add fault")
    assert shop.fails("POST", f"/v1/models/{MODEL}/runs", {"input": {"image_url": "https://cdn.example.com/a.png"}}) == 500
    shop.run()


def test_make_the_next_callback_fail(look: Look, shop: Shop) -> None:
    shop.run(callback_url=NOBODY)
    shop.client.post("/_mock/clock/run-until-idle")
    (delivery,) = shop.get("/_mock/deliveries")["items"]
    looker = look(shop.at("deliveries", delivery["id"]))
    press(looker, "Make the next one fail…")
    answer(looker, "Add fault")
    (rule,) = shop.get("/_mock/faults")["items"]
    assert (rule["what"]["kind"], rule["where"]) == ("callback.drop", {"callback": "run.completed"})


def test_rule_is_made_with_the_form_of_its_kind_and_taken_away(look: Look, shop: Shop) -> None:
    looker = look(shop.at("rules"))
    form = looker.page.get_by_role("form", name="New rule")
    form.get_by_label("What happens").select_option("answer")
    form.get_by_label("status *", exact=True).fill("429")
    form.get_by_label("times", exact=True).fill("2")
    form.get_by_label("label", exact=True).fill("too many")
    form.get_by_label("operation", exact=True).fill("create_run")
    form.get_by_role("button", name="Add rule").click()
    row = looker.table("Rules").get_by_role("row").nth(1)
    expect(row).to_contain_text("too many")
    (rule,) = shop.get("/_mock/faults")["items"]
    assert (rule["what"]["status"], rule["where"], rule["when"]) == (429, {"operation": "create_run"}, {"times": 2})
    row.get_by_role("button", name="Take away").click()
    expect(looker.page.get_by_role("heading", name="No rule: everything goes well")).to_be_visible()
    assert shop.get("/_mock/faults")["items"] == []


def test_form_of_a_rule_has_whatever_a_rule_can_say(look: Look, shop: Shop) -> None:
    schemas = shop.get("/_mock/openapi.json")["components"]["schemas"]
    looker = look(shop.at("rules"))
    form = looker.page.get_by_role("form", name="New rule")
    kinds = {kind["properties"]["kind"]["const"]: kind for kind in schemas["What"]["oneOf"]}
    expect(form.get_by_label("What happens").locator("option")).to_have_text(list(kinds))
    entries = form.get_by_role("group", name="what").locator("label")
    for name in ("fail", "succeed", "answer", "after_polls", "reset", "callback.duplicate"):
        form.get_by_label("What happens").select_option(name)
        fields = [field for field in kinds[name]["properties"] if field != "kind"]
        expect(entries).to_have_count(len(fields))
        assert [said.removesuffix(" *") for said in entries.evaluate_all("all => all.map(one => one.firstChild.data)")] == fields
    for part in ("Where", "When"):
        entries_there = form.get_by_role("group", name=part.lower()).locator("label")
        assert entries_there.evaluate_all("all => all.map(one => one.firstChild.data)") == list(schemas[part]["properties"])


TYPED: tuple[tuple[str, dict[str, str], dict[str, Any]], ...] = (
    ("after_polls", {"polls *": "2", "model": MODEL}, {"what.polls": 2, "where.model": MODEL}),
    ("succeed", {"cost": "0.080000"}, {"what.cost": "0.080000"}),
    ("fail", {"failure_code": "500"}, {"what.failure_code": "500"}),
    ("delay", {"by *": "10m", "after": "1"}, {"what.by": 600, "when.after": 1}),
    ("hang", {"seconds": "90", "input": '{"prompt": "a boat"}'}, {"what.seconds": 90, "where.input": {"prompt": "a boat"}}),
)


def test_form_of_a_rule_takes_each_field_as_its_schema_wants_it(look: Look, shop: Shop) -> None:
    looker = look(shop.at("rules"))
    form = looker.page.get_by_role("form", name="New rule")
    for number, (kind, typed, wanted) in enumerate(TYPED, 1):
        form.get_by_label("What happens").select_option(kind)
        for label, value in typed.items():
            form.get_by_label(label, exact=True).fill(value)
        form.get_by_role("button", name="Add rule").click()
        expect(looker.table("Rules").get_by_role("row")).to_have_count(1 + number)
        made = shop.get("/_mock/faults")["items"][-1]
        assert {place: made[place.split(".")[0]][place.split(".")[1]] for place in wanted} == wanted


def test_scenario_is_played(look: Look, shop: Shop) -> None:
    looker = look(shop.at("rules"))
    press(looker, "Play a scenario…")
    looker.page.get_by_role("dialog").get_by_label("Scenario").select_option("partial-batch")
    answer(looker, "Play")
    expect(looker.page.get_by_role("heading", name="Scenario partial-batch")).to_be_visible()
    assert shop.get("/_mock/scenario")["name"] == "partial-batch"


def test_credit_is_booked(look: Look, shop: Shop) -> None:
    looker = look(shop.at("money"))
    press(looker, "Credit…")
    answer(looker, "Book", Amount_in_USD="2.50")
    expect(looker.screen("money")).to_contain_text("$12.50")
    assert shop.get("/_mock/ledger")["balance"] == "12.500000"


def test_reset_asks_for_the_name(look: Look, shop: Shop) -> None:
    shop.run()
    looker = look(shop.at("runs"))
    expect(looker.table("runs").get_by_role("row")).to_have_count(2)
    press(looker, "Reset…")
    button = looker.page.get_by_role("dialog").get_by_role("button", name="Reset")
    expect(button).to_be_disabled()
    answer(looker, "Reset", Name_of_the_tenant=shop.name)
    expect(looker.page.get_by_role("heading", name="Nothing has happened yet")).to_be_visible()
    assert shop.get("/_mock/runs")["items"] == []
    shop.run()
    expect(looker.table("runs").get_by_role("row")).to_have_count(2)


def test_scenario_is_made_of_what_happened(look: Look, shop: Shop) -> None:
    shop.rule(label="mine", where={"model": MODEL}, what={"kind": "fail"})
    shop.run()
    looker = look(shop.at("runs"))
    press(looker, "Make scenario…")
    dialog = looker.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Copy marker").click()
    assert looker.clipboard() == f'@pytest.mark.runflow(scenario="{shop.name}.yaml")'
    with looker.page.expect_download() as saved:
        dialog.get_by_role("button", name="Save").click()
    assert saved.value.suggested_filename == f"{shop.name}.yaml"
    written = yaml.safe_load(saved.value.path().read_text())
    assert (written["faults"][0]["label"], len(written["history"]["entries"]) > 1) == ("mine", True)


def test_request_is_copied_as_curl_and_as_a_test(look: Look, shop: Shop) -> None:
    shop.run(client_ref='it\'s "mine"')
    (exchange,) = shop.get("/_mock/journal?limit=1")["items"]
    looker = look(shop.at("requests", exchange["id"]))
    press(looker, "Copy as curl")
    curl = looker.clipboard()
    assert curl.startswith(f"curl -sS -X POST {shop.url}/v1/models/{MODEL}/runs")
    assert "$RUNFLOW_API_KEY" in curl
    looker.page.get_by_role("status").get_by_text("Copied").wait_for(state="detached")
    press(looker, "Copy as a test")
    compile(looker.clipboard(), "copied", "exec")
