"""What a screen reader and a keyboard need of every page: headings, labels, tables, names that occur once."""

import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from tests.japanese.test_pages import pages_of, signed_in
from tests.japanese.visits import VISITS, fill
from tests.people import People

_ASKS = {"input", "select", "textarea"}
_NEEDS_NO_LABEL = {"hidden", "submit", "button", "reset"}
_NAMED_BY = ("aria-label", "aria-labelledby", "title")


@pytest.mark.parametrize("person", ["nobody", "alice", "dana"])
def test_every_page_can_be_heard_and_used_by_keyboard(person: str, people: People) -> None:
    fill(people)
    client = signed_in(people, person)
    seen = [page for name in sorted(VISITS) for page in pages_of(client, name)]
    faults = {(fault, where) for where, page in seen for fault in faults_of(page) if "<html" in page}
    assert sorted(faults) == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<h1>一</h1><h1>二</h1>", "2 h1"),
        ("<h1>一</h1><h3>三</h3>", "h1 before h3"),
        ("<h1>一</h1><input name=a id=a>", "no label: a"),
        ("<h1>一</h1><img src=a>", "no alt: a"),
        ("<h1>一</h1><table><tr><th scope=col>一</th></tr></table>", "1 tables, 0 captions"),
        ("<h1>一</h1><table><caption>表</caption><tr><th>一</th></tr></table>", "th without scope"),
        ("<h1 id=a>一</h1><p id=a>二</p>", "id twice: a"),
        ("<h1>一</h1><p aria-labelledby=b>二</p>", "points nowhere: b"),
        ("<h1>一</h1><p style='color: red'>二</p>", "inline: style"),
        ("<h1>一</h1><p onclick='go()'>二</p>", "inline: onclick"),
        ("<h1>一</h1><script>go()</script>", "inline: script"),
        ("<h1>一</h1><style>p {}</style>", "inline: style"),
        ("<h1>一</h1><button type=submit></button>", "button without words"),
        ("<h1>一</h1><ul><li><a href=a></a></li></ul>", "a without words"),
    ],
)
def test_each_fault_is_seen(body: str, fault: str) -> None:
    assert faults_of(f'<html lang="ja"><title>題</title><main>{body}</main></html>') == [fault]


def test_a_page_as_it_should_be_has_no_fault() -> None:
    good = (
        '<html lang="ja"><title>題</title><main><h1>一</h1><h2 id="b">二</h2><h3>三</h3><h2>四</h2>'
        '<label for="a">名</label><input id="a"><label>印 <input type="checkbox"></label><input type="hidden">'
        '<section aria-labelledby="b"><table><caption>表</caption><tr><th scope="col">一</th></tr></table></section>'
        '<img src="a" alt=""><script src="a.js"></script><button>押す</button></main></html>'
    )
    assert faults_of(good) == []


def faults_of(page: str) -> list[str]:
    """What is wrong with the structure of a whole page, in short words."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return sorted([*reader.faults, *reader.faults_of_the_whole()])


class _Reader(HTMLParser):
    """Walks over the tags of one page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self._tags: Counter[str] = Counter()
        self._headings: list[int] = []
        self._ids: Counter[str] = Counter()
        self._pointed_at: set[str] = set()
        self._labels: set[str] = set()
        self._asking: dict[str, str] = {}
        self._in_label = False
        self._wordless = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self._tags[tag] += 1
        self._ids.update([found["id"]] if "id" in found else [])
        for name in ("aria-labelledby", "aria-describedby", "for"):
            self._pointed_at |= set(found.get(name, "").split())
        self.faults += [f"inline: {name}" for name in found if name == "style" or name.startswith("on")]
        self._look_at(tag, found)
        self._look_for_words(tag, found)

    def _look_at(self, tag: str, found: dict[str, str]) -> None:
        if re.fullmatch("h[1-6]", tag):
            self._headings.append(int(tag[1]))
        elif tag == "label":
            self._in_label = True
            self._labels.add(found.get("for", ""))
        elif tag in _ASKS and found.get("type") not in _NEEDS_NO_LABEL and not self._is_named(found):
            self._asking[found.get("id", "")] = found.get("name", "")
        elif tag == "img" and "alt" not in found:
            self.faults.append(f"no alt: {found.get('src')}")
        elif tag == "th" and found.get("scope") not in {"col", "row"}:
            self.faults.append("th without scope")
        elif tag == "style" or (tag == "script" and "src" not in found):
            self.faults.append(f"inline: {tag}")

    def _is_named(self, found: dict[str, str]) -> bool:
        return self._in_label or any(found.get(name) for name in _NAMED_BY)

    def _look_for_words(self, tag: str, found: dict[str, str]) -> None:
        if tag in {"a", "button"}:
            self._wordless = "" if found.get("aria-label") else tag
        elif tag == "img" and found.get("alt"):
            self._wordless = ""

    def handle_data(self, data: str) -> None:
        if data.strip():
            self._wordless = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "label":
            self._in_label = False
        elif tag == self._wordless:
            self.faults.append(f"{tag} without words")
            self._wordless = ""

    def faults_of_the_whole(self) -> list[str]:
        """What can only be said once the whole page was read."""
        tables, captions = self._tags["table"], self._tags["caption"]
        wanted = {"h1": 1, "main": 1, "title": 1}
        return [
            *(f"{self._tags[tag]} {tag}" for tag, number in wanted.items() if self._tags[tag] != number),
            *(f"h{a} before h{b}" for a, b in zip(self._headings, self._headings[1:], strict=False) if b > a + 1),
            *(f"no label: {name}" for id_, name in self._asking.items() if id_ not in self._labels),
            *([f"{tables} tables, {captions} captions"] if tables != captions else []),
            *(f"id twice: {id_}" for id_, number in self._ids.items() if number > 1),
            *(f"points nowhere: {id_}" for id_ in sorted(self._pointed_at - set(self._ids))),
        ]
