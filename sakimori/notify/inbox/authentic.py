"""Who really wrote a mail: proven by DKIM, or by SPF where it is known which machine handed it over.

Only domains that are expected may speak at all. What cannot be proven is kept, and counts for nothing.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message
from email.utils import getaddresses

from sakimori.notify.inbox import dkim_check, spf_check
from sakimori.notify.inbox.names import DnsTrouble, Names
from sakimori.notify.inbox.reading import header

# Of these there may be one only: a client, a filter and a signature may each look at another of two.
_ONCE = ("from", "to", "cc", "subject", "date", "content-type", "content-transfer-encoding", "mime-version", "sender")
_TROUBLES = (MessageError, ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError)
_SPF_PASS = re.compile(r"(?:^|[;\s])spf\s*=\s*pass\b[^;]*?\bsmtp\.mailfrom\s*=\s*\"?(?:[^@\s;\"]*@)?([A-Za-z0-9.-]+)")


@dataclass(frozen=True, slots=True)
class Envelope:
    """How a mail came. peer: the machine that handed it to our own door; None where it was fetched from a mailbox."""

    peer: str | None = None
    helo: str = ""
    return_path: str = ""


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom we believe. domains: that may speak; address: that they write to, empty: any.

    authserv: the name of our own mail server in Authentication-Results, empty: none.
    """

    domains: tuple[str, ...]
    address: str = ""
    authserv: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of the sender. is_final: False when the DNS did not answer. mark: of the signature."""

    authenticated: bool
    proof: str
    is_final: bool = True
    mark: str = ""


class _Refused(Exception):
    """Not to be believed, whatever it is signed with; the text is a Japanese sentence."""


def authenticate(raw: bytes, envelope: Envelope, trust: Trust, *, names: Names, now: datetime) -> Verdict:
    """Judge a mail. now: when it came. Never raises."""
    try:
        message = message_from_bytes(raw)
        domain = _sender_domain(message, trust)
    except _Refused as error:
        return Verdict(authenticated=False, proof=str(error))
    except _TROUBLES:
        return Verdict(authenticated=False, proof="メールの形式が正しくありません。")
    trouble = False
    try:
        signed = dkim_check.check(raw, may_sign=lambda signer: _aligned(signer, domain, trust), names=names, now=now)
        proof = f"{signed.domain} の DKIM 署名（セレクター {signed.selector[:60]}）を確認しました。"
        return Verdict(authenticated=True, proof=proof, mark=signed.mark)
    except dkim_check.NotSigned as error:
        reason = str(error)
    except DnsTrouble:
        trouble, reason = True, "DNS に問い合わせできないため、DKIM 署名を確認できていません。"
    try:
        if proof := _by_spf(message, envelope, trust, domain, names):
            return Verdict(authenticated=True, proof=proof)
    except DnsTrouble:
        trouble, reason = True, f"{reason}SPF も確認できていません。"
    return Verdict(authenticated=False, proof=reason, is_final=not trouble)


def _sender_domain(message: Message, trust: Trust) -> str:
    """The domain in From. Raises _Refused where a mail is ambiguous, or speaks for nobody whom we expect."""
    names = [name.lower() for name in message.keys()]  # noqa: SIM118 - a mail is no dictionary
    doubled = next((name for name in _ONCE if names.count(name) > 1), "")
    if doubled:
        raise _Refused(f"ヘッダー {doubled.title()} が複数あります。")
    senders = [address for _, address in getaddresses([header(message, "From")])]
    if len(senders) != 1 or senders[0].count("@") != 1:
        raise _Refused("差出人（From）が一つに定まりません。")
    domain = senders[0].rpartition("@")[2].lower().rstrip(".")
    if not _is_expected(domain, trust):
        raise _Refused(f"差出人のドメイン（{domain[:80]}）は、ベンダーのドメインとして登録されていません。")
    receivers = getaddresses([header(message, "To"), header(message, "Cc")])
    if trust.address and trust.address not in {address.lower() for _, address in receivers}:
        raise _Refused(f"宛先が、ベンダーの通知を受け取るアドレス（{trust.address}）ではありません。")
    return domain


def _is_expected(domain: str, trust: Trust) -> bool:
    return any(domain == known or domain.endswith(f".{known}") for known in trust.domains)


def _aligned(signer: str, sender: str, trust: Trust) -> bool:
    """The signer is the sender's domain or one of the same owner, and expected itself."""
    signer = signer.lower().rstrip(".")
    same_owner = any(
        all(domain == known or domain.endswith(f".{known}") for domain in (signer, sender)) for known in trust.domains
    )
    return same_owner and (signer == sender or signer.endswith(f".{sender}") or sender.endswith(f".{signer}"))


def _by_spf(message: Message, envelope: Envelope, trust: Trust, domain: str, names: Names) -> str:
    """How SPF proves the sender, or empty. Only what we saw ourselves counts, or what our own mail server wrote."""
    if envelope.peer:
        sender = envelope.return_path.rpartition("@")[2].lower()
        if sender and _aligned(sender, domain, trust):
            asked = {"peer": envelope.peer, "return_path": envelope.return_path, "helo": envelope.helo}
            if spf_check.passes(**asked, names=names):
                return f"送信元 {envelope.peer} は、SPF で {sender} の正規のサーバーと確認しました。"
        return ""
    if not trust.authserv:
        return ""
    first = header(message, "Authentication-Results")  # Ours stands above any that came with the mail.
    server, _, results = first.partition(";")
    if not server.split() or server.split()[0].lower() != trust.authserv:
        return ""
    found = _SPF_PASS.search(_without_comments(results))
    if found and _aligned(found[1].lower(), domain, trust):
        return f"自社のメールサーバー（{trust.authserv}）が、SPF で {found[1].lower()} を確認しました。"
    return ""


def _without_comments(text: str) -> str:
    """Comments in parentheses may hold anything; they are taken out from the inside to the outside."""
    before = ""
    while before != text:
        before, text = text, re.sub(r"\([^()]*\)", " ", text)
    return text
