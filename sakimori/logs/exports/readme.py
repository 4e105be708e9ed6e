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
{places}{originals}chain.json　　　受信したログファイルの改ざん検知情報（ハッシュの連鎖）
SHA256SUMS　　　この ZIP に入っている各ファイルの SHA-256
README.txt　　　この説明

■ CSV をご覧になる際のご注意
・文字コードは UTF-8（BOM つき）です。
・表計算ソフトが数式として実行しないように、「=」「+」「-」「@」（全角を含む）、タブ、改行または「'」で始まる項目には、
　先頭に「'」を 1 文字付けています。元の文字列に戻すには、先頭の「'」を 1 文字だけ取り除いてください。
・16 桁以上の識別子など、表計算ソフトが数値とみなして桁を丸める項目にも、同じように「'」を付けています。
・「原文」の列、または原文形式のファイルが、WAF から届いたままの内容です。そのほかの列は、SOC のプログラムが原文から
　読み取った内容です（解析バージョン：{parsers}。ファイルごとのバージョンは chain.json の parser_version）。
・攻撃者が入力した文字列を含みます。記載されている URL などは開かないでください。

■ 改ざん検知情報について
SOC は、受信したログファイルを保存するたびに、ファイルの SHA-256、行数、受信日時などを、ひとつ前の記録のハッシュと
ともに記録しています。記録は契約ごと・日ごとに連なり、各日は前日につながっているため、途中の記録を書き換えたり、
取り除いたりすると、それ以降のつながりが合わなくなります。
・chain.json の days は日ごとの記録、links はファイルごとの記録です。exported_lines は、そのファイルのうち
　この ZIP に含まれる行数です。
・received-番号.bin は、WAF から受信したままのログファイルです（番号は「受信ファイル番号」）。その SHA-256 が links の
　sha256 と一致すれば、ファイルは受信した時のままです。受信した時に圧縮または暗号化されていたものは、
　そのまま収録しています（収録：{kept} / {files} ファイル）。
・1 行ずつ届く受信経路（HEC、syslog）では、短い時間に届いた行を SOC が 1 つのファイルにまとめています。
　W3C 形式のファイルが「#Remark: Sakimori repeats here」で始まる場合、その行は SOC が加えたもので、続く見出しの行
　（#Version、#Fields）は、同じ接続で以前に届いたものの写しです。
{left_out}・改ざん検知の記録がないファイルの行：{unlinked:,} 件
　（記録を始める前に保存されたもの、または保管期間を過ぎたもの）
・この記録からわかるのは、SOC が受信して保存した時点より後に、受信ファイルの記録が変えられていないことです。
　WAF から SOC に届くまでの間については、この記録からはわかりません。
・最新日の記録のハッシュ（作成時点）：
　{head}

■ 確認できること
・受信ファイルが入っている行：原文が、受信ファイルの同じ行番号の行と一致すること。CSV の場合は、ほかの項目も、
　その原文から読み取った内容と一致すること（sakimori logs verify が 1 行ずつ照合します）。
　SOC のプログラムの解析バージョンが、行を読み取った時のものと違う場合、原文以外の項目は照合できないことがあります。
・ファイルごとの行数が、chain.json の記載と一致すること。

■ この ZIP だけでは確認できないこと
・受信ファイルが入っていない行と、受信ファイルが暗号化されている行の内容
　（sakimori logs verify は「NOT PROVABLE」として件数を示し、「ok」ではなく「??」と表示します）。
・検索条件に合う行がすべて入っていること。chain.json、SHA256SUMS、README.txt には署名がないため、行とその記載をともに
　取り除いたものは、この ZIP だけでは見分けられません。
・連鎖が SOC のものであること。受信ファイルと chain.json の全体を作り直したものは、最新日の記録のハッシュを SOC の記録と
　比べるまで見分けられません。
・この ZIP を SOC にお渡しいただければ、保管期間内は、作成した時の記録（ZIP と SHA256SUMS の SHA-256）および SOC が持つ
　ハッシュの連鎖と一致すること、つまり作成した時から何も変わっていないことを確認できます。

■ 確認の方法
・この ZIP の中で合っていること：　sha256sum -c SHA256SUMS
　（SHA256SUMS も書き換えられた場合は、これだけではわかりません）
・すべて：　　　　　　　　　　　　sakimori logs verify この ZIP のファイル名
　（終了コード：0 すべて確認、1 不一致あり、3 不一致はないが、確認できない行あり）
・自作のプログラムで確認する場合：ハッシュは、バージョンを表す 1 バイト（0x01）、「sakimori log link」または
　「sakimori log day」、改行（0x0A）、記録の JSON を、この順につないだものの SHA-256 です。JSON は、キーを昇順に並べ、
　空白を入れず、ASCII 以外の文字を \\uXXXX と書いたものです。digest、exported_lines、parser_version は含めません。
"""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Files that gave lines and are not in the bundle. too_many: because of a limit, which is given in MiB and files.

    gone: no longer kept. unlinked: not in the chain.
    """

    too_many: int
    gone: int
    unlinked: int
    most_mib: int
    most_files: int

    def in_words(self) -> str:
        """A line for each reason that there is."""
        most = f"合計 {self.most_mib:,} MiB、{self.most_files:,} ファイル。小さいものから収録"
        reasons = (
            (self.too_many, f"大きさまたは数の上限（{most}）を超えたもの"),
            (self.gone, "SOC が受信ファイルを残す期間を過ぎ、すでに削除したもの"),
            (self.unlinked, "改ざん検知の記録がないもの"),
        )
        lines = [f"　　{reason}：{count:,} ファイル\n" for count, reason in reasons if count]
        return "".join(["　収録していない受信ファイルとその理由：\n", *lines]) if lines else ""


@dataclass(frozen=True, slots=True)
class About:
    """What a bundle holds. parts: names and numbers of lines. parsers: our parsers that made the columns (None: before
    they were counted). places: whether lists of places go with them. head: the digest of the newest day, empty if
    none. originals: files as they were received, of so many that gave lines; left_out: why the others are not there.
    """

    service: str
    contract: str
    begins: datetime
    ends: datetime
    query: str
    form: str
    made_at: datetime
    parts: tuple[tuple[str, int], ...]
    parsers: tuple[int | None, ...]
    places: bool
    unlinked: int
    originals: int
    files: int
    left_out: LeftOut
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
        parsers="、".join("記録なし" if version is None else str(version) for version in about.parsers) or "―",
        unlinked=about.unlinked,
        places="places-*.csv　　 各行の受信ファイル番号と行番号（原文形式のファイルと同じ順）\n"
        if about.places
        else "",
        originals="received-*.bin　受信したままのログファイル\n" if about.originals else "",
        kept=f"{about.originals:,}",
        files=f"{about.files:,}",
        left_out=about.left_out.in_words(),
        head=about.head or "（なし）",
    )
    return text.replace("\n", "\r\n")
