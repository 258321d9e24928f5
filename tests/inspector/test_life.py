"""What a page goes through while somebody looks: keys, news, a server that is gone, data that means harm, thousands of events, the door."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from commands import Sandbox, sandbox
from looking import MODEL, NOBODY, Looker, Shop
from playwright.sync_api import Locator, expect

from runflow_mock.testing.client import Client

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]
Look = Callable[..., Looker]


def rows(looker: Looker, table: str) -> Locator:
    """Returns the rows of a table, without its head."""
    return looker.table(table).locator("[data-place]")


def place(looker: Looker) -> Locator:
    """Returns the line that has the focus."""
    return looker.page.locator("[data-place]:focus-within")


def test_keys_move_along_a_list_open_a_line_and_close_it(look: Look, shop: Shop) -> None:
    first, second = shop.run(), shop.run()
    looker = look(shop.at("runs"))
    expect(rows(looker, "runs")).to_have_count(2)
    looker.press("j")
    expect(place(looker)).to_have_attribute("data-place", "0")
    looker.press("j", "j")
    expect(place(looker)).to_have_attribute("data-place", "1")
    looker.press("k")
    expect(place(looker)).to_have_attribute("data-place", "0")
    looker.press("Enter")
    expect(looker.page).to_have_url(shop.at("runs", second["id"]))
    looker.press("j")
    expect(place(looker)).to_have_attribute("data-place", "1")
    looker.press("Enter")
    expect(looker.page).to_have_url(shop.at("runs", first["id"]))
    looker.press("Escape")
    expect(looker.page).to_have_url(shop.at("runs"))
    looker.press("g", "t")  # the list that comes has the keys, whichever of the two is put away last
    expect(rows(looker, "timeline").first).to_be_visible()
    looker.press("j")
    expect(place(looker)).to_have_attribute("data-place", "0")


@pytest.mark.parametrize(
    ("letter", "screen"),
    [
        *zip("trbdqump", ["timeline", "runs", "batches", "deliveries", "requests", "rules", "money", "report"], strict=True),
        ("a", "tenants"),
    ],
)
def test_g_and_a_letter_lead_to_each_screen(look: Look, shop: Shop, letter: str, screen: str) -> None:
    looker = look(shop.at("money" if screen != "money" else "runs"))
    looker.table("money" if screen != "money" else "runs")
    looker.press("g", letter)
    looker.screen(screen)


def test_g_is_remembered_while_another_screen_comes(look: Look, shop: Shop) -> None:
    looker = look(shop.at("runs"))
    looker.screen("runs")
    looker.page.evaluate(
        """async (money) => {
            const press = (key) => document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
            press('g');
            location.hash = money;
            while (!document.title.startsWith('money')) await new Promise(requestAnimationFrame);
            press('b');
        }""",
        f"#/t/{shop.name}/money",
    )
    looker.screen("batches")


def test_key_that_comes_between_the_end_of_a_question_and_the_news_of_it_is_heard(look: Look, shop: Shop) -> None:
    looker = look(shop.at("runs"))
    looker.screen("runs")
    looker.press("?")
    looker.page.get_by_role("dialog", name="Keys").wait_for()
    looker.page.evaluate(
        """() => {
            document.querySelector('dialog').close();
            document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '/', bubbles: true}));
        }"""
    )
    expect(looker.page.get_by_role("searchbox")).to_be_focused()


def test_keys_move_the_clock_search_and_tell_of_themselves(look: Look, shop: Shop) -> None:
    shop.run()
    looker = look(shop.at("runs"))
    status = rows(looker, "runs").locator("> :first-child")
    expect(status).to_have_text("queued")
    looker.press("n")
    expect(status).to_have_text("dispatching")
    expect(looker.page.locator("[data-do=advance]")).to_be_enabled()  # news may come before the answer, until which no other move is taken
    looker.page.get_by_label("Advance by").fill("1h")
    looker.press("Escape", ".")
    expect(status).to_have_text("succeeded")
    looker.press("?")
    dialog = looker.page.get_by_role("dialog", name="Keys")
    expect(dialog).to_contain_text("move to what is due next")
    looker.press("Escape")
    expect(dialog).to_have_count(0)
    looker.press("/")
    expect(looker.page.get_by_role("searchbox")).to_be_focused()


def test_keys_are_silent_while_somebody_types_or_answers(look: Look, shop: Shop) -> None:
    run = shop.run()
    before = shop.get("/_mock/clock")["now"]
    looker = look(shop.at("runs", run["id"]))
    search = looker.page.get_by_role("searchbox")
    search.fill("")
    looker.press(*"gmn.?jk/")
    expect(search).to_have_value("gmn.?jk/")
    looker.press("Escape")
    expect(search).not_to_be_focused()
    looker.page.get_by_role("button", name="Make the next one fail…").click()
    looker.page.get_by_role("dialog").get_by_role("button", name="Cancel").focus()
    looker.press(*"gmn.")
    looker.press("Escape")
    expect(looker.page.get_by_role("dialog")).to_have_count(0)
    looker.press("Control+n", "Alt+.")
    assert (looker.page.url, shop.get("/_mock/clock")["now"]) == (shop.at("runs", run["id"]), before)


@pytest.mark.parametrize("screen", ["timeline", "runs", "requests", "money"])
def test_what_happens_is_there_without_reading_anew(look: Look, shop: Shop, screen: str) -> None:
    looker = look(shop.at(screen))
    looker.page.locator("[data-link=live]").wait_for()
    run = shop.run(callback_url=NOBODY)
    expect(rows(looker, screen).first).to_be_visible()
    shop.client.post("/_mock/clock/run-until-idle")
    if screen == "runs":
        expect(rows(looker, "runs").first).to_contain_text("succeeded")
    looker.go(shop.at("deliveries"))
    expect(rows(looker, "deliveries")).to_contain_text([run["id"][-8:]])
    looker.press("g", "a")
    looker.page.get_by_role("searchbox").fill(shop.name)
    expect(rows(looker, "tenants")).to_have_count(1)
    shop.run()
    expect(rows(looker, "tenants").get_by_role("cell").nth(4)).to_have_text("2")


@pytest.mark.parametrize("screen", ["timeline", "runs", "requests"])
def test_no_timer_stands_between_an_event_and_its_row(look: Look, shop: Shop, screen: str) -> None:
    looker = look(shop.at(screen))
    looker.page.locator("[data-link=live]").wait_for()
    expect(looker.page.locator(".empty")).to_be_visible()  # the list has been read, and waits for nothing
    looker.page.evaluate("setTimeout = () => 0")
    run = shop.run()
    expect(rows(looker, screen).filter(has_text="201" if screen == "requests" else run["id"][-8:]).first).to_be_visible()


def test_paused_timeline_stands_counts_and_goes_on(look: Look, shop: Shop) -> None:
    shop.run()
    looker = look(shop.at("timeline"))
    looker.page.locator("[data-link=live]").wait_for()
    before = shop.get("/_mock/timeline?limit=1")["total"]
    expect(rows(looker, "timeline")).to_have_count(before)
    looker.page.get_by_role("button", name="Pause").click()
    button = looker.page.get_by_role("button", name="Paused")
    shop.run(client_ref="while paused")
    now = shop.get("/_mock/timeline?limit=1")["total"]
    expect(button).to_have_text(f"Paused, {now - before} new")
    assert rows(looker, "timeline").count() == before
    button.click()
    expect(rows(looker, "timeline")).to_have_count(now)


def test_looking_moves_no_clock_and_counts_as_no_poll(look: Look, shop: Shop) -> None:
    name = f"{shop.name}auto"
    shop.client.request("POST", "/_mock/tenants", {"name": name, "clock": "auto"})
    shop = Shop(shop.url, name, Client(shop.url, f"rf_live_mock_{name}"))
    run = shop.run()
    requests, clock = shop.get("/_mock/journal?limit=1")["total"], shop.get("/_mock/clock")["now"]
    looker = look(shop.at("runs", run["id"]))
    for screen in ("timeline", "requests", "report", "money", "runs"):
        looker.go(shop.at(screen))
        looker.screen(screen)
    expect(rows(looker, "runs").first).to_contain_text("queued")
    assert (shop.get("/_mock/journal?limit=1")["total"], shop.get("/_mock/clock")["now"]) == (requests, clock)


def test_each_record_has_an_address_of_its_own(look: Look, shop: Shop) -> None:
    rule = shop.rule(label="mine", where={"model": MODEL}, what={"kind": "fail"}, when={"times": 1})
    batch, run = shop.batch(items=2), shop.run(callback_url=NOBODY)
    shop.client.post("/_mock/clock/run-until-idle")
    delivery, exchange = (shop.get(f"/_mock/{what}?limit=1")["items"][0] for what in ("deliveries", "journal"))
    looker = look(shop.at("runs", run["id"]))
    for screen, record in (("runs", run), ("batches", batch), ("deliveries", delivery), ("requests", exchange)):
        looker.go("about:blank")  # as somebody to whom the address was sent
        looker.go(shop.at(screen, record["id"]))
        expect(looker.page.get_by_label("Details").get_by_role("heading", level=1)).to_be_visible()
        expect(looker.page.locator(".chosen")).to_have_count(1)
    looker.go("about:blank")
    looker.go(shop.at("rules", rule["id"]))
    expect(looker.page.get_by_role("region", name="Rule", exact=True)).to_contain_text(rule["id"])


def test_server_that_stops_and_comes_back(look: Look, tmp_path: Path) -> None:
    kept = ("--keep", str(tmp_path / "kept"), "--clock", "manual", "--log-level", "warning")
    with sandbox(*kept) as before:
        shop = Shop(before.url, "kept", Client(before.url, "rf_live_mock_kept"))
        shop.run(client_ref="before")
        looker = look(shop.at("runs"))
        looker.page.locator("[data-link=live]").wait_for()
        expect(rows(looker, "runs")).to_have_count(1)
        before.process.send_signal(signal.SIGTERM)
        assert before.process.wait(20) == 0  # the open stream holds nothing up
        looker.page.locator("[data-link=lost]").wait_for()
        says = looker.page.get_by_role("status").get_by_text("The server does not answer. Start it again")
        expect(says).to_have_count(1)
        expect(rows(looker, "runs")).to_have_count(1)
        looker.page.get_by_role("button", name="Next").click()
        expect(says).to_have_count(2)
    with sandbox(*kept, "--port", str(urlsplit(shop.url).port)):
        looker.page.locator("[data-link=live]").wait_for()
        expect(says).to_have_count(0)
        looker.complaints.clear()  # the browser tells of each connection that was refused
        shop.run(client_ref="after")
        expect(rows(looker, "runs")).to_contain_text(["after", "before"])


HARM = [
    "<img src=x onerror=harmed=1>",
    "<script>harmed=1</script>",
    '"><svg onload=harmed=1>',
    "javascript:harmed=1",
    "${harmed=1}</textarea></pre>",
    "\u202eshown backwards \U0001f480",
    "x" * 20_000,
]


def test_hostile_texts_stay_texts(look: Look, shop: Shop) -> None:
    shop.rule(label=HARM[0], where={"client_ref": HARM[2]}, what={"kind": "fail", "failure_message": HARM[1]})
    inputs = {"prompt": " ".join(HARM), "duration": "4s"}
    metadata = {f"key {at}": harm[:400] for at, harm in enumerate(HARM)} | {"__proto__": HARM[1], "constructor": HARM[0]}
    body = {"input": inputs, "metadata": metadata, "client_ref": HARM[2], "callback_url": f"{NOBODY}?{HARM[1]}"}
    run = shop.client.post("/v1/models/google/veo3.1/fast/runs", body)
    shop.fails("GET", "/v1/runs/%3Cimg%20src=x%20onerror=harmed=1%3E")
    shop.client.post("/_mock/clock/run-until-idle")
    delivery, exchange = (shop.get(f"/_mock/{what}?limit=1")["items"][0] for what in ("deliveries", "journal"))
    looker = look(shop.at("runs", run["id"]))
    expect(looker.page.get_by_role("region", name="input")).to_contain_text(HARM[0])
    expect(looker.page.get_by_role("region", name="metadata")).to_contain_text(HARM[1])
    for screen, record in {
        "timeline": "",
        "deliveries": delivery["id"],
        "requests": exchange["id"],
        "rules": "",
        "report": "",
        "runs": "",
    }.items():
        looker.go(shop.at(screen, record))
        looker.screen(screen)
        looker.page.locator("[aria-busy=true]").wait_for(state="detached")
        assert looker.page.evaluate(
            "['harmed' in window, document.querySelectorAll('main script, main [onerror], main [onload], [href^=javascript]').length]"
        ) == [False, 0]
    expect(rows(looker, "runs").first).to_contain_text(HARM[2])


def test_ten_thousand_events_are_a_list_like_any_other(look: Look, shop: Shop) -> None:
    looker = look(shop.at("timeline"))
    looker.page.locator("[data-link=live]").wait_for()
    shop.client.request("POST", "/_mock/ledger/credits", {"amount": "1000.00"})
    for _ in range(25):
        shop.batch(items=100)
    shop.client.post("/_mock/clock/run-until-idle")
    total = shop.get("/_mock/timeline?limit=1")["total"]
    assert total > 10_000
    expect(looker.table("timeline")).to_have_attribute("data-total", str(total))
    assert rows(looker, "timeline").count() < 100
    looker.page.locator(".rows").evaluate("box => { box.scrollTop = box.scrollHeight; }")
    last = looker.table("timeline").locator(f'[data-place="{total - 1}"]')
    expect(last).to_contain_text("credit")
    looker.page.get_by_role("searchbox").fill("no such thing")
    expect(looker.page.get_by_role("heading", name="Nothing fits these filters")).to_be_visible()


@pytest.fixture
def guarded() -> Iterator[Sandbox]:
    with sandbox("--host", "0.0.0.0", "--admin-token", "open-sesame", "--log-level", "warning") as started:
        yield started


def test_server_that_others_can_reach_asks_for_its_admin_token_and_keeps_it_nowhere(look: Look, guarded: Sandbox) -> None:
    url = f"http://127.0.0.1:{urlsplit(guarded.url).port}"
    Client(url, "rf_live_mock_inside").request(
        "POST", f"/v1/models/{MODEL}/runs", {"input": {"image_url": "https://cdn.example.com/a.jpg"}}
    )
    looker = look(f"{url}/_mock/#/t/inside/runs")
    sent: list[tuple[str, str | None]] = []
    looker.page.on("request", lambda request: sent.append((request.url, request.headers.get("authorization"))))
    token = looker.page.get_by_label("Admin token")
    token.fill("wrong")
    looker.page.get_by_role("button", name="Open").click()
    expect(looker.page.get_by_role("alert")).to_contain_text("admin token")
    token.fill("open-sesame")
    looker.page.get_by_role("button", name="Open").click()
    expect(rows(looker, "runs")).to_have_count(1)
    assert any(header == "Bearer open-sesame" for _, header in sent)
    assert not [address for address, _ in sent if "open-sesame" in address]
    kept = looker.page.evaluate(
        "async () => [localStorage.length, sessionStorage.length, document.cookie, (await indexedDB.databases()).length]"
    )
    assert kept == [0, 0, "", 0]
    looker.page.reload()
    expect(token).to_have_value("")
