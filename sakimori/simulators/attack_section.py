"""The control room's part about attacks that no log line tells of: statistics and networks."""

from collections.abc import Mapping

from sakimori.simulators.imperva.networks import KINDS
from sakimori.simulators.page import choice, form, text_input
from sakimori.simulators.spec import WorldSpec

_STATES = {"start": "始める", "stop": "止める"}
_EVENTS = {
    "DDOS_START_IP_RANGE": "DDoS の開始",
    "DDOS_STOP_IP_RANGE": "DDoS の終了",
    "DDOS_QUIET_TIME_IP_RANGE": "DDoS の静穏",
    "PER_IP_DDOS_START_IP_RANGE": "アドレス単位の DDoS の開始",
    "MONITORING_CRITICAL_ATTACK": "重大な攻撃",
    "PROTECTED_IP_STATUS_UP": "保護対象の復旧",
    "PROTECTED_IP_STATUS_DOWN": "保護対象の停止",
}


def attack_section(spec: WorldSpec, sites: Mapping[str, str]) -> str:
    """Two forms, as HTML."""
    flood = (
        choice("site_id", "サイト", sites)
        + choice("state", "操作", _STATES)
        + text_input("blocked_per_second", "遮断 (毎秒)", "2000", "number")
        + text_input("incidents_per_minute", "DDoS 件数 (毎分)", "60", "number")
    )
    accounts = {str(account.account_id): account.name for account in spec.accounts}
    network = (
        choice("account", "アカウント", accounts)
        + choice("kind", "イベント", {kind: _EVENTS[kind] for kind in KINDS})
        + text_input("target", "ネットワーク", "203.0.113.0/24")
    )
    return (
        "<h2>ログに出ない攻撃</h2>"
        f"<h3>統計だけに現れる攻撃</h3>{form('/control/flood', flood, '実行する')}"
        f"<h3>ネットワーク保護のイベント</h3>{form('/control/network', network, '起こす')}"
    )
