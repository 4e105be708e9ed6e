"""The simulated vendor's alert mails: really signed, checked by the library that our own side uses."""

from email import message_from_bytes
from email.policy import default

import dkim
import pytest

from sakimori.simulators.control import Control
from sakimori.simulators.vendor_mail import DOMAIN, SENDER, VendorMailKind, dns_records, vendor_mail
from tests.notify.post_office import PostOffice, open_office
from tests.simulators.stage import Stage

TO = "vendor@soc.example.jp"


def verified(stage: Stage, raw: bytes) -> bool:
    records = dns_records(stage.state)
    return bool(dkim.verify(raw, dnsfunc=lambda name, timeout=5: records.get(name.decode().rstrip(".")).encode()))


def made(stage: Stage, kind: VendorMailKind = VendorMailKind.START, *, signed: bool = True) -> bytes:
    return vendor_mail(stage.state, kind, site="shop.example.jp", recipient=TO, now=stage.clock(), signed=signed)


def test_a_mail_is_signed_with_the_key_that_the_dns_has(stage: Stage) -> None:
    raw = made(stage)
    assert verified(stage, raw)
    mail = message_from_bytes(raw, policy=default)
    assert (mail["From"], mail["To"]) == (SENDER, TO)
    assert list(dns_records(stage.state)) == [f"sim._domainkey.{DOMAIN}"]


def test_what_is_changed_on_the_way_is_found(stage: Stage) -> None:
    assert not verified(stage, made(stage).replace(b"shop.example.jp", b"blog.example.jp"))
    assert not verified(stage, made(stage).replace(b"Subject: DDoS attack detected", b"Subject: DDoS attack ended"))


def test_a_forged_mail_has_no_signature(stage: Stage) -> None:
    raw = made(stage, signed=False)
    assert b"DKIM-Signature" not in raw
    assert not verified(stage, raw)


def test_the_control_room_hands_a_mail_to_a_door(stage: Stage) -> None:
    room = Control(stage.state, stage.spec, clock=stage.clock, attacker=stage.attacker, edge=stage.edge)
    with open_office(PostOffice()) as office:
        for signed in (True, "false"):
            room.vendor_mail({"kind": "end", "site_id": 9001, "recipient": TO, "port": office.port, "signed": signed})
        assert office.recipients == [TO, TO]
        assert [b"DKIM-Signature" in raw for raw in office.kept] == [True, False]
        assert verified(stage, office.kept[0])
        office.rcpt = "550 no"
        with pytest.raises(OSError, match="550"):
            room.vendor_mail({"kind": "end", "site_id": 9001, "recipient": TO, "port": office.port})
    with pytest.raises(ValueError, match="nonsense"):
        room.vendor_mail({"kind": "nonsense", "site_id": 9001, "recipient": TO, "port": 1})
