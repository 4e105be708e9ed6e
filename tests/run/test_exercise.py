"""`sakimori exercise`: lists sandboxes, starts an exercise, says how it went, and refuses with a reason."""

import argparse
import json

import pytest

from sakimori.accounts.models import SocRole, User
from sakimori.incidents.course import Exercise
from sakimori.incidents.models import Incident
from sakimori.incidents.sandbox import Trainee, make_sandbox
from sakimori.run import exercise
from tests.people import NOW, make_people, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager() -> User:
    return make_user("mana", "黒田", "誠", soc_role=SocRole.MANAGER)


@pytest.fixture
def sandbox(manager: User) -> str:
    trainee = Trainee("訓練 一郎", "kunren@example.jp", "03-0000-0901")
    return make_sandbox(name="訓練用のお客様", trainees=[trainee], by=manager, now=NOW).number


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    exercise.add_arguments(parser)
    return exercise.run(parser.parse_args(words))


def test_without_a_customer_it_lists_the_sandboxes(sandbox: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    assert capsys.readouterr().out == f"{sandbox}  訓練用のお客様\n"


def test_it_starts_one_and_prints_its_clocks(sandbox: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(sandbox, "--by", "mana", "--scenario", "worse", "--speed", "60") == 0
    said = json.loads(capsys.readouterr().out)
    row = Exercise.objects.get()
    assert (row.speed, row.started_by.username if row.started_by else "") == (60, "mana")
    assert (said["exercise"], said["ended"], said["passed"], said["mail_s"]) == (row.pk, False, False, None)


def test_one_that_is_not_over_in_time_has_not_passed(sandbox: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(sandbox, "--by", "mana", "--wait", "0.01") == 1
    assert json.loads(capsys.readouterr().out)["passed"] is False


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("KUNREN-999", "--by", "mana"), "no sandbox customer"),
        (("C-A", "--by", "mana"), "no sandbox customer"),
        (("KUNREN-001", "--by", "nobody"), "no active person"),
        (("KUNREN-001", "--by", "dana"), "SOC 責任者"),
        (("KUNREN-001", "--by", "mana", "--speed", "500"), "早送り"),
    ],
)
def test_what_cannot_be_started_is_refused_with_the_reason(
    words: tuple[str, ...], why: str, sandbox: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sandbox == "KUNREN-001"
    make_people()
    assert run(*words) == 2
    assert why in capsys.readouterr().err
    assert not Incident.objects.exists()
