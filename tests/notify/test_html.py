"""The HTML part: everything of the text and nothing else, escaped, with links to ourselves only."""

import re
from html import unescape
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from sakimori.notify.html import html_of

BASE = "https://portal.example.jp"
TEXT = """株式会社さくら商店
ご担当者様

■ 検知内容
種別: DDoS
発生日時: 2026/11/23 22:05
確認結果：表示できません

  2026/11/23 22:05 検知
  2026/11/23 22:06 確認

攻撃の例: <script>alert("1")</script> & more
----------------------------------------
詳細（ログインが必要です）: https://portal.example.jp/portal/tickets/WSP-1/
外部 https://evil.example.com/ と https://portal.example.jp.evil.example.com/ と hxxps://x[.]example
"""
_KNOWN = {
    "html", "head", "meta", "title", "body", "div", "h2", "table", "tr", "th", "td", "p", "br", "hr", "a",
}  # fmt: skip


class Seen(HTMLParser):
    """Tags with their attributes, and the words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._in_title = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in_title = tag == "title"

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False

    def handle_data(self, data: str) -> None:
        if not self._in_title:
            self.words.append(data)


def shown(text: str) -> Seen:
    return Seen(html_of(text, base_url=BASE, title="件名"))


def squeezed(text: str) -> str:
    return re.sub(r"[\s\xa0]+|[-─━=]{8,}", "", text)


def test_headings_tables_rules_and_paragraphs_are_what_the_text_means() -> None:
    seen = shown(TEXT)
    tags = [tag for tag, _ in seen.tags]
    assert (tags.count("h2"), tags.count("table"), tags.count("tr"), tags.count("hr")) == (1, 1, 3, 1)
    assert seen.tags[0] == ("html", {"lang": "ja"})
    assert [attributes["scope"] for tag, attributes in seen.tags if tag == "th"] == ["row"] * 3
    assert squeezed("".join(seen.words)) == squeezed(TEXT)


def test_only_our_own_addresses_are_links_and_their_words_are_the_address() -> None:
    html = html_of(TEXT, base_url=BASE, title="件名")
    assert re.findall(r"<a [^>]*>[^<]*</a>", html) == [
        f'<a href="{BASE}/portal/tickets/WSP-1/">{BASE}/portal/tickets/WSP-1/</a>'
    ]


def test_a_long_word_breaks_before_it_is_wider_than_a_phone() -> None:
    html = html_of(f"名前: 値\n識別子: {'0' * 64}\n", base_url=BASE, title="件名")
    assert "overflow-wrap:anywhere" in html
    assert "nowrap" not in html


def test_nothing_is_fetched_and_nothing_hides() -> None:
    html = html_of(TEXT, base_url=BASE, title="件名")
    assert not re.search(
        r"(?i)\b(?:src|background|srcset|action)\s*=|url\(|<(?:img|link|script|style|form)|javascript:", html
    )
    assert "display:none" not in html
    assert not re.search(r"(?:^|[;\"])(?:color|background(?:-color)?):", html), (
        "colours are the client's: light or dark"
    )
    assert '<meta name="color-scheme" content="light dark">' in html


@settings(max_examples=400)
@given(
    st.lists(
        st.sampled_from(
            [*"■: ：-\n<>&\"'/あaA0[]()?=#\u202e ", f"{BASE}/x", "http://", "-" * 10, "https://a.jp", "名前: 値\n"]
        ),
        max_size=60,
    ).map("".join)
)
def test_whatever_the_text_is_its_words_stay_and_no_tag_is_added(text: str) -> None:
    seen = shown(text)
    assert {tag for tag, _ in seen.tags} <= _KNOWN
    assert squeezed("".join(seen.words)) == squeezed(text)
    for tag, attributes in seen.tags:
        assert set(attributes) <= {"lang", "style", "scope", "href", "charset", "name", "content"}
        if tag == "a":
            assert unescape(str(attributes["href"])).startswith(BASE)
