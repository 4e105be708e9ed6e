"""What each kind of attack means, in one sentence for a reader who is no security expert."""

from dataclasses import dataclass

from sakimori.logs.attack_kinds import AttackKind


@dataclass(frozen=True, slots=True)
class KindText:
    """A kind of attack for people: its name and what it would have done."""

    code: str
    label: str
    explanation: str


def explain(code: str) -> KindText:
    """Words for a stored kind. A code that is not known (any more) is explained as `other`."""
    kind = _KINDS.get(code, AttackKind.OTHER)
    return KindText(kind.value, kind.label, EXPLANATIONS.get(kind.value, EXPLANATIONS["other"]))


_KINDS = {kind.value: kind for kind in AttackKind}
EXPLANATIONS = {
    "sql_injection": "入力欄などに命令文を混ぜてデータベースを不正に操作し、情報の盗み出しや改ざんをねらう攻撃です。",
    "cross_site_scripting": "ページに不正なプログラムを埋め込み、閲覧者の情報を盗む、偽の画面を見せるなどの攻撃です。",
    "illegal_resource_access": "設定ファイルや管理画面など、公開していないはずの場所へのアクセスを試みる攻撃です。",
    "remote_file_inclusion": "外部に置いた不正なファイルをサーバーに読み込ませ、乗っ取りをねらう攻撃です。",
    "backdoor": "サーバーに仕掛けられた裏口（バックドア）を使い、外部から操作しようとする攻撃です。",
    "bot_access_control": "許可していない自動プログラム（ボット）によるアクセスです。攻撃の下調べに使われます。",
    "bad_bot": "悪意のある自動プログラム（ボット）によるアクセスです。不正ログインの試行などに使われます。",
    "ddos": "大量の通信を送りつけて、サイトを表示できない状態や遅い状態にする攻撃です。",
    "acl": "接続元の国やアドレスなど、あらかじめ決めた条件に当てはまったアクセスです。",
    "custom_rule": "お客様のサイト向けに個別に設定したルールに当てはまったアクセスです。",
    "api_violation": "API の仕様に合わない要求です。プログラムの弱点を探る目的で送られることがあります。",
    "account_takeover": "他人のログインIDとパスワードを使い、本人になりすましてログインしようとする攻撃です。",
    "attack_analytics": "WAF の分析機能が、関連する複数の攻撃をひとまとまりとして検知したものです。",
    "other": "決まった分類に当てはまらない検知です。内容はアナリストが確認します。",
}
