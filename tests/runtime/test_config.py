import re

import pytest

from runflow_mock.domain.callback_policy import Rewrite
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.config import (
    Config,
    ConfigError,
    environment_for_client,
    read_admin_token,
    read_caps,
    read_clock,
    read_keys,
    read_names,
    read_public_url,
    read_rewrites,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("real", (ClockMode.REAL, 1.0)),
        ("manual", (ClockMode.MANUAL, 1.0)),
        ("auto", (ClockMode.AUTO, 1.0)),
        ("scaled:60", (ClockMode.SCALED, 60.0)),
        ("scaled:0.5", (ClockMode.SCALED, 0.5)),
    ],
)
def test_clock_is_read(text: str, expected: tuple[ClockMode, float]) -> None:
    assert read_clock(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sundial",
        "scaled:0",
        "scaled:-1",
        "scaled:nan",
        "scaled:inf",
        "scaled:fast",
        "real:2",
        "manual:1",
        "scaled:٣",
        "scaled:1_0",
        "scaled: 3",
    ],
)
def test_other_clocks_are_refused_by_name(text: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(repr(text))):
        read_clock(text)


@pytest.mark.parametrize(("text", "keys"), [("", {}), ("demo:test", {"test": "demo"}), (" a:x , b:y-Z_1 ,", {"x": "a", "y-Z_1": "b"})])
def test_keys_are_read(text: str, keys: dict[str, str]) -> None:
    assert read_keys(text) == keys


@pytest.mark.parametrize("text", ["test", "demo:", ":test", "Demo:test", "demo:a b", "demo:é", "demo:" + "x" * 129, "a b:c"])
def test_other_keys_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is not tenant:key"):
        read_keys(text)


def test_rewrites_are_read() -> None:
    assert read_rewrites("https://app.example=http://web:8000, http://a=http://b") == (
        Rewrite("https://app.example", "http://web:8000"),
        Rewrite("http://a", "http://b"),
    )
    assert read_rewrites("HTTPS://a:443=http://[fd00::1]:8000") == (Rewrite("HTTPS://a:443", "http://[fd00::1]:8000"),)


@pytest.mark.parametrize(
    "text",
    [
        "https://app.example", "app.example=http://web", "https://a/x=http://b", "https://a=http://b/", "ftp://a=http://b", "=x",
        "https://a=ftp://b", "https://a=http://b:0", "https://a=http://b:65536", "https://a=http://u:p@b", "https://u:p@a=http://b",
        "https://a:0=http://b", "https://a=http://[::1", "https://a?x=http://b", "https://a#=http://b", "https://*.a=http://b",
        "https://a..b=http://b", "https://a=http://b..c", f"https://a=http://{'b' * 64}",
    ],
)  # fmt: skip
def test_other_rewrites_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="callback-rewrite"):
        read_rewrites(text)


def test_caps_are_read() -> None:
    assert read_caps(" runflow/dyver-removal=2, *=1000000 ,") == {"runflow/dyver-removal": 2, "*": 1_000_000}


@pytest.mark.parametrize("text", ["2", "=2", "*", "*=", "*=0", "*=-1", "*=1.5", "*=1000001", "*=99999999", "*=two"])
def test_other_caps_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"concurrency: .* from 1 to 1000000"):
        read_caps(text)


def test_names_are_read() -> None:
    assert read_names(" web, db ,,") == {"web", "db"}
    assert read_names("Web, fd00::1, 10.0.0.7, a_b.example") == {"web", "fd00::1", "10.0.0.7", "a_b.example"}


@pytest.mark.parametrize("text", ["web:8000", "http://web", "web/", "*", "*.example", "u@web", "a b", "[::1]", "web.", "-a"])
def test_what_is_more_than_a_host_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="without scheme, port and path"):
        read_names(f"ok, {text}")


@pytest.mark.parametrize("text", ["a..b", "a" * 64, ".".join(["a" * 63] * 4)])
def test_name_that_no_resolver_can_take_is_refused_with_what_is_wrong(text: str) -> None:
    with pytest.raises(ConfigError, match=r"is not the name of a host: it must have a host"):
        read_names(f"ok, {text}")


@pytest.mark.parametrize("text", [None, "http://runflow:9999", "https://mock.example", "HTTP://[::1]:1/below", "https://bücher.example"])
def test_public_url_is_read(text: str | None) -> None:
    assert read_public_url(text) == text
    assert text is None or read_public_url(f"{text}/") == text


@pytest.mark.parametrize(
    "text",
    [
        "", "javascript:alert(1)", "runflow:9999", "//runflow", "http://a\x1b[31m", "http://[", "http://[::1", "http://[::1]x", "http://a:٣",
        "http://a:99999", "http://a:0", "http://a:-1", "http://", "http://:80", "http://a b", "http://a\udce9", "http://a/?q=1", "http://a/#f",
        "http://u:secret@a", "http://a..b", f"http://{'a' * 64}", "http://a:443:443",
    ],
)  # fmt: skip
def test_public_url_at_which_nothing_can_be_reached_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^public-url: .* is not an address such as https://mock\.example:8787: it must") as raised:
        read_public_url(text)
    assert "secret" not in str(raised.value)


def test_tenant_takes_over_what_the_server_is_set_to() -> None:
    config = Config(seed="7", dialect="docs", strict=True, batch_items_max=7, client_time="virtual", switches={"signature": "bare"})
    settings = config.tenant("shop")
    assert (settings.name, settings.seed, settings.dialect, settings.strict) == ("shop", "7", "docs", True)
    assert (settings.batch_items_max, settings.client_time, settings.switches) == (7, "virtual", {"signature": "bare"})


def test_server_passes_time_ten_times_as_fast_unless_told_otherwise() -> None:
    config = Config()
    assert (config.clock, config.speed, config.host, config.port) == (ClockMode.REAL, 10.0, "127.0.0.1", 8787)


def test_client_finds_the_fake_by_its_environment() -> None:
    assert environment_for_client("http://here", "key") == {
        "RUNFLOW_API_KEY": "key",
        "RUNFLOW_KEY": "key",
        "RUNFLOW_BASE_URL": "http://here",
        "RUNFLOW_API_BASE": "http://here",
    }


@pytest.mark.parametrize(
    "key",
    ["rf_live_REALLYREAL123", "rf_svc_1", "rfk_abc", "rf_live_moc_x", "RF_LIVE_REALLY", "Rfk_abc", "rf_live_MOCK_4f3a", "RF_LIVE_MOCK_T"],
)
def test_key_that_looks_real_is_refused_at_the_start(key: str) -> None:
    with pytest.raises(ConfigError, match="looks like a real Runflow key") as raised:
        read_keys(f"t:{key}")
    assert key not in str(raised.value)


@pytest.mark.parametrize("key", ["rf_live_mock_other", "rf_svc_mock_t", "rf_live_mock_t_ci", "rf_svc_mock_t_ci"])
def test_key_that_leads_to_another_tenant_or_principal_by_its_form_is_refused_at_the_start(key: str) -> None:
    with pytest.raises(ConfigError, match=f"^keys: {key} has a meaning of its own"):
        read_keys(f"t:{key}")
    assert read_keys("t:rf_live_mock_t") == {"rf_live_mock_t": "t"}


@pytest.mark.parametrize(
    ("key", "meaning"),
    [
        ("rf_svc_mock_t", ": it is the admin key of t;"),
        ("rf_live_mock_t_ci", ": it is the key ci of t, or that of the tenant t_ci;"),
        ("rf_live_mock_ta", ", and t is not meant by it;"),
        ("rf_svc_mock_t_ci", ", and t is not meant by it;"),
    ],
)
def test_meaning_that_a_key_has_by_its_form_is_told(key: str, meaning: str) -> None:
    with pytest.raises(ConfigError, match=f"^keys: {key} has a meaning of its own{meaning} .* such as t:test$"):
        read_keys(f"t:{key}")


@pytest.mark.parametrize("token", ["", " ", "a b", "a\n", "é"])
def test_token_that_anybody_or_nobody_could_send_is_refused_at_the_start(token: str) -> None:
    with pytest.raises(ConfigError, match="admin-token: it"):
        read_admin_token(token)


def test_token_that_looks_like_a_real_key_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError, match="admin-token: it looks like a real Runflow key") as raised:
        read_admin_token("rf_svc_REALLYREAL123")
    assert "REALLYREAL" not in str(raised.value)


def test_token_or_none_is_taken_as_it_is() -> None:
    assert (read_admin_token("hunter2"), read_admin_token(None)) == ("hunter2", None)


def test_key_leads_to_one_tenant() -> None:
    assert read_keys("a:test,a:test,a:more") == {"test": "a", "more": "a"}
    with pytest.raises(ConfigError, match="one key leads to a and to b"):
        read_keys("a:test,b:test")
