"""What a browser complains about while a test runs, and what axe finds on a page."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, WebError

from tests.browser.driving import ROOT

AXE = ROOT / "ui" / "node_modules" / "axe-core" / "axe.min.js"
SIGNED_OUT = "Failed to load resource: the server responded with a status of 401"
VIOLATIONS = """
addEventListener('securitypolicyviolation', (event) =>
  console.error(`content security policy: ${event.violatedDirective} ${event.blockedURI}`))
"""


@dataclass
class Watch:
    """Collects errors on the console, errors of scripts, breaches of the policy, and requests to other hosts."""

    url: str
    complaints: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=lambda: [re.escape(SIGNED_OUT)])

    def allow(self, pattern: str) -> None:
        """Expect complaints that contain this regular expression."""
        self.allowed.append(pattern)

    def follow(self, context: BrowserContext) -> None:
        """Listen to every page of the context."""
        context.add_init_script(VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)

    def found(self) -> list[str]:
        """The complaints that nobody expected."""
        return [one for one in self.complaints if not any(re.search(pattern, one) for pattern in self.allowed)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "assert"):
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def _error(self, error: WebError) -> None:
        self.complaints.append(str(error.error))

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != urlsplit(self.url).netloc:
            self.complaints.append(f"a request to {request.url}")


def axe(page: Page, **options: Any) -> list[str]:
    """What axe finds, one line for each rule with the first places; it comes in past the policy, which stays strict.

    Args:
        options: of `axe.run`, such as rules={"region": {"enabled": False}}.
    """
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("options => axe.run(document, options)", {"resultTypes": ["violations"], **options})
    return [
        f"{one['id']}: {one['help']}: {' | '.join(node['html'] for node in one['nodes'][:3])}"
        for one in found["violations"]
    ]
