"""The control room as a page: attacks, sites, faults, switches, the blacklists and the last calls."""

from collections.abc import Mapping
from html import escape

from starlette.responses import Response

from sakimori.simulators import journal
from sakimori.simulators.attack_kinds import ATTACKS
from sakimori.simulators.attack_section import attack_section
from sakimori.simulators.faults import FaultKind, FaultScope, active_faults
from sakimori.simulators.imperva.blacklist import blacklist
from sakimori.simulators.imperva.setup_section import setup_section
from sakimori.simulators.journal import JournalEntry
from sakimori.simulators.mailbox import MailboxMode, mailbox_mode
from sakimori.simulators.page import choice, form, hidden, page, table, text_input, time_text
from sakimori.simulators.spec import AccountSpec, WorldSpec
from sakimori.simulators.state import State
from sakimori.simulators.switches import Switches, read_switches
from sakimori.simulators.website import SHOP_ITSELF, SiteMode, condition

OUTCOME_TEXTS = {"mixed": "一部を検知のみで通過", "blocked": "すべて遮断", "passed": "すべて通過"}
SITE_MODE_TEXTS: dict[str, str] = {
    SiteMode.NORMAL: "正常",
    SiteMode.SLOW: "遅延",
    SiteMode.DEAD: "停止 (切断)",
    SiteMode.ERROR: "エラー (503)",
    SiteMode.CHALLENGE: "WAF の確認画面",
    SiteMode.CAPTCHA: "WAF の画像認証画面",
    SiteMode.WAF_ERROR: "WAF のエラー画面",
    SiteMode.BYPASS: "WAF を経由しない",
}
FAULT_TEXTS = {
    FaultKind.TOO_MANY: "429 (回数制限)",
    FaultKind.SERVER_ERROR: "503",
    FaultKind.HTML: "JSON の代わりに HTML",
    FaultKind.SLOW: "応答の遅延",
    FaultKind.LOST_ANSWER: "反映されるが応答が届かない",
    FaultKind.STALE: "古い内容の読み出し",
    FaultKind.DISABLED_KEY: "API キー無効",
}
SCOPE_TEXTS = {
    FaultScope.ALL: "すべて",
    FaultScope.API: "Cloud v1 と統計",
    FaultScope.POLICIES: "ポリシー",
    FaultScope.LOGS: "ログ取得",
}
MAILBOX_TEXTS = {
    MailboxMode.ACCEPT: "受け取る",
    MailboxMode.TEMPORARY: "一時拒否 (4xx)",
    MailboxMode.PERMANENT: "恒久拒否 (5xx)",
    MailboxMode.DROP: "保存後に切断",
    MailboxMode.DROP_UNKEPT: "保存せずに切断",
}
SWITCH_TEXTS = {
    "refuse_empty_ips": "空の ips を拒否",
    "max_ips": "IP 件数の上限",
    "propagation_seconds": "遮断が効くまでの秒数",
    "delivery_delay_seconds": "ログが読めるまでの秒数",
    "life_per_minute": "正常な要求 (毎分)",
    "attacks_per_hour": "攻撃 (毎時)",
}
LINK_TEXTS = {"mailbox": "模擬メールボックス", "phone": "模擬電話", "site": "模擬サイト"}
YES_NO = {"true": "はい", "false": "いいえ"}
SHOWN_CALLS = 30


def control_body(state: State, spec: WorldSpec, *, now_ms: int, links: Mapping[str, str]) -> str:
    """All that stands on the page, as HTML; `links` by the names of the other simulators."""
    sites = {str(site.site_id): site.domain for account in spec.accounts for site in account.sites}
    parts = [
        _links(links),
        _attacks(sites),
        attack_section(spec, sites),
        _sites(state, sites),
        setup_section(state, sites, now_ms),
        _faults(state, now_ms),
        _switches(state),
        _mailbox(state),
        *(_blacklist(state, account, now_ms) for account in spec.accounts),
        _calls(journal.latest(state, SHOWN_CALLS)),
    ]
    return "".join(parts)


def error_page(sentence: str) -> Response:
    """What went wrong with a form."""
    body = f'<p>操作できませんでした: {escape(sentence)}</p><p><a href="/">操作卓へ戻る</a></p>'
    return page("入力をご確認ください", body, status=400)


def _links(links: Mapping[str, str]) -> str:
    items = "".join(f'<li><a href="{escape(links[name])}">{text}</a></li>' for name, text in LINK_TEXTS.items())
    return f"<p>ここでは練習用の攻撃や障害を起こせます。外部には何も送られません。</p><ul>{items}</ul>"


def _attacks(sites: Mapping[str, str]) -> str:
    """One set of fields, and a button for each kind."""
    fields = (
        choice("site_id", "対象サイト", sites)
        + text_input("source", "送信元アドレス (空欄で自動)")
        + text_input("count", "件数", "10", "number")
        + choice("outcome", "WAF の動作", OUTCOME_TEXTS)
        + choice("site_mode", "攻撃後のサイトの状態", {"": "変えない", **SITE_MODE_TEXTS})
        + text_input("seconds", "遅延 (秒)", "15", "number")
    )
    buttons = "".join(
        f'<button name="kind" value="{kind}">{escape(attack.label)} <small>{escape(attack.name)}</small></button>'
        for kind, attack in ATTACKS.items()
    )
    return (
        "<h2>攻撃</h2><p>条件を選び、攻撃の種類のボタンを押すと始まります。</p>"
        f'<form method="post" action="/control/attacks"><div>{fields}</div><div>{buttons}</div></form>'
    )


def _sites(state: State, sites: Mapping[str, str]) -> str:
    rows = [
        (name, SITE_MODE_TEXTS[now.mode], f"{now.seconds:g} 秒")
        for site_id, name in {str(SHOP_ITSELF): "(トップ)", **sites}.items()
        for now in [condition(state, int(site_id))]
    ]
    fields = (
        choice("site_id", "サイト", {str(SHOP_ITSELF): "(トップ)", **sites})
        + choice("mode", "状態", SITE_MODE_TEXTS)
        + text_input("seconds", "遅延 (秒)", "15", "number")
    )
    heads = ("サイト", "状態", "遅延")
    return f"<h2>サイトの状態</h2>{table(heads, rows)}{form('/control/site', fields, '切り替える')}"


def _faults(state: State, now_ms: int) -> str:
    rows = [
        (
            FAULT_TEXTS[fault.kind],
            SCOPE_TEXTS[fault.scope],
            f"{fault.probability:.0%}",
            "無制限" if fault.calls is None else f"残り {fault.calls} 回",
            f"{fault.seconds:g} 秒",
            time_text(fault.until_ms) if fault.until_ms else "無期限",
        )
        for fault in active_faults(state, now_ms)
    ]
    fields = (
        choice("kind", "障害", {kind.value: text for kind, text in FAULT_TEXTS.items()})
        + choice("scope", "範囲", {scope.value: text for scope, text in SCOPE_TEXTS.items()})
        + text_input("probability", "確率 (0～1)", "1", "number")
        + text_input("calls", "回数 (空欄で無制限)", "", "number")
        + text_input("seconds", "秒数", "5", "number")
        + text_input("duration_seconds", "続く秒数 (空欄で無期限)", "", "number")
    )
    heads = ("障害", "範囲", "確率", "回数", "秒数", "期限")
    add, clear = form("/control/faults", fields, "起こす"), form("/control/faults/clear", "", "すべて止める")
    return f"<h2>ベンダーの障害</h2>{table(heads, rows)}{add} {clear}"


def _switches(state: State) -> str:
    now = read_switches(state)
    fields = ""
    for name in Switches.__slots__:
        value = getattr(now, name)
        if isinstance(value, bool):
            fields += choice(name, SWITCH_TEXTS[name], YES_NO, str(value).lower())
        else:
            fields += text_input(name, SWITCH_TEXTS[name], str(value), "number")
    return f"<h2>設定</h2>{form('/control/switches', fields, '保存する')}"


def _mailbox(state: State) -> str:
    options = {mode.value: text for mode, text in MAILBOX_TEXTS.items()}
    field = choice("mode", "メールボックスの動作", options, mailbox_mode(state))
    bounced = text_input(
        "bounced", "受け取った後に「宛先不明」と報告する宛先 (空欄でなし)", state.setting("mailbox_bounced") or ""
    )
    notice = (
        text_input("to", "宛先", "vendor@sakimori.example.jp")
        + text_input("subject", "件名", "DDoS attack on shop.sakura.example.jp has ended")
        + text_input("text", "本文", "The attack on shop.sakura.example.jp has ended.")
        + choice("is_forged", "偽造", YES_NO, "false")
    )
    return (
        f"<h2>メールボックス</h2>{form('/control/mailbox', field + bounced, '切り替える')}"
        f"<h2>ベンダーの通知メール</h2>{form('/control/vendor-mail', notice, '送る')}"
    )


def _blacklist(state: State, account: AccountSpec, now_ms: int) -> str:
    entries = blacklist(state, account, now_ms)
    rows = [
        (
            e.address,
            e.list_name,
            _author(account, e.added_by),
            time_text(e.added_ms),
            "有効" if e.is_active else "未反映",
        )
        for e in entries
    ]
    fields = (
        hidden("account", str(account.account_id))
        + choice("site_id", "サイト", {str(site.site_id): site.domain for site in account.sites})
        + text_input("policy_name", "ポリシー名", "Customer blocklist")
        + text_input("add", "追加するアドレス")
        + text_input("remove", "削除するアドレス")
        + text_input("by", "編集者", "customer-engineer@example.jp")
    )
    shown = table(("アドレス", "リスト", "登録者", "登録日時", "状態"), rows)
    return f"<h2>ブラックリスト: {escape(account.name)}</h2>{shown}{form('/control/edit', fields, '手作業で編集する')}"


def _author(account: AccountSpec, added_by: str) -> str:
    return f"API キー {added_by}" if added_by == account.api_id else added_by


def _calls(entries: list[JournalEntry]) -> str:
    rows = [
        (time_text(e.at_ms), e.api_id, e.method, e.path, str(e.status or "切断"), e.fault, _changes(e)) for e in entries
    ]
    heads = ("日時", "キー", "メソッド", "パス", "応答", "障害", "変更")
    return f"<h2>最近の呼び出し</h2>{table(heads, rows)}"


def _changes(entry: JournalEntry) -> str:
    marks = [f"+{text}" for change in entry.changes for text in change.added]
    marks += [f"-{text}" for change in entry.changes for text in change.removed]
    return " ".join(marks[:10]) + (" ..." if len(marks) > 10 else "")
