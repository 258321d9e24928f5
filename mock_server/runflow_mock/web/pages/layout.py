"""The frame of every page: one inline style sheet, no script, nothing from another host."""

from collections.abc import Iterable
from html import escape

PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""What a page may load: its own style and pictures of this server."""

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2430; --soft: #5b6675; --line: #dde2ea; --ground: #f7f8fa; --card: #fff; --mark: #2457a6; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6eaf0; --soft: #9aa6b5; --line: #2c3440; --ground: #14181f; --card: #1b212a; --mark: #8ab4f8; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
header, main, footer { max-width: 62rem; margin: 0 auto; padding: 1rem 1.25rem; }
header { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; align-items: baseline; border-bottom: 1px solid var(--line); }
header strong { margin-right: auto; }
footer { color: var(--soft); font-size: .85rem; border-top: 1px solid var(--line); margin-top: 2rem; }
a { color: var(--mark); text-decoration: none; } a:hover { text-decoration: underline; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 1.2rem 0 .3rem; } h2 { font-size: 1.25rem; margin: 2rem 0 .4rem; }
h3 { font-size: 1.05rem; margin: 0 0 .2rem; } p { margin: .3rem 0 .8rem; } .soft { color: var(--soft); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.1rem; margin: .8rem 0; }
.tag { border: 1px solid var(--line); border-radius: 1rem; padding: .05rem .6rem; font-size: .8rem; color: var(--soft); }
code, pre { font: .88em/1.5 ui-monospace, monospace; }
pre { background: var(--ground); border: 1px solid var(--line); border-radius: .4rem; padding: .7rem .9rem; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; } .wide { overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; }
"""
_LINKS = (("Solutions", "/api"), ("Models", "/models"), ("API document", "/v1/docs"), ("Key", "/settings/api-keys"))


def write_page(title: str, parts: Iterable[str]) -> str:
    """Returns a whole page; `parts` are pieces of HTML that are safe already, `title` is plain text."""
    links = " ".join(f'<a href="{path}">{name}</a>' for name, path in _LINKS)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)} · runflow-mock</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>{_STYLE}</style>\n</head>\n<body>\n'
        f"<header><strong>runflow-mock</strong> {links}</header>\n<main>\n{''.join(parts)}</main>\n"
        "<footer>A local sandbox, unofficial and not affiliated with Runflow. Nothing here costs anything.</footer>\n"
        "</body>\n</html>\n"
    )


def write_table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Returns a table; the cells are pieces of HTML that are safe already."""
    titles = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f'<div class="wide"><table>\n<thead><tr>{titles}</tr></thead>\n<tbody>\n{lines}</tbody>\n</table></div>\n'
