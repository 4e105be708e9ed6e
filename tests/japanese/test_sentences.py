"""What is said outside our pages: mails, reasons, labels, refusals, alarms, and the simulators' own pages."""

from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from sakimori.accounts.models import SocRole
from sakimori.blacklist.models import BlockState, FindingState
from sakimori.blacklist.reasons import Reason
from sakimori.customers.models import BlockList, MemberRole
from sakimori.logs.attack_kinds import AttackKind, Outcome
from sakimori.logs.fields import FIELDS
from sakimori.logs.formats.unreadable import Reason as LineReason
from sakimori.logs.models import LogFileState
from sakimori.logs.unpack import FileReason
from sakimori.notify import alarm_texts, spoken
from sakimori.notify.models import CallState, DeliveryState, RoundState, Severity
from sakimori.simulators.attack_kinds import ATTACKS
from sakimori.simulators.spec import AccountSpec, SiteSpec, WorldSpec
from sakimori.simulators.world import World
from sakimori.tickets import texts
from sakimori.tickets.models import TicketKind, TicketState
from tests.japanese.text import foreign_texts, japanese_or_allowed

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
LETTER = texts.Letterhead(
    service_name="Webサイトプロテクションサービス",
    customer_name="株式会社さくら商店",
    contract_number="K-2026-0001",
    ticket_number="WSP-000001",
    ticket_url="https://portal.example.jp/portal/tickets/WSP-000001/",
    soc_phone="03-0000-0000",
)
BLOCKED = texts.BlockedAddress(
    address="198.51.100.7",
    kinds=["SQLインジェクション"],
    sites=["shop.example.jp"],
    country="JP",
    blocked=3,
    passed=0,
    first_at=NOW,
    last_at=NOW,
    active_at=NOW,
)
CHOICES = (
    SocRole,
    BlockState,
    FindingState,
    BlockList,
    MemberRole,
    LogFileState,
    DeliveryState,
    Severity,
    RoundState,
    CallState,
    TicketKind,
    TicketState,
)


@pytest.mark.parametrize("others_entry", [True, False])
def test_every_line_of_every_mail_is_japanese(others_entry: bool) -> None:
    restored = texts.restored_mail(
        LETTER, "198.51.100.7", asked_at=NOW, restored_at=NOW, asked_by="桜井 花子", others_entry=others_entry
    )
    letters = [
        texts.blocked_subject(LETTER, 2),
        texts.blocked_mail(LETTER, [BLOCKED, BLOCKED]),
        texts.restored_subject(LETTER, "198.51.100.7"),
        restored,
        texts.opened_note(["198.51.100.7"]),
        texts.restored_note("198.51.100.7", others_entry=others_entry),
        texts.ticket_subject("198.51.100.7", others=3),
    ]
    assert [line for letter in letters for line in letter.splitlines() if not japanese_or_allowed(line)] == []


def test_what_is_said_on_the_phone_and_mailed_to_the_soc_is_japanese() -> None:
    alarm = alarm_texts.AlarmFacts("高", "ログを取得できていません。", "/console/", first_at=NOW, due_at=NOW)
    texts_ = [
        spoken.spoken(LETTER.service_name, "桜井 花子", alarm_texts.call_matter([alarm] * 5)),
        alarm_texts.mail_subject(alarm),
        alarm_texts.mail_body(alarm, service_name=LETTER.service_name, base_url="https://portal.example.jp"),
        alarm_texts.call_subject([alarm]),
    ]
    assert [line for text in texts_ for line in text.splitlines() if not japanese_or_allowed(line)] == []


@pytest.mark.parametrize("choices", CHOICES)
def test_every_state_has_a_japanese_word(choices: type) -> None:
    assert [label for label in choices.labels if not japanese_or_allowed(str(label))] == []  # type: ignore[attr-defined]


def test_every_reason_and_label_is_japanese() -> None:
    sentences = [reason.sentence for reasons in (Reason, LineReason, FileReason) for reason in reasons]
    labels = [kind.label for kind in (*AttackKind, *Outcome)] + [field.label for field in FIELDS]
    assert [text for text in sentences if not japanese_or_allowed(text) or not text.endswith("。")] == []
    known = {"X-Forwarded-For", "TLS", "PoP", "URL"}
    assert [text for text in labels if not japanese_or_allowed(text) and text not in known] == []


def test_the_pages_of_the_simulators_are_japanese(tmp_path: Path) -> None:
    account = AccountSpec(
        1, "さくら", "1", "1", log_config_id=1, log_api_id="1", log_api_key="1", sites=(SiteSpec(1, "a.example.jp"),)
    )
    names = {attack.name for attack in ATTACKS.values()} | {"Message-ID", "Customer blocklist"}
    with World(tmp_path, spec=WorldSpec(accounts=(account,))) as world:
        for url in (world.control_url, world.mailbox_url, world.phone_url, world.site_url):
            page = httpx.get(url).text
            assert [text.strip() for text in foreign_texts(page) if text.strip() not in names] == []
