"""The documentation tells of everything that exists, and of nothing that does not."""

import re
import subprocess
from pathlib import Path

import pytest

from sakimori.lib.config import SETTINGS, Setting
from sakimori.run.cli import COMMANDS
from sakimori.run.demo.chapters import CHAPTERS, without_step

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.ja.md")
PAGES = sorted(
    str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")) if path.is_file()
)
REQUIRED = {"README.md": "(required)", "README.ja.md": "（必須）"}
STATES = {"built", "in part", "not yet"}
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`]+)`")
_PACKAGE = re.compile(r"([A-Za-z0-9._-]+)")


def test_every_setting_has_its_row_with_default_and_meaning() -> None:
    rows = _text("README.md").splitlines()
    assert [setting.name for setting in SETTINGS if _row(setting, "README.md", setting.meaning) not in rows] == []


def test_every_setting_has_its_row_with_default_in_japanese() -> None:
    rows = _text("README.ja.md").splitlines()
    starts = [(setting.name, _row(setting, "README.ja.md", "")[:-2]) for setting in SETTINGS]
    assert [name for name, start in starts if not any(_tells_in_japanese(row, start) for row in rows)] == []


@pytest.mark.parametrize("page", READMES)
def test_a_readme_has_no_row_of_a_setting_that_is_gone(page: str) -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| [`(（]", _text(page), re.MULTILINE)
    assert rows
    assert set(rows) <= {setting.name for setting in SETTINGS}


@pytest.mark.parametrize("page", READMES)
def test_every_command_of_the_tool_has_its_row(page: str) -> None:
    told = re.findall(r"^\| `sakimori (\w+)", _text(page), re.MULTILINE)
    assert sorted(told) == sorted(COMMANDS)


def test_the_script_helps_with_every_command_that_it_knows() -> None:
    known = re.findall(r"^  ([a-z]+)(?: \| [^)]*)?\)", _text("run").partition("case ")[2], re.MULTILINE)
    assert set(known) == _commands_of_the_script()


@pytest.mark.parametrize("page", READMES)
def test_every_command_of_the_script_is_told(page: str) -> None:
    text = _text(page)
    commands = _commands_of_the_script()
    assert {"demo", "test", "check", "help"} <= commands
    assert [name for name in sorted(commands) if f"./run {name}" not in text] == []


@pytest.mark.parametrize("page", PAGES)
def test_no_page_tells_of_a_command_that_does_not_exist(page: str) -> None:
    text = _text(page)
    assert set(re.findall(r"\./run ([a-z]+)", text)) <= _commands_of_the_script()
    assert set(re.findall(r"(?:\./run |`)sakimori ([a-z]+)", text)) <= COMMANDS.keys()


def test_every_chapter_has_its_row() -> None:
    assert [cells[0] for cells in _chapters()] == sorted(CHAPTERS)


def test_a_chapter_without_a_step_is_found() -> None:
    assert without_step(chapter for chapter in CHAPTERS if chapter != "3-1") == ["3-1"]
    assert without_step([*CHAPTERS, "something else"]) == []


def test_a_chapter_names_only_what_exists() -> None:
    for chapter, _, folders, tests, state in _chapters():
        assert state in STATES, chapter
        named = [*_CODE.findall(folders), *_CODE.findall(tests)]
        if state == "not yet":
            assert not any((ROOT / path).exists() for path in named), f"{chapter} exists: say how far it is"
        else:
            assert _CODE.findall(tests), f"{chapter} names no test"
            assert [path for path in named if not (ROOT / path).exists()] == [], chapter


def test_what_is_missing_is_said_of_every_chapter_that_is_built_in_part() -> None:
    in_part = [cells[0] for cells in _chapters() if cells[4] == "in part"]
    missing = [cells[0] for cells in _table("docs/chapters.md", columns=3)]
    assert missing == in_part


def test_every_room_is_in_a_chapter_or_holds_up_the_house() -> None:
    rooms = {path.parent.name for path in (ROOT / "sakimori").glob("*/__init__.py")}
    told = set(re.findall(r"`sakimori/(\w+)/`", _text("docs/chapters.md")))
    assert rooms - told == {"console", "simulators"}


def test_every_direct_dependency_has_its_line_of_reason() -> None:
    told = [cells[0].strip("`") for cells in _table("docs/dependencies.md", columns=2)]
    needed = [_packages(f"requirements{what}.in") for what in ("", "-dev", "-bench")]
    assert sorted(told) == sorted(set().union(*needed))


@pytest.mark.parametrize("page", PAGES)
def test_every_link_to_a_file_leads_somewhere(page: str) -> None:
    links = [link.partition("#")[0] for link in _LINK.findall(_text(page)) if "://" not in link]
    folder = (ROOT / page).parent
    assert [link for link in links if link and not (folder / link).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_exists(page: str) -> None:
    """But for the folders of chapters that are not built yet."""
    planned = {path for cells in _chapters() if cells[4] == "not yet" for path in _CODE.findall(cells[2])}
    named = re.findall(r"`((?:sakimori|tests|docs)/[\w./-]+)`", _text(page))
    assert [path for path in named if path not in planned and not (ROOT / path).exists()] == []


def test_decisions_are_numbered_without_gaps_and_say_what_was_given_up() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    for page in pages:
        headings = re.findall(r"^#+ (.+)", page.read_text(), re.MULTILINE)
        assert headings[0].startswith(f"{int(page.name[:4])}. "), page.name
        assert headings[1:] == ["Situation", "Choice", "What we gave up"], page.name


def test_pictures_are_small() -> None:
    pictures = list((ROOT / "docs" / "images").glob("*.png"))
    assert pictures
    assert [picture.name for picture in pictures if picture.stat().st_size >= 200_000] == []


def _text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def _row(setting: Setting, page: str, meaning: str) -> str:
    if setting.default is None:
        default = REQUIRED[page]
    else:
        default = f"`{setting.default}`" if setting.default else ("(empty)" if page == "README.md" else "（空）")
    return f"| `{setting.name}` | {default} | {meaning} |"


def _tells_in_japanese(row: str, start: str) -> bool:
    return row.startswith(start) and re.search(r"[ぁ-ん]", row.removeprefix(start)) is not None


def _commands_of_the_script() -> set[str]:
    told = subprocess.run([ROOT / "run", "help"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^\./run (\w+)", told, re.MULTILINE))


def _chapters() -> list[list[str]]:
    """Rows of the table of chapters: chapter, promise, folders, tests, state."""
    return _table("docs/chapters.md", columns=5)


def _table(page: str, *, columns: int) -> list[list[str]]:
    """The rows of all tables of a page with so many columns, without their heads."""
    lines = [line for line in _text(page).splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    found: list[list[str]] = []
    for number, row in enumerate(rows):
        is_rule = set("".join(row)) == {"-"}
        is_head = number + 1 < len(rows) and set("".join(rows[number + 1])) == {"-"}
        if len(row) == columns and not is_rule and not is_head:
            found.append(row)
    return found


def _packages(file: str) -> set[str]:
    lines = [line for line in _text(file).splitlines() if line and line[0] not in "#-"]
    return {match[1] for line in lines if (match := _PACKAGE.match(line))}
