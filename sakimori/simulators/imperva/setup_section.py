"""The part of the control room in which sites are set up at the simulated vendor."""

from collections.abc import Mapping

from sakimori.simulators.imperva.setup import ALGORITHMS, SiteSetup, site_setup
from sakimori.simulators.page import choice, form, table, text_input, time_text
from sakimori.simulators.state import State

ALGORITHM_TEXTS = dict(
    zip(
        ALGORITHMS,
        (
            "処理待ち最少 (Least Pending Requests)",
            "接続数最少 (Least Open Connections)",
            "送信元固定 (Source IP Hash)",
            "無作為 (Random)",
            "重み付け (Weighted)",
        ),
        strict=True,
    )
)
YES_NO = {"": "変えない", "true": "はい", "false": "いいえ"}


def setup_section(state: State, sites: Mapping[str, str], now_ms: int) -> str:
    """Table and form as HTML; `sites` are domains by site id."""
    rows = [_row(name, site_setup(state, int(site_id), now_ms)) for site_id, name in sites.items()]
    fields = (
        choice("site_id", "サイト", sites)
        + choice("bypassed", "WAF を迂回", YES_NO)
        + text_input("certificate_days", "証明書の残り日数", "", "number")
        + text_input("servers", "稼働サーバー数", "", "number")
        + text_input("standby", "待機サーバー数", "", "number")
        + text_input("data_centers", "データセンター数", "", "number")
        + choice("algorithm", "負荷分散方式", {"": "変えない", **ALGORITHM_TEXTS})
        + choice("persistent", "セッション維持", YES_NO)
    )
    heads = ("サイト", "WAF を迂回", "証明書の期限", "サーバー", "データセンター", "負荷分散方式", "セッション維持")
    change = form("/control/setup", fields, "変更する")
    return f"<h2>ベンダーでのサイトの構成</h2>{table(heads, rows)}<p>空欄の項目は変わりません。</p>{change}"


def _row(name: str, setup: SiteSetup) -> tuple[str, ...]:
    return (
        name,
        "はい" if setup.is_bypassed else "いいえ",
        time_text(setup.certificate_ends_ms),
        f"稼働 {setup.servers} 台、待機 {setup.standby} 台",
        str(setup.data_centers),
        ALGORITHM_TEXTS[setup.algorithm],
        "あり" if setup.is_persistent else "なし",
    )
