"""訓練: the words by which an exercise is known wherever it is told. Pure."""

SPOKEN = "これは訓練です。"
MARK = "【訓練】"
WRITTEN = "これは訓練です。実際の攻撃や障害ではありません。"


def marked(text: str) -> str:
    """A subject with the mark in front, once."""
    return text if text.startswith(MARK) else f"{MARK}{text}"


def said_first(matter: str) -> tuple[str, str]:
    """What the called person must hear before anything else (empty, or that it is an exercise), and the rest."""
    return (SPOKEN, matter.removeprefix(SPOKEN)) if matter.startswith(SPOKEN) else ("", matter)
