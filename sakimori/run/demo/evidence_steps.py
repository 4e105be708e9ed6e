"""Steps about what is handed out of the log: a table at once, and a bundle whose chain anybody can verify."""

import hashlib
import re
import tempfile
import zipfile
from html import unescape
from pathlib import Path

from sakimori.logs.exports.bundle import SUMS, look_through
from sakimori.run.demo.cast import CUSTOMER_LOGIN, HOKUTO_LOGIN
from sakimori.run.demo.doors import Browser, expect, wait_for
from sakimori.run.demo.play import Play

_LOGS, _DOWNLOAD, _LIST = "/portal/logs/", "/portal/logs/download/", "/portal/logs/downloads/"
_QUERY = re.compile(r'<input type="hidden" name="query" value="([^"]*)"')
_READY = re.compile(r'href="(/portal/logs/downloads/\d+/)"')


def download(play: Play) -> None:
    """The customer takes what he found as a table, and as a bundle that verifies until a single word is changed."""
    customer, other = play.browser(CUSTOMER_LOGIN), play.browser(HOKUTO_LOGIN)
    query = _QUERY.search(customer.html(_LOGS))
    expect(query, "the log page offers a download")
    sought = {"query": unescape(query.group(1)) if query else "", "form": "csv"}
    table = customer.submit(_DOWNLOAD, sought, page=_LOGS).content.decode()
    expect(table.startswith('\ufeff"受信ファイル番号"'), "a small table comes at once")
    customer.submit(_DOWNLOAD, {**sought, "bundle": "1"}, page=_LOGS)
    wait_for(lambda: _READY.search(customer.html(_LIST)), "the bundle is made")
    address = _ready(customer)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bundle.zip")
        path.write_bytes(customer.file(address).content)
        found = look_through(path)
        expect(not found.troubles, f"the bundle verifies: {found.troubles}")
        expect(found.proof and found.proof.proven, "its lines are compared with the received files")
        expect(found.excerpt and found.excerpt.given, "its lines have links in the chain")
        expect(look_through(_tampered(path)).troubles, "a changed outcome is found, though the sums were made anew")
    expect(other.status(address) == 404, "another customer cannot fetch it")


def _ready(browser: Browser) -> str:
    found = _READY.search(browser.html(_LIST))
    return found.group(1) if found else ""


def _tampered(path: Path) -> Path:
    """The bundle as a forger leaves it: what was blocked has passed, or the other way round, and the sums fit again."""
    changed = path.with_name("changed.zip")
    with zipfile.ZipFile(path) as whole:
        content = {name: whole.read(name) for name in whole.namelist() if name != SUMS}
    first = min(name for name in content if name.startswith("logs-"))
    old, new = ("遮断", "通過") if "遮断".encode() in content[first] else ("通過", "遮断")
    content[first] = content[first].replace(old.encode(), new.encode())
    sums = "".join(f"{hashlib.sha256(text).hexdigest()}  {name}\n" for name, text in content.items())
    with zipfile.ZipFile(changed, "w") as archive:
        for name, text in {**content, SUMS: sums.encode()}.items():
            archive.writestr(name, text)
    return changed
