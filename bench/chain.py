"""How long the main job takes from outside: a demo process with simulators that answer at once, attack by attack."""

import re
import tempfile
import time
from functools import partial
from pathlib import Path

from bench.figures import summary
from sakimori.lib.defang import defang
from sakimori.run.demo.cast import CUSTOMER_LOGIN
from sakimori.run.demo.child import Child
from sakimori.run.demo.doors import Browser, Outside, wait_for
from sakimori.run.demo.play import SAKURA, SAKURA_CONTACTS, Play

ROUNDS = 20
_TICKET = re.compile(r'href="(/portal/tickets/WSP-[^"/]+/)"')
_RESTORE = re.compile(r'href="(/portal/tickets/[^"]+/restore/)"')


def measure_chain() -> dict[str, float]:
    """Attack published -> on the vendor's list; first attack -> mail accepted; click -> off the list."""
    with tempfile.TemporaryDirectory(prefix="sakimori-bench-") as folder:
        child = Child(Path(folder), environment={"SAKIMORI_WAVE_MINUTES": "0.01"})
        began = time.monotonic()
        child.start()
        start_seconds = time.monotonic() - began
        try:
            doors = child.doors()
            figures = _measure(Play(doors["base"], child.password(), Outside(doors)))
        finally:
            child.stop()
    return {"rounds": ROUNDS, "start_s": round(start_seconds, 2), **figures}


def _measure(play: Play) -> dict[str, float]:
    blocked, mailed, restored = [], [], []
    for number in range(ROUNDS):
        address = f"198.51.100.{10 + number}"
        began = time.monotonic()
        play.attack("sql_injection", address)
        wait_for(partial(is_listed, play, address), "blocked")
        blocked.append(time.monotonic() - began)
        wait_for(partial(_is_told, play, address), "mailed")
        mailed.append(time.monotonic() - began)
        restored.append(restore(play, address))
    return {**summary("active", blocked), **summary("mailed", mailed), **summary("restored", restored)}


def is_listed(play: Play, address: str) -> bool:
    """Whether the simulated vendor has the address on a list of the first customer."""
    return address in play.outside.blacklist(SAKURA)


def _is_told(play: Play, address: str) -> bool:
    letters = [letter for letter in play.outside.mails() if f"{defang(address)}（" in letter["text"]]
    return len(letters) >= len(SAKURA_CONTACTS)


def restore(play: Play, address: str) -> float:
    """The customer clicks; returns the seconds until the address is off the vendor's list."""
    path = restore_page(play, address)
    began = time.monotonic()
    click(play, path)
    wait_for(lambda: not is_listed(play, address), "restored")
    return time.monotonic() - began


def restore_page(play: Play, address: str) -> str:
    """The page on which the customer may click, once a ticket offers it."""
    customer, found = play.browser(CUSTOMER_LOGIN), list[str]()

    def looks() -> bool:
        found.append(_restore_link(customer, address))
        return bool(found[-1])

    wait_for(looks, f"a ticket that offers to restore {address}")
    return found[-1]


def click(play: Play, path: str) -> None:
    """The customer opens the page and clicks."""
    play.browser(CUSTOMER_LOGIN).post(path, {"reason": ""}, page=path)


def _restore_link(customer: Browser, address: str) -> str:
    for ticket in _TICKET.findall(customer.html("/portal/")):
        for row in customer.html(ticket).split("<tr"):
            link = _RESTORE.search(row)
            if link and f">{address}<" in row:
                return link.group(1)
    return ""
