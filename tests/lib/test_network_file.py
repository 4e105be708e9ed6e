"""Files of dated networks: what is wrong is named with file and line, in one sentence."""

from datetime import date
from ipaddress import ip_network
from pathlib import Path

import pytest

from sakimori.lib.network_file import SHARED_KINDS, Group, NetworkKind, read_file, read_groups

GOOD = """\
# Ours.

[mobile] 2026-02-23 Example Mobile: its list
198.51.100.0/24
  2001:db8::/32

[government] 2026-03-01 not published
[other] 2026-03-02 A school's gateway
203.0.113.7
"""


def read(text: str) -> tuple[Group, ...]:
    return read_groups(text, name="own.txt", kinds=SHARED_KINDS)


def test_groups_have_a_kind_a_date_a_source_and_networks() -> None:
    assert read(GOOD) == (
        Group(
            NetworkKind.MOBILE,
            date(2026, 2, 23),
            "Example Mobile: its list",
            (ip_network("198.51.100.0/24"), ip_network("2001:db8::/32")),
        ),
        Group(NetworkKind.GOVERNMENT, date(2026, 3, 1), "not published", ()),
        Group(NetworkKind.OTHER, date(2026, 3, 2), "A school's gateway", (ip_network("203.0.113.7/32"),)),
    )
    assert read("\ufeff# with a mark at the beginning\r\n\r\n") == ()


HEAD = "[mobile] 2026-02-23 x\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("198.51.100.0/24", "line 1: '198.51.100.0/24' stands before the first [kind] line"),
        (f"{HEAD}198.51.100.1/24", "line 2: '198.51.100.1/24' is not a network (198.51.100.1/24 has host bits set)"),
        (f"{HEAD}\nnonsense", "line 3: 'nonsense' is not a network ("),
        (f"{HEAD}0.0.0.0/0", "line 2: '0.0.0.0/0' is the whole internet"),
        ("[mobile] 2026-02-30 x", "line 1: '2026-02-30' is not a date"),
        ("[mobile] x", "line 1: '[mobile] x' is not of the form [kind] YYYY-MM-DD source"),
        ("[mobile] 2026-02-23", "line 1: '[mobile] 2026-02-23' is not of the form [kind] YYYY-MM-DD source"),
        ("[vendor] 2026-02-23 x", "line 1: 'vendor' is none of the kinds gateway, government, home, mobile, other"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_line(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"^own\.txt, line") as caught:
        read(text)
    assert str(caught.value).startswith(f"own.txt, {sentence}")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_bytes(b"\xff\xfe[")
    for name in ("own.txt", "missing.txt"):
        with pytest.raises(ValueError, match=rf"{name} cannot be read as UTF-8 text"):
            read_file(tmp_path / name, kinds=SHARED_KINDS)
    (tmp_path / "own.txt").write_text(GOOD)
    assert len(read_file(tmp_path / "own.txt", kinds=SHARED_KINDS)) == 3
