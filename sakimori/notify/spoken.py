"""What the called person hears. Pure; the same words for every provider, and for the operator who dials by hand."""

from sakimori.lib.defang import visible
from sakimori.notify.exercise import said_first

KEYS = "内容を確認された方は 1 を、対応できない方は 2 を、もう一度お聞きになる方はアスタリスクを押してください。"
_LONGEST = 1500


def opening(service_name: str, name: str) -> str:
    """Who calls and why, and whom we would like to speak with."""
    return (
        f"こちらは、{service_name}の SOC です。重要なお知らせのため、お電話いたしました。{name} 様をお願いいたします。"
    )


def spoken(service_name: str, name: str, matter: str) -> str:
    """The whole of what a phone provider says: who calls and why, for whom, the matter, the keys."""
    first, rest = said_first(matter)
    return "\n".join(part for part in (first, opening(service_name, name), _plain(rest), KEYS) if part)


def _plain(matter: str) -> str:
    """One line without signs that cannot be spoken; a matter of any length ends before the listener hangs up."""
    line = visible(" ".join(matter.split()))
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}（以下略）"
