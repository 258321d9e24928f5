"""The inspector's files: who gets them, what a browser may do with them, how large they are, and where they come from."""

import re
from hashlib import sha256
from pathlib import Path

import pytest
from commands import ROOT
from doors import Door

from runflow_mock.packaged import inspector_files

FOLDER = ROOT / "fixtures" / "inspector"
VENDOR = FOLDER / "vendor"
HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
OWN_BYTES_MAX = 60_000


def test_browser_gets_the_page_and_programs_get_the_verbs(door: Door) -> None:
    page = door.get("/_mock/", key=None, headers=HTML)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for accept in ("*/*", "application/json", "application/json, text/html"):
        assert "verbs" in door.get("/_mock/", key=None, headers={"Accept": accept}).json()


def test_page_may_load_nothing_but_this_servers_files(door: Door) -> None:
    policy = door.get("/_mock/", key=None, headers=HTML).headers["content-security-policy"]
    sources = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert sources.pop("require-trusted-types-for") == "'script'"
    assert sources == {
        "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "connect-src": "'self'", "img-src": "'self' blob:",
        "media-src": "blob:", "base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'",
    }  # fmt: skip
    assert not re.search(r"<script>|<style|\son\w+=|style=|javascript:|https?:", (FOLDER / "index.html").read_text())


def test_each_file_is_served_with_its_type(door: Door) -> None:
    for name, file in inspector_files().items():
        served = door.get(f"/_mock/inspector/{name}", key=None)
        assert (served.status_code, served.content, served.headers["content-type"]) == (200, file.body, file.media_type)
        assert served.headers["x-content-type-options"] == "nosniff"
        again = door.get(f"/_mock/inspector/{name}", key=None, headers={"If-None-Match": served.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["../README.md", "README.md", "vendor/LICENSE-htm", "parts/none.js", "%2e%2e/viewer/init.js"])
def test_no_other_file_is_served(door: Door, name: str) -> None:
    assert door.get(f"/_mock/inspector/{name}", key=None).status_code == 404


def test_root_leads_browsers_to_the_page_and_programs_to_the_site(door: Door) -> None:
    led = door.get("/", key=None, headers=HTML)
    assert (led.status_code, led.headers["location"]) == (307, "/_mock/")
    assert door.get("/", key=None, headers={"Accept": "*/*"}).status_code == 200


def test_no_inspector_leaves_everything_as_it_was() -> None:
    with Door(inspector=False) as door:
        assert "verbs" in door.get("/_mock/", key=None, headers=HTML).json()
        assert door.get("/_mock/inspector/app.js", key=None).status_code == 404
        assert door.get("/", key=None, headers=HTML).status_code == 200


def test_services_own_hosts_have_their_own_root(door: Door) -> None:
    assert door.get("/", key=None, headers={**HTML, "Host": "www.runflow.io"}).status_code == 200


def test_looking_at_the_page_makes_no_tenant_and_no_entry(door: Door) -> None:
    for path in ("/", "/_mock/", "/_mock/inspector/app.js"):
        door.get(path, key=None, headers=HTML)
    assert (len(door.runtime.tenants), door.runtime.lobby.total) == (0, 0)


def test_own_code_is_small() -> None:
    own = {path.name: path.stat().st_size for path in _own()}
    assert sum(own.values()) <= OWN_BYTES_MAX, own


def test_vendored_modules_are_the_pinned_ones() -> None:
    pinned = {name: digest for digest, name in map(str.split, (VENDOR / "SHA256SUMS").read_text().splitlines())}
    assert pinned == {path.name: sha256(path.read_bytes()).hexdigest() for path in VENDOR.glob("*.js")}
    assert len(pinned) == 3
    assert {path.name for path in VENDOR.glob("LICENSE-*")} == {"LICENSE-preact", "LICENSE-htm"}


def test_own_code_makes_no_page_out_of_data() -> None:
    risky = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|dangerouslySet|document\.write|\beval\(|new Function|localStorage|sessionStorage|cookie"
    )
    assert [(path.name, found) for path in _own() for found in risky.finditer(path.read_text())] == []


def test_every_file_is_told_in_the_readme() -> None:
    told = (FOLDER / "README.md").read_text()
    assert [path.name for path in [*_own(), *VENDOR.iterdir()] if path.name not in told] == []


def _own() -> list[Path]:
    return [path for path in FOLDER.rglob("*") if path.suffix in (".js", ".css", ".html") and VENDOR not in path.parents]
