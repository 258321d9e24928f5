"""Short pages of the website that the sandbox has no content for: each says what it is not, and where to go on.

Source: `www.places` (that there are such pages). All words are runflow-mock's own.
"""

from html import escape

from runflow_mock.web.pages.layout import write_page
from runflow_mock.wire.skills import SKILL_PATH

PLACES: dict[str, tuple[str, str]] = {
    "home": ("Sandbox", "The website of the sandbox. It sells nothing and tells no stories: look at what can be called."),
    "skill": (
        "Skill",
        f"Install {SKILL_PATH} into a skills directory of your project; its digest stands at {SKILL_PATH}.sha256.",
    ),
    "blog": ("Blog", "The sandbox has no posts."),
    "signup": ("Sign up", "Nobody has to sign up here: every key of the right form works, and its account is made by using it."),
    "deploy": ("Deploy", "Graphs are deployed with POST /v1/comfyui-workflows and run at /v1/comfyui-workflows/{owner}/{slug}/runs."),
}
"""Title and text of each place, by its name; the words are plain text."""

_WAYS = (
    ("/api", "Solutions"),
    ("/models", "Models"),
    ("/v1/docs", "API document"),
    (SKILL_PATH, "Skill"),
    ("/llms.txt", "Everything as text"),
    ("/settings/api-keys", "Key"),
)


def write_place(name: str) -> str:
    """Returns one of the short pages."""
    title, text = PLACES[name]
    ways = " \u00b7 ".join(f'<a href="{path}">{label}</a>' for path, label in _WAYS)
    return write_page(title, (f"<h1>{escape(title)}</h1>\n<p>{escape(text)}</p>\n<p>{ways}</p>\n",))
