"""Who may open a page: each view says it by `@access(rule)`, and a test walks every address.

public: anyone. hold: who has the held time's token. link: who has the appointment's signed link.
contact: who proved an e-mail address lately (cookie). staff: people of the Département, logged in.
provider: whoever carries our messages, and has the secret of its webhook.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, Literal, ParamSpec

from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.cache import patch_cache_control

from booking.access import BadLink
from booking.errors import Refusal
from frontend import refusals

Rule = Literal["public", "hold", "link", "contact", "staff", "provider"]
P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def access(rule: Rule) -> Callable[[View[P]], View[P]]:
    """Mark a view with its rule, keep personal pages out of every cache, and answer what the view
    lets through: an unknown link by 404, a refusal by its page and status."""

    def mark(view: View[P]) -> View[P]:
        @wraps(view)
        def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            try:
                response = view(request, *args, **kwargs)
            except BadLink as error:
                raise Http404 from error
            except Refusal as refusal:
                response = refusals.page(request, refusal)
            if rule != "public" or request.method == "POST":
                patch_cache_control(response, private=True, no_store=True)
                response["X-Robots-Tag"] = "noindex"
            return response

        answer.access = rule  # type: ignore[attr-defined]
        return answer

    return mark
