"""Japanese sentences of incidents: for the SOC's alarms, and for the person who is called."""

from datetime import datetime, timedelta

from sakimori.incidents.models import Decision, Incident, IncidentKind, Verdict
from sakimori.lib.jst import JST, written
from sakimori.notify.exercise import MARK, SPOKEN

NOT_PROBED = "インターネットから接続できないサイトとして登録されているため、表示の確認は行っていません。"
_WHAT = {
    IncidentKind.DDOS: "DDoS 攻撃を検知しました",
    IncidentKind.SITE_DOWN: "サイトの表示に問題があります",
    IncidentKind.ORIGIN_DOWN: "オリジンサーバーがすべて応答していません",
    IncidentKind.VENDOR: "WAF ベンダーの障害の可能性があります",
    IncidentKind.OWN: "当サービスが停止していました",
}
_STATE = {Verdict.NOT_DISPLAYED: "表示できない状態", Verdict.SLOW: "表示が極端に遅い状態"}
_ASK = "お客様へ連絡するかを判断してください。"
NOTHING_WAITS = "判断を待っているインシデントはありません。"
HOLD_OVER = "多数サイトの同時障害は解消しました。保留中の連絡はありません。"


def alarm(incident: Incident) -> str:
    """One sentence for the alarms bar."""
    mark = MARK if incident.is_exercise else ""
    sentence = f"{mark}{_whose(incident)}{_WHAT[IncidentKind(incident.kind)]}。{incident.sentence}"
    if incident.decision == Decision.WAITING:
        return sentence + _ASK
    return sentence + ("お客様への連絡を開始しました。" if incident.told_at else "")


def group_alarm(kind: IncidentKind, contracts: int, sentence: str) -> str:
    """The one alarm of a cause that meets several contracts."""
    return f"{_WHAT[kind]}（対象 {contracts} 契約）。{sentence}{_ASK}"


def hold_alarm(why: str, held: int) -> str:
    """Many sites are bad at once. why: what speaks for one common cause."""
    return (
        f"WAF ベンダーの障害の可能性があります（{why}）。{held} サイトのお客様への連絡を保留しています。"
        "まとめて連絡するかを判断してください。"
    )


def suspicion_alarm(longest: timedelta) -> str:
    """Many sites are being looked at after attacks at once, and the first is bad. longest: so long it is only that."""
    return (
        "多数サイトの同時障害の可能性があります。ほかのサイトの確認結果が出るまで、"
        f"最長 {longest.total_seconds() / 60:g} 分間、お客様への連絡を保留しています。"
    )


def undecided_alarm(number: int, oldest: Incident) -> str:
    """Decisions that nobody has made, although somebody has taken the alarms."""
    return (
        f"お客様へ連絡するかの判断を待っているインシデントが {number} 件あります。"
        f"{_whose(oldest)}{_WHAT[IncidentKind(oldest.kind)]}（{written(oldest.opened_at)}）。{_ASK}"
    )


def endless_alarm(number: int, oldest: Incident) -> str:
    """Attacks that nobody reports any more on sites that no visit can judge."""
    return (
        f"検知は止まりましたが、サイトの表示を判定できないため自動では終了しないインシデントが {number} 件あります。"
        f"{_whose(oldest)}サイトの表示を確認し、終了を判断してください。"
    )


def planned_alarm(incident: Incident) -> str:
    """A site under attack is bad while it is stopped as planned."""
    mark = MARK if incident.is_exercise else ""
    return (
        f"{mark}{_whose(incident)}計画停止中に DDoS 攻撃を検知しました。{incident.sentence}"
        "お客様への連絡は行っていません。停止の終了後も異常が続く場合は、自動で連絡します。"
    )


def unknown_site(customer: str, site: str, *, where: str) -> str:
    """A signal that names a site which this contract does not have. where: who names it."""
    return f"{customer} の{where}に、登録されていないサイト（{site[:100]}）の DDoS 攻撃または障害が記録されています。"


def vendor_sentence(failures: int) -> str:
    """What is known of a vendor's outage, for one contract."""
    return f"WAF のログを続けて {failures} 回取得できませんでした。"


def own_sentence(stopped_at: datetime, back_at: datetime) -> str:
    """What is known of an outage of our own."""
    minutes = max(1, round((back_at - stopped_at).total_seconds() / 60))
    return f"{written(stopped_at)} から {written(back_at)} まで（約 {minutes} 分間）、監視が停止していました。"


def call_subject(incident: Incident) -> str:
    """One line for the SOC's pages about calls."""
    mark = MARK if incident.is_exercise else ""
    return f"{mark}{incident.get_kind_display()}（{_site(incident)}）"


def call_words(incident: Incident) -> str:
    """What the called person hears, between the opening and the keys."""
    return (
        f"{SPOKEN if incident.is_exercise else ''}"
        f"{incident.contract.customer.name} 様のサイト、{_site(incident)} について、"
        f"{_WHAT[IncidentKind(incident.kind)]}。{_seen(incident)}"
        "詳しくは、お送りするメールと MSS ポータルのチケットをご確認ください。"
    )


def _seen(incident: Incident) -> str:
    """What the visit showed, and when: the call may come late."""
    state = _STATE.get(Verdict(incident.verdict))
    if state is None or incident.verdict_at is None:
        return ""
    at = incident.verdict_at.astimezone(JST)
    when = f"{at.month} 月 {at.day} 日 {at.hour} 時 {at.minute} 分"
    return f"{when}の確認で、サイトが{state}であることを確認しました。{_since_then(incident)}"


def _since_then(incident: Incident) -> str:
    """What became of it: that the site is well is said only where visits have shown it."""
    if incident.ended_at is None:
        return ""
    return "その後、回復を確認しております。" if incident.normal_in_a_row else "その後、新たな検知はありません。"


def _whose(incident: Incident) -> str:
    return f"{incident.contract.customer.name} {_site(incident)}：" if incident.site else ""


def _site(incident: Incident) -> str:
    return incident.site.domain if incident.site else f"契約 {incident.contract.number}"
