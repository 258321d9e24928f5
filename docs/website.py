"""Build the site from the pages of this folder: `make docs`. The pages are written for the forge; this makes a site of the same files.

The navigation is the list in `README.md`: a heading is a section, a link a page. What leads out of this folder is a link on the forge; on
the site it is one where DOCS_REPOSITORY says where the repository is shown (`https://…/blob/main/`), and plain text elsewhere.

    python docs/website.py            builds `site/`, and fails on whatever is broken
    python docs/website.py --serve    the same, then serves it on loopback
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from links import faults_of_site

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
STAGE = ROOT / "build" / "docs"
SITE = ROOT / "site"
BUILDER = ROOT / ".venv" / "docs" / "bin" / "zensical"
PORT = 8789

_LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")
_ENTRY = re.compile(r"\[(?P<title>[^\]]+)\]\((?P<page>[^)#]+\.md)\)")


def navigation(index: str) -> list[Mapping[str, Any]]:
    """Returns the sections of the index with their pages."""
    sections: list[Mapping[str, Any]] = [{"Home": "README.md"}]
    for part in re.split(r"^## ", index, flags=re.MULTILINE)[1:]:
        heading, _, body = part.partition("\n")
        if pages := [{found["title"]: found["page"]} for found in _ENTRY.finditer(body)]:
            sections.append({heading.strip(): pages})
    return sections


def staged(text: str, page: Path, repository: str | None) -> str:
    """Returns a page as the site has it: links out of this folder lead to the repository, or are plain text."""

    def lead(found: re.Match[str]) -> str:
        target, _, anchor = found["target"].partition("#")
        if not target or ":" in target:
            return found[0]
        file = (page.parent / target).resolve()
        if file.is_relative_to(DOCS):
            return found[0]
        if repository is None:
            return found["text"]
        return f"[{found['text']}]({repository}{file.relative_to(ROOT)}{'#' + anchor if anchor else ''})"

    return _LINK.sub(lead, text)


def stage(repository: str | None) -> Path:
    """Writes pages, pictures and configuration where the builder looks for them, and returns the configuration."""
    shutil.rmtree(STAGE, ignore_errors=True)
    pages = STAGE / "pages"
    for file in sorted(DOCS.rglob("*")):
        to = pages / file.relative_to(DOCS)
        if file.suffix == ".md":
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_text(staged(file.read_text(encoding="utf-8"), file, repository), encoding="utf-8")
        elif file.suffix in (".svg", ".css", ".png"):
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, to)
    settings = yaml.safe_load((DOCS / "config.yaml").read_text(encoding="utf-8"))
    settings |= {"docs_dir": "pages", "site_dir": "site", "nav": navigation((DOCS / "README.md").read_text(encoding="utf-8"))}
    config = STAGE / "mkdocs.yml"
    config.write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return config


def build() -> list[str]:
    """Builds the site and returns what is wrong with it."""
    if not BUILDER.exists():
        return [f"{BUILDER.relative_to(ROOT)} is missing: run `make docs`, which installs it"]
    config = stage(os.environ.get("DOCS_REPOSITORY"))
    made = subprocess.run([BUILDER, "build", "--strict", "--clean", "--config-file", config], check=False, cwd=STAGE)
    if made.returncode:
        return ["the builder found something, see above"]
    shutil.rmtree(SITE, ignore_errors=True)
    shutil.copytree(STAGE / "site", SITE)
    return faults_of_site(SITE)


def serve() -> None:
    """Serves the site on loopback until it is interrupted."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(SITE))
    with ThreadingHTTPServer(("127.0.0.1", PORT), handler) as server:
        sys.stdout.write(f"http://127.0.0.1:{PORT}/ (stop with Ctrl-C)\n")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            sys.stdout.write("\n")


def main(arguments: Sequence[str]) -> int:
    """Builds, tells what is wrong, and serves on demand."""
    wrong = build()
    sys.stdout.write("".join(f"{line}\n" for line in wrong) or f"{len(list(SITE.rglob('*.html')))} pages in {SITE.name}/\n")
    if wrong:
        return 1
    if "--serve" in arguments:
        serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
