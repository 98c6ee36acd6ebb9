"""The joined styles and scripts handed to a browser: files only after collectstatic."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Route

from frontend.bundles import BUNDLES


def serve_bundles(context: BrowserContext) -> None:
    """Those of the sources as they are now."""
    for path, text in BUNDLES.items():
        context.route(f"**/static/{path}", _serve(path, text()))


def _serve(path: str, text: str) -> Callable[[Route], None]:
    kind = "text/css" if path.endswith(".css") else "text/javascript"
    return lambda route: route.fulfill(body=text, content_type=kind)
