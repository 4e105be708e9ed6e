"""The record of an examination as people read it: a JSON text with Japanese names, times in JST. Pure."""

import json
from collections.abc import Sequence
from datetime import datetime

from sakimori.incidents.models import PageKind, ProbePath, Verdict, Via
from sakimori.incidents.verdict import Conclusion
from sakimori.incidents.visit import Trouble, Visit
from sakimori.incidents.visitors import Examination
from sakimori.lib.jst import JST
from sakimori.notify.exercise import WRITTEN

TROUBLES = {
    Trouble.NONE: "",
    Trouble.TIMEOUT: "時間切れ",
    Trouble.DNS: "名前解決の失敗",
    Trouble.CONNECT: "接続の失敗",
    Trouble.TLS: "TLS の失敗",
    Trouble.BROKEN: "応答の中断",
    Trouble.REDIRECTS: "転送の繰り返し",
    Trouble.FORBIDDEN: "公開アドレスではない",
    Trouble.UNFINISHED: "確認が時間内に終わらない",
}
HERE = "当センター"


def record_text(
    visits: Sequence[Visit],
    *,
    done: Examination | None,
    conclusion: Conclusion | None,
    at: datetime,
    exercise: bool = False,
) -> str:
    """The record as text. Everything that a visit has measured stands in it, but for the body. An exercise says so."""
    told: dict[str, object] = {"訓練": WRITTEN} if exercise else {}
    told["確認日時"] = _time(at)
    if conclusion is not None:
        told |= {"判定": str(Verdict(conclusion.verdict).label), "内容": conclusion.sentence}
    told["試行"] = [visit_told(visit) for visit in visits]
    if done is not None:
        told["ほかの経路・地点での確認"] = [visit_told(visit) for visit in done.beside]
        told["対照ページ（WAF を経由しない）"] = _opened(done.controls_open)
        told["対照ページ（WAF を経由する）"] = _opened(done.waf_controls_open)
        told["備考"] = list(done.notes)
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"


def visit_told(visit: Visit) -> dict[str, object]:
    """One visit, by Japanese names."""
    found = {None: "対象外", True: "あり", False: "なし"}
    return {
        "日時": _time(visit.at),
        "URL": visit.url,
        "経路": str(ProbePath(visit.path).label),
        "確認地点": visit.vantage or HERE,
        "接続先": visit.address,
        "応答元": str(Via(visit.via).label),
        "ページの種類": str(PageKind(visit.page).label),
        "結果": TROUBLES[visit.trouble] or "応答あり",
        "応答コード": visit.status,
        "応答サイズ（バイト）": visit.size_bytes,
        "名前解決（ミリ秒）": visit.dns_ms,
        "接続（ミリ秒）": visit.connect_ms,
        "TLS（ミリ秒）": visit.tls_ms,
        "最初の応答（ミリ秒）": visit.first_byte_ms,
        "合計（ミリ秒）": visit.total_ms,
        "表示されるべき文言": found[visit.text_found],
    }


def headers_text(visit: Visit) -> str:
    """Status and headers as they came, one a line; control characters are made visible."""
    lines = [f"URL: {visit.url}", f"HTTP {visit.status}", *(f"{name}: {value}" for name, value in visit.headers)]
    return "".join(f"{''.join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in each)}\n" for each in lines)


def _opened(*opened: bool) -> str:
    return "問題なし" if all(opened) else "応答なし"


def _time(at: datetime) -> str:
    return f"{at.astimezone(JST):%Y/%m/%d %H:%M:%S}"
