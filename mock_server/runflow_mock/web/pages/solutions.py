"""The list of Solutions for people and agents who browse: every Solution with its endpoint and input schema.

Source: `www.solutions` (that the page exists, and what an agent looks for on it). All words are runflow-mock's own.
"""

from collections.abc import Sequence
from html import escape

from runflow_mock.domain.models import Catalog
from runflow_mock.domain.solutions import Solution
from runflow_mock.web.pages.layout import write_page
from runflow_mock.web.pages.models import write_endpoint, write_fields

_INTRO = """\
<h1>Solutions</h1>
<p>Finished image workflows, each behind one call. Choose one here before you reach for a single model.</p>
<p class="soft">Send the fields of the table as <code>input</code>; <code>callback_url</code>, <code>metadata</code> and
<code>client_ref</code> are optional beside it. The answer carries the id of a run to poll at <code>GET /v1/runs/{id}</code>.</p>
"""


def write_solutions_page(solutions: Sequence[Solution], catalog: Catalog) -> str:
    """Returns the page with all Solutions."""
    ordered = sorted(solutions, key=lambda solution: solution.sort_order)
    contents = " · ".join(f'<a href="#{escape(solution.slug)}">{escape(solution.title)}</a>' for solution in ordered)
    return write_page("Solutions", (_INTRO, f"<p>{contents}</p>\n", *(_section(solution, catalog) for solution in ordered)))


def _section(solution: Solution, catalog: Catalog) -> str:
    cards = "".join(_card(path, catalog) for path in solution.models)
    title = f'<h2 id="{escape(solution.slug)}">{escape(solution.title)}</h2>\n'
    return f'{title}<p class="soft">{escape(solution.subtitle)}. {escape(solution.content)}</p>\n{cards}'


def _card(path: str, catalog: Catalog) -> str:
    model = catalog.read(path)
    more = f'<a href="/models/{escape(path)}">page</a> · <a href="/models/{escape(path)}/llms.txt">llms.txt</a>'
    return (
        f'<div class="card">\n<h3>{escape(model.name)}</h3>\n<p>{escape(model.description)}</p>\n'
        f"{write_endpoint(model)}{write_fields(model)}<p>{more}</p>\n</div>\n"
    )
