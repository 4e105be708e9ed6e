"""The form of a hearing sheet: its sheets, their columns, hints and examples. Reading and template both follow it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sakimori.customers.sheet import cells

YES_NO = ("はい", "いいえ")
PHONE_KINDS: Mapping[str, str] = {"直通・携帯": "direct", "代表・内線・音声案内": "person"}
ROLES: Mapping[str, str] = {"閲覧者": "reader", "承認者": "approver", "管理者": "admin"}
_LARGEST_ID = 10**15


@dataclass(frozen=True, slots=True)
class Column:
    """One thing that is asked for. `blank`: what an empty cell means, where it may be empty.

    `once`: no two lines may say the same. `newer`: older sheets have no such heading and say nothing of it.
    """

    key: str
    heading: str
    hint: str
    example: str
    read: cells.Read
    required: bool = True
    blank: object = ""
    once: bool = False
    newer: bool = False
    choices: tuple[str, ...] = ()
    width: int = 18


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet. A form asks once, downwards; a list asks for many lines, with headings on top."""

    name: str
    about: str
    columns: tuple[Column, ...]
    is_form: bool = False
    fewest: int = 0


def _yes_no(key: str, heading: str, hint: str, example: str, *, blank: bool) -> Column:
    return Column(key, heading, hint, example, cells.yes_or_no, required=False, blank=blank, choices=YES_NO)


FORM = Table(
    "契約",
    "お客様とご契約の内容をご記入ください。",
    (
        Column("customer.number", "お客様番号", "当社から通知した番号。半角英数字とハイフン。", "C-0001", cells.code),
        Column(
            "customer.name", "お客様名", "正式な会社名。書面の宛名になります。", "株式会社みなと商会", cells.name(200)
        ),
        Column(
            "contract.number", "契約番号", "当社から通知した番号。半角英数字とハイフン。", "K-2026-0001", cells.code
        ),
        Column("contract.starts_on", "開始日", "サービスを開始する日。", "2026/04/01", cells.day),
        Column("contract.plan_mbps", "契約帯域 (Mbps)", "全サイトの合計。整数。", "20", cells.whole(1, 100_000)),
        _yes_no("contract.keeps_logs", "ログ保管オプション", "ログを過去 3 か月分保管する。", "はい", blank=False),
        _yes_no(
            "contract.has_load_balancing",
            "Load Balancing ライセンス",
            "WAF の追加ライセンスがある。",
            "いいえ",
            blank=False,
        ),
        _yes_no(
            "contract.keeps_access_lines",
            "アクセスログ",
            "攻撃以外のアクセスログもベンダーから届く。",
            "いいえ",
            blank=False,
        ),
        Column(
            "customer.special_note",
            "特記事項",
            "お電話や遮断の前に担当者が確認する事項。任意。",
            "夜間は守衛室におかけください。",
            cells.name(1000),
            required=False,
            blank=None,
            newer=True,
        ),
    ),
    is_form=True,
)
SITES = Table(
    "サイト",
    "監視する Web サイトを、1 行に 1 つご記入ください。",
    (
        Column("domain", "ドメイン", "https:// やパスは不要です。", "www.example.jp", cells.domain, width=28),
        Column(
            "vendor_site_id", "サイトID", "WAF の管理画面の番号。", "123456", cells.whole(1, _LARGEST_ID), once=True
        ),
        _yes_no("reachable", "インターネットから接続可能", "空欄は「はい」。", "はい", blank=True),
        _yes_no("watched", "平常時の計測の同意", "ふだんも表示を確認してよい。空欄は「いいえ」。", "はい", blank=False),
        Column(
            "probe_url",
            "確認する URL",
            "空欄はトップページ。",
            "https://www.example.jp/shop/",
            cells.page,
            required=False,
            width=32,
        ),
        Column(
            "expected_text",
            "表示されるべき文言",
            "ページが正しければ必ずある語。",
            "みなと商会",
            cells.name(100),
            required=False,
        ),
    ),
    fewest=1,
)
CONTACTS = Table(
    "連絡先",
    "障害やインシデントのご連絡先です。お電話は優先度の順に、チケットのメールは全員にお送りします。",
    (
        Column("priority", "優先度", "1 から。お電話の順。", "1", cells.whole(1, 999), once=True, width=8),
        Column("name", "氏名", "部署名も可。", "港 直美", cells.name(100)),
        Column("kana", "フリガナ", "全角カタカナ。", "ミナト ナオミ", cells.kana, required=False),
        Column(
            "phone",
            "電話番号",
            "市外局番から。空欄の方にはお電話しません。",
            "03-0000-0000",
            cells.phone,
            required=False,
        ),
        Column("email", "メールアドレス", "お一人に 1 つ。", "naomi@example.jp", cells.mail, once=True, width=30),
        Column(
            "phone_kind",
            "電話の種類",
            "空欄は直通・携帯。",
            "直通・携帯",
            cells.one_of(PHONE_KINDS),
            required=False,
            blank="direct",
            newer=True,
            choices=tuple(PHONE_KINDS),
        ),
        Column(
            "phone_note",
            "かけ方",
            "代表・内線・音声案内のとき。",
            "内線 12",
            cells.name(200),
            required=False,
            newer=True,
        ),
        Column(
            "second_phone",
            "2 番目の電話番号",
            "直接つながる番号。",
            "090-0000-0000",
            cells.phone,
            required=False,
            newer=True,
        ),
        Column(
            "hours",
            "電話できる時間帯",
            "空欄は 24 時間。",
            "月-金 09:00-18:00",
            cells.call_hours,
            required=False,
            newer=True,
            width=24,
        ),
        Column(
            "on_holidays",
            "祝日の電話",
            "空欄は「はい」。",
            "はい",
            cells.yes_or_no,
            required=False,
            blank=True,
            newer=True,
            choices=YES_NO,
        ),
        Column(
            "sites",
            "担当サイト",
            "ドメインを「、」で区切る。空欄は全サイト。",
            "www.example.jp",
            cells.domains,
            required=False,
            blank=(),
            newer=True,
            width=28,
        ),
    ),
    fewest=1,
)
USERS = Table(
    "ポータル利用者",
    "MSS ポータルにログインされる方です。ログインIDとパスワードを書面でお届けします。",
    (
        Column("name", "氏名", "姓と名の間に空白。", "港 直美", cells.name(100), once=True),
        Column(
            "role",
            "権限",
            "承認者と管理者は、遮断の解除を依頼できます。",
            "管理者",
            cells.one_of(ROLES),
            choices=tuple(ROLES),
        ),
    ),
)
NETWORKS = Table(
    "登録済みアドレス",
    "業務に必要な接続元です。ここにあるアドレスは遮断しません。",
    (
        Column("network", "アドレス", "1 つ、または範囲。", "192.0.2.0/28", cells.network, once=True, width=28),
        Column("note", "用途", "何のための接続か。", "本社からの更新作業", cells.name(200), required=False, width=32),
    ),
)
LISTS = (SITES, CONTACTS, USERS, NETWORKS)
TABLES = (FORM, *LISTS)
