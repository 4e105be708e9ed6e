"""`sakimori blacklist stop` and `go`."""

import argparse

import pytest

from sakimori.blacklist import stop
from sakimori.run import blacklist

pytestmark = pytest.mark.django_db


def call(*words: str) -> int:
    parser = argparse.ArgumentParser()
    blacklist.add_arguments(parser)
    return blacklist.run(parser.parse_args(words))


def test_the_switch_is_turned_in_the_shell(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("stop", "--reason", "調査") == 0
    assert "Nothing is put on any list since" in capsys.readouterr().out
    current = stop.current()
    assert current is not None
    assert (current.by_name, current.reason) == ("運用コマンド", "調査")
    assert call("stop", "--reason", "もう一度") == 0
    assert "（調査）" in capsys.readouterr().out.replace("(", "（").replace(")", "）")
    assert call("go", "--reason", "再開") == 0
    assert "written again" in capsys.readouterr().out
    assert call("go", "--reason", "再開") == 0
    assert "Nothing was stopped." in capsys.readouterr().out


def test_a_reason_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("stop", "--reason", "  ") == 2
    assert "--reason must not be empty" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        call("stop")
    assert not stop.is_on()
