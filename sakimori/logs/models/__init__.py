"""The rows of this room, by what they are about."""

from sakimori.logs.models.chain import ChainDay, ChainHead, ChainLink
from sakimori.logs.models.doors import DoorFlow, DoorState, MissingFiles, PullState, Residue
from sakimori.logs.models.exports import Export, ExportForm, ExportState
from sakimori.logs.models.ledger import LogFile, LogFileState, QuarantinedLine, RetentionProof, StoreCheck

__all__ = [
    "ChainDay",
    "ChainHead",
    "ChainLink",
    "DoorFlow",
    "DoorState",
    "Export",
    "ExportForm",
    "ExportState",
    "LogFile",
    "LogFileState",
    "MissingFiles",
    "PullState",
    "QuarantinedLine",
    "Residue",
    "RetentionProof",
    "StoreCheck",
]
