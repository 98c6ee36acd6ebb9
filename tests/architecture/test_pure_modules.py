"""What decides needs neither Django nor a database, and reads no clock."""

import ast
import subprocess
import sys

from tests.architecture.source import ROOT, files, name, nodes

PURE = [
    "booking.intervals",
    "booking.availability",
    "booking.board",
    "booking.rehousing",
    "booking.growing",
    "booking.reminders",
    "booking.rules",
    "centres.calendar",
    "centres.differences",
    "centres.errors",
    "centres.patterns",
    "centres.recurrence",
    "centres.settling",
    "centres.sheets",
    "centres.written",
]
# Every house may read the clock at its edges only: there the current time becomes an argument.
EDGES = {"views", "tasks.py", "admin.py", "admin_families.py", "admin", "commands"}
CLOCKS = {"now", "today", "utcnow", "localdate", "localtime", "time_ns", "monotonic"}


def test_they_work_where_django_is_not_installed() -> None:
    absent = "import sys; sys.modules.update(dict.fromkeys(['django', 'psycopg', 'celery']))"
    done = subprocess.run(
        [sys.executable, "-c", f"{absent}; import {', '.join(PURE)}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_core_reads_no_clock() -> None:
    readers = [
        f"{name(path)}:{node.lineno}"
        for path in files(".py", "booking", "centres")
        if not EDGES & set(path.parts)
        for node in nodes(path)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CLOCKS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"datetime", "date", "timezone", "time"}
    ]
    assert readers == []
