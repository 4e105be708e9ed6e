"""What each kind of attack means, for a reader who is no security expert: reviewed texts in four parts.

Ticket page and mail print three of them, and in place of the handling what became of the addresses that they name
(`handled.py`); the page prints the handling of a kind that names no address. They say nothing of a single case, so they
are true whatever was decided.
"""

from dataclasses import dataclass

from sakimori.logs.attack_kinds import AttackKind


@dataclass(frozen=True, slots=True)
class KindText:
    """A kind of attack for people.

    explanation: what it is. risk: what could happen. handling: what we do about it. check: what the customer should
    look at.
    """

    code: str
    label: str
    explanation: str
    risk: str
    handling: str
    check: str


def explain(code: str) -> KindText:
    """Words for a stored kind. A code that is not known (any more) is explained as `other`."""
    kind = _KINDS.get(code, AttackKind.OTHER)
    return KindText(kind.value, kind.label, *EXPLANATIONS.get(kind.value, EXPLANATIONS["other"]))


_KINDS = {kind.value: kind for kind in AttackKind}
_LISTED = (
    "攻撃元の IP アドレスを、WAF のブラックリストへ登録する対象としています。"
    "登録したアドレスからの通信は、攻撃かどうかにかかわらず遮断されます。"
)
_JUDGED = (
    "内容を SOC で確認し、攻撃元の IP アドレスをブラックリストへ登録するかどうかを判断しています。"
    "登録したアドレスからの通信は、攻撃かどうかにかかわらず遮断されます。"
)
_WATCHED = "検知の内容を記録し、推移を確認しています。ほかの攻撃も見られたときは、ブラックリストへの登録を判断します。"
EXPLANATIONS = {
    "sql_injection": (
        "入力欄や URL に命令文を混ぜてデータベースを不正に操作し、情報の盗み出しや改ざんをねらう攻撃です。",
        "成功すると、会員情報などの漏えいや書き換え、サイトの乗っ取りにつながるおそれがあります。",
        _LISTED,
        (
            "「通過」の通信があるときは、その時刻のデータベースとアプリケーションのログに、"
            "心当たりのない操作やエラーがないかをご確認ください。"
        ),
    ),
    "cross_site_scripting": (
        "ページに不正なプログラムを埋め込み、閲覧者の情報を盗む、偽の画面を見せるなどの攻撃です。",
        "成功すると、サイトをご覧になった方のログイン状態を奪われたり、偽の入力画面へ誘導されたりするおそれがあります。",
        _LISTED,
        (
            "「通過」の通信があるときは、掲示板やお問い合わせ欄など書き込みができるページに、"
            "見覚えのない内容がないかをご確認ください。"
        ),
    ),
    "illegal_resource_access": (
        "設定ファイルや管理画面など、公開していないはずの場所へのアクセスを試みる攻撃です。",
        "公開されたままの設定ファイルや控えのファイルがあると、パスワードなどを読み取られるおそれがあります。",
        _JUDGED,
        "「通過」の通信があるときは、設定ファイルやバックアップ、管理画面が外部から開ける場所に置かれていないかをご確認ください。",
    ),
    "remote_file_inclusion": (
        "外部に置いた不正なファイルをサーバーに読み込ませ、乗っ取りをねらう攻撃です。",
        "成功すると、サーバー上で不正なプログラムを動かされ、改ざんや情報の持ち出しにつながるおそれがあります。",
        _LISTED,
        (
            "「通過」の通信があるときは、サーバーに見覚えのないファイルが増えていないか、"
            "外部への不審な通信がないかをご確認ください。"
        ),
    ),
    "backdoor": (
        "サーバーに仕掛けられた裏口（バックドア）を使い、外部から操作しようとする攻撃です。",
        "裏口がすでに置かれている場合は、サーバーを自由に操作されるおそれがあります。",
        _LISTED,
        (
            "WAF が遮断した場合でも、公開フォルダに見覚えのないプログラムファイルがないかをご確認ください。"
            "見つかったときは削除せず、SOC へご連絡ください。"
        ),
    ),
    "bot_access_control": (
        "許可していない自動プログラム（ボット）によるアクセスです。攻撃の下調べに使われます。",
        "サイトの構成を調べられたり、アクセスの増加で表示が遅くなったりすることがあります。",
        _WATCHED,
        "お取引先や監視サービスの自動アクセスが含まれていないかをご確認ください。あれば SOC へお知らせください。",
    ),
    "bad_bot": (
        "悪意のある自動プログラム（ボット）によるアクセスです。不正ログインの試行などに使われます。",
        "不正ログインや買い占め、掲載内容の無断収集などに使われることがあります。",
        _WATCHED,
        "ログインの失敗やお申し込みが、普段より急に増えていないかをご確認ください。",
    ),
    "ddos": (
        "大量の通信を送りつけて、サイトを表示できない状態や遅い状態にする攻撃です。",
        "攻撃が続く間、サイトが表示できない、または極端に遅くなるおそれがあります。",
        (
            "WAF が攻撃の通信を抑えています。サイトが表示できるかどうかを SOC が確認し、"
            "影響があるときは別のチケットとお電話でお知らせします。"
        ),
        "サイトの表示に普段と違う点があれば、SOC へお知らせください。",
    ),
    "acl": (
        "接続元の国やアドレスなど、あらかじめ決めた条件に当てはまったアクセスです。",
        "条件に沿って処理されたもので、それだけで被害につながるものではありません。",
        _WATCHED,
        "海外の拠点やお取引先など、必要なアクセスが条件に当てはまっていないかをご確認ください。",
    ),
    "custom_rule": (
        "お客様のサイト向けに個別に設定したルールに当てはまったアクセスです。",
        "影響はルールの内容によって異なります。ルールがねらいどおりに働いた結果の場合もあります。",
        _JUDGED,
        "必要なアクセスがルールに当てはまっていないかをご確認ください。ルールの見直しは SOC へご相談ください。",
    ),
    "api_violation": (
        "API の仕様に合わない要求です。プログラムの弱点を探る目的で送られることがあります。",
        "弱点が見つかると、情報の不正な取得や処理の妨害につながるおそれがあります。",
        _JUDGED,
        "アプリや連携先のプログラムを最近変更していないかをご確認ください。変更による場合は SOC へお知らせください。",
    ),
    "account_takeover": (
        "他人のログインIDとパスワードを使い、本人になりすましてログインしようとする攻撃です。",
        "ログインに成功されると、個人情報の閲覧や不正な注文などにつながるおそれがあります。",
        _JUDGED,
        (
            "検知した時刻にログインした利用者がいないかをご確認ください。"
            "不審なログインがあれば、パスワードの再設定をご案内ください。"
        ),
    ),
    "attack_analytics": (
        "WAF の分析機能が、関連する複数の攻撃をひとまとまりとして検知したものです。",
        "同じ相手が手口を変えながら、弱点を探し続けていることがあります。",
        _JUDGED,
        "「通過」の通信があるときは、対象サイトの同じ時間帯のログに不審な操作がないかをご確認ください。",
    ),
    "other": (
        "決まった分類に当てはまらない検知です。内容はアナリストが確認します。",
        "影響は内容によって異なります。確認の結果はチケットでお知らせします。",
        _JUDGED,
        "対象サイトの動作に普段と違う点があれば、SOC へお知らせください。",
    ),
}
