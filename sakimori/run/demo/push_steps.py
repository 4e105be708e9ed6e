"""Steps of the check that push logs over TLS: with a token to the collector, by syslog from a registered address."""

import re
from datetime import UTC, datetime

from sakimori.run.demo.cast import ANALYST, CUSTOMER_LOGIN
from sakimori.run.demo.doors import expect, wait_for
from sakimori.run.demo.log_steps import search
from sakimori.run.demo.play import Play, line

_PUSHED, _SENT = "203.0.113.131", "203.0.113.132"
_POLICY = re.compile(r"(/console/contracts/\d+/)policy/")
_SECRET = re.compile(r'<code class="secret">([^<]+)</code>')


def pushed(play: Play) -> None:
    """The desk issues a token; what is pushed with it is found by the customer, and without it nothing is taken."""
    desk, page = play.browser(ANALYST.login), f"{_contract(play)}connection/"
    token = _SECRET.search(desk.post(f"{page}token/", {}, page=page))
    expect(token, "the new token is shown")
    lines = [_line(_PUSHED)]
    expect(play.outside.push(lines, token="0" * 36) == 403, "somebody without a token of ours is refused")
    expect(play.outside.push(lines, token=token.group(1) if token else "") == 200, "what is pushed is acknowledged")
    _found_once(play, _PUSHED)
    expect(token is None or token.group(1) not in desk.html(page), "the token is not shown again")


def sent_by_syslog(play: Play) -> None:
    """A sender who shows no certificate is let in from the address that the desk has registered, and not before."""
    desk, page = play.browser(ANALYST.login), f"{_contract(play)}log-senders/"
    play.outside.send_by_syslog([_line(_SENT)])
    wait_for(lambda: "127.0.0.1" in _refused(desk.text("/console/intake/")), "who is not registered is not let in")
    answer = desk.post(f"{page}addresses/", {"network": "127.0.0.1"}, page=page)
    expect("アドレスを登録しました" in answer, "the address is registered")
    play.outside.send_by_syslog([_line(_SENT)])
    _found_once(play, _SENT)


def _found_once(play: Play, address: str) -> None:
    customer = play.browser(CUSTOMER_LOGIN)
    wait_for(lambda: "新しい順、1 件" in search(customer, address=address), f"the customer finds {address} once")


def _line(address: str) -> str:
    return line("Normal", address, datetime.now(UTC), "REQ_PASSED")


def _refused(intake: str) -> str:
    return intake.partition("受け付けなかった接続")[2].partition("ログの保管")[0]


def _contract(play: Play) -> str:
    """Where the pages about the first contract begin."""
    table = play.browser(ANALYST.login).html("/console/policies/").partition("<caption>")[2]
    link = _POLICY.search(table.partition("K-2026-0001")[2])
    expect(link, "the contract has pages")
    return link.group(1) if link else ""
