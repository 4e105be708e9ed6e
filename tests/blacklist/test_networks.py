"""The data that ships: dated, attributed, apart from each other; and what an organisation adds."""

from datetime import date, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from django.conf import settings

from sakimori.blacklist import networks
from sakimori.blacklist.guard import Circumstances, Limits, NeverBlock, Ruling, rule
from sakimori.blacklist.networks import outdated, shared_as, shared_label, shared_reason, shipped
from sakimori.blacklist.reasons import Reason
from sakimori.lib.addresses import DOCUMENTATION, is_public
from sakimori.lib.config import SettingError, read
from sakimori.lib.network_file import SHARED_KINDS, NetworkKind
from tests.lib.test_config import GOOD
from tests.settings_change import with_config

FILES = {
    "vendor_networks.txt": {NetworkKind.VENDOR},
    "crawler_networks.txt": {NetworkKind.CRAWLER},
    "shared_networks.txt": SHARED_KINDS - {NetworkKind.OTHER},
}
NOBODY = NeverBlock((), (), (), ())
LIMITS = Limits(good_requests=10, cap_customer=50, cap_total=500, documentation_counts=False)


@pytest.mark.parametrize(("name", "kinds"), FILES.items())
def test_every_file_is_dated_attributed_and_of_its_kinds(name: str, kinds: set[NetworkKind]) -> None:
    groups = shipped(name)
    assert {group.kind for group in groups} == kinds
    for group in groups:
        assert date(2026, 1, 1) <= group.day <= date(2026, 11, 26)
        assert len(group.source) > 10
        for network in group.networks:
            assert is_public(network.network_address, documentation_counts=False), network
            assert network.prefixlen >= (8 if network.version == 4 else 24), network
            assert not any(network.overlaps(other) for other in DOCUMENTATION if other.version == network.version)


def test_nothing_is_both_never_blocked_and_asked_about() -> None:
    never = [*networks.vendor_networks(), *networks.crawler_networks()]
    for group in shipped("shared_networks.txt"):
        for network in group.networks:
            assert not any(network.overlaps(other) for other in never if other.version == network.version), network


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("49.98.7.1", NetworkKind.MOBILE),
        ("49.111.255.255", NetworkKind.MOBILE),
        ("49.112.0.0", None),
        ("126.33.1.2", NetworkKind.MOBILE),
        ("106.73.1.2", NetworkKind.HOME),
        ("165.225.110.9", NetworkKind.GATEWAY),
        ("172.224.0.0", NetworkKind.RELAY),
        ("172.223.255.255", None),
        ("104.28.34.92", NetworkKind.RELAY),
        ("::ffff:49.98.7.1", NetworkKind.MOBILE),
        ("64:ff9b::3162:701", NetworkKind.MOBILE),
        ("2606:54c0:1::1", NetworkKind.RELAY),
        ("240a:61::5", NetworkKind.MOBILE),
        ("198.51.100.7", None),
        ("8.8.8.8", None),
    ],
)
def test_a_shared_address_is_known_by_its_kind(address: str, kind: NetworkKind | None) -> None:
    assert shared_as(ip_address(address)) is kind


@pytest.mark.parametrize("kind", sorted(SHARED_KINDS))
def test_each_kind_has_a_reason_of_its_own_and_a_label(kind: NetworkKind, tmp_path: Path) -> None:
    assert shared_reason(kind).sentence.startswith("多く" if kind is not NetworkKind.HOME else "複数の")
    assert len({shared_reason(kind) for kind in SHARED_KINDS}) == len(SHARED_KINDS)
    own = tmp_path / "own.txt"
    own.write_text(f"[{kind}] 2026-02-23 ours\n198.51.100.0/25\n")
    with with_config(shared_networks=own):
        assert len(shared_label("198.51.100.7")) > 5
        assert shared_label("198.51.100.0/24")
        assert shared_label("198.51.100.200") == shared_label("nonsense") == ""


@pytest.mark.parametrize("good", [None, 0, 9])
@pytest.mark.parametrize("kind", sorted(SHARED_KINDS))
def test_a_shared_address_is_asked_about_whatever_the_log_knows(kind: NetworkKind, good: int | None) -> None:
    """Without access lines nobody knows of good traffic: then this data decides."""
    known = Circumstances(
        good_requests=good,
        shared=True,
        restored=False,
        blocked_customer=0,
        blocked_total=0,
        shared_reason=shared_reason(kind),
    )
    assert rule(ip_address("49.98.7.1"), NOBODY, known, LIMITS) == (Ruling.ASK, shared_reason(kind))


def test_without_access_lines_an_address_that_is_not_shared_is_blocked_as_the_policy_wishes() -> None:
    known = Circumstances(good_requests=None, shared=False, restored=False, blocked_customer=0, blocked_total=0)
    assert rule(ip_address("8.8.8.8"), NOBODY, known, LIMITS) == (Ruling.ALLOW, Reason.ATTACK_BLOCKED)


def test_the_organisations_own_word_comes_first(tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("[government] 2026-02-23 県のセキュリティクラウド\n49.96.0.0/12\n203.0.113.0/24\n")
    with with_config(shared_networks=own):
        assert shared_as(ip_address("203.0.113.9")) is NetworkKind.GOVERNMENT
        assert shared_as(ip_address("49.98.7.1")) is NetworkKind.GOVERNMENT
        assert shared_as(ip_address("126.33.1.2")) is NetworkKind.MOBILE


def test_a_wrong_file_of_the_organisation_is_one_sentence_with_file_and_line(tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("[mobile] 2026-02-23 ours\nnonsense\n")
    with pytest.raises(SettingError) as caught:
        read({**GOOD, "SAKIMORI_SHARED_NETWORKS": str(own)})
    assert str(caught.value).startswith(f"The setting SAKIMORI_SHARED_NETWORKS is wrong: {own}, line 2: 'nonsense'")
    own.write_text("[mobile] 2026-02-23 ours\n198.51.100.0/24\n")
    assert read({**GOOD, "SAKIMORI_SHARED_NETWORKS": str(own)}).shared_networks == own


def test_data_grows_old_after_a_year(tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("[other] 2020-01-31 ours\n198.51.100.0/24\n[government] 2020-01-01 unknown\n")
    with with_config(shared_networks=own):
        assert [group.source for group in outdated(date(2021, 1, 31))] == ["ours"]
        assert list(outdated(date(2021, 1, 30))) == []
        names = {group.kind for group in outdated(date(2026, 11, 26) + timedelta(days=400))}
    assert names == SHARED_KINDS - {NetworkKind.GOVERNMENT} | {NetworkKind.VENDOR, NetworkKind.CRAWLER}
    assert settings.CONFIG.shared_networks is None


def test_the_narrowest_network_decides() -> None:
    groups = shipped("shared_networks.txt")
    index = networks.index_of(groups)
    for group in groups:
        for network in group.networks:
            found = index.find(network.network_address)
            assert found is not None
            assert any(
                network.network_address in other and other.prefixlen >= network.prefixlen
                for other in found.networks
                if other.version == network.version
            )
    assert index.find(ip_network("203.0.113.0/24").network_address) is None
