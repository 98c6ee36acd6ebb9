"""One JSON object per line on standard error, with the id of the request it belongs to."""

import logging
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer

from config import env

SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(allow=["method", "route", "status", "ms"]),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
# Local variables hold names and phone numbers: they stay out of tracebacks.
TRACEBACKS = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))


class RouteForPath(logging.Filter):
    """Names the route of a failed request instead of its path, which may carry a family's token."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if request is not None and isinstance(record.args, tuple):
            match = getattr(request, "resolver_match", None)
            route = match.route if match else "(no route)"
            record.args = tuple(
                route if argument == request.path else argument for argument in record.args
            )
        return True


def logging_settings(*, level: str) -> dict[str, Any]:
    if level not in logging.getLevelNamesMapping():
        env.refuse("LOG_LEVEL", f"{level!r} is not a level such as INFO or WARNING")
    # Beat and the worker would write three lines for each tick, one tick a second.
    ticks = ("celery.beat", "celery.worker.strategy", "celery.app.trace")
    quiet = {name: {"level": "WARNING"} for name in ticks}
    pathless = {name: {"filters": ["route"]} for name in ("django.request", "django.security.csrf")}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"route": {"()": RouteForPath}},
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    TRACEBACKS,
                    structlog.processors.JSONRenderer(ensure_ascii=False),
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        # Django's own handlers, a console for DEBUG and mails to ADMINS, would double each line.
        "loggers": {
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            **quiet,
            **pathless,
        },
    }
