"""Who really wrote: one genuine mail in its variants is believed, and no forgery is."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sakimori.notify.inbox.actions import keep
from sakimori.notify.inbox.authentic import Envelope, Trust, Verdict, authenticate
from sakimori.notify.inbox.proving import prove_senders
from sakimori.notify.models import Mailbox, ReceivedMail
from sakimori.notify.queries import unread
from tests.moments import Clock
from tests.notify.signing import MAIL, SIGNED, SIGNED_AT, FakeDns, key, record, sign, weak
from tests.settings_change import with_config

DOMAIN = "imperva.example.com"
TRUST = Trust((DOMAIN, "incapsula.example.com"), address="vendor@soc.example.jp")
NOW = datetime.fromtimestamp(SIGNED_AT, UTC)
AT = str(SIGNED_AT).encode()


def dns() -> FakeDns:
    testing = record(key()).replace("v=DKIM1;", "v=DKIM1; t=y;")
    return FakeDns(
        {
            f"s1._domainkey.{DOMAIN}": record(key()),
            f"s1._domainkey.mail.{DOMAIN}": record(key()),
            f"weak._domainkey.{DOMAIN}": weak()[1],
            f"revoked._domainkey.{DOMAIN}": "v=DKIM1; k=rsa; p=",
            f"testing._domainkey.{DOMAIN}": testing,
            f"garbage._domainkey.{DOMAIN}": "v=DKIM1; k=rsa; p=AAAA",
            "s1._domainkey.thief.example.net": record(key("thief")),
            f"s1._domainkey.{DOMAIN}.thief.example.net": record(key("thief")),
            f"s1._domainkey.thief-{DOMAIN}": record(key("thief")),
            "s1._domainkey.example.com": record(key("thief")),
            "s1._domainkey.com": record(key("thief")),
            DOMAIN: "v=spf1 ip4:192.0.2.0/24 -all",
            "thief.example.net": "v=spf1 ip4:198.51.100.7 -all",
            "loop.example.net": "v=spf1 include:loop.example.net -all",
        }
    )


def judged(raw: bytes, envelope: Envelope | None = None, trust: Trust = TRUST, **changes: object) -> Verdict:
    return authenticate(raw, envelope or Envelope(), trust, names=dns(), now=NOW)


GENUINE = {
    "as it was signed": sign(),
    "signed by a part of the domain": sign(domain=f"mail.{DOMAIN}"),
    "from a part of the domain": sign(MAIL.replace(b"alerts@imperva", b"alerts@mail.imperva")),
    "a second signature of somebody else above it": sign(sign(), domain="thief.example.net", pem=key("thief")),
    "with lines that servers add on top": b"Received: from x by y; now\r\nX-Spam: no\r\n" + sign(),
    "signed at no known moment, and dated now": sign(
        MAIL.replace(b"Mon, 23 Nov 2026 13:00:00 +0000", format_datetime(NOW).encode()), extra={b"t": None}
    ),
    "a signature that is not out of date yet": sign(extra={b"x": str(SIGNED_AT + 7 * 86400).encode()}),
}


@pytest.mark.parametrize("raw", GENUINE.values(), ids=GENUINE.keys())
def test_a_genuine_mail_is_believed(raw: bytes) -> None:
    verdict = judged(raw)
    assert verdict.authenticated, verdict.proof
    assert verdict.is_final
    assert "の DKIM 署名（セレクター s1）を確認しました。" in verdict.proof
    assert len(verdict.mark) == 64


THIEF = {"domain": "thief.example.net", "pem": key("thief")}
AR = b"Authentication-Results: mx.soc.example.jp; spf=pass smtp.mailfrom=alerts@imperva.example.com; dkim=pass\r\n"
FORGERIES: dict[str, bytes] = {
    "unsigned": MAIL,
    "signed by another domain": sign(**THIEF),  # type: ignore[arg-type]
    "signed by a domain that begins like ours": sign(domain=f"{DOMAIN}.thief.example.net", pem=key("thief")),
    "signed by a domain that ends like ours": sign(domain=f"thief-{DOMAIN}", pem=key("thief")),
    "signed by the domain above": sign(domain="example.com", pem=key("thief")),
    "signed by the top of all": sign(domain="com", pem=key("thief")),
    "a thief's key under our domain": sign(pem=key("thief")),
    "a selector that does not exist": sign(selector="none"),
    "a selector that was revoked": sign(selector="revoked"),
    "a selector for tests": sign(selector="testing"),
    "a key that is garbage": sign(selector="garbage"),
    "a weak key": sign(selector="weak", pem=weak()[0]),
    "altered body": sign().replace(b"has ended.\r\n", b"goes on.\r\n"),
    "body with something behind it": sign() + b"Call 03-0000-0000 now.\r\n",
    "body emptied": sign().partition(b"\r\n\r\n")[0] + b"\r\n\r\n",
    "altered From": sign().replace(b"alerts@imperva", b"admin@imperva"),
    "altered subject": sign().replace(b"Subject: DDoS attack on", b"Subject: No attack on"),
    "altered To": sign().replace(b"To: vendor@", b"To: someone@"),
    "replayed to us from another's inbox": (
        sign(MAIL.replace(b"To: vendor@soc.example.jp", b"To: victim@example.org"))
    ),
    "a second From above": b"From: alerts@imperva.example.com\r\n" + sign(),
    "a second From below the signature": sign().replace(b"To: v", b"From: thief@example.net\r\nTo: v"),
    "a second subject": b"Subject: another\r\n" + sign(),
    "a second date": b"Date: Mon, 23 Nov 2026 23:00:00 +0000\r\n" + sign(),
    "a second content type": b"Content-Type: text/html\r\n" + sign(),
    "two senders in one From": (
        sign(MAIL.replace(b"<alerts@imperva.example.com>", b"<alerts@imperva.example.com>, x@thief.example.net"))
    ),
    "a name that looks like the address": (
        MAIL.replace(b"Imperva Alerts <alerts@imperva.example.com>", b'"a@imperva.example.com" <x@thief.example.net>')
    ),
    "only a part of the body is signed": sign(length=True),
    "a part of the body is signed, and more follows": sign(length=True) + b"Everything is fine.\r\n",
    "out of date": sign(extra={b"x": str(SIGNED_AT - 1).encode()}),
    "signed days ago": sign(extra={b"t": str(SIGNED_AT - 3 * 86400).encode()}),
    "signed at no known moment, and dated days ago": sign(extra={b"t": None}),
    "signed at no known moment, and dated nonsense": sign(MAIL.replace(b"Mon, 23", b"Nonday, 99"), extra={b"t": None}),
    "signed at no known moment, and the date is not signed": sign(
        MAIL.replace(b"Mon, 23 Nov 2026 13:00:00 +0000", format_datetime(NOW).encode()),
        headers=(b"from", b"to", b"subject"), extra={b"t": None},
    ),
    "signed in the future": sign(extra={b"t": str(SIGNED_AT + 86400).encode()}),
    "the subject is not signed": sign(headers=(b"from", b"to")),
    "the recipient is not signed": sign(headers=(b"from", b"subject")),
    "signed the old way": sign(algorithm=b"rsa-sha1"),
    "a signature without its end": sign().replace(b" b=", b" z=", 1),
    "a signature of nonsense": (
        b"DKIM-Signature: v=1; a=rsa-sha256; d=imperva.example.com; s=s1; h=from:to:subject; bh=; b=!!\r\n" + MAIL
    ),
    "a signature of another mail": sign().partition(b"From:")[0] + MAIL.replace(b"ended", b"begun"),
    "another's domain in the signature's d=": (
        sign(domain="thief.example.net", pem=key("thief")).replace(b"d=thief.example.net", b"d=imperva.example.com")
    ),
    "results that came with the mail": AR + MAIL,
    "results of a server with our name in a comment": (
        b"Authentication-Results: thief (mx.soc.example.jp); spf=pass smtp.mailfrom=imperva.example.com\r\n" + MAIL
    ),
    "from nobody": MAIL.partition(b"\r\n")[2],
    "nothing": b"",
    "bytes": bytes(range(256)),
    "six thieves above": (
        sign(sign(sign(sign(sign(MAIL, **THIEF), **THIEF), **THIEF), **THIEF), **THIEF),  # type: ignore[arg-type]
    ),
}  # fmt: skip


def test_there_are_enough_forgeries() -> None:
    assert len(FORGERIES) >= 40


@pytest.mark.parametrize("raw", FORGERIES.values(), ids=FORGERIES.keys())
def test_no_forgery_is_believed(raw: bytes) -> None:
    verdict = judged(raw)
    assert not verdict.authenticated
    assert verdict.is_final
    assert verdict.proof.endswith("。")


@pytest.mark.parametrize("raw", FORGERIES.values(), ids=FORGERIES.keys())
def test_no_forgery_is_believed_from_a_strangers_machine(raw: bytes) -> None:
    for path in ("alerts@thief.example.net", "alerts@imperva.example.com", "", "x@loop.example.net"):
        assert not judged(raw, Envelope("198.51.100.7", "thief.example.net", path)).authenticated


@settings(max_examples=40)
@given(st.integers(0, len(GENUINE["as it was signed"]) - 1), st.integers(0, 255))
def test_no_byte_of_a_genuine_mail_can_be_changed_in_its_meaning(place: int, value: int) -> None:
    """What still is believed reads the same: white space, case of a name, an unsigned header."""
    raw = bytearray(GENUINE["as it was signed"])
    raw[place] = value
    changed = bytes(raw)
    if judged(changed).authenticated:
        _, _, body = changed.partition(b"\r\n\r\n")
        assert body.split() == MAIL.partition(b"\r\n\r\n")[2].split()
        for line in (b"From: ", b"To: ", b"Subject: "):
            told = next(part for part in MAIL.split(b"\r\n") if part.startswith(line)).lower().split()
            assert any(part.lower().split() == told for part in changed.split(b"\r\n")), changed


@settings(max_examples=60)
@given(st.binary(max_size=300))
def test_whatever_bytes_come_nothing_is_raised_and_nothing_believed(raw: bytes) -> None:
    assert not judged(raw, Envelope("192.0.2.7", "x", "a@imperva.example.com\n")).authenticated


class TestSpf:
    def test_the_vendors_own_machine_is_believed_at_our_door(self) -> None:
        verdict = judged(MAIL, Envelope("192.0.2.7", "mx.imperva.example.com", "bounce@imperva.example.com"))
        assert verdict.authenticated
        assert verdict.proof == "送信元 192.0.2.7 は、SPF で imperva.example.com の正規のサーバーと確認しました。"

    @pytest.mark.parametrize(
        "envelope",
        [
            Envelope("198.51.100.7", "mx", "bounce@imperva.example.com"),
            Envelope("198.51.100.7", "mx", "bounce@thief.example.net"),
            Envelope("192.0.2.7", "mx", ""),
            Envelope("192.0.2.7", "mx", "bounce@incapsula.example.com"),
            Envelope("2001:db8::7", "mx", "bounce@imperva.example.com"),
            Envelope(None, "mx", "bounce@imperva.example.com"),
        ],
    )
    def test_every_other_machine_or_path_is_not(self, envelope: Envelope) -> None:
        assert not judged(MAIL, envelope).authenticated

    def test_our_own_mail_servers_word_counts_where_it_is_trusted(self) -> None:
        trust = replace(TRUST, authserv="mx.soc.example.jp")
        assert judged(AR + MAIL, trust=trust).authenticated
        assert not judged(
            b"Authentication-Results: mx.other.example; spf=fail\r\n" + AR + MAIL, trust=trust
        ).authenticated
        assert not judged(AR.replace(b"spf=pass", b"spf=softfail") + MAIL, trust=trust).authenticated
        assert not judged(AR.replace(b"=alerts@imperva", b"=alerts@thief") + MAIL, trust=trust).authenticated
        comment = (
            b"Authentication-Results: mx.soc.example.jp; (spf=pass smtp.mailfrom=imperva.example.com) spf=fail\r\n"
        )
        assert not judged(comment + MAIL, trust=trust).authenticated
        assert not judged(AR + MAIL, Envelope("198.51.100.7"), trust).authenticated, "at our own door we look ourselves"


def test_a_dns_that_is_silent_leaves_it_open() -> None:
    silent = replace(dns(), silent=True)
    verdict = authenticate(sign(), Envelope(), TRUST, names=silent, now=NOW)
    assert (verdict.authenticated, verdict.is_final) == (False, False)
    verdict = authenticate(MAIL, Envelope("192.0.2.7", "x", "a@imperva.example.com"), TRUST, names=silent, now=NOW)
    assert (verdict.authenticated, verdict.is_final) == (False, False)


def test_about_a_stranger_the_dns_is_not_even_asked() -> None:
    names = dns()
    authenticate(sign(**THIEF), Envelope(), TRUST, names=names, now=NOW)  # type: ignore[arg-type]
    assert names.asked == []


@pytest.mark.django_db
class TestProving:
    @pytest.fixture(autouse=True)
    def _trust(self) -> object:
        with with_config(vendor_mail_domains=(DOMAIN,), vendor_address="vendor@soc.example.jp"):
            yield

    def test_a_signed_mail_becomes_unread_and_believed(self) -> None:
        clock = Clock(NOW)
        keep(sign(), box=Mailbox.VENDOR, now=clock())
        assert prove_senders(names=dns(), clock=clock) == 1
        (mail,) = unread(Mailbox.VENDOR)
        assert mail.authenticated
        assert "DKIM 署名" in mail.proof
        assert prove_senders(names=dns(), clock=clock) == 0

    def test_while_the_dns_is_silent_it_is_asked_again_and_then_it_counts(self) -> None:
        clock = Clock(NOW)
        keep(sign(), box=Mailbox.VENDOR, now=clock())
        silent = replace(dns(), silent=True)
        assert prove_senders(names=silent, clock=clock) == 0
        assert not unread(Mailbox.VENDOR).exists()
        assert prove_senders(names=dns(), clock=clock) == 0, "not before its pause"
        clock.pass_time(seconds=20)
        assert prove_senders(names=dns(), clock=clock) == 1
        assert unread(Mailbox.VENDOR).get().authenticated

    def test_a_dns_that_stays_silent_settles_it_without_belief(self) -> None:
        clock = Clock(NOW)
        keep(sign(), box=Mailbox.VENDOR, now=clock())
        silent = replace(dns(), silent=True)
        while not prove_senders(names=silent, clock=clock):
            clock.pass_time(seconds=20)
        assert clock() - NOW == timedelta(minutes=15)
        mail = unread(Mailbox.VENDOR).get()
        assert not mail.authenticated
        assert "DNS に問い合わせできない" in mail.proof

    def test_the_same_signature_counts_once(self) -> None:
        clock = Clock(NOW)
        raw = sign()
        keep(raw, box=Mailbox.VENDOR, now=clock())
        prove_senders(names=dns(), clock=clock)
        keep(b"Received: from thief\r\n" + raw, box=Mailbox.VENDOR, now=clock())
        prove_senders(names=dns(), clock=clock)
        assert list(ReceivedMail.objects.order_by("pk").values_list("authenticated", flat=True)) == [True, False]
        assert "再送" in ReceivedMail.objects.latest("pk").proof

    def test_bounces_are_nobodys_to_prove(self) -> None:
        keep(sign(), box=Mailbox.BOUNCES, now=NOW)
        assert prove_senders(names=dns(), clock=Clock(NOW)) == 0


def test_the_keys_of_these_tests_are_what_they_say() -> None:
    assert len(base64.b64decode(weak()[1].partition("p=")[2])) < 130
    assert set(SIGNED) >= {b"from", b"to", b"subject"}
