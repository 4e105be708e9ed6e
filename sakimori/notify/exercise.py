"""訓練: the words by which an exercise, or a test of numbers, is known wherever it is told. Pure."""

SPOKEN = "これは訓練です。"
TEST = "これは連絡先のテストです。"
MARK = "【訓練】"
WRITTEN = "これは訓練です。実際の攻撃や障害ではありません。"


def marked(text: str) -> str:
    """A subject with the mark in front, once."""
    return text if text.startswith(MARK) else f"{MARK}{text}"


def said_first(matter: str) -> tuple[str, str]:
    """What must be heard before anything else (empty, or that it is an exercise or a test), and the rest."""
    first = next((words for words in (SPOKEN, TEST) if matter.startswith(words)), "")
    return first, matter.removeprefix(first)
