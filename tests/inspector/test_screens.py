"""Every screen of the inspector: found by its address, labelled, readable in both themes and on a telephone, and nothing that axe finds."""

import re
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from looking import NOBODY, Looker, Shop
from playwright.sync_api import expect

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]
Look = Callable[..., Looker]

TABLES = {
    "timeline": "timeline",
    "runs": "runs",
    "batches": "batches",
    "deliveries": "deliveries",
    "requests": "requests",
    "rules": "Rules",
    "money": "money",
    "report": "Verdicts",
}


@pytest.fixture
def story(shop: Shop) -> dict[str, str]:
    """A batch of which one item failed, told to nobody who listens; requests that are wrong; rules that fired and did not."""
    rule = shop.rule(label="the second shirt", where={"edge": "batch.item[1]"}, what={"kind": "fail"})
    shop.rule(label="never met", where={"model": "google/veo3.1/fast"}, what={"kind": "fail"})
    batch = shop.batch(callback_url=NOBODY, metadata={"order": "4711"})
    run = shop.run(callback_url=NOBODY, client_ref="shoe 7")
    shop.advance("2m")
    shop.fails("GET", f"/v1/run/{run['id']}")
    shop.fails("POST", "/v1/models/runflow/background-removal/runs", {"inputs": {}})
    delivery = shop.get(f"/_mock/deliveries?limit=1&about={batch['id']}")["items"][0]
    exchange = shop.get("/_mock/journal?offset=0&limit=5&status=4xx")["items"][-1]
    return {"runs": run["id"], "batches": batch["id"], "deliveries": delivery["id"], "requests": exchange["id"], "rules": rule["id"]}


@pytest.mark.parametrize("screen", TABLES)
def test_screen_is_found_by_its_address_and_its_table_is_labelled(look: Look, shop: Shop, story: dict[str, str], screen: str) -> None:
    looker = look(shop.at(screen))
    looker.screen(screen)
    expect(looker.table(TABLES[screen])).to_be_visible()
    expect(looker.page.get_by_role("navigation").locator("[aria-current=page]")).to_contain_text(screen)
    assert looker.page.title().startswith(screen)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_axe_finds_nothing_on_any_screen(look: Look, shop: Shop, story: dict[str, str], scheme: str, width: int) -> None:
    looker = look(shop.at("timeline"), scheme=scheme, width=width, axe=True)
    addresses = [shop.at(screen) for screen in TABLES] + [shop.at(screen, record) for screen, record in story.items()]
    found: dict[str, list[str]] = {}
    for address in [*addresses, f"{shop.url}/_mock/#/tenants", f"{shop.url}/_mock/#/t/nobody/runs"]:
        looker.go(address)
        looker.page.locator("main[data-screen]:not([aria-busy=true])").wait_for()
        looker.page.locator("[aria-busy=true]").wait_for(state="detached")
        if wrong := looker.axe():
            found[address] = wrong
        sideways = looker.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert sideways <= 0, f"{address} is {sideways} px too wide at {width}"
    looker.page.evaluate("document.activeElement.blur()")
    looker.press("?")
    looker.page.get_by_role("dialog").wait_for()
    found["help"] = looker.axe()
    assert not any(found.values()), found


def test_list_of_tenants_says_how_each_is(look: Look, shop: Shop, story: dict[str, str]) -> None:
    looker = look(f"{shop.url}/_mock/")
    looker.screen("tenants")
    looker.page.get_by_role("searchbox").fill(shop.name)
    row = looker.table("tenants").get_by_role("row").filter(has=looker.page.get_by_role("link", name=shop.name, exact=True))
    cells = row.get_by_role("cell")
    expect(cells).to_have_text(
        [
            shop.name,
            "manual",
            "2026-01-01 00:02:00 UTC",
            "0",
            "5",
            "2",
            "0",
            "$8.92",
            "2",
            "422 POST /v1/models/runflow/background-removal/runs",
        ]
    )
    row.get_by_role("link").click()
    looker.screen("timeline")


def test_timeline_tells_requests_transitions_faults_and_attempts_in_one_order(look: Look, shop: Shop, story: dict[str, str]) -> None:
    looker = look(shop.at("timeline"))
    rows = looker.table("timeline").get_by_role("row")
    told = shop.get("/_mock/timeline?limit=1000")["items"]
    assert {"request", "run", "batch", "delivery", "fault", "credit"} <= {step["kind"] for step in told}
    assert [step["number"] for step in told] == list(range(len(told), 0, -1))
    expect(rows.nth(1)).to_contain_text("422 POST /v1/models/runflow/background-removal/runs")
    looker.page.get_by_role("button", name="Faults").click()
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("fired fail the second shirt")
    looker.page.get_by_role("button", name="Faults").click()
    looker.page.get_by_role("button", name="Other").click()
    expect(rows.nth(1)).to_contain_text("created")
    looker.page.get_by_role("searchbox").fill("no such thing")
    expect(looker.page.get_by_role("heading", name="Nothing fits these filters")).to_be_visible()


def test_run_shows_states_pictures_requests_deliveries_and_money(look: Look, shop: Shop, story: dict[str, str]) -> None:
    looker = look(shop.at("runs", story["runs"]))
    detail = looker.page.get_by_label("Details")
    expect(detail.get_by_role("list", name="States")).to_contain_text("queued")
    expect(detail.get_by_role("list", name="States")).to_contain_text("succeeded")
    picture = detail.locator("figure img")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("complete", value=True)
    assert picture.evaluate("image => image.naturalWidth") == 1024
    for table in ("Deliveries", "Requests", "Movements of money"):
        expect(detail.get_by_role("table", name=table)).to_be_visible()
    expect(detail).to_contain_text("shoe 7")


@pytest.mark.parametrize(
    ("model", "inputs", "tag"),
    [
        ("google/veo3.1/fast", {"prompt": "a paper boat", "duration": "4s"}, "video"),
        ("elevenlabs/tts/eleven-v3", {"text": "a paper boat"}, "audio"),
    ],
)
def test_videos_and_sounds_are_shown(look: Look, shop: Shop, model: str, inputs: dict[str, Any], tag: str) -> None:
    run = shop.client.post(f"/v1/models/{model}/runs", {"input": inputs})
    shop.client.post("/_mock/clock/run-until-idle")
    looker = look(shop.at("runs", run["id"]))
    medium = looker.page.locator(f"figure {tag}")
    expect(medium).to_be_visible()
    expect(medium).to_have_js_property("error", value=None)


def test_input_pictures_that_came_along_are_shown_and_foreign_ones_are_not_fetched(look: Look, shop: Shop) -> None:
    dot = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    run = shop.client.post("/v1/models/runflow/background-removal/runs", {"input": {"image_url": dot}})
    looker = look(shop.at("runs", run["id"]))
    expect(looker.page.locator("figure img")).to_have_js_property("naturalWidth", value=1)
    foreign = shop.run()
    looker.go(shop.at("runs", foreign["id"]))
    expect(looker.page.get_by_label("Details")).to_contain_text("https://cdn.example.com/shirt.jpg")
    expect(looker.page.locator("figure")).to_have_count(0)


def test_batch_is_a_matrix_that_says_why_an_item_failed(look: Look, shop: Shop, story: dict[str, str]) -> None:
    looker = look(shop.at("batches", story["batches"]))
    items = looker.page.get_by_role("list", name="Items of the batch").get_by_role("listitem")
    expect(items).to_have_text(["0 succeeded", "1 failed", "2 succeeded", "3 succeeded"])
    expect(looker.page.get_by_label("Details")).to_contain_text("Item 1 UPSTREAM_FAILED The provider could not process this input.")
    items.nth(1).get_by_role("link").click()
    looker.screen("runs")
    expect(looker.page.get_by_label("Details")).to_contain_text("UPSTREAM_FAILED")


def test_delivery_shows_bytes_signature_differences_and_what_the_doctor_says(look: Look, shop: Shop, story: dict[str, str]) -> None:
    looker = look(shop.at("deliveries", story["deliveries"]))
    detail = looker.page.get_by_label("Details")
    expect(detail).to_contain_text("the next attempt is due at")
    expect(detail).to_contain_text("still failing")
    delivery = shop.get(f"/_mock/deliveries/{story['deliveries']}")["delivery"]
    last = delivery["attempts"][-1]
    expect(detail.get_by_role("region", name="Bytes sent")).to_have_text(last["body"])
    expect(detail.get_by_role("region", name="What was signed")).to_have_text(f"{last['headers']['Runflow-Timestamp']}.{last['body']}")
    expect(detail.get_by_role("table", name=f"Attempt {last['number']} beside the one before")).to_contain_text("Runflow-Request-Id")
    detail.get_by_role("button", name="1", exact=True).click()
    expect(detail.get_by_role("table", name="Headers")).to_contain_text(f"{story['deliveries']}-1")


def test_request_shows_violations_and_the_nearest_operation(look: Look, shop: Shop, story: dict[str, str]) -> None:
    looker = look(shop.at("requests", story["requests"]))
    detail = looker.page.get_by_label("Details")
    expect(detail).to_contain_text("The nearest operation is GET /v1/runs/{id}")
    expect(detail).to_contain_text("Violations")


def test_request_names_the_rule_that_interfered_and_leads_to_it(look: Look, shop: Shop) -> None:
    rule = shop.rule(label="too many", where={"operation": "create_run"}, what={"kind": "answer", "status": 429})
    shop.fails("POST", "/v1/models/runflow/background-removal/runs", {"input": {}})
    (exchange,) = shop.get("/_mock/journal?limit=1")["items"]
    looker = look(shop.at("requests", exchange["id"]))
    told = looker.page.get_by_label("Details").get_by_text("interfered with it")
    expect(told).to_have_text(f"too many interfered with it: {rule['id'][-8:]}")
    told.get_by_role("link").click()
    expect(looker.page.get_by_role("region", name="Rule", exact=True)).to_contain_text(rule["id"])


def test_rule_whose_place_is_still_to_come_tells_of_no_miss(look: Look, shop: Shop) -> None:
    rule = shop.rule(label="soon", where={"model": "runflow/background-removal"}, what={"kind": "fail"})
    shop.run()
    assert shop.get(f"/_mock/faults/{rule['id']}")["nearest"]["differences"] == []
    looker = look(shop.at("rules", rule["id"]))
    expect(looker.page.get_by_role("region", name="Rule", exact=True)).to_contain_text(rule["id"])
    expect(looker.page.get_by_text("The nearest:")).to_have_count(0)


def test_batch_tells_its_outcomes_in_words_and_only_those_there_are(look: Look, shop: Shop, story: dict[str, str]) -> None:
    looker = look(shop.at("batches"))
    expect(looker.table("batches").get_by_role("row").nth(1).get_by_role("cell").nth(4)).to_have_text("3 succeeded 1 failed")


def test_rules_say_how_often_they_were_met_and_what_came_nearest(look: Look, shop: Shop, story: dict[str, str]) -> None:
    looker = look(shop.at("rules"))
    rows = looker.table("Rules").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("the second shirt")
    expect(rows.nth(1).get_by_role("cell").nth(5)).to_have_text("1")
    rows.nth(2).get_by_role("link").click()
    expect(looker.page.get_by_text("Its place was never met. The nearest:")).to_contain_text("model was")


def test_money_shows_entries_and_whether_the_invariants_hold(look: Look, shop: Shop, story: dict[str, str]) -> None:
    looker = look(shop.at("money"))
    looker.table("money")
    expect(looker.page.get_by_text("10 of 10 invariants hold")).to_be_visible()
    looker.page.get_by_role("button", name="Charges").click()
    expect(looker.table("money").get_by_role("row")).to_have_count(1 + 4)


def test_report_says_what_is_to_be_mended(look: Look, shop: Shop, story: dict[str, str]) -> None:
    looker = look(shop.at("report"))
    expect(looker.screen("report")).to_contain_text("Something is to be mended")
    for table in ("Violations", "Requests that lead nowhere", "Rules that never fired", "Operations", "Verdicts"):
        expect(looker.table(table)).to_be_visible()
    expect(looker.table("Operations").get_by_role("row").filter(has_text="create_model_batch")).to_contain_text("201 1")


@pytest.mark.parametrize("screen", [screen for screen in TABLES if screen not in ("rules", "report", "money")])
def test_empty_screen_says_what_to_do_first(look: Look, shop: Shop, screen: str) -> None:
    looker = look(shop.at("deliveries"))
    looker.go(shop.at(screen))
    looker.screen(screen)
    expect(looker.page.locator(".empty")).to_contain_text("callback_url" if screen == "deliveries" else "/v1/models/")
    if screen == "timeline":  # its only lines are what every tenant begins with
        expect(looker.table("timeline").locator("[data-place]")).to_have_text([re.compile("secret"), re.compile("credit")])
        looker.page.get_by_role("button", name="Batches").click()
        expect(looker.page.get_by_role("heading", name="Nothing fits these filters")).to_be_visible()


def test_first_request_of_an_empty_screen_works_as_it_is_copied(look: Look, shop: Shop) -> None:
    looker = look(shop.at("runs"))
    looker.page.get_by_role("button", name="Copy").click()
    subprocess.run(["sh", "-euc", looker.clipboard()], check=True, timeout=60, stdout=subprocess.DEVNULL)
    expect(looker.table("runs").locator("[data-place]")).to_have_count(1)


def test_address_of_a_tenant_that_is_not_there_makes_none(look: Look, shop: Shop) -> None:
    looker = look(f"{shop.url}/_mock/#/t/nobody_here/runs")
    expect(looker.screen("missing")).to_contain_text("There is no tenant nobody_here here")
    assert "nobody_here" not in [tenant["tenant"] for tenant in shop.get("/_mock/tenants")["items"]]


def test_screen_of_a_record_that_is_not_there_says_so(look: Look, shop: Shop) -> None:
    looker = look(shop.at("runs", "nothing"))
    expect(looker.page.get_by_role("alert")).to_contain_text("there is no run 'nothing'")
