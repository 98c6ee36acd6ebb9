"""Words need neither Django nor a database: the preview, the worker and these tests share them."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MODULES = sorted(path.stem for path in (ROOT / "notifications" / "words").glob("[a-z]*.py"))


def test_they_work_where_django_is_not_installed() -> None:
    assert len(MODULES) > 5
    absent = "import sys; sys.modules.update(dict.fromkeys(['django', 'psycopg', 'celery']))"
    imports = ", ".join(f"notifications.words.{name}" for name in MODULES)
    done = subprocess.run(
        [sys.executable, "-c", f"{absent}; import {imports}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
