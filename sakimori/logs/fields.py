"""The one table of columns: every column of an event with its type, Japanese label and vendor keys.

Parsers, the table's DDL, JSON output and documentation are derived from `FIELDS`; nothing else lists columns.
Text that the vendor did not send is "". A number, time or address that it did not send, or that cannot be read, is
None.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, NamedTuple, get_type_hints

from sakimori.logs.attack_kinds import AttackKind, Outcome

_JAPANESE = "[ぁ-んァ-ヶー一-龠]"
_BETWEEN = re.compile(f"(?<=[A-Za-z])(?={_JAPANESE})|(?<={_JAPANESE})(?=[A-Za-z])")


class Kind(StrEnum):
    """How a column is read, stored and printed."""

    TEXT = "text"
    WORD = "word"  # Text with few different values.
    JSON = "json"  # JSON as text, kept as sent.
    INT = "int"
    PORT = "port"  # A small number: 0 to 65535.
    FLOAT = "float"
    TIME = "time"
    ADDRESS = "address"  # Canonical text of an IPv4 or IPv6 address.
    LIST = "list"  # Texts; the slots of parallel lists belong together by position.
    MAP = "map"


@dataclass(frozen=True, slots=True)
class Field:
    """One column. `leef` is what LEEF calls it where that differs; `tags` are the csN labels that announce it.

    free: a visitor may have typed the value, so an unknown ` word=` in it is part of it.
    early: the vendor writes it before any text of the visitor, so of two occurrences the first is the vendor's.
    For all other columns the last one is.
    """

    label: str
    kind: Kind = Kind.TEXT
    cef: tuple[str, ...] = ()
    leef: tuple[str, ...] = ()
    w3c: tuple[str, ...] = ()
    json: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    free: bool = False
    early: bool = False
    name: str = ""

    @property
    def on_pages(self) -> str:
        """The label as pages spell words: リクエスト ID, 攻撃種別（すべて）.

        `label` itself has no spaces; it stands in the store's schema and in the headings of downloads.
        """
        return _BETWEEN.sub(" ", self.label).replace("(", "（").replace(")", "）")


_EMPTY_MAP: MappingProxyType[str, str] = MappingProxyType({})


class Event(NamedTuple):
    """One log line in our words. A named tuple, because building it is several times cheaper than a dataclass."""

    time: Annotated[
        datetime,
        Field(
            "発生時刻",
            Kind.TIME,
            cef=("start",),
            w3c=("cs-start",),
            json=("@timestamp", "timestamp", "event.timestamp", "event.start", "time"),
        ),
    ]
    end_time: Annotated[
        datetime | None, Field("終了時刻", Kind.TIME, cef=("end",), w3c=("cs-end",), json=("event.end",))
    ] = None
    request_id: Annotated[
        str,
        Field(
            "リクエストID",
            cef=("deviceExternalId", "deviceExternalID"),
            json=("event.id", "http.request.id", "imperva.request_id"),
        ),
    ] = ""
    session_id: Annotated[
        str,
        Field(
            "セッションID",
            cef=("fileId", "fileid"),
            w3c=("cs-sessionid",),
            early=True,
            json=("imperva.session_id", "imperva.request_session_id"),
        ),
    ] = ""
    name: Annotated[str, Field("検知名", Kind.WORD, w3c=("cs-name", "s-name"))] = ""
    severity: Annotated[int | None, Field("ベンダー内部ルール番号", Kind.INT)] = None
    attack_kind: Annotated[AttackKind, Field("攻撃種別", Kind.WORD)] = AttackKind.NONE
    attack_kinds: Annotated[tuple[AttackKind, ...], Field("攻撃種別(すべて)", Kind.LIST)] = (AttackKind.NONE,)
    outcome: Annotated[Outcome, Field("結果", Kind.WORD)] = Outcome.UNKNOWN
    act: Annotated[str, Field("処理内容", Kind.WORD, cef=("act",), leef=("cat",), w3c=("sc-action",))] = ""
    site: Annotated[
        str,
        Field(
            "サイト",
            Kind.WORD,
            cef=("sourceServiceName",),
            w3c=("s-computername",),
            early=True,
            json=("server.domain", "imperva.ids.site_name", "url.domain"),
        ),
    ] = ""
    site_id: Annotated[
        int | None,
        Field("サイトID", Kind.INT, cef=("siteid",), w3c=("s-siteid",), early=True, json=("imperva.ids.site_id",)),
    ] = None
    account_id: Annotated[
        int | None,
        Field("アカウントID", Kind.INT, cef=("suid",), w3c=("s-suid",), early=True, json=("imperva.ids.account_id",)),
    ] = None
    account_name: Annotated[
        str,
        Field("アカウント名", Kind.WORD, cef=("Customer",), w3c=("s-accountname",), json=("imperva.ids.account_name",)),
    ] = ""
    client_ip: Annotated[str | None, Field("接続元IPアドレス", Kind.ADDRESS)] = None
    client_ip_text: Annotated[
        str, Field("接続元IPアドレス(原文)", cef=("src",), w3c=("c-ip",), json=("client.ip", "source.ip"))
    ] = ""
    client_port: Annotated[
        int | None,
        Field(
            "接続元ポート",
            Kind.PORT,
            cef=("cpt",),
            leef=("srcPort",),
            w3c=("c-port",),
            json=("client.port", "source.port"),
        ),
    ] = None
    xff: Annotated[str, Field("X-Forwarded-For", Kind.TEXT, free=True, cef=("xff",), w3c=("s-xff",))] = ""
    country: Annotated[
        str,
        Field(
            "国",
            Kind.WORD,
            cef=("ccode",),
            leef=("calCountryOrRegion",),
            w3c=("cs-countrycode",),
            json=("client.geo.country_iso_code", "source.geo.country_iso_code"),
        ),
    ] = ""
    city: Annotated[
        str, Field("都市", Kind.WORD, cef=("cicode",), w3c=("cs-cicode",), json=("client.geo.city_name",))
    ] = ""
    latitude: Annotated[float | None, Field("緯度", Kind.FLOAT, cef=("cs7",), w3c=("cs-lat",), tags=("latitude",))] = (
        None
    )
    longitude: Annotated[
        float | None, Field("経度", Kind.FLOAT, cef=("cs8",), w3c=("cs-long",), tags=("longitude",))
    ] = None
    method: Annotated[
        str,
        Field(
            "メソッド",
            Kind.WORD,
            free=True,
            cef=("requestMethod", "requestmethod"),
            w3c=("cs-method",),
            json=("http.request.method",),
        ),
    ] = ""
    url: Annotated[
        str,
        Field(
            "URL",
            Kind.TEXT,
            free=True,
            cef=("request",),
            leef=("url",),
            w3c=("cs-uri",),
            json=("url.full", "url.original", "url.path"),
        ),
    ] = ""
    query: Annotated[
        str, Field("クエリ", Kind.TEXT, free=True, cef=("qstr",), w3c=("cs-uri-query",), json=("url.query",))
    ] = ""
    post_body: Annotated[str, Field("POST本文", Kind.TEXT, free=True, cef=("postbody",), w3c=("cs-postbody",))] = ""
    referrer: Annotated[
        str,
        Field(
            "リファラー",
            Kind.TEXT,
            free=True,
            cef=("ref",),
            w3c=("cs(referrer)", "cs(referer)"),
            json=("http.request.referrer",),
        ),
    ] = ""
    user_agent: Annotated[
        str,
        Field(
            "ユーザーエージェント",
            Kind.TEXT,
            free=True,
            cef=("requestClientApplication",),
            w3c=("cs(user-agent)",),
            json=("user_agent.original",),
        ),
    ] = ""
    client_app: Annotated[
        str,
        Field(
            "クライアントアプリ",
            Kind.WORD,
            cef=("cs6",),
            w3c=("cs-clapp",),
            tags=("clapp",),
            json=("user_agent.name", "imperva.classified_client"),
        ),
    ] = ""
    client_type: Annotated[str, Field("クライアント種別", Kind.WORD, cef=("dproc",), w3c=("cs-browsertype",))] = ""
    status: Annotated[
        int | None,
        Field("応答コード", Kind.PORT, cef=("cn1",), w3c=("sc-status",), json=("http.response.status_code",)),
    ] = None
    protocol: Annotated[str, Field("プロトコル", Kind.WORD, cef=("app",), leef=("proto",), w3c=("cs-version",))] = ""
    tls: Annotated[str, Field("TLS", Kind.WORD, cef=("ver",), leef=("protoVer",), w3c=("cs-protver",))] = ""
    origin_ip: Annotated[str, Field("オリジンIPアドレス", Kind.WORD, cef=("sip",), leef=("dst",), w3c=("s-ip",))] = ""
    origin_port: Annotated[
        int | None, Field("オリジンポート", Kind.PORT, cef=("spt",), leef=("dstPort",), w3c=("s-port",))
    ] = None
    response_bytes: Annotated[
        int | None, Field("応答サイズ(バイト)", Kind.INT, cef=("in",), w3c=("cs-bytes",), json=("http.response.bytes",))
    ] = None
    pop: Annotated[str, Field("PoP", Kind.WORD, cef=("deviceFacility",), leef=("popName",))] = ""
    rule_types: Annotated[
        tuple[str, ...], Field("ルール種別", Kind.LIST, cef=("fileType", "filetype"), w3c=("cs-attacktype",))
    ] = ()
    rule_ids: Annotated[
        tuple[str, ...], Field("ルールID", Kind.LIST, cef=("filePermission", "filepermission"), w3c=("cs-attackid",))
    ] = ()
    rule_names: Annotated[
        tuple[str, ...],
        Field(
            "ルール名",
            Kind.LIST,
            free=True,
            cef=("cs9",),
            w3c=("s-rulename",),
            tags=("Rule name",),
            json=("imperva.abp.bot_deciding_condition_names",),
        ),
    ] = ()
    rule_info: Annotated[
        str,
        Field("ルール詳細", Kind.JSON, free=True, cef=("cs11",), w3c=("cs-ruleinfo",), tags=("Rule Additional Info",)),
    ] = ""
    captcha_support: Annotated[str, Field("CAPTCHA対応", Kind.WORD, cef=("cs1",), tags=("Cap Support",))] = ""
    javascript_support: Annotated[
        str, Field("JavaScript対応", Kind.WORD, cef=("cs2",), tags=("Javascript Support",))
    ] = ""
    cookie_support: Annotated[str, Field("Cookie対応", Kind.WORD, cef=("cs3",), tags=("CO Support",))] = ""
    visitor_id: Annotated[str, Field("訪問者ID", Kind.TEXT, cef=("cs4",), w3c=("cs-vid",), tags=("VID",))] = ""
    client_signature: Annotated[str, Field("クライアント署名", Kind.TEXT, cef=("cs5",), tags=("clappsig",))] = ""
    request_headers: Annotated[
        str, Field("リクエストヘッダー", Kind.JSON, free=True, cef=("additionalReqHeaders",))
    ] = ""
    response_headers: Annotated[
        str, Field("レスポンスヘッダー", Kind.JSON, free=True, cef=("additionalResHeaders",))
    ] = ""
    delivery_rules: Annotated[str, Field("配信ルール", Kind.JSON, free=True, cef=("cs10",))] = ""
    site_tag: Annotated[str, Field("サイト参照ID", Kind.WORD, cef=("siteTag",), w3c=("s-sitetag",))] = ""
    account_tag: Annotated[str, Field("アカウント参照ID", Kind.WORD, cef=("tag",), w3c=("s-tag",))] = ""
    extra: Annotated[Mapping[str, str], Field("その他の項目", Kind.MAP)] = _EMPTY_MAP
    line: Annotated[str, Field("原文", Kind.TEXT, free=True)] = ""


def _read_table() -> tuple[Field, ...]:
    hints = get_type_hints(Event, include_extras=True)
    return tuple(replace(hints[name].__metadata__[0], name=name) for name in Event._fields)


FIELDS = _read_table()
FIELD_BY_NAME = MappingProxyType({field.name: field for field in FIELDS})
POSITION = MappingProxyType({field.name: position for position, field in enumerate(FIELDS)})
