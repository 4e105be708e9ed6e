"""Whether a file may be uploaded: by name, size, extension and content. Pure; nothing is unpacked or run.

What passes is of an allowed format and looks harmless from outside. Nobody has searched it for viruses, and pages
say so.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field

import puremagic

from sakimori.lib.defang import visible
from sakimori.tickets.archives import Archive, archive_trouble

MOST_FILES = 5
_LONGEST_NAME = 150
_SHOWN_NAME = 60
_BAD_IN_NAMES = set('/\\:*?"<>|')
_HIDDEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
_MIB = 1 << 20
_START_BYTES = 4096


class NotAccepted(Exception):
    """A file is refused. The text is a sentence that names it."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that has passed every check."""

    name: str
    content: bytes = field(repr=False)
    content_type: str

    @property
    def sha256(self) -> str:
        """The fingerprint of its content."""
        return hashlib.sha256(self.content).hexdigest()


def check_count(number: int) -> None:
    """Raise NotAccepted for more files than may come at once."""
    if number > MOST_FILES:
        raise NotAccepted(f"一度に添付できるファイルは {MOST_FILES} 個までです（{number} 個が選択されています）。")


def check_size(name: str, size_bytes: int, *, limit_mib: int) -> None:
    """Raise NotAccepted for a file that is empty or too large; asked before anything is read."""
    if size_bytes > limit_mib * _MIB:
        raise NotAccepted(
            f"「{shown(name)}」は {limit_mib} MB を超えているため、お預かりできません。"
            f"{limit_mib} MB 以下のファイルをお選びください。"
        )
    if size_bytes == 0:
        raise NotAccepted(f"「{shown(name)}」は空のファイルです。内容のあるファイルをお選びください。")


def check(name: str, content: bytes, *, limit_mib: int) -> Upload:
    """The file, ready to be kept. Raises NotAccepted with one sentence."""
    check_size(name, len(content), limit_mib=limit_mib)
    name = unicodedata.normalize("NFC", name)
    _check_name(name)
    extension = name.rpartition(".")[2].lower()
    if extension not in _TYPES:
        raise NotAccepted(
            f"「{shown(name)}」の形式はお預かりできません。お預かりできる形式は {ALLOWED} です。"
            "ほかの形式のファイルは、ZIP 形式にしてお送りください。"
        )
    trouble = _content_trouble(extension, content)
    if trouble:
        raise NotAccepted(f"「{shown(name)}」は{trouble}")
    return Upload(name=name, content=content, content_type=_TYPES[extension])


def shown(name: str) -> str:
    """A file's name, short and with hidden signs shown."""
    return visible(name[:_SHOWN_NAME]) + ("…" if len(name) > _SHOWN_NAME else "")


def _check_name(name: str) -> None:
    hidden = any(unicodedata.category(sign) in _HIDDEN for sign in name)
    if hidden or _BAD_IN_NAMES & set(name) or name != name.strip(" .") or not name.rpartition(".")[0]:
        raise NotAccepted(
            f"「{shown(name)}」のファイル名には、使用できない文字が含まれているか、拡張子がありません。"
            "ファイル名を変更してからお選びください。"
        )
    if len(name) > _LONGEST_NAME:
        raise NotAccepted(f"「{shown(name)}」のファイル名は {_LONGEST_NAME} 文字以内にしてください。")


def _content_trouble(extension: str, content: bytes) -> str:
    """Why the content may not come in, as the end of a sentence; empty when it may."""
    if extension in _TEXTS:
        matches = _is_text(content) and _STARTS.get(extension, _ANYTHING).match(content[:_START_BYTES]) is not None
    elif extension in _ARCHIVES:
        return archive_trouble(content, _ARCHIVES[extension])
    else:
        matches = _names_by_content(content) & _MAGIC[extension] != set()
    return "" if matches else f"、内容が拡張子「{extension}」の形式と一致しないため、お預かりできません。"


def _names_by_content(content: bytes) -> set[str]:
    """Extensions that fit the first bytes."""
    try:
        return {match.extension for match in puremagic.magic_string(content[:_START_BYTES])}
    except puremagic.PureError:
        return set()


def _is_text(content: bytes) -> bool:
    """Whether it reads as text in an encoding that is in use in Japan, without control signs."""
    encodings = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp932", "euc-jp")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _CONTROL.search(text):
            return True
    return False


# Escape is part of ISO-2022-JP, the encoding of older mails.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_ANYTHING = re.compile(b"")
_STARTS = {
    "json": re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\x00]*[\[{\"\d\-tfn]"),
    "eml": re.compile(rb"(?:\xef\xbb\xbf)?(?:From [^\r\n]+\r?\n)?[!-9;-~]+[ \t]*:"),
}
_TEXTS = {"txt", "csv", "log", "json", "eml"}
_MAGIC = {"pdf": {".pdf"}, "png": {".png"}, "jpg": {".jpg"}, "jpeg": {".jpg"}, "gif": {".gif"}}
_ARCHIVES = {"zip": Archive.ANY, "xlsx": Archive.EXCEL, "docx": Archive.WORD, "pptx": Archive.POWERPOINT}
_OFFICE = "application/vnd.openxmlformats-officedocument"
_TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "txt": "text/plain",
    "csv": "text/csv",
    "log": "text/plain",
    "json": "application/json",
    "xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    "docx": f"{_OFFICE}.wordprocessingml.document",
    "pptx": f"{_OFFICE}.presentationml.presentation",
    "zip": "application/zip",
    "eml": "message/rfc822",
}
ALLOWED = "、".join(extension for extension in _TYPES if extension != "jpeg")
EXTENSIONS = tuple(_TYPES)
