"""The main menu of both faces: what stands in it, in which order, and which pages each entry stands for."""

from collections.abc import Sequence
from dataclasses import dataclass

from sakimori.accounts.models import SocRole, User


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its words, the page it leads to, and further pages on which it is the current one."""

    label: str
    page: str
    also: tuple[str, ...] = ()

    def stands_for(self, page: str) -> bool:
        """Whether somebody on that page is in this part."""
        return page == self.page or page in self.also


@dataclass(frozen=True, slots=True)
class Group:
    """Entries that belong together."""

    label: str
    entries: tuple[Entry, ...]


_ACCOUNT = Entry(
    "アカウント",
    "portal:account",
    (
        "account_change_password",
        "account_reauthenticate",
        "mfa_index",
        "mfa_activate_totp",
        "mfa_generate_recovery_codes",
    ),
)
_PEOPLE = Entry("担当者", "console:people", ("console:person",))
_LOGS = Entry("ログ検索", "portal:logs", ("portal:log-event", "portal:log-exports"))

_WATCH = Group(
    "監視",
    (
        Entry(
            "攻撃",
            "console:attacks",
            (
                "console:blocked",
                "console:findings",
                "console:finding",
                "console:late",
                "console:block",
                "console:restore",
                "console:proxy-case",
                "console:lists",
                "console:list",
                "console:policies",
                "console:policy",
                "console:policy-default",
                "console:scans",
                "console:contract-scans",
                "console:blocked-add",
                "console:blocked-remove",
                "console:stop",
            ),
        ),
        Entry(
            "障害・DDoS",
            "console:incidents",
            (
                "console:incident",
                "console:incident-visits",
                "console:sites",
                "console:site",
                "console:site-settings",
                "console:planned-stop",
                "console:planned-stops",
                "console:hold",
                "console:exercises",
                "console:exercise",
            ),
        ),
        Entry("チケット", "console:tickets", ("console:ticket", "console:answer")),
        Entry(
            "電話・当番",
            "console:calls",
            (
                "console:call-round",
                "console:call-stop",
                "console:alarm-history",
                "console:roster",
                "console:drills",
                "console:drill",
                "console:call-list",
            ),
        ),
        Entry(
            "メール",
            "console:mails",
            (
                "console:mail",
                "console:received",
                "console:received-mail",
                "console:vendor-mails",
                "console:vendor-mail",
                "console:mail-patterns",
                "console:mail-pattern",
                "console:mail-pattern-new",
            ),
        ),
        Entry("ログ検索", "console:logs", ("console:log-event", "console:log-exports")),
    ),
)
_CUSTOMERS = Group(
    "お客様",
    (
        Entry(
            "お客様",
            "console:customers",
            (
                "console:customer",
                "console:sheet-upload",
                "console:sheet-preview",
                "console:user-issue",
                "console:user-reissue",
                "console:user-stop",
                "console:connection",
                "console:log-keys",
                "console:log-senders",
                "console:contacts",
                "console:contact-add",
                "console:contact-change",
                "console:contact-deputy",
                "console:contact-stop",
                "console:customer-note",
            ),
        ),
        Entry("帯域・構成", "console:usage", ("console:upgrade",)),
        Entry("レポート", "console:reports", ("console:report",)),
        Entry("情報提供", "console:advisories", ("console:advisory", "console:advisory-new", "console:advisory-edit")),
        Entry(
            "解約",
            "console:closings",
            (
                "console:closing",
                "console:closing-enter",
                "console:closing-withdraw",
                "console:closing-approve",
                "console:proof",
            ),
        ),
    ),
)
_INTAKE = Entry(
    "ログ取込",
    "console:intake",
    ("console:log-import", "console:missing", "console:rewritten", "console:unreadable"),
)
_ANSWERS = Group(
    "対応・報告",
    (
        Entry("チケット", "portal:tickets", ("portal:ticket", "portal:restore", "portal:reply")),
        Entry("お問い合わせ", "portal:enquire"),
        Entry("レポート", "portal:reports"),
        Entry("お知らせ", "portal:advisories", ("portal:advisory",)),
    ),
)
_SITES = Group(
    "サイト",
    (
        Entry("サイトの状態", "portal:sites", ("portal:site", "portal:stops", "portal:stop-new")),
        Entry("ブラックリスト", "portal:blacklist"),
        Entry("診断・検査の予定", "portal:scans", ("portal:scan-new",)),
        _LOGS,
    ),
)
_CONTRACT = Group(
    "ご契約",
    (
        Entry("ご契約内容", "portal:contract", ("portal:levels",)),
        Entry("ご利用状況", "portal:usage", ("portal:contract-usage", "portal:upgrade")),
        Entry(
            "ご連絡先",
            "portal:contacts",
            ("portal:contact-add", "portal:contact-change", "portal:contact-deputy", "portal:contact-stop"),
        ),
        _ACCOUNT,
    ),
)


def menu_of(user: User, *, has_log_page: bool) -> Sequence[Group]:
    """The menu of a person. has_log_page: whether a contract of his customer has the option to keep logs."""
    if not user.is_soc:
        sites = tuple(entry for entry in _SITES.entries if entry is not _LOGS or has_log_page)
        return (_ANSWERS, Group(_SITES.label, sites), _CONTRACT)
    desk = (_INTAKE, _PEOPLE, _ACCOUNT) if user.soc_role == SocRole.MANAGER else (_INTAKE, _ACCOUNT)
    return (_WATCH, _CUSTOMERS, Group("運用", desk))
