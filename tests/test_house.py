"""The house rules that a program can check: sizes, doors to tenants' rows, names that must not leak, docstrings."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sakimori"
LONGEST_FILE, LONGEST_FUNCTION = 300, 40
# This checkout's own folder, a home folder, a line that says where packages are fetched from, a registry's address
# (each name with a bracket, so that this file is not found itself).
FORBIDDEN = re.compile(
    rf"^.*(?:{re.escape(str(ROOT))}/|(?<![\w.])/(?:home|Users|root)/|^\s*-{{1,2}}(?:index-url|extra-index-url|find-links)\b"
    r"|https?://[^\s/]*(?:[p]ypi|[p]ythonhosted|[n]pmjs)).*",
    re.MULTILINE,
)
TEXTS = {".py", ".md", ".toml", ".in", ".lock", ".txt", ".html", ".css", ".js", ".sql", ".yml", ".yaml", ".cfg", ""}
NOT_OURS = {"__pycache__", "data", "htmlcov", "build", "dist"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources() -> list[Path]:
    """Every Python file of the package but generated migrations."""
    return sorted(path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and number of lines, decorators left out, of every function of a file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, Function):
            yield f"{name(path)}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def repository() -> Iterator[Path]:
    """Every text file that belongs to the project."""
    for path in ROOT.iterdir():
        if path.name == ".ci" or (path.name not in NOT_OURS and not path.name.startswith(".")):
            inside = path.rglob("*") if path.is_dir() else [path]
            yield from (
                file
                for file in inside
                if file.is_file() and file.suffix in TEXTS and not NOT_OURS & set(file.relative_to(ROOT).parts[:-1])
            )


def test_no_file_is_long() -> None:
    lengths = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in sources()}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_function_is_long() -> None:
    assert {what: lines for path in sources() for what, lines in functions(path) if lines > LONGEST_FUNCTION} == {}


@pytest.mark.parametrize("room", ["portal", "console"])
def test_a_face_never_queries_by_itself(room: str) -> None:
    """Tenants' rows come through `customers.access`; so no page names a model's manager."""
    asked = [
        f"{name(path)}:{node.lineno}"
        for path in sources()
        if path.is_relative_to(PACKAGE / room)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in ("objects", "_default_manager", "_base_manager")
    ]
    assert asked == []


def test_every_module_says_what_lives_in_it() -> None:
    empty = {path for path in sources() if not tree(path).body}
    silent = {path for path in sources() if not ast.get_docstring(tree(path))}
    packages = {path for path in sources() if path.name == "__init__.py"}
    assert sorted(name(path) for path in silent & packages) == []
    assert sorted(name(path) for path in silent - empty) == []


def test_no_file_names_the_machine_it_was_written_on_or_a_registry() -> None:
    found = [
        f"{name(path)}: {line}"
        for path in repository()
        for line in FORBIDDEN.findall(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


def test_this_test_looks_at_the_whole_repository() -> None:
    seen = {name(path) for path in repository()}
    assert {"sakimori/settings.py", "tests/test_house.py", "pyproject.toml", "run", "requirements.lock"} <= seen


def test_the_rule_for_names_finds_them() -> None:
    leaks = [
        f"in {ROOT}/data",
        "at " + "/" + "home/someone/x",
        "--" + "index-url there",
        "https:" + "//pypi.example/simple",
    ]
    assert FORBIDDEN.findall("\n".join(["kept", *leaks, "https://portal.example.jp/home/"])) == leaks


def test_no_test_says_by_itself_how_quick_its_examples_must_be() -> None:
    """That nothing fails because the machine is busy is said once, in `luck.py`."""
    assert settings.default is not None
    assert settings.default.deadline is None
    assert {HealthCheck.too_slow, HealthCheck.function_scoped_fixture} <= set(settings.default.suppress_health_check)
    said = re.compile(r"\bdeadline=(None|\d|timedelta)|suppress_health_check=\[")
    files = [path for path in (ROOT / "tests").rglob("*.py") if path.name != "luck.py"]
    assert [name(path) for path in files if said.search(path.read_text(encoding="utf-8"))] == []
