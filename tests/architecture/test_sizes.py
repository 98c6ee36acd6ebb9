"""The tail is capped: ruff counts statements and branches, this counts lines."""

from tests.architecture.source import HOUSES, files, functions, name

LONGEST_FUNCTION, LONGEST_TEST, LONGEST_FILE = 50, 40, 400
ALL = (*HOUSES, "tests", "bench")


def test_no_function_is_longer_than_fifty_lines() -> None:
    too_long = [
        f"{name(path)}: {function.name} has {function.lines} lines"
        for path in files(".py", *ALL)
        for function in functions(path)
        if function.lines > LONGEST_FUNCTION
    ]
    assert too_long == []


def test_no_test_is_longer_than_forty_lines() -> None:
    too_long = [
        f"{name(path)}: {function.name} has {function.lines} lines"
        for path in files(".py", "tests")
        for function in functions(path)
        if function.name.startswith("test_") and function.lines > LONGEST_TEST
    ]
    assert too_long == []


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    lengths = {
        name(path): len(path.read_text(encoding="utf-8").splitlines())
        for ending in (".py", ".html", ".css", ".js")
        for path in files(ending, *ALL)
    }
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE} == {}
