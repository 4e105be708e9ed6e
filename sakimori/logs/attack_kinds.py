"""What kind of attack an event reports, and what became of the request: both in our words, both decided by name.

The number in the header's severity field is a rule number of the vendor and decides nothing here.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Self


class AttackKind(StrEnum):
    """Kinds of events, the gravest first. `OTHER` is a name that we do not know yet; it is never dropped."""

    label: str

    def __new__(cls, code: str, label: str) -> Self:
        kind = str.__new__(cls, code)
        kind._value_ = code
        kind.label = label
        return kind

    BACKDOOR = "backdoor", "バックドア"
    REMOTE_FILE_INCLUSION = "remote_file_inclusion", "リモートファイルインクルージョン"
    SQL_INJECTION = "sql_injection", "SQLインジェクション"
    CROSS_SITE_SCRIPTING = "cross_site_scripting", "クロスサイトスクリプティング"
    ILLEGAL_RESOURCE_ACCESS = "illegal_resource_access", "不正なリソースアクセス"
    ACCOUNT_TAKEOVER = "account_takeover", "アカウント乗っ取り"
    DDOS = "ddos", "DDoS攻撃"
    API_VIOLATION = "api_violation", "API仕様違反"
    BAD_BOT = "bad_bot", "悪性ボット"
    BOT_ACCESS_CONTROL = "bot_access_control", "ボットアクセス制御"
    CUSTOM_RULE = "custom_rule", "個別ルール"
    ATTACK_ANALYTICS = "attack_analytics", "攻撃分析インシデント"
    ACL = "acl", "アクセス制御リスト"
    OTHER = "other", "その他"
    NONE = "none", "通常アクセス"


class Outcome(StrEnum):
    """What the vendor did with the request."""

    label: str

    def __new__(cls, code: str, label: str) -> Self:
        outcome = str.__new__(cls, code)
        outcome._value_ = code
        outcome.label = label
        return outcome

    ALLOWED = "allowed", "通過"
    BLOCKED = "blocked", "遮断"
    CHALLENGED = "challenged", "チャレンジ"
    DENIED = "denied", "接続拒否"
    ERROR = "error", "エラー"
    UNKNOWN = "unknown", "不明"


def kinds_of(name: str, rule_names: Iterable[str] = ()) -> tuple[AttackKind, ...]:
    """Say every kind that an event's name and its rules' names report, the gravest first; never empty.

    `name` is the header's; it may list several. A rule name counts only if it is exactly the name of a kind:
    names that customers give to their own rules prove nothing.
    """
    found = {kind for kind in map(_kind_of_part, _parts(name)) if kind}
    found |= {_BY_NAME[rule.lower()] for rule in rule_names if rule.lower() in _BY_NAME}
    if len(found) > 1:
        found.discard(AttackKind.NONE)
    if not found:
        found.add(AttackKind.OTHER)
    return tuple(kind for kind in AttackKind if kind in found)


def custom_rule_name(name: str) -> str:
    """Give `x` of `IncapRules(x)`; empty if the name is not of that form."""
    if name.lower().startswith(_CUSTOM) and name.endswith(")"):
        return name[len(_CUSTOM) : -1].strip()
    return ""


def outcome_of(act: str) -> Outcome:
    """Class an `act` value. The vendor's list grows: a value that is not known is classed by its prefix."""
    act = act.upper()
    exact = _OUTCOMES.get(act)
    if exact is not None:
        return exact
    for prefix, outcome in _OUTCOME_PREFIXES:
        if act.startswith(prefix):
            return outcome
    return Outcome.UNKNOWN


_CUSTOM = "incaprules("

_BY_NAME = {
    "normal": AttackKind.NONE,
    "sql injection": AttackKind.SQL_INJECTION,
    "cross site scripting": AttackKind.CROSS_SITE_SCRIPTING,
    "illegal resource access": AttackKind.ILLEGAL_RESOURCE_ACCESS,
    "bot access control": AttackKind.BOT_ACCESS_CONTROL,
    "ddos": AttackKind.DDOS,
    "backdoor protect": AttackKind.BACKDOOR,
    "backdoor": AttackKind.BACKDOOR,
    "remote file inclusion": AttackKind.REMOTE_FILE_INCLUSION,
    "manual rule": AttackKind.CUSTOM_RULE,
    "incaprule": AttackKind.CUSTOM_RULE,
    "incaprules": AttackKind.CUSTOM_RULE,
    "api specification violation": AttackKind.API_VIOLATION,
    "account takeover protection": AttackKind.ACCOUNT_TAKEOVER,
    "account takeover": AttackKind.ACCOUNT_TAKEOVER,
    "bad bot": AttackKind.BAD_BOT,
    "acl": AttackKind.ACL,
}

# "Blocked country" and "Accepted country" were seen; the other lists (IP, URL, referrer) are named alike.
_ACL_PREFIXES = ("blocked ", "accepted ", "blacklisted ", "whitelisted ")

_OUTCOMES = {
    "REQ_PASSED": Outcome.ALLOWED,
    "REQ_POST_TIMEOUT": Outcome.ERROR,
    "REQ_ALL_IPS_DOWN": Outcome.ERROR,
    "REQ_NO_IP_FOUND": Outcome.ERROR,
    "REQ_SSL_NOT_SUPPORTED": Outcome.DENIED,
    "REQ_ILLEGAL_PORT": Outcome.DENIED,
    "REQ_IPV6_NOT_SUPPORTED": Outcome.DENIED,
    "REQ_LOCKED_IP_VIOLATION": Outcome.DENIED,
    "REQ_DOMAIN_BLACKLISTED": Outcome.DENIED,
    "REQ_ILLEGAL_IP_VIOLATION": Outcome.DENIED,
    "REQ_SSL_CERT_HOST_MISMATCH": Outcome.DENIED,
    "REQ_NON_SNI_FORBIDDEN": Outcome.DENIED,
    "REQ_CLIENT_CERT_REQUIRED": Outcome.DENIED,
    "REQ_TOO_MANY_CONNECTIONS_TO_ORIGIN": Outcome.DENIED,
}

# REQ_BAD_* sounds like a bad request that was stopped. It is a technical failure: nothing was blocked.
_OUTCOME_PREFIXES = (
    ("REQ_CACHED", Outcome.ALLOWED),
    ("REQ_BLOCKED", Outcome.BLOCKED),
    ("REQ_CHALLENGE", Outcome.CHALLENGED),
    ("REQ_BAD", Outcome.ERROR),
    ("REQ_UNRESOLVED", Outcome.ERROR),
)


def _parts(name: str) -> tuple[str, ...]:
    """Cut a name that lists several kinds. The name of a customer's rule may hold commas and is left whole."""
    whole = name.strip()
    if custom_rule_name(whole):
        return (whole,)
    return tuple(part.strip() for part in whole.split(",") if part.strip())


def _kind_of_part(name: str) -> AttackKind | None:
    lower = name.lower()
    if lower in _BY_NAME:
        return _BY_NAME[lower]
    if lower.startswith(_CUSTOM):
        return AttackKind.CUSTOM_RULE
    if lower.startswith(_ACL_PREFIXES):
        return AttackKind.ACL
    return AttackKind.OTHER
