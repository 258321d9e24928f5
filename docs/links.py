"""Check a built site: internal links and anchors lead somewhere, and nothing is loaded from another host."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src", "link": "href"}
_LINK_RELATIONS_THAT_LOAD_NOTHING = frozenset(("canonical", "next", "prev", "alternate", "edit"))


class Page(HTMLParser):
    """What a page has and wants: its anchors, where its links lead, and what it loads."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes one element."""
        given = dict(attrs)
        self.anchors |= {value for name in ("id", "name") if (value := given.get(name))}
        if tag == "a" and (link := given.get("href")):
            self.links.append(link)
        relation = (given.get("rel") or "").lower()
        if tag in _LOADED and relation not in _LINK_RELATIONS_THAT_LOAD_NOTHING and (load := given.get(_LOADED[tag])):
            self.loads.append(load)


def faults_of_site(site: Path) -> list[str]:
    """Returns what is wrong with a site, one line each."""
    pages = {file: Page(file.read_text(encoding="utf-8")) for file in sorted(site.rglob("*.html"))}
    found = []
    for file, page in pages.items():
        # The page for what is missing is served at any address, so that its links are absolute.
        if file.name == "404.html":
            continue
        name = file.relative_to(site)
        found += [f"{name}: loads {load}" for load in page.loads if urlsplit(load).netloc]
        found += [f"{name}: {link} leads nowhere" for link in (*page.links, *page.loads) if not _leads(link, file, pages)]
    return found


def _leads(link: str, file: Path, pages: dict[Path, Page]) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True
    target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
    if target.is_dir():
        target /= "index.html"
    if not parts.fragment:
        return target.exists()
    return target in pages and (unquote(parts.fragment) in pages[target].anchors or parts.fragment.startswith("__"))
