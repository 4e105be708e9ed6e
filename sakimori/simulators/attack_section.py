"""The control room's part about attacks that no log line tells of: statistics, networks, alert mails."""

from collections.abc import Mapping

from sakimori.simulators.imperva.networks import KINDS
from sakimori.simulators.page import choice, form, text_input
from sakimori.simulators.spec import WorldSpec
from sakimori.simulators.vendor_mail import VendorMailKind

_STATES = {"start": "始める", "stop": "止める"}
_MAILS = {
    VendorMailKind.START.value: "攻撃の開始",
    VendorMailKind.END.value: "攻撃の終息",
    VendorMailKind.WEEKLY.value: "週次レポート",
    VendorMailKind.UNKNOWN.value: "未知の内容",
}
_EVENTS = {
    "DDOS_START_IP_RANGE": "DDoS の開始",
    "DDOS_STOP_IP_RANGE": "DDoS の終了",
    "DDOS_QUIET_TIME_IP_RANGE": "DDoS の静穏",
    "PER_IP_DDOS_START_IP_RANGE": "アドレス単位の DDoS の開始",
    "MONITORING_CRITICAL_ATTACK": "重大な攻撃",
    "PROTECTED_IP_STATUS_UP": "保護対象の復旧",
    "PROTECTED_IP_STATUS_DOWN": "保護対象の停止",
}
_SIGNED = {"true": "あり（本物）", "false": "なし（偽物）"}


def attack_section(spec: WorldSpec, sites: Mapping[str, str]) -> str:
    """Three forms, as HTML."""
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
    mail = (
        choice("site_id", "サイト", sites)
        + choice("kind", "内容", _MAILS)
        + choice("signed", "署名", _SIGNED)
        + text_input("recipient", "宛先", "vendor@soc.example.jp")
        + text_input("port", "SMTP のポート", "", "number")
    )
    return (
        "<h2>ログに出ない攻撃</h2>"
        f"<h3>統計だけに現れる攻撃</h3>{form('/control/flood', flood, '実行する')}"
        f"<h3>ネットワーク保護のイベント</h3>{form('/control/network', network, '起こす')}"
        f"<h3>ベンダーの通知メール</h3>{form('/control/vendor-mail', mail, '送る')}"
    )
