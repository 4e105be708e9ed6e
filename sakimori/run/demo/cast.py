"""Who takes part in the demo: two invented customers and the SOC, as the simulators and as our rows know them."""

from dataclasses import dataclass

from sakimori.run.demo.notes import DemoNotes
from sakimori.simulators.spec import AccountSpec, BlacklistMode, ForeignEntry, LogLevel, SiteSpec


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs in."""

    login: str
    family: str
    given: str
    role: str


@dataclass(frozen=True, slots=True)
class Company:
    """An invented customer. `account` is how the simulated vendor knows it."""

    number: str
    name: str
    contract: str
    account: AccountSpec
    contacts: tuple[tuple[str, str, str], ...]  # name, mail, phone; in order of priority
    members: tuple[Person, ...]
    networks: tuple[tuple[str, str], ...]
    keeps_access_lines: bool
    keeps_logs: bool
    plan_mbps: int
    block_list: str


ANALYST = Person("analyst", "青木", "澪", "analyst")
MANAGER = Person("manager", "黒田", "誠", "manager")
DEPUTY = Person("deputy", "西村", "遥", "analyst")
# Where the simulated vendor mails its notices to.
VENDOR_ADDRESS = "vendor@sakimori.example.jp"
# Where the duty roster calls the SOC's people, in its order.
DUTY_PHONES = {ANALYST.login: "03-0000-0101", DEPUTY.login: "03-0000-0102", MANAGER.login: "03-0000-0103"}
CUSTOMER_LOGIN = "sakura"
READER_LOGIN = "sakura-read"
HOKUTO_LOGIN = "hokuto"
SAKURA_SITE, SAKURA_SECOND, HOKUTO_SITE = 9001, 9002, 9101
WAF_CONTROL = 9800  # A page behind the WAF that is no customer's.
# A customer of the past, who has no account at the vendor any more: see seed_closing.py.
MINATO, MINATO_NAME, MINATO_CONTRACT, MINATO_LOGIN = "C-0009", "株式会社みなと工芸", "K-2025-0009", "minato"


def companies(notes: DemoNotes) -> tuple[Company, Company]:
    """The two customers: one with policies and full logs, one with legacy lists and encrypted security logs."""
    return _sakura(notes), _hokuto(notes)


def _sakura(notes: DemoNotes) -> Company:
    account = AccountSpec(
        account_id=4001,
        name="sakura-shoten",
        api_id="11001",
        api_key=notes.api_keys["sakura"],
        log_config_id=55,
        log_api_id="21001",
        log_api_key=notes.api_keys["sakura-logs"],
        sites=(
            SiteSpec(SAKURA_SITE, "shop.sakura.example.jp", baseline_bps=3_000_000),
            SiteSpec(SAKURA_SECOND, "www.sakura.example.jp", baseline_bps=800_000),
        ),
        mode=BlacklistMode.POLICY,
        log_level=LogLevel.FULL,
        foreign=(ForeignEntry(address="203.0.113.66", site_id=SAKURA_SITE),),
        plan_mbps=3,
    )
    return Company(
        number="C-0001",
        name="株式会社さくら商店",
        contract="K-2026-0001",
        account=account,
        contacts=(
            ("桜井 花子", "hanako@sakura.example.jp", "03-0000-1001"),
            ("吉野 太郎", "taro@sakura.example.jp", "03-0000-1002"),
            ("情報システム部", "it@sakura.example.jp", "03-0000-1003"),
        ),
        members=(
            Person(CUSTOMER_LOGIN, "桜井", "花子", "approver"),
            Person(READER_LOGIN, "吉野", "太郎", "reader"),
        ),
        networks=(("192.0.2.200/29", "本社からの更新作業"),),
        keeps_access_lines=True,
        keeps_logs=True,
        plan_mbps=3,
        block_list="auto",
    )


def _hokuto(notes: DemoNotes) -> Company:
    account = AccountSpec(
        account_id=4002,
        name="hokuto-bussan",
        api_id="11002",
        api_key=notes.api_keys["hokuto"],
        log_config_id=56,
        log_api_id="21002",
        log_api_key=notes.api_keys["hokuto-logs"],
        sites=(SiteSpec(HOKUTO_SITE, "www.hokuto.example.jp", baseline_bps=1_500_000),),
        mode=BlacklistMode.LEGACY,
        public_key_pem=notes.public_pem,
        public_key_id=1,
        log_level=LogLevel.SECURITY,
        foreign=(ForeignEntry(address="203.0.113.77", site_id=HOKUTO_SITE),),
        plan_mbps=10,
    )
    return Company(
        number="C-0002",
        name="北斗物産株式会社",
        contract="K-2026-0002",
        account=account,
        contacts=(
            ("星野 一郎", "hoshino@hokuto.example.jp", "011-000-2001"),
            ("夜間窓口", "night@hokuto.example.jp", "011-000-2002"),
        ),
        members=(Person(HOKUTO_LOGIN, "星野", "一郎", "admin"),),
        networks=(),
        keeps_access_lines=False,
        keeps_logs=False,
        plan_mbps=10,
        block_list="auto",
    )
