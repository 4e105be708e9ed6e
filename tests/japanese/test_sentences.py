"""What is said outside our pages: mails, reasons, labels, refusals, alarms, and the simulators' own pages."""

from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from sakimori.accounts.models import SocRole
from sakimori.blacklist.explanations import explain
from sakimori.blacklist.models import BlockState, FindingState, RestoreChannel
from sakimori.blacklist.reasons import Reason
from sakimori.customers.models import BlockList, MemberRole
from sakimori.incidents.models import IncidentKind
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
from sakimori.tickets.models import Listing, TicketKind, TicketState
from sakimori.tickets.texts import blacklist, blocked_mail, deviation, enquiry, incident, reasons, restored, upgrade
from sakimori.tickets.texts.letter import Letterhead
from sakimori.usage.models import DeviationKind
from tests.japanese.text import foreign_texts, japanese_or_allowed

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
LETTER = Letterhead(
    service_name="Webサイトプロテクションサービス",
    customer_name="株式会社さくら商店",
    contract_number="K-2026-0001",
    ticket_number="WSP-000001",
    ticket_url="https://portal.example.jp/portal/tickets/WSP-000001/",
    soc_phone="03-0000-0000",
)
KINDS = [explain(kind) for kind in AttackKind]
BLOCKED = blocked_mail.BlockedAddress(
    address="198.51.100.7",
    kinds=KINDS,
    sites=["shop.example.jp"],
    country="日本",
    network="198.51.100.0/24",
    blocked=3,
    passed=0,
    first_at=NOW,
    last_at=NOW,
    active_at=NOW,
    url="https://portal.example.jp/portal/tickets/WSP-000001/addresses/1/restore/",
    until=NOW,
    only_sites=["shop.example.jp"],
    others=2,
)
CHOICES = (
    SocRole,
    BlockState,
    FindingState,
    RestoreChannel,
    Listing,
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


def foreign_lines(*letters: str) -> list[str]:
    """Lines that a Japanese reader would stumble over."""
    return [line for letter in letters for line in letter.splitlines() if not japanese_or_allowed(line)]


def unlisted() -> list[blocked_mail.UnlistedAddress]:
    """An address for every reason there is, and for one that is not known yet."""
    words = {reasons.why_waiting(BlockState.PROPOSED, reason) for reason in (*Reason, "of the future")}
    words |= {reasons.why_waiting(state, "") for state in BlockState}
    words |= {reasons.why_left(reason) for reason in (*Reason, "of the future")}
    words |= {*reasons.WAITING.values(), *reasons.LEFT.values()}
    assert all(sentence.endswith("。") for sentence in words)
    seen = blocked_mail.SeenAddress("198.51.100.9", KINDS, ["shop.example.jp"], "日本", 3, 1, NOW, NOW)
    return [blocked_mail.UnlistedAddress(seen, sentence) for sentence in sorted(words)]


def test_every_line_of_every_mail_about_blocks_is_japanese() -> None:
    texts = blocked_mail
    told = texts.Wave([BLOCKED] * 12, unlisted(), unlisted(), 12, 3, 2, 7, KINDS)
    waits = texts.Wave([], unlisted(), [], 0, 3, 0, 0, [])
    letters = [
        texts.wave_subject(LETTER, told),
        texts.wave_mail(LETTER, told),
        texts.wave_subject(LETTER, waits),
        texts.wave_mail(LETTER, waits),
    ]
    own = "業務に必要なとき: https://portal.example.jp/"
    assert [line for line in foreign_lines(*letters) if own not in line] == []
    assert "内部" not in "".join(letters)


def test_reasons_for_customers_tell_nothing_of_our_limits() -> None:
    words = "".join(entry.why for entry in unlisted())
    for inner in ("上限", "自動", "ベンダー", "お客様ごと", "全体"):
        assert inner not in words, inner


def test_every_line_of_every_ticket_about_blocks_is_japanese() -> None:
    texts = blacklist
    attacks = texts.Attacks(["SQLインジェクション"], ["shop.example.jp"], 3, 0, NOW, NOW)
    addresses = [f"198.51.100.{number}" for number in range(25)]
    found = texts.Addresses(addresses, addresses[:2], addresses[:1])
    letters = [
        *(texts.ticket_subject(some) for some in (found, texts.Addresses((), addresses), texts.Addresses((), (), "1"))),
        texts.opened_note(["198.51.100.7"]),
        texts.waiting_note({"SOC が確認しています。": addresses}),
        texts.left_note({"登録していません。": addresses}),
        texts.detected(attacks, addresses),
        texts.detected(texts.Attacks([], [], 0, 0, None, None), []),
        texts.handled(found, addresses[:1]),
        texts.result({"遮断中": addresses, "解除済み": addresses[:2]}),
    ]
    assert foreign_lines(*letters) == []
    assert "ほか 5 件" in letters[-1]


@pytest.mark.parametrize("channel", RestoreChannel)
@pytest.mark.parametrize("covered_by", ["", "198.51.100.7", "198.51.100.0/24"])
def test_every_line_of_every_text_about_restores_is_japanese(channel: RestoreChannel, covered_by: str) -> None:
    texts = restored
    entry = texts.Restored(
        "198.51.100.7",
        channel,
        NOW,
        "桜井 花子",
        "契約番号と折り返し",
        NOW if covered_by else None,
        NOW,
        "WAF のポリシー API（policies/v2）から一覧を読み出して確認",
        covered_by=covered_by,
        stopped=3,
        stopped_kinds=["SQLインジェクション"],
        ask_days=90,
    )
    asked = {"channel": channel, "requester": "桜井 花子", "identified": "契約番号と折り返し", "reason": "取引先"}
    letters = [
        texts.restored_subject(LETTER, entry),
        texts.restored_mail(LETTER, entry),
        texts.restored_note(entry),
        texts.expired_subject(LETTER, 3),
        texts.expired_mail(LETTER, [entry], more=2),
        texts.expired_note([entry] * 30),
        texts.asked_note("198.51.100.7", **asked),  # type: ignore[arg-type]
    ]
    assert foreign_lines(*letters) == []
    assert "通信可能" not in "".join(letters)


@pytest.mark.parametrize("kind", IncidentKind)
@pytest.mark.parametrize("site", ["shop.example.jp", ""])
@pytest.mark.parametrize("ending", incident.Ending)
def test_every_line_of_every_mail_about_incidents_is_japanese(
    kind: IncidentKind, site: str, ending: incident.Ending
) -> None:
    texts, proved = incident, ending is incident.Ending.WELL
    happening = texts.Happening(kind, site, NOW, NOW, "極端に遅い", "応答に 12.3 秒かかりました。", 42, ending, proved)
    excess = texts.Excess(NOW, 12_345_678, 3)
    letters = [
        texts.ticket_subject(happening),
        texts.first_subject(LETTER, happening),
        texts.first_mail(LETTER, happening, excess),
        texts.first_note(happening),
        texts.excess_subject(LETTER),
        texts.excess_mail(LETTER, excess),
        texts.last_subject(LETTER, happening),
        texts.last_mail(LETTER, happening),
        texts.last_note(happening),
        texts.whole_subject(LETTER, happening),
        texts.whole_mail(LETTER, happening, excess),
        texts.whole_note(happening),
        texts.detected(happening, excess),
        texts.handled(happening, texts.reached("吉野 太郎", NOW, "吉野")),
        texts.handled(happening, texts.nobody_reached()),
        texts.result(happening),
    ]
    assert foreign_lines(*letters) == []
    assert "応答に 12.3 秒" in letters[2]
    assert "3 Mbps を上回る 12.3 Mbps" in letters[2]
    assert "shop.example.jp" not in letters[2]


@pytest.mark.parametrize("kind", DeviationKind)
def test_every_line_of_every_mail_about_deviations_is_japanese(kind: DeviationKind) -> None:
    texts = deviation
    difference = texts.Difference(kind, "shop.example.jp", "稼働サーバーが 3 台です。", NOW, NOW, NOW.date())
    letters = [
        texts.ticket_subject(difference),
        texts.first_subject(LETTER, difference),
        texts.first_mail(LETTER, difference),
        texts.first_note(difference),
        texts.last_subject(LETTER, difference),
        texts.last_mail(LETTER, difference),
        texts.last_note(difference),
        texts.detected(difference),
        texts.handled(difference),
        texts.result(difference),
    ]
    assert foreign_lines(*letters) == []


def test_every_line_of_every_mail_about_a_larger_plan_is_japanese() -> None:
    texts = upgrade
    wish = texts.Upgrade("2026年11月", 3, 10, NOW, "桜井 花子", NOW)
    letters = [
        texts.ticket_subject(wish),
        texts.first_subject(LETTER),
        texts.first_mail(LETTER, wish),
        texts.first_note(wish),
        texts.last_subject(LETTER),
        texts.last_mail(LETTER, wish),
        texts.last_note(wish),
        texts.detected(wish),
        texts.handled(),
        texts.result(wish),
    ]
    assert foreign_lines(*letters) == []


def test_every_line_of_every_mail_about_enquiries_is_japanese_and_harmless() -> None:
    texts = enquiry
    said = "ログ http://evil.example.com/a.exe を見てください。\n\u202e連絡先は a@example.jp、版は 1.5 です。"
    files = ["報告書.pdf", "access.log"]
    asked = {"about": "ログの件", "author": "桜井 花子", "text": said, "files": files}
    answered = {"about": "ログの件", "state": "完了", "text": said, "files": files}
    letters = [
        texts.received_subject(LETTER),
        texts.received_mail(LETTER, **asked),  # type: ignore[arg-type]
        texts.reply_subject(LETTER),
        texts.reply_mail(LETTER, **asked),  # type: ignore[arg-type]
        texts.answer_subject(LETTER),
        texts.answer_mail(LETTER, **answered),  # type: ignore[arg-type]
        texts.detected("ログの件", "あ" * 700),
        texts.handled(said),
        texts.result("完了"),
        texts.alarm("株式会社さくら商店", "WSP-000001", new=True),
        texts.alarm("株式会社さくら商店", "WSP-000001", new=False),
    ]
    assert [line for line in foreign_lines(*letters) if line != "- access[.]log"] == []
    for letter in (letters[1], letters[3], letters[5]):
        assert "hxxp[:]//evil[.]example[.]com/a[.]exe" in letter
        assert "＜U+202E＞" in letter
        assert "版は 1.5 です" in letter
        assert "access[.]log" in letter
    assert "添付" not in texts.received_mail(LETTER, about="件", author="桜井", text="文", files=[])


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
