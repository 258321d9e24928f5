"""The page on which a user finds the sandbox's key.

Source: `www.settings` (its address). Unlike a dashboard it makes nothing: every key of the right form works.
"""

from html import escape

from runflow_mock.domain.principals import ADMIN_KEY_PREFIX, KEY_PREFIX, SANDBOX
from runflow_mock.web.pages.layout import write_page
from runflow_mock.wire.sites import Sites


def write_keys_page(sites: Sites) -> str:
    """Returns the page with the sandbox's key and how to use it."""
    key = KEY_PREFIX + SANDBOX
    exports = f"export RUNFLOW_API_KEY={key}\nexport RUNFLOW_BASE_URL={sites.api}\n"
    commands = f'{exports}curl -s {sites.api}/v1/auth/me -H "Authorization: Bearer $RUNFLOW_API_KEY"'
    return write_page(
        "API keys",
        (
            f"<h1>API keys</h1>\n<p>The sandbox's key, with all scopes but the admin routes:</p>\n<pre>{escape(key)}</pre>\n",
            f"<h2>Use it</h2>\n<pre>{escape(commands)}</pre>\n",
            "<h2>More keys</h2>\n",
            f"<p>Any <code>{escape(KEY_PREFIX)}&lt;name&gt;</code> works and opens an account of its own; a name has 1 to 64 characters of "
            f"a-z, 0-9 and _. Admin routes take <code>{escape(ADMIN_KEY_PREFIX)}&lt;name&gt;</code>.</p>\n",
            '<p class="soft">Real keys are refused here and never kept: make those in Runflow\'s own dashboard.</p>\n',
        ),
    )
