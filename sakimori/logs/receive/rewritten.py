"""Names under which another content came: written down as cases, of which the SOC is alarmed.

Whoever can write where the sender writes can put another content in the place of one that we have. Both contents are
kept and stored (docs/decisions/0028-both-contents-are-stored.md). Noting is safe to repeat: a door that was killed
before it sees the same content again, and it is noted then.
"""

from collections.abc import Mapping

from django.db import transaction

from sakimori.logs.models import Explanation, LogFile, RewrittenFile
from sakimori.logs.receive.broken import BROKEN

# Where the sender gives the names. Gathered files are named by us, and who imports a file sees what he brings.
DOORS = ("pull", "bucket", "drop")
_OPENED = {"closed_at": None, "closed_by_name": "", "explanation": "", "reason": ""}


def note_contents(file: LogFile) -> None:
    """A file has come, perhaps not for the first time: note whether its name has had another content before.

    A content that came broken is none: it was fetched again in order to be whole.
    """
    if file.door not in DOORS:
        return
    same_name = LogFile.objects.filter(contract=file.contract_id, door=file.door, name=file.name)
    contents = list(same_name.exclude(BROKEN).order_by("pk")[:1]) + list(same_name.exclude(BROKEN).order_by("-pk")[:1])
    if len({content.pk for content in contents}) == 2:
        _note(*contents)


def _note(first: LogFile, last: LogFile) -> None:
    newest = {"last_sha256": last.sha256, "last_at": last.received_at, "last_file": last.pk}
    with transaction.atomic():
        case, is_new = RewrittenFile.objects.select_for_update().get_or_create(
            contract_id=first.contract_id,
            door=first.door,
            name=first.name,
            defaults={"first_sha256": first.sha256, "first_at": first.received_at, **newest},
        )
        if not is_new and case.last_file < last.pk:
            _note_further(case, newest)


def _note_further(case: RewrittenFile, newest: Mapping[str, object]) -> None:
    opened = {} if case.explanation == Explanation.REUSED else _OPENED
    for name, value in {**newest, "times": case.times + 1, **opened}.items():
        setattr(case, name, value)
    case.save()
