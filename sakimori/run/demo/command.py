"""`sakimori demo`: starts the simulators and the whole system on loopback; `--check` plays it unattended."""

import argparse
import gc
import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from sakimori.lib.config import SETTINGS
from sakimori.run.cli import set_up_django
from sakimori.run.demo.cast import ANALYST, CUSTOMER_LOGIN, MANAGER, VENDOR_ADDRESS, WAF_CONTROL, companies
from sakimori.run.demo.check import check
from sakimori.run.demo.child import DOORS_FILE
from sakimori.run.demo.notes import FILE, DemoNotes, free_port, is_taken, load_or_make
from sakimori.simulators.mail_door import VENDOR_DOMAIN, set_mail_door, vendor_dns
from sakimori.simulators.phone_wire import PhoneSpec
from sakimori.simulators.spec import Ports, WorldSpec
from sakimori.simulators.world import World

HELP = "everything with simulators, on this machine only"
_LIFE_PER_MINUTE = 60
_STOP_SECONDS = 15.0
_MAY_BE_SET = {
    "SAKIMORI_WAVE_MINUTES",
    "SAKIMORI_PROBE_MINUTES",
    "SAKIMORI_QUIET_MINUTES",
    "SAKIMORI_FOLLOWUP_MINUTES",
    "SAKIMORI_ALARM_MINUTES",
    "SAKIMORI_ROUND_PAUSE_MINUTES",
    "SAKIMORI_MERGE_MINUTES",
    "SAKIMORI_CALLS_PER_HOUR",
    "SAKIMORI_CALLS_PER_DAY",
    "SAKIMORI_CAP_CUSTOMER",
    "SAKIMORI_CAP_TOTAL",
    "SAKIMORI_LIST_LIMIT",
    "SAKIMORI_BROWSER",
    "SAKIMORI_PROBE_SECONDS",
    "SAKIMORI_SLOW_SECONDS",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--data`, `--port`, `--quiet`, and `--check` with `--json` and `--kills`."""
    parser.add_argument("--data", type=Path, help="folder for everything the demo keeps (default: data/demo)")
    parser.add_argument("--port", type=int, default=8800, help="first of seven ports on this machine; 0: free ones")
    parser.add_argument("--quiet", action="store_true", help="no everyday traffic and no texts")
    parser.add_argument("--check", action="store_true", help="play everything unattended in a throw-away folder")
    parser.add_argument("--json", type=Path, metavar="FILE", help="with --check: write the results there too")
    parser.add_argument(
        "--chapter", action="append", default=[], metavar="N", help="with --check: only its steps; may be repeated"
    )
    parser.add_argument("--kills", type=int, default=0, metavar="N", help="with --check: kill -9 at N random moments")


def run(arguments: argparse.Namespace) -> int:
    """Run the demo until Ctrl-C, or the check to its end."""
    if arguments.check:
        with tempfile.TemporaryDirectory(prefix="sakimori-demo-") as folder:
            return check(
                arguments.data or Path(folder), report=arguments.json, kills=arguments.kills, chapters=arguments.chapter
            )
    return _demo(arguments.data or Path("data/demo"), port=arguments.port, quiet=arguments.quiet)


def _demo(folder: Path, *, port: int, quiet: bool) -> int:
    began = time.monotonic()
    # Migrating from nothing builds ten thousand classes, which the collector would count again and again: a third of
    # the whole start. It collects again as soon as the pages answer.
    gc.disable()
    first_time = not (folder / FILE).exists()
    notes = load_or_make(folder.resolve(), port=port)
    taken = next((number for number in _ports(notes) if is_taken(number)), None)
    if taken is not None:
        print(f"Port {taken} is in use: stop what runs there, or give another --data and --port.", file=sys.stderr)
        return 2
    world = World(folder.resolve() / "simulators", spec=_spec(notes))
    world.start()
    if first_time and not quiet:
        world.control.switches({"life_per_minute": _LIFE_PER_MINUTE})
    _forget_settings()
    os.environ.update(_settings(notes, world, folder.resolve()))
    set_up_django()
    return _run(notes, world, quiet=quiet, began=began)


def _run(notes: DemoNotes, world: World, *, quiet: bool, began: float) -> int:
    # These rooms need Django's settings, which only now are known.
    from sakimori.lib.jst import utc_now  # noqa: PLC0415
    from sakimori.run import up  # noqa: PLC0415
    from sakimori.run.demo.seed import seed  # noqa: PLC0415
    from sakimori.run.demo.seed_past import open_past_reports, release_past_reports  # noqa: PLC0415
    from sakimori.run.duty import Duty  # noqa: PLC0415
    from sakimori.run.loops import Loops  # noqa: PLC0415
    from sakimori.run.prepare import prepare  # noqa: PLC0415
    from sakimori.run.serving import wait_for_signal  # noqa: PLC0415

    prepare()
    seed(notes, world, now=utc_now())
    open_past_reports(now=utc_now())
    running = up.start()
    past = Loops([Duty("demo past", 1.0, lambda: release_past_reports(now=utc_now()))])
    past.start()
    _write_doors(notes, world, Path(os.environ["SAKIMORI_DATA"]))
    gc.enable()
    print(_ready_line(notes, began) if quiet else _welcome(notes, world, began), flush=True)
    wait_for_signal()
    print("停止しています ...", flush=True)
    past.stop(timeout_seconds=_STOP_SECONDS)
    running.stop()
    world.stop()
    print("停止しました。同じコマンドで続きから始まります。", flush=True)
    return 0


def _ports(notes: DemoNotes) -> list[int]:
    """The ports that are known before the start: the pages', and the simulators' unless they are free to choose."""
    first = notes.simulator_port
    return [notes.port, *(range(first, first + 6) if first else ())]


def _spec(notes: DemoNotes) -> WorldSpec:
    first = notes.simulator_port
    ports = Ports(*range(first, first + 6)) if first else Ports()
    accounts = tuple(company.account for company in companies(notes))
    return WorldSpec(accounts=accounts, ports=ports, phone=_phone_account(notes))


def _phone_account(notes: DemoNotes) -> PhoneSpec:
    """An account at the simulated provider whose secrets are this folder's own."""
    names = ("account", "token", "key", "secret")
    made = {name: hashlib.sha256(f"{name} {notes.password}".encode()).hexdigest()[:32] for name in names}
    return PhoneSpec(f"AC{made['account']}", made["token"], f"SK{made['key']}", made["secret"])


def _forget_settings() -> None:
    """A real installation's settings in the environment must not leak into the demo; some times and caps may be set."""
    for setting in SETTINGS:
        if setting.name not in _MAY_BE_SET:
            os.environ.pop(setting.name, None)
            os.environ.pop(f"{setting.name}_FILE", None)


def _settings(notes: DemoNotes, world: World, folder: Path) -> Mapping[str, str]:
    return {
        "SAKIMORI_DATA": str(folder),
        "SAKIMORI_BASE_URL": notes.base_url,
        "SAKIMORI_LISTEN": f"127.0.0.1:{notes.port}",
        "SAKIMORI_MAIL_URL": f"smtp+plain://127.0.0.1:{world.smtp_port}",
        "SAKIMORI_MAIL_FROM": "soc@sakimori.example.jp",
        **_mail_settings(world, folder),
        "SAKIMORI_SOC_PHONE": "03-0000-0000",
        "SAKIMORI_PULL_SECONDS": "1",
        "SAKIMORI_DROP": str(_drop_folders(notes, folder / "drop")),
        "SAKIMORI_HEC_LISTEN": f"127.0.0.1:{free_port()}",
        "SAKIMORI_SYSLOG_LISTEN": f"127.0.0.1:{free_port()}",
        "SAKIMORI_WAVE_MINUTES": os.environ.get("SAKIMORI_WAVE_MINUTES", "1"),
        "SAKIMORI_ALLOW_DOCUMENTATION": "1",
        **_phone(world),
        "SAKIMORI_CONTROL_URLS": world.site_url,
        "SAKIMORI_REPROBE_SECONDS": "3",
        "SAKIMORI_CONTROL_WAF_URLS": world.site_page(WAF_CONTROL),
        "SAKIMORI_PROBE_SECONDS": os.environ.get("SAKIMORI_PROBE_SECONDS", "5"),
        "SAKIMORI_SLOW_SECONDS": os.environ.get("SAKIMORI_SLOW_SECONDS", "2"),
        "SAKIMORI_PROBE_MINUTES": os.environ.get("SAKIMORI_PROBE_MINUTES", "1"),
        "SAKIMORI_QUIET_MINUTES": os.environ.get("SAKIMORI_QUIET_MINUTES", "5"),
        "SAKIMORI_FOLLOWUP_MINUTES": os.environ.get("SAKIMORI_FOLLOWUP_MINUTES", "5"),
        "SAKIMORI_ALARM_MINUTES": os.environ.get("SAKIMORI_ALARM_MINUTES", "5"),
        "SAKIMORI_RING_SECONDS": "20",
        "SAKIMORI_ATTACK_SECONDS": "1",
        # A demo fits on a small machine, whose disk is nobody's alarm.
        "SAKIMORI_DISK_ALARM_MIB": "500",
        "SAKIMORI_DISK_FLOOR_MIB": "200",
    }


def _mail_settings(world: World, folder: Path) -> Mapping[str, str]:
    """The door for mails, whom it takes them for, and the vendor's key as the DNS would tell it."""
    port = free_port()
    set_mail_door(world.state, "127.0.0.1", port)
    records = folder / "training-dns.json"
    records.write_text(json.dumps(vendor_dns(world.state)))
    return {
        "SAKIMORI_SMTP_LISTEN": f"127.0.0.1:{port}",
        "SAKIMORI_VENDOR_ADDRESS": VENDOR_ADDRESS,
        "SAKIMORI_BOUNCE_ADDRESS": "bounces@sakimori.example.jp",
        "SAKIMORI_VENDOR_MAIL_DOMAINS": VENDOR_DOMAIN,
        "SAKIMORI_TRAINING_DNS": str(records),
    }


def _phone(world: World) -> Mapping[str, str]:
    """The account at the simulated provider, as a real one is set."""
    spec = world.spec.phone
    return {
        "SAKIMORI_PHONE_URL": world.phone_url,
        "SAKIMORI_PHONE_ACCOUNT": spec.account,
        "SAKIMORI_PHONE_TOKEN": spec.token,
        "SAKIMORI_PHONE_KEY": spec.key,
        "SAKIMORI_PHONE_SECRET": spec.secret,
        "SAKIMORI_PHONE_CALLER": spec.number,
    }


def _drop_folders(notes: DemoNotes, root: Path) -> Path:
    for company in companies(notes):
        (root / company.contract).mkdir(parents=True, exist_ok=True)
    return root


def _write_doors(notes: DemoNotes, world: World, folder: Path) -> None:
    """For `--check` and for whoever wants to play from outside: where everything listens."""
    doors = {
        "base": notes.base_url,
        "control": world.control_url,
        "mailbox": world.mailbox_url,
        "phone": world.phone_url,
        "imperva": world.imperva_url,
        "site": world.site_url,
        "drop": os.environ["SAKIMORI_DROP"],
        "hec": f"https://{os.environ['SAKIMORI_HEC_LISTEN']}",
        "syslog": os.environ["SAKIMORI_SYSLOG_LISTEN"],
        "certificate": str(folder / "keys" / "collector.pem"),
    }
    (folder / DOORS_FILE).write_text(json.dumps(doors))


def _ready_line(notes: DemoNotes, began: float) -> str:
    return f"Sakimori is ready: {notes.base_url} ({time.monotonic() - began:.1f} s)"


def _welcome(notes: DemoNotes, world: World, began: float) -> str:
    return f"""
{_ready_line(notes, began)}

  画面（ポータルとコンソール）  {notes.base_url}
    お客様（承認者）  ログインID {CUSTOMER_LOGIN}
    アナリスト        ログインID {ANALYST.login}
    SOC 責任者        ログインID {MANAGER.login}
    パスワードは共通です： {notes.password}

  シミュレーター（この PC の中だけで動き、外部には何も送りません）
    操作卓（攻撃と障害を起こす）  {world.control_url}
    届いたメールを読む            {world.mailbox_url}
    かかってきた電話に出る        {world.phone_url}

  ログの受信口（TLS。自己署名の証明書は --data のフォルダーの keys/collector.pem）
    Splunk HEC   https://{os.environ["SAKIMORI_HEC_LISTEN"]}（トークンはアナリストが「接続情報」で発行します）
    syslog       {os.environ["SAKIMORI_SYSLOG_LISTEN"]}（送信元はアナリストが「接続情報」で登録します）

  試してみる
    1. 操作卓の「攻撃」で SQLインジェクション を始めます。数秒で攻撃元が WAF のブラックリストに載り、
       チケットとメールが届きます。
    2. お客様でログインし、チケットの「この IP は業務に必要」を押すと、数秒でブラックリストから外れます。
       同じ送信元アドレスからもう一度攻撃すると、アナリストの「要判断」に並びます。
    3. 操作卓の「攻撃」で「攻撃後のサイトの状態」を「停止 (切断)」にして DDoS を始めます。
       連絡先へ順に電話がかかります。出た方は「1」（ご本人）、続けて「1」（確認）を押します。経過はアナリストの
       「障害・DDoS」で見られます。
    4. アナリストの「レポート」で先月分の下書きを作り、SOC 責任者が確認して公開します。
       「情報提供」と「解約」も、作成した人とは別の人が承認します。

  「レポート」などの過去の記録は、起動から 1 分ほどかけて裏で取り込まれます。
  終了は Ctrl-C。データは --data のフォルダーに残り、次回は続きから始まります。
"""
