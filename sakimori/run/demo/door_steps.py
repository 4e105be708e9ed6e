"""Steps of the check that bring logs in through other doors than the pull."""

from datetime import UTC, datetime

from sakimori.run.demo.cast import ANALYST
from sakimori.run.demo.doors import expect, wait_for
from sakimori.run.demo.play import SAKURA, Play, line

_DROPPED = "198.51.100.201"


def drop_folder(play: Play) -> None:
    """A file that an SFTP server would write is taken, removed from the folder, and its attacker blocked."""
    folder = play.outside.drop_folder("K-2026-0001")
    lines = [line("SQL Injection", _DROPPED, datetime.now(UTC)) for _ in range(5)]
    unfinished = folder / "4001_1.log.part"
    unfinished.write_text("\n".join(lines) + "\n")
    unfinished.rename(folder / "4001_1.log")
    wait_for(lambda: not list(folder.iterdir()), "the file is taken and gone from the folder")
    wait_for(lambda: _DROPPED in play.outside.blacklist(SAKURA), "what it reports is blocked")
    page = play.browser(ANALYST.login).text("/console/intake/")
    expect("受け渡しフォルダ" in page and "不一致" not in page, "the intake page shows the folder, and sums agree")


def complete_until(play: Play) -> None:
    """Desk and customer read until when the log is complete, and the store was compared with the ledger."""
    desk, customer = play.browser(ANALYST.login), play.browser("sakura")
    wait_for(lambda: " まで揃っています。" in desk.text("/console/intake/"), "the desk reads until when it is complete")
    wait_for(lambda: "保管庫と照合 " in desk.text("/console/intake/"), "the store was compared with the ledger")
    expect("不一致" not in desk.text("/console/intake/"), "and both agree")
    page = customer.text("/portal/logs/")
    expect(" まで揃っています。" in page and "で検索できるようになりました。" in page, "the customer reads it too")
