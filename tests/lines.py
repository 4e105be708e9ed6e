"""CEF lines and log files of our own making, for tests of the chain."""

import hashlib
import zlib
from datetime import datetime, timedelta
from itertools import count

from sakimori.lib.jst import milliseconds

_ids = count(700_000_000_000_000_001)


def cef(
    name: str,
    src: str,
    *,
    at: datetime,
    act: str = "REQ_BLOCKED_SECURITY",
    site_id: int = ord("A"),
    site: str = "shop-a.example.jp",
    xff: str = "",
    rules: str = "",
) -> bytes:
    """One line as the vendor writes it, with an identifier of its own."""
    forwarded = f" xff={xff}" if xff else ""
    return (
        f"CEF:0|Incapsula|SIEMintegration|1|1|{name}|0| fileId={next(_ids)} sourceServiceName={site} "
        f"siteid={site_id} suid=1001 requestClientApplication=Mozilla/5.0 (X11; Linux x86_64) deviceFacility=nrt "
        f"ccode=JP cicode=Tokyo Customer=example start={milliseconds(at)} request={site}/search requestMethod=GET "
        f"qstr=q\\=%27%20OR%201\\=1 app=HTTPS act={act} deviceExternalId={next(_ids)} cpt=50000{forwarded} src={src} "
        f"end={milliseconds(at + timedelta(milliseconds=3))} fileType=30037, filePermission=20, cs9={rules} "
        "cs9Label=Rule name"
    ).encode()


def good(src: str, *, at: datetime, number: int) -> list[bytes]:
    """So many good requests from one address."""
    return [cef("Normal", src, at=at + timedelta(milliseconds=i), act="REQ_PASSED") for i in range(number)]


def log_file(lines: list[bytes], *, compressed: bool = True) -> bytes:
    """A whole file with header and checksum."""
    body = b"\n".join(lines) + b"\n"
    checksum = hashlib.md5(body, usedforsecurity=False).hexdigest()
    header = f"accountId:1001\nconfigId:5\nchecksum:{checksum}\nformat:CEF\nstartTime:1\nendTime:2\n|==|\n"
    return header.encode() + (zlib.compress(body) if compressed else body)
