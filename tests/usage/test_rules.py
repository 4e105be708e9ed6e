"""What is wrong with a site, and what cannot be told."""

from datetime import UTC, datetime, timedelta

import pytest

from sakimori.usage.rules import Judgement, SiteReading, Wrong, judge, unlicensed
from sakimori.waf.interface import Balancing, BalancingAlgorithm, CertificateKind, WafCertificate

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
LEAST, RANDOM = BalancingAlgorithm.LEAST_PENDING, BalancingAlgorithm.RANDOM


def balancing(
    active: int = 1,
    *,
    standby: int = 0,
    centers: int = 1,
    algorithm: BalancingAlgorithm | None = LEAST,
    persistent: bool | None = True,
) -> Balancing:
    return Balancing(centers, active, standby, algorithm, persistent)


def custom(days: float) -> WafCertificate:
    return WafCertificate(CertificateKind.CUSTOM, NOW + timedelta(days=days))


def judged(
    *,
    bypassed: bool | None = False,
    servers: Balancing | None = None,
    certificates: tuple[WafCertificate, ...] | None = (),
    licensed: bool = False,
) -> Judgement:
    reading = SiteReading(bypassed=bypassed, balancing=servers, certificates=certificates)
    return judge(reading, licensed=licensed, remind=timedelta(days=30), now=NOW)


@pytest.mark.parametrize(
    "allowed",
    [
        balancing(1),
        balancing(2),
        balancing(0),
        balancing(1, algorithm=RANDOM, persistent=False),
        balancing(2, algorithm=None, persistent=None),
    ],
)
def test_one_server_or_two_active_ones_need_no_licence(allowed: Balancing) -> None:
    assert unlicensed(allowed) == []


@pytest.mark.parametrize(
    ("beyond", "words"),
    [
        (balancing(3), ["稼働サーバーが 3 台"]),
        (balancing(1, standby=1), ["待機サーバーが 1 台"]),
        (balancing(2, centers=2), ["データセンターが 2 か所"]),
        (balancing(2, algorithm=RANDOM), ["負荷分散の方式が Random"]),
        (balancing(2, algorithm=BalancingAlgorithm.OTHER), ["負荷分散の方式が その他の方式"]),
        (balancing(2, persistent=False), ["セッション維持（Persistence）がオフ"]),
        (
            balancing(4, standby=2, centers=2, algorithm=BalancingAlgorithm.WEIGHTED, persistent=False),
            [
                "データセンターが 2 か所",
                "稼働サーバーが 4 台",
                "待機サーバーが 2 台",
                "負荷分散の方式が 重み付け",
                "セッション維持（Persistence）がオフ",
            ],
        ),
    ],
)
def test_everything_else_is_named(beyond: Balancing, words: list[str]) -> None:
    assert unlicensed(beyond) == words
    found = judged(servers=beyond).found
    assert [each.kind for each in found] == [Wrong.BALANCING]
    assert "、".join(words) in found[0].sentence
    assert len(found[0].sentence) <= 300


def test_with_the_licence_any_setup_is_right() -> None:
    made = judged(servers=balancing(9, standby=3, centers=4, algorithm=RANDOM), licensed=True)
    assert made.found == ()
    assert Wrong.BALANCING in made.told
    assert Wrong.BALANCING in judged(servers=None, licensed=True).told


def test_a_bypassed_site_is_wrong() -> None:
    assert [each.kind for each in judged(bypassed=True).found] == [Wrong.BYPASS]


@pytest.mark.parametrize(
    ("certificate", "mark", "words"),
    [
        (custom(31), None, ""),
        (custom(30), "2026-12-23", "2026年12月23日（水）に切れます"),
        (custom(0.5), "2026-11-24", "2026年11月24日（火）に切れます"),
        (custom(-1), "2026-11-22", "（2026年11月22日（日））が過ぎています"),
        (WafCertificate(CertificateKind.GENERATED, None), None, ""),
    ],
)
def test_a_certificate_of_ones_own_is_reminded_of_in_time(
    certificate: WafCertificate, mark: str | None, words: str
) -> None:
    made = judged(certificates=(certificate,))
    assert Wrong.CERTIFICATE in made.told
    assert [each.mark for each in made.found] == ([mark] if mark else [])
    assert all(words in each.sentence for each in made.found)


def test_what_the_vendor_did_not_say_is_unknown_never_fine() -> None:
    assert judged(bypassed=None, servers=None, certificates=None) == Judgement((), frozenset())
    endless = judged(certificates=(WafCertificate(CertificateKind.CUSTOM, None),))
    assert Wrong.CERTIFICATE not in endless.told
