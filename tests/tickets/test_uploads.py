"""What may be uploaded: by name, size, extension and content; refusals are one Japanese sentence with the name."""

import io
import json
import struct
import zipfile
from collections.abc import Mapping

import pytest

from sakimori.tickets.uploads import NotAccepted, Upload, check, check_count, shown
from tests.japanese.text import japanese_or_allowed

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(40)
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
TYPES = (
    b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/xl/workbook.xml"'
    b' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)


def packed(entries: Mapping[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip file with these entries."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def office(part: str, **more: bytes) -> bytes:
    """An Office file in outline."""
    entries = {"[Content_Types].xml": TYPES, part: b"<x/>"}
    return packed({**entries, **{name.replace("__", "/"): content for name, content in more.items()}})


GOOD = {
    "報告書.pdf": PDF,
    "画面.png": PNG,
    "写真.JPG": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(60),
    "写真.jpeg": b"\xff\xd8\xff\xe1\x00\x10Exif\x00" + bytes(60),
    "図.gif": b"GIF89a" + bytes(30),
    "メモ.txt": "髙﨑𠮷鷗の件".encode(),
    "sjis.csv": "氏名,電話\r\n山田,03".encode("cp932"),
    "euc.txt": "日本語の文書です。".encode("euc-jp"),
    "jis.txt": "日本語".encode("iso-2022-jp"),
    "utf16.txt": "日本語".encode("utf-16"),
    "access.log": b"192.0.2.1 - - [23/Nov/2026] GET / 200\n",
    "bom.json": b'\xef\xbb\xbf{"a": 1}',
    "lines.json": b'{"a": 1}\n{"a": 2}\n',
    "mail.eml": b"Received: from mx.example.jp\r\nSubject: =?utf-8?B?44GC?=\r\n\r\nbody\r\n",
    "mbox.eml": b"From a@example.jp Mon Nov 23\r\nSubject: x\r\n\r\nbody\r\n",
    "表.xlsx": office("xl/workbook.xml"),
    "文書.docx": office("word/document.xml"),
    "資料.pptx": office("ppt/presentation.xml"),
    "一式.zip": packed({"a/b.txt": b"x", "日本語.exe": b"MZ"}),
}
BAD_NAMES = (
    "../../etc/passwd.txt",
    "a/b.txt",
    "a\\b.txt",
    "C:x.txt",
    "invoice\u202etxt.exe.txt",
    "a\x00.txt",
    "a\n.txt",
    ".txt",
    "拡張子なし",
    "a.txt.",
    " a.txt",
    "a*.txt",
    "\u200b.txt",
)
BAD_CONTENT = {
    "実行.pdf": b"MZ\x90\x00" + bytes(64),
    "後から.pdf": b"<html></html>" + PDF,
    "別物.png": PDF,
    "別物.jpg": PNG,
    "別物.gif": b"GIF88a" + bytes(20),
    "別物.txt": PNG,
    "別物.log": b"text\x00text",
    "別物.csv": bytes(range(256)),
    "別物.json": b"hello",
    "別物.eml": b"<html>\r\n",
    "別物.zip": b"Rar!\x1a\x07\x00" + bytes(40),
    "別物.xlsx": packed({"a.txt": b"x"}),
    "取り違え.docx": office("xl/workbook.xml"),
    "旧形式.xlsx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
}


def refusal(name: str, content: bytes) -> str:
    """The sentence of a refusal, which must name the file."""
    with pytest.raises(NotAccepted) as caught:
        check(name, content, limit_mib=1)
    sentence = str(caught.value)
    assert f"「{shown(name)}」" in sentence
    assert sentence.endswith("。")
    assert japanese_or_allowed(sentence)
    return sentence


@pytest.mark.parametrize("name", GOOD)
def test_every_allowed_format_comes_in(name: str) -> None:
    upload = check(name, GOOD[name], limit_mib=1)
    assert isinstance(upload, Upload)
    assert (upload.name, upload.content) == (name, GOOD[name])
    assert "/" in upload.content_type
    assert "html" not in upload.content_type
    assert len(upload.sha256) == 64


def test_names_of_a_mac_are_put_together() -> None:
    assert check("か\u3099.txt", b"x", limit_mib=1).name == "が.txt"


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_that_lead_astray_are_refused(name: str) -> None:
    assert "ファイル名" in refusal(name, b"x")


def test_a_name_that_is_too_long_is_refused() -> None:
    assert "150 文字以内" in refusal("あ" * 200 + ".txt", b"x")


@pytest.mark.parametrize(
    "name", ["a.exe", "a.html", "a.svg", "a.js", "a.xlsm", "a.docm", "a.doc", "a.lnk", "a.pdf.exe", "a.rar"]
)
def test_other_formats_are_refused_with_the_list_of_those_allowed(name: str) -> None:
    assert "pdf、png" in refusal(name, b"x")


@pytest.mark.parametrize("name", BAD_CONTENT)
def test_content_that_is_not_what_the_name_says_is_refused(name: str) -> None:
    assert "一致しない" in refusal(name, BAD_CONTENT[name])


def test_an_empty_file_and_one_over_the_limit_are_refused() -> None:
    assert "空のファイル" in refusal("a.txt", b"")
    assert "1 MB を超えている" in refusal("a.txt", b"x" * ((1 << 20) + 1))
    assert check("a.txt", b"x" * (1 << 20), limit_mib=1)


def test_five_files_may_come_at_once() -> None:
    check_count(5)
    with pytest.raises(NotAccepted, match="5 個まで"):
        check_count(6)


@pytest.mark.parametrize(
    "content",
    [
        office("xl/workbook.xml", xl__vbaProject=b"x" + b"\x00", xl__b=b""),
        office("xl/workbook.xml", **{"xl__vbaProject.bin": b"x"}),
        office("xl/workbook.xml", **{"xl__macrosheets__sheet1.xml": b"x"}),
        packed(
            {"[Content_Types].xml": TYPES.replace(b"sheet.main", b"sheet.macroEnabled.main"), "xl/workbook.xml": b""}
        ),
        packed(
            {
                "[Content_Types].xml": TYPES.replace(b"sheet.main", b"VbaProject").decode().encode("utf-16"),
                "xl/workbook.xml": b"",
            }
        ),
        packed({"[Content_Types].xml": TYPES + b" " * (1 << 20), "xl/workbook.xml": b""}),
    ],
)
def test_macros_are_refused_under_whatever_name_they_hide(content: bytes) -> None:
    assert "マクロを含む" in refusal("表.xlsx", content)
    assert "マクロを含む" in refusal("表.zip", content)


def test_a_bomb_is_refused_without_unpacking_it() -> None:
    dense = packed({"zeros": bytes(60 << 20)})
    assert len(dense) < 1 << 20
    assert "大きすぎる" in refusal("bomb.zip", dense)
    many = packed({str(number): b"" for number in range(5001)})
    assert "大きすぎる" in refusal("many.zip", many)


def test_entries_that_share_their_bytes_are_refused() -> None:
    """Such a bomb names one kernel many times; each entry alone looks harmless."""
    content = bytearray(packed({"a": bytes(100), "b": bytes(100)}, method=zipfile.ZIP_STORED))
    for place in (index for index in range(len(content)) if content[index : index + 4] == b"PK\x01\x02"):
        content[place + 20 : place + 24] = struct.pack("<I", 200_000)
    assert "大きすぎる" in refusal("overlap.zip", bytes(content))


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "C:/x", "a\\..\\x"])
def test_an_archive_that_would_write_elsewhere_is_refused(name: str) -> None:
    assert "不正な名前" in refusal("a.zip", packed({name: b"x"}))


def test_broken_and_empty_archives_are_refused() -> None:
    good = packed({"a": b"x"})
    assert "中身のない" in refusal("a.zip", packed({}))
    for broken in (good[:-10], b"PK\x03\x04" + bytes(30), b"x"):
        assert "壊れている" in refusal("a.zip", broken)


def test_an_office_file_whose_list_cannot_be_read_is_refused() -> None:
    encrypted = bytearray(office("xl/workbook.xml"))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        encrypted[encrypted.index(mark) + place] |= 1
    assert "壊れている" in refusal("a.xlsx", bytes(encrypted))
    torn = bytearray(office("xl/workbook.xml"))
    start = torn.index(b"[Content_Types].xml") + len("[Content_Types].xml")
    torn[start : start + 40] = b"\xff" * 40
    assert "壊れている" in refusal("a.xlsx", bytes(torn))


def test_no_bytes_at_all_bring_the_check_down() -> None:
    """Whatever comes under whatever name, the answer is a file or a sentence."""
    samples = [*GOOD.values(), *BAD_CONTENT.values(), json.dumps({"a": 1}).encode()]
    for content in samples:
        for extension in ("pdf", "png", "json", "eml", "txt", "zip", "xlsx"):
            for cut in (content, content[:20], content[5:], bytes(reversed(content))):
                try:
                    check(f"a.{extension}", cut, limit_mib=1)
                except NotAccepted:
                    continue
