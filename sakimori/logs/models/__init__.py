"""The rows of this room, by what they are about."""

from sakimori.logs.models.chain import ChainDay, ChainHead, ChainLink
from sakimori.logs.models.doors import (
    Dismissal,
    DoorFlow,
    DoorState,
    Explanation,
    MissingFiles,
    PullState,
    Refusal,
    RefusedSender,
    Residue,
    RewrittenFile,
)
from sakimori.logs.models.exports import Export, ExportForm, ExportState
from sakimori.logs.models.ledger import (
    LogFile,
    LogFileState,
    QuarantinedLine,
    RetentionProof,
    StoreCheck,
    StoringTurn,
)
from sakimori.logs.models.reparse import Reparse

__all__ = [
    "ChainDay",
    "ChainHead",
    "ChainLink",
    "Dismissal",
    "DoorFlow",
    "DoorState",
    "Explanation",
    "Export",
    "ExportForm",
    "ExportState",
    "LogFile",
    "LogFileState",
    "MissingFiles",
    "PullState",
    "QuarantinedLine",
    "Refusal",
    "RefusedSender",
    "Reparse",
    "Residue",
    "RetentionProof",
    "RewrittenFile",
    "StoreCheck",
    "StoringTurn",
]
