"""Few browsers at once: who judges goes before who wants a picture, and one seat is never a picture's."""

import threading

from sakimori.incidents.seats import Seats


class Guest(threading.Thread):
    """Takes a seat, and keeps it until told to go."""

    def __init__(self, seats: Seats, *, urgent: bool, seconds: float = 120) -> None:
        super().__init__(daemon=True)
        self.is_wanted = True
        self.seats, self.urgent, self.seconds = seats, urgent, seconds
        self.sits, self.may_go, self.had = threading.Event(), threading.Event(), False
        self.start()

    def run(self) -> None:
        with self.seats.taken(seconds=self.seconds, urgent=self.urgent, is_wanted=lambda: self.is_wanted) as self.had:
            self.sits.set()
            self.may_go.wait(120)

    def leave(self) -> None:
        self.may_go.set()
        self.join(60)


def test_pictures_leave_one_seat_free() -> None:
    seats = Seats(2)
    first = Guest(seats, urgent=False)
    assert first.sits.wait(60)
    with seats.taken(seconds=0.01, urgent=False) as had:
        assert not had
    with seats.taken(seconds=0.01, urgent=True) as had:
        assert had
    first.leave()


def test_a_verdict_goes_before_a_picture_that_has_waited_longer() -> None:
    seats = Seats(2)
    holders = [Guest(seats, urgent=True) for _ in range(2)]
    assert all(each.sits.wait(60) for each in holders)
    picture, judge = Guest(seats, urgent=False), Guest(seats, urgent=True)
    holders[0].leave()
    assert judge.sits.wait(60)
    assert not picture.sits.is_set()
    holders[1].leave()
    judge.leave()
    assert picture.sits.wait(60)
    picture.leave()


def test_who_finds_no_seat_in_time_gives_none_back() -> None:
    seats = Seats(1)
    holder = Guest(seats, urgent=True)
    assert holder.sits.wait(60)
    late = Guest(seats, urgent=True, seconds=0.01)
    late.leave()
    assert not late.had
    with seats.taken(seconds=0.01, urgent=True) as had:
        assert not had
    holder.leave()
    with seats.taken(seconds=60, urgent=True) as had:
        assert had


def test_whose_look_is_not_wanted_any_more_leaves_the_line_without_a_seat() -> None:
    seats = Seats(1)
    holder, late = Guest(seats, urgent=True), Guest(seats, urgent=True)
    while not (holder.sits.is_set() or late.sits.is_set()):
        threading.Event().wait(0.001)
    first, waits = (holder, late) if holder.sits.is_set() else (late, holder)
    waits.is_wanted = False
    first.leave()
    assert waits.sits.wait(60)
    assert not waits.had
    with seats.taken(seconds=60, urgent=True) as had:
        assert had, "it kept none"
    waits.leave()
