"""Messages as they would leave now."""

from __future__ import annotations

from notifications.composing import Content, compose
from notifications.models import OutboxMessage
from notifications.rendering import Rendered, render


def content(message: OutboxMessage) -> Content:
    found = compose(message)
    assert found is not None, f"nothing to say: {message}"
    return found


def rendered(message: OutboxMessage) -> Rendered:
    return render(message, content(message))
