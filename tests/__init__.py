"""The tests mirror the houses; `bin/test` runs all of them, `.venv/bin/pytest PATH` some."""
