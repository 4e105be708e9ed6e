"""README.txt of a bundle, in Japanese, for whoever opens it years later."""

from dataclasses import dataclass
from datetime import datetime

from sakimori.lib.jst import written

_TEXT = """\
{service} ログのダウンロード（改ざん検知情報つき）

契約番号　　　：{contract}
対象期間　　　：{begins} ～ {ends}（日本時間）
検索条件　　　：{query}
形式　　　　　：{form}
件数　　　　　：{lines:,} 件
作成日時　　　：{made_at}（日本時間）

■ ファイル
{parts}
{originals}chain.json　　　受信したログファイルの改ざん検知情報（ハッシュの連鎖）
SHA256SUMS　　　この ZIP に入っている各ファイルの SHA-256
README.txt　　　この説明

■ CSV をご覧になる際のご注意
・文字コードは UTF-8（BOM つき）です。
・表計算ソフトが数式として実行しないように、「=」「+」「-」「@」（全角を含む）、タブ、改行または「'」で始まる項目には、
　先頭に「'」を 1 文字付けています。元の文字列に戻すには、先頭の「'」を 1 文字だけ取り除いてください。
・「原文」の列、または原文形式のファイルが、WAF から届いたままの内容です。
・攻撃者が入力した文字列を含みます。記載されている URL などは開かないでください。

■ 改ざん検知情報について
SOC は、受信したログファイルを保存するたびに、ファイルの SHA-256、行数、受信日時などを、ひとつ前の記録のハッシュと
ともに記録しています。記録は契約ごと・日ごとに連なり、各日は前日につながっているため、途中の記録を書き換えたり、
取り除いたりすると、それ以降のつながりが合わなくなります。
・chain.json の days は日ごとの記録、links はファイルごとの記録です。exported_lines は、そのファイルのうち
　この ZIP に含まれる行数です。
・received-番号.bin は、WAF から受信したままのログファイルです（番号は CSV の「受信ファイル番号」）。その SHA-256 が
　links の sha256 と一致すれば、その中のどの行も、受信した時のままであることを確認できます。受信した時に圧縮または
　暗号化されていたものは、そのまま収録しています。SOC が受信ファイルを残す期間を過ぎたものは収録していません
　（収録：{kept} / {files} ファイル）。
・改ざん検知の記録がないファイルの行：{unlinked:,} 件（記録を始める前に保存されたもの、または保管期間を過ぎたもの）
・この記録からわかるのは、SOC が受信して保存した時点より後に、受信ファイルの記録が変えられていないことです。
　WAF から SOC に届くまでの間については、この記録からはわかりません。
・最新日の記録のハッシュ（作成時点）：
　{head}
・この ZIP を SOC にお渡しいただければ、保管期間内は、SOC が持つ記録と一致することを確認できます。

■ 確認の方法
・ファイルが変わっていないこと：　sha256sum -c SHA256SUMS
・すべて：　　　　　　　　　　　　sakimori logs verify この ZIP のファイル名
・自作のプログラムで確認する場合：ハッシュは、バージョンを表す 1 バイト（0x01）、「sakimori log link」または
　「sakimori log day」、改行（0x0A）、記録の JSON を、この順につないだものの SHA-256 です。JSON は、キーを昇順に並べ、
　空白を入れず、ASCII 以外の文字を \\uXXXX と書いたものです。digest と exported_lines は含めません。
"""


@dataclass(frozen=True, slots=True)
class About:
    """What a bundle holds. parts: names and numbers of lines. head: the digest of the newest day, empty if none.

    originals: files as they were received, of so many that gave lines.
    """

    service: str
    contract: str
    begins: datetime
    ends: datetime
    query: str
    form: str
    made_at: datetime
    parts: tuple[tuple[str, int], ...]
    unlinked: int
    originals: int
    files: int
    head: str


def readme(about: About) -> str:
    """The text, with line ends that every editor shows."""
    parts = "\n".join(f"{name}　{lines:,} 件" for name, lines in about.parts) or "（該当するログはありません）"
    text = _TEXT.format(
        service=about.service,
        contract=about.contract,
        begins=written(about.begins),
        ends=written(about.ends),
        query=about.query or "なし",
        form=about.form,
        lines=sum(lines for _, lines in about.parts),
        made_at=written(about.made_at),
        parts=parts,
        unlinked=about.unlinked,
        originals="received-*.bin　受信したままのログファイル\n" if about.originals else "",
        kept=f"{about.originals:,}",
        files=f"{about.files:,}",
        head=about.head or "（なし）",
    )
    return text.replace("\n", "\r\n")
