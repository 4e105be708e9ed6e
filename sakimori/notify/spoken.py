"""What the called person hears. Pure; the same words for every provider, and for the operator who dials by hand."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sakimori.lib.defang import visible
from sakimori.notify.dialogue import Line
from sakimori.notify.exercise import TEST, said_first

KEYS = (
    "内容を確認された方は 1 を、SOC の担当者とお話しになる方は 2 を、"
    "もう一度お聞きになる方はアスタリスクを押してください。"
)
DUTY_KEYS = (
    "アラームを確認された方は 1 を、対応できない方は 2 を、もう一度お聞きになる方はアスタリスクを押してください。"
)
UNKNOWN_CALL = "恐れ入りますが、この電話の用件は終了いたしました。失礼いたします。"
_LONGEST = 1500
# A provider's voice reads 3,000 signs at once, and the keys belong to them.
_LONGEST_SPOKEN = 2500
_FIXED = {
    Line.WRONG_KEY: "恐れ入ります。お手数ですが、もう一度お願いいたします。",
    Line.THANKS: "ありがとうございました。確認を承りました。詳細はメールとポータルをご覧ください。失礼いたします。",
    Line.NOT_THE_PERSON: "承知いたしました。別の方にご連絡いたします。失礼いたします。",
    Line.CANNOT: "承知いたしました。次の方に連絡します。",
    Line.TO_THE_SOC: "SOC の担当者におつなぎします。そのままお待ちください。",
    Line.SOC_AWAY: "申し訳ございません。ただいま担当者が電話に出られません。折り返しお電話いたします。失礼いたします。",
    Line.NOBODY: "ご確認いただけなかったため、電話を終了いたします。失礼いたします。",
}
# A domain, an address: dots and hyphens are spoken. Possessive, so linear in the length of the text.
_DOTTED = re.compile(r"(?i)(?:https?://)?(?<![a-z0-9-])((?:[a-z0-9-]++\.)++[a-z0-9-]++)(?:[/:?#][!-~]*+)?")
_DECIMAL = re.compile(r"[0-9]+\.[0-9]+")
_PHONE = re.compile(r"(?<![0-9-])0[0-9]{1,3}-[0-9]{2,4}-[0-9]{3,4}(?![0-9-])")
_CODE = re.compile(r"(?<![A-Za-z0-9-])[A-Z]{1,6}(?:-[A-Z0-9]+)+(?![A-Za-z0-9-])")
_DAY = re.compile(r"(?<![0-9])([0-9]{4})[/-]([0-9]{1,2})[/-]([0-9]{1,2})(?![0-9])")
_TIME = re.compile(r"(?<![0-9:])([0-9]{1,2}):([0-9]{2})(?::[0-9]{2})?(?![0-9:])")
_LONG_DIGITS = re.compile(r"(?<![0-9])(?:0[0-9]+|[0-9]{7,})(?![0-9])")
_UNSPOKEN = str.maketrans(dict.fromkeys("【】「」『』※*_`#|<>{}", " "))


@dataclass(frozen=True, slots=True)
class Facts:
    """What a talk is about. kana: how the name is spoken, where it is known. is_duty: one of the SOC's own people."""

    service_name: str
    name: str
    matter: str
    kana: str = ""
    is_duty: bool = False


def opening(service_name: str, name: str, matter: str = "") -> str:
    """Who calls and why, and whom we would like to speak with; that it is an exercise or a test before all else."""
    first = said_first(matter)[0]
    return f"{first}こちらは、{service_name}の SOC です。{_reason(first)}{name} 様をお願いいたします。"


def spoken(service_name: str, name: str, matter: str) -> str:
    """The whole of what a phone provider says: who calls and why, for whom, the matter, the keys."""
    return "\n".join(
        part for part in (opening(service_name, name, matter), _plain(said_first(matter)[1]), KEYS) if part
    )


def for_sheet(service_name: str, name: str, matter: str) -> tuple[str, str]:
    """What an operator says who dials by hand: the opening, and the matter once the person is on the line."""
    return opening(service_name, name, matter), said_first(matter)[1]


def text_of(lines: Iterable[Line], facts: Facts) -> str:
    """The lines in words, ready to be read out. Whatever tells of an exercise or a test begins by saying so."""
    told = tuple(lines)
    first = said_first(facts.matter)[0] if {Line.OPENING, Line.MATTER} & set(told) else ""
    return first + "\n".join(_line(line, facts) for line in told)


def for_operator(facts: Facts) -> str:
    """What the operator hears who is to take a call over."""
    who = speakable(facts.kana or facts.name)
    first = said_first(facts.matter)[0]
    return f"{first}お客様の {who} 様が、お話しを希望されています。お受けになる場合は 1 を押してください。"


def speakable(text: str) -> str:
    """Text that speech synthesis reads as a person would: dots, phone numbers, codes, days and times in words."""
    shown = visible(" ".join(text.split())).replace("[.]", ".").replace("[:]", ":").replace("hxxp", "http")
    shown = _DOTTED.sub(lambda found: _dotted(found[1]), shown)
    shown = _PHONE.sub(lambda found: " の ".join(" ".join(part) for part in found[0].split("-")), shown)
    shown = _CODE.sub(lambda found: _code(found[0]), shown)
    shown = _DAY.sub(lambda found: f"{int(found[1])}年{int(found[2])}月{int(found[3])}日", shown)
    shown = _TIME.sub(lambda found: f"{int(found[1])}時{int(found[2])}分", shown)
    shown = _LONG_DIGITS.sub(lambda found: " ".join(found[0]), shown)
    return " ".join(shown.translate(_UNSPOKEN).split())


def _line(line: Line, facts: Facts) -> str:
    if line == Line.OPENING:
        return _opening(facts)
    if line == Line.MATTER:
        return _short(speakable(_short(said_first(facts.matter)[1])), _LONGEST_SPOKEN)
    if line == Line.KEYS:
        return DUTY_KEYS if facts.is_duty else KEYS
    return _FIXED[line]


def _opening(facts: Facts) -> str:
    who, reason = speakable(facts.kana or facts.name), _reason(said_first(facts.matter)[0])
    return (
        f"こちらは、{speakable(facts.service_name)}の SOC です。{reason}"
        f"{who} 様でいらっしゃいますか。ご本人は 1 を、別の方は 2 を、"
        "もう一度お聞きになる方はアスタリスクを押してください。"
    )


def _reason(first: str) -> str:
    """Why we call, told to whoever answers."""
    return f"{'電話番号の確認' if first == TEST else '重要なお知らせ'}のため、お電話いたしました。"


def _dotted(name: str) -> str:
    if _DECIMAL.fullmatch(name):
        return name
    return f" {name.replace('.', ' ドット ').replace('-', ' ハイフン ')} "


def _code(code: str) -> str:
    """A contract's or a ticket's number: digit by digit."""
    return " の ".join(" ".join(part) if part.isdigit() else part for part in code.split("-"))


def _plain(matter: str) -> str:
    """One line without signs that cannot be spoken; a matter of any length ends before the listener hangs up."""
    return visible(_short(matter))


def _short(matter: str, longest: int = _LONGEST) -> str:
    line = " ".join(matter.split())
    return line if len(line) <= longest else f"{line[:longest]}（以下略）"
