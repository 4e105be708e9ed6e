"""Words for customers: every kind of attack is explained, every state has its words, hostile rows break nothing."""

import pytest

from sakimori.blacklist.explanations import EXPLANATIONS, explain
from sakimori.blacklist.models import BlockState
from sakimori.blacklist.queries import DECIDABLE, MOVING, RESTORABLE
from sakimori.blacklist.stories import sentence_of, story_of
from sakimori.logs.attack_kinds import AttackKind
from sakimori.portal.rows import standing_of
from tests.japanese.text import japanese_or_allowed
from tests.people import People, make_block, make_finding


def test_every_kind_of_attack_is_explained_in_four_parts() -> None:
    assert set(EXPLANATIONS) == {kind.value for kind in AttackKind if kind is not AttackKind.NONE}
    for code, parts in EXPLANATIONS.items():
        told = explain(code)
        assert (told.explanation, told.risk, told.handling, told.check) == parts
        assert japanese_or_allowed(told.label)
        for part in parts:
            assert part.endswith("。")
            assert japanese_or_allowed(part)
            assert part.count("。") <= 3, part


def test_no_explanation_claims_what_became_of_a_single_case() -> None:
    """It stands beside addresses that are on the list, that wait, and that were left alone."""
    for code in EXPLANATIONS:
        assert "登録しました" not in explain(code).handling
        assert "通信可能" not in "".join(EXPLANATIONS[code])


def test_a_kind_of_the_future_is_explained_as_other() -> None:
    assert explain("quantum_attack").label == "その他"


@pytest.mark.parametrize("state", BlockState)
def test_every_state_has_words(state: BlockState, people: People) -> None:
    standing = standing_of(make_block(people.a, state=state))
    assert japanese_or_allowed(standing.words)
    assert standing.moving is (state in MOVING)
    assert standing.restorable is (state in RESTORABLE)


def test_nothing_is_both_decidable_and_restorable() -> None:
    assert not set(DECIDABLE) & set(RESTORABLE)


def test_evidence_of_any_shape_is_shown(people: People) -> None:
    samples = [
        {"time": "not a time", "outcome": "of the future", "rule_names": ["one", "two"]},
        {"time": "2026-11-23T13:04:59+00:00", "rule_names": None},
        {"rule_names": 7},
    ]
    shown = story_of(make_finding(people.a, "203.0.113.5", samples=samples)).samples
    assert [sample.time for sample in shown] == ["not a time", "2026年11月23日 22:04:59", ""]
    assert [sample.rule_names for sample in shown] == ["one, two", "", ""]
    assert shown[0].outcome == "of the future"


def test_reasons_are_sentences_codes_or_nothing() -> None:
    assert sentence_of("approved") == "アナリストが登録を承認しました。"
    assert sentence_of("of_the_future") == "理由コード of_the_future"
    assert sentence_of("") == ""
