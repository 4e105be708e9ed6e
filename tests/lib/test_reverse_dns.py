"""The two questions of reverse DNS, and asking many at once within a time."""

import socket
import threading
import time
from collections.abc import Callable

import pytest

from sakimori.lib.reverse_dns import NamesUnavailable, SystemNames, ask_all


def raising(error: Exception) -> Callable[..., object]:
    def fail(*_: object, **__: object) -> object:
        raise error

    return fail


def test_the_system_answers_with_every_name_and_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostbyaddr", lambda _: ("a.example.jp", ["b.example.jp"], ["192.0.2.2"]))
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("192.0.2.2", 0)), (0, 0, 0, "", ("192.0.2.2", 0))]
    )
    assert SystemNames().names_of("192.0.2.2") == ("a.example.jp", "b.example.jp")
    assert SystemNames().addresses_of("a.example.jp") == ("192.0.2.2",)


@pytest.mark.parametrize("error", [socket.herror(1, "unknown host"), socket.herror(4, "no data")])
def test_no_name_is_an_answer(error: OSError, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostbyaddr", raising(error))
    assert SystemNames().names_of("192.0.2.2") == ()


@pytest.mark.parametrize(
    "error", [socket.gaierror(socket.EAI_NONAME, ""), socket.gaierror(socket.EAI_NODATA, ""), UnicodeError()]
)
def test_no_address_is_an_answer(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", raising(error))
    assert SystemNames().addresses_of("a.example.jp") == ()


@pytest.mark.parametrize("error", [socket.herror(2, "try again"), socket.herror(3, "failure"), OSError("no network")])
def test_silence_about_an_address_is_none(error: OSError, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostbyaddr", raising(error))
    with pytest.raises(NamesUnavailable):
        SystemNames().names_of("192.0.2.2")


@pytest.mark.parametrize("error", [socket.gaierror(socket.EAI_AGAIN, "try again"), OSError("no network")])
def test_silence_about_a_name_is_none(error: OSError, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", raising(error))
    with pytest.raises(NamesUnavailable):
        SystemNames().addresses_of("a.example.jp")


def test_all_are_asked_and_answered() -> None:
    assert ask_all(range(50), lambda number: number * 2, seconds=60) == {number: number * 2 for number in range(50)}
    assert ask_all((), str, seconds=60) == {}


def test_who_is_slow_is_left_behind() -> None:
    wait = threading.Event()

    def ask(number: int) -> int:
        if number == 0:
            wait.wait(120)
        return number

    begun = time.monotonic()
    found = ask_all(range(4), ask, seconds=3, threads=2)
    assert time.monotonic() - begun < 60
    assert found == {1: 1, 2: 2, 3: 3}
    wait.set()


def test_threads_that_are_left_behind_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sakimori.lib.reverse_dns._MOST_THREADS", 3)
    wait = threading.Event()
    for _ in range(5):
        assert ask_all(range(4), lambda _: wait.wait(120), seconds=0.02) == {}
        assert sum(thread.name == "names" for thread in threading.enumerate()) <= 3
    wait.set()
    for thread in threading.enumerate():
        if thread.name == "names":
            thread.join(60)
    assert ask_all(range(4), str, seconds=60) == {0: "0", 1: "1", 2: "2", 3: "3"}


def test_after_the_time_nobody_new_is_asked() -> None:
    asked: list[int] = []
    done = threading.Event()

    def ask(number: int) -> int:
        asked.append(number)
        done.wait(0.3)
        return number

    assert ask_all(range(100), ask, seconds=0.05, threads=2) == {}
    done.set()
    for thread in threading.enumerate():
        if thread.name == "names":
            thread.join(60)
    assert len(asked) <= 2
