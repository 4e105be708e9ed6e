"""`sakimori probe URL`: the verdict on a page, with all that was measured, in Japanese or as JSON."""

import argparse
import sys
from pathlib import Path

from sakimori.incidents.models import PageKind, ProbePath, Verdict, Via
from sakimori.incidents.record import HERE, TROUBLES, record_text
from sakimori.incidents.verdict import BAD, Conclusion, conclude, doubted
from sakimori.incidents.visit import Target, Visit
from sakimori.incidents.visitors import Examination, World, examine
from sakimori.run.incident_duties import visit_world

_PHASES = (
    ("名前解決", "dns_ms"),
    ("接続", "connect_ms"),
    ("TLS", "tls_ms"),
    ("最初の応答", "first_byte_ms"),
    ("合計", "total_ms"),
)


def look(arguments: argparse.Namespace, world: World | None = None) -> int:
    """Look at the page and print what was seen. Returns 0 normal, 1 bad, 2 inconclusive or not a page."""
    if not arguments.page.startswith(("http://", "https://")):
        print(f"{arguments.page!r} is no page: it must begin with http:// or https://.", file=sys.stderr)
        return 2
    world = world or visit_world()
    target = Target(arguments.page, arguments.text, origin=arguments.origin)
    done = examine(0, target, world, one_is_enough=False, pictured="" if arguments.screenshot else None)
    seen = doubted(conclude(done.visits, world.limits), controls_open=done.controls_open)
    if arguments.screenshot and not _keep(done.screenshot, Path(arguments.screenshot)):
        return 2
    if arguments.json:
        sys.stdout.write(record_text(done.visits, done=done, conclusion=seen, at=world.clock()))
    else:
        print(told(done, seen))
    return code_of(seen)


def code_of(seen: Conclusion) -> int:
    """The exit code that a verdict comes to."""
    if seen.verdict in BAD:
        return 1
    return 0 if seen.verdict == Verdict.NORMAL else 2


def _keep(picture: bytes, path: Path) -> bool:
    if not picture:
        print("No picture could be taken: see SAKIMORI_BROWSER.", file=sys.stderr)
        return True
    try:
        path.write_bytes(picture)
    except OSError:
        print(f"The picture cannot be written to {path}.", file=sys.stderr)
        return False
    return True


def told(done: Examination, seen: Conclusion) -> str:
    """The whole examination as text."""
    lines = [f"判定: {Verdict(seen.verdict).label}", seen.sentence]
    for number, visit in enumerate(done.visits, start=1):
        lines += ["", *_lines(f"{number} 回目", visit)]
    for visit in done.beside:
        lines += ["", *_lines("参考", visit)]
    return "\n".join([*lines, *(f"備考: {note}" for note in done.notes)])


def _lines(what: str, visit: Visit) -> list[str]:
    where = f"{ProbePath(visit.path).label}（{visit.vantage or HERE}）"
    result = f"応答 {visit.status}" if visit.status is not None else ""
    size = f"{visit.size_bytes} バイト" if visit.size_bytes is not None else ""
    shown = [Via(visit.via).label, PageKind(visit.page).label] if visit.status is not None else []
    seen = [TROUBLES[visit.trouble], result, size, *shown]
    phases = [f"{label} {getattr(visit, name)} ms" for label, name in _PHASES if getattr(visit, name) is not None]
    return [
        f"{what}: {where} {visit.url} → {visit.address or '接続先なし'}",
        f"  {'、'.join(str(each) for each in seen if each)}",
        f"  {'、'.join(phases)}",
    ]
