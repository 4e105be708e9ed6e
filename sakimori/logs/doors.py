"""The doors' names, as people read them, and which of them gather lines into files of our own."""

GATHERING_DOORS = ("hec", "syslog")
_LABELS = {
    "pull": "取得（HTTPS）",
    "hec": "プッシュ（HEC）",
    "drop": "受け渡しフォルダ",
    "bucket": "S3 バケット",
    "syslog": "syslog（TLS）",
    "import": "取り込み（インポート）",
}
DOORS = tuple(_LABELS)


def door_label(door: str) -> str:
    """What a door is called on pages; its own word if it is unknown."""
    return _LABELS.get(door, door)
