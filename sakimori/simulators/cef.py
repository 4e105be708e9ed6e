"""Log lines in the vendor's CEF, with the oddities that live lines have.

Blocked lines lack what no origin answered; key spelling varies; a value runs until the next key, and only `=` in it
is escaped; some access lines lack the visit; labels may run into the next key.
"""

import random
from dataclasses import dataclass
from hashlib import shake_256

from sakimori.simulators.attack_kinds import RuleHit
from sakimori.simulators.spec import AccountSpec
from sakimori.simulators.traffic import Request

TLS = "TLSv1.3 TLS_AES_128_GCM_SHA256"
ORIGIN = "192.0.2.10"
OTHER_SPELLINGS = {
    "fileId": "fileid",
    "fileType": "filetype",
    "filePermission": "filepermission",
    "requestMethod": "requestmethod",
    "deviceExternalId": "deviceExternalID",
}
# The vendor's own mark of a visitor's software: 96 to 256 letters, the same whenever he comes.
_SIGNATURE_BYTES = 120

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the edge did with a request. `status` is None when no answer was sent on."""

    name: str
    severity: int
    act: str
    status: int | None
    size_bytes: int
    duration_ms: int
    rules: tuple[RuleHit, ...] = ()

    @property
    def is_blocked(self) -> bool:
        """Kept from the origin?"""
        return not self.act.startswith(("REQ_PASSED", "REQ_CACHED"))


def cef_line(account: AccountSpec, request: Request, verdict: Verdict, chance: random.Random) -> str:
    """One line without its end. Ids come from `chance`: 18 or 19 digits, as live."""
    pairs = [
        *_visit(account, request, verdict, chance),
        *_request(request),
        *_answer(request, verdict, chance),
        *_rules(verdict),
    ]
    if chance.random() < 0.2:
        pairs = [(OTHER_SPELLINGS.get(key, key), value) for key, value in pairs]
    if chance.random() < 0.05:
        pairs.insert(8, ("ccode", request.client.country))
    text = " ".join(f"{key}={_escaped(value)}" for key, value in pairs)
    if chance.random() < 0.01:
        text = text.replace("cs5Label=clappsig ", "cs5Label=clappsig")
    return f"CEF:0|Incapsula|SIEMintegration|1|1|{verdict.name}|{verdict.severity}| {text}"


def _visit(account: AccountSpec, request: Request, verdict: Verdict, chance: random.Random) -> Pairs:
    client, site = request.client, request.site
    pairs = [
        ("fileId", vendor_id(chance)),
        ("sourceServiceName", site.domain),
        ("siteid", str(site.site_id)),
        ("suid", str(account.account_id)),
        ("requestClientApplication", client.user_agent),
        ("deviceFacility", chance.choice(("nrt", "kix"))),
    ]
    if verdict.name == "Normal" and chance.random() < 0.1:
        return [*pairs[1:], *_place(request, chance), ("Customer", account.name)]
    is_browser = "true" if client.client_type == "Browser" else "false"
    signature = shake_256(f"{client.visitor_id} {client.user_agent}".encode()).hexdigest(_SIGNATURE_BYTES)
    pairs += _labelled("cs2", is_browser, "Javascript Support") + _labelled("cs3", is_browser, "CO Support")
    pairs += _labelled("cs1", "NA", "Cap Support") + _labelled("cs4", client.visitor_id, "VID")
    pairs += _labelled("cs5", signature, "clappsig")
    pairs += [("dproc", client.client_type), *_labelled("cs6", client.application, "clapp")]
    return [*pairs, *_place(request, chance), ("Customer", account.name)]


def _place(request: Request, chance: random.Random) -> Pairs:
    client = request.client
    latitude = _labelled("cs7", client.latitude, "latitude")
    longitude = _labelled("cs8", client.longitude, "longitude")
    if chance.random() < 0.02:
        longitude = [("cs10", client.longitude), longitude[1]]
    return [("ccode", client.country), ("cicode", client.city), *latitude, *longitude]


def _request(request: Request) -> Pairs:
    bait, site = request.bait, request.site
    pairs = [
        ("start", str(request.at_ms)),
        ("request", f"{site.domain}{bait.path}"),
        ("requestMethod", bait.method),
    ]
    if bait.query:
        pairs.append(("qstr", bait.query))
    if bait.body:
        pairs.append(("postbody", bait.body))
    if request.attack is None and bait.path != "/":
        pairs.insert(2, ("ref", f"https://{site.domain}/"))
    return pairs


def _answer(request: Request, verdict: Verdict, chance: random.Random) -> Pairs:
    client = request.client
    is_tls = chance.random() < 0.95
    pairs = [("app", "HTTPS" if is_tls else "HTTP"), ("act", verdict.act), ("deviceExternalId", vendor_id(chance))]
    if not verdict.is_blocked:
        is_cached = verdict.act.startswith("REQ_CACHED")
        pairs.insert(0, ("cn1", str(verdict.status)))
        pairs += [
            ("sip", "0.0.0.0" if is_cached else ORIGIN),  # noqa: S104  (What the vendor writes for cached answers.)
            ("spt", "0" if is_cached else "443"),
            ("in", str(verdict.size_bytes)),
            ("xff", client.address),
        ]
    pairs += [("cpt", str(chance.randrange(1024, 65536))), ("src", client.address)]
    if is_tls:
        pairs.append(("ver", (" " if chance.random() < 0.02 else "") + TLS))
    return [*pairs, ("end", str(request.at_ms + verdict.duration_ms))]


def _rules(verdict: Verdict) -> Pairs:
    """The lists run parallel; in an event with several rules each ends in a comma, and slots may be empty."""
    rules = verdict.rules
    if not rules:
        return []
    end = "," if len(rules) > 1 else ""
    pairs = [
        ("fileType", ",".join(str(rule.file_type) for rule in rules) + end),
        ("filePermission", ",".join(str(rule.permission) for rule in rules) + end),
        *_labelled("cs9", ",".join(rule.rule_name for rule in rules) + end, "Rule name"),
    ]
    if any(rule.info for rule in rules):
        pairs += _labelled("cs11", ",".join(rule.info for rule in rules), "Rule Additional Info")
    return pairs


def vendor_id(chance: random.Random) -> str:
    """18 or 19 digits."""
    return str(chance.randrange(10**17, 10**19))


def _labelled(key: str, value: str, label: str) -> Pairs:
    return [(key, value), (f"{key}Label", label)]


def _escaped(value: str) -> str:
    return value.replace("=", "\\=")
