"""Who is called now and who is passed over: hours, deputies, sites, caps, people who only a person can dial, storms."""

from datetime import timedelta

import pytest

from sakimori.accounts.models import SocRole, User
from sakimori.customers.models import Contact, Site
from sakimori.notify.actions import NotPossible
from sakimori.notify.by_hand import begin_call, call_on_sheet, enter_result
from sakimori.notify.duties import pass_on_alarms
from sakimori.notify.interface import PhoneRefused, PhoneState
from sakimori.notify.joining import said
from sakimori.notify.matter_rows import CallMatter
from sakimori.notify.models import Alarm, Call, CallRound, CallState, RoundState, Severity
from tests.moments import START
from tests.notify.tree import ONE, THREE, TWO, Tree, add_contact
from tests.people import make_contract, make_shift, make_user
from tests.settings_change import with_config

pytestmark = pytest.mark.django_db

CLOSED = "月 09:00-10:00"  # The clock begins on a Monday, noon in Japan.


@pytest.fixture
def tree() -> Tree:
    contract = make_contract("株式会社さくら商店", "A")
    for priority, number in enumerate((ONE, TWO, THREE), start=1):
        add_contact(contract, number, priority)
    return Tree(contract)


@pytest.fixture
def dana() -> User:
    return make_user("dana", "高橋", "棚子", soc_role=SocRole.ANALYST)


def only(tree: Tree, *numbers: str) -> None:
    Contact.objects.filter(customer=tree.contract.customer).exclude(phone__in=numbers).delete()


class TestHours:
    def test_who_is_outside_his_hours_is_passed_over_with_the_reason_in_the_record(self, tree: Tree) -> None:
        Contact.objects.filter(phone=ONE).update(hours=CLOSED)
        tree.begin()
        tree.ring()
        assert tree.dialled() == [TWO]
        first = Call.objects.get(place=1)
        assert (first.state, first.intended_at) == (CallState.SKIPPED, None)
        assert first.skip_reason == ("お電話できる時間帯の外（月 09:00-10:00。次は 2026/11/30 09:00 から）")

    def test_hours_that_end_while_the_others_are_called_count(self, tree: Tree) -> None:
        Contact.objects.filter(phone=TWO).update(hours="月 11:00-12:01")
        tree.begin()
        tree.ring()
        tree.clock.pass_time(minutes=2)
        tree.press(PhoneState.BUSY)
        assert tree.dialled() == [ONE, THREE]
        assert "時間帯の外" in Call.objects.get(place=2).skip_reason

    def test_hours_that_begin_in_the_pause_count_the_next_time(self, tree: Tree) -> None:
        only(tree, ONE, TWO)
        Contact.objects.filter(phone=TWO).update(hours="月 12:03-13:00")
        tree.begin()
        tree.ring()
        tree.press(PhoneState.BUSY)
        tree.ring(seconds=310)
        tree.press(PhoneState.NO_ANSWER)
        assert tree.dialled() == [ONE, ONE, TWO]

    def test_when_nobody_may_be_called_the_soc_knows_at_once(self, tree: Tree) -> None:
        Contact.objects.update(hours=CLOSED)
        round_ = tree.begin()
        alarm = Alarm.objects.get()
        assert (alarm.severity, alarm.key) == (Severity.HIGH, f"nobody-callable:{round_.pk}")
        assert alarm.sentence == "株式会社さくら商店 には、いま電話できる連絡先がありません。（サイト停止）"
        tree.ring(seconds=700)
        round_.refresh_from_db()
        assert (round_.state, tree.dialled()) == (RoundState.EXHAUSTED, [])
        assert Alarm.objects.filter(key=f"not-reached:{round_.pk}").exists()


class TestWhoStands:
    def test_a_deputy_is_called_in_the_place_of_his_contact_while_it_is_his_time(self, tree: Tree) -> None:
        deputy = {
            "stands_for": Contact.objects.get(phone=TWO),
            "valid_from": START,
            "valid_until": START + timedelta(days=3),
            "name": "代理 四郎",
        }
        add_contact(tree.contract, "03-0000-1004", 9, **deputy)
        tree.begin()
        tree.ring()
        tree.press(PhoneState.BUSY)
        assert tree.dialled() == [ONE, "03-0000-1004"]
        assert Call.objects.get(place=2).in_place_of == "次郎"
        assert Call.objects.count() == 3
        tree.press(PhoneState.CONFIRMED)
        tree.clock.pass_time(days=4)
        tree.begin("incident:2")
        assert [call.name for call in Call.objects.filter(round__key="incident:2")] == ["一郎", "次郎", "三郎"]

    def test_a_second_number_is_called_after_the_first(self, tree: Tree) -> None:
        Contact.objects.filter(phone=ONE).update(second_phone="090-0000-0001")
        tree.begin()
        assert [call.number for call in Call.objects.order_by("place")] == [ONE, "090-0000-0001", TWO, THREE]

    def test_a_contact_with_sites_of_his_own_is_called_about_those_only(self, tree: Tree) -> None:
        mine = tree.contract.sites.get()
        other = Site.objects.create(contract=tree.contract, domain="b.example.jp", vendor_site_id=2)
        Contact.objects.get(phone=ONE).sites.set([other])
        tree.begin("incident:1", site=mine)
        assert [call.number for call in Call.objects.filter(round__key="incident:1")] == [TWO, THREE]
        Contact.objects.exclude(phone=ONE).delete()
        Call.objects.all().delete()
        tree.begin("incident:2", site=mine)
        assert [call.number for call in Call.objects.filter(round__key="incident:2")] == [ONE], "silence is worse"

    def test_changed_contacts_count_from_the_next_time_on_and_a_removed_one_at_once(self, tree: Tree) -> None:
        tree.begin()
        tree.ring()
        Contact.objects.filter(phone=TWO).update(active=False)
        Contact.objects.filter(phone=THREE).update(phone="03-0000-1009")
        add_contact(tree.contract, "03-0000-1004", 4)
        tree.press(PhoneState.BUSY)
        assert tree.dialled() == [ONE, THREE]
        assert Call.objects.get(place=2).skip_reason == "連絡先から外れたため"
        tree.press(PhoneState.BUSY)
        tree.ring(seconds=310)
        assert [call.number for call in Call.objects.filter(lap=2)] == [ONE, "03-0000-1009", "03-0000-1004"]


class TestCaps:
    def test_a_number_is_not_called_more_often_than_allowed_and_the_reason_is_recorded(self, tree: Tree) -> None:
        only(tree, ONE)
        tree.phone.habits = {ONE: PhoneState.BUSY}
        with with_config(rounds=3, calls_per_hour=2):
            round_ = tree.begin()
            tree.ring(seconds=700)
        assert tree.dialled() == [ONE, ONE]
        assert Call.objects.get(lap=3).skip_reason == "同じ番号への架電が上限（1 時間に 2 回）に達したため"
        keys = set(Alarm.objects.values_list("key", flat=True))
        assert f"not-reached:{round_.pk}" in keys

    def test_the_same_number_written_in_another_way_is_the_same_number(self, tree: Tree) -> None:
        only(tree, ONE, TWO)
        Contact.objects.filter(phone=TWO).update(phone="+81 3 0000 1001")
        with with_config(calls_per_hour=1):
            tree.begin()
            tree.ring()
            tree.press(PhoneState.BUSY)
        assert tree.dialled() == [ONE]
        assert "上限" in Call.objects.get(place=2).skip_reason

    def test_a_day_has_its_own_cap(self, tree: Tree) -> None:
        only(tree, ONE)
        tree.phone.habits = {ONE: PhoneState.CONFIRMED}
        with with_config(calls_per_day=2):
            for number in range(3):
                tree.begin(f"incident:{number}")
                tree.ring(seconds=2)
                tree.clock.pass_time(hours=2)
        assert tree.dialled() == [ONE, ONE]
        assert "24 時間に 2 回" in Call.objects.latest("pk").skip_reason

    def test_people_behind_one_switchboard_have_a_cap_each(self, tree: Tree, dana: User) -> None:
        only(tree, ONE, TWO)
        Contact.objects.update(phone=ONE, phone_kind="person")
        with with_config(calls_per_hour=1):
            round_ = tree.begin()
            tree.ring(seconds=2)
            first = begin_call(round_, by=dana, now=tree.clock())
            enter_result(first, CallState.NO_ANSWER, by=dana, now=tree.clock())
            tree.ring(seconds=2)
            second = begin_call(round_, by=dana, now=tree.clock())
        assert [call.name for call in (first, second)] == ["一郎", "次郎"]

    def test_when_nobody_is_left_for_the_cap_the_soc_knows_at_once(self, tree: Tree) -> None:
        only(tree, ONE)
        tree.phone.habits = {ONE: PhoneState.CONFIRMED}
        with with_config(calls_per_hour=1):
            tree.begin()
            tree.ring(seconds=3)
            tree.clock.pass_time(minutes=15)
            round_ = tree.begin("incident:2")
            tree.ring(seconds=3)
        assert tree.dialled() == [ONE]
        alarm = Alarm.objects.get()
        assert (alarm.key, alarm.severity) == (f"nobody-callable:{round_.pk}", Severity.HIGH)


class TestByPerson:
    def test_of_two_people_behind_one_number_the_second_comes_right_after_the_first(
        self, tree: Tree, dana: User
    ) -> None:
        emi = make_user("emi", "西村", "絵美", soc_role=SocRole.ANALYST)
        Contact.objects.exclude(phone=THREE).update(phone=ONE, phone_kind="person")
        round_ = tree.begin()
        tree.ring(seconds=2)
        first = begin_call(round_, by=dana, now=tree.clock())
        with pytest.raises(NotPossible, match="一郎 様への架電は、高橋 棚子が行っています"):
            begin_call(round_, by=emi, now=tree.clock())
        tree.ring(seconds=60)
        assert (tree.dialled(), Call.objects.get(place=2).state) == ([], CallState.PLANNED)
        enter_result(first, CallState.BUSY, by=dana, now=tree.clock())
        tree.ring(seconds=2)
        second = begin_call(round_, by=emi, now=tree.clock())
        assert (second.name, second.place) == ("次郎", 2)
        enter_result(second, CallState.BUSY, by=emi, now=tree.clock())
        tree.ring(seconds=2)
        assert tree.dialled() == [THREE], "and then the machine goes on"

    def test_two_customers_behind_one_switchboard_are_dialled_one_after_the_other(self, tree: Tree, dana: User) -> None:
        """Such as two companies whose sites one firm looks after."""
        other = Tree(make_contract("有限会社もみじ堂", "B"), phone=tree.phone, clock=tree.clock)
        add_contact(other.contract, ONE, 1, phone_kind="person", name="紅葉")
        Contact.objects.filter(phone=ONE).update(phone_kind="person")
        rounds = tree.begin(), other.begin("incident:2")
        tree.ring(seconds=2)
        first = begin_call(rounds[0], by=dana, now=tree.clock())
        with pytest.raises(NotPossible, match="紅葉 様の番号には、高橋 棚子が別の件で架電中です"):
            begin_call(rounds[1], by=dana, now=tree.clock())
        tree.ring(seconds=30)
        enter_result(first, CallState.CONFIRMED, spoke_with="一郎", by=dana, now=tree.clock())
        tree.ring(seconds=2)
        assert begin_call(rounds[1], by=dana, now=tree.clock()).name == "紅葉"

    def test_a_switchboard_waits_for_an_operator_and_then_the_round_goes_on_by_itself(
        self, tree: Tree, dana: User
    ) -> None:
        Contact.objects.filter(phone=ONE).update(phone_kind="person", phone_note="交換台で内線 12 を依頼")
        round_ = tree.begin()
        tree.ring(seconds=2)
        round_.refresh_from_db()
        assert (round_.by_hand, tree.dialled()) == (True, [])
        assert Alarm.objects.get().sentence == (
            "株式会社さくら商店 の 一郎 様は代表・内線の番号です。手動で架電してください。（サイト停止）"
        )
        call = begin_call(round_, by=dana, now=tree.clock())
        assert (call.number, call.how_to) == (ONE, "交換台で内線 12 を依頼")
        assert Alarm.objects.get().acknowledged_by == dana, "taking the call is taking the alarm"
        enter_result(call, CallState.BUSY, by=dana, now=tree.clock())
        tree.ring()
        assert tree.dialled() == [TWO]

    def test_when_no_operator_comes_the_others_have_their_turn(self, tree: Tree) -> None:
        Contact.objects.filter(phone=ONE).update(phone_kind="person")
        tree.begin()
        tree.ring(seconds=170)
        assert tree.dialled() == []
        tree.ring(seconds=20)
        assert tree.dialled() == [TWO]
        assert Call.objects.get(place=1).skip_reason == "人による架電が始まらなかったため"


class TestWithinAMinute:
    def test_a_provider_that_refuses_everything_is_an_operators_at_once(self, tree: Tree, dana: User) -> None:
        tree.phone.failures.extend(PhoneRefused("受け付けませんでした。") for _ in range(3))
        round_ = tree.begin()
        tree.ring(seconds=5)
        round_.refresh_from_db()
        assert round_.by_hand
        assert Alarm.objects.get(key="phone-refused").severity == Severity.HIGH
        call = call_on_sheet(round_)
        assert call is not None
        assert (call.number, call.lap) == (ONE, 2)
        enter_result(
            begin_call(round_, by=dana, now=tree.clock()),
            CallState.CONFIRMED,
            spoke_with="一郎",
            by=dana,
            now=tree.clock(),
        )
        round_.refresh_from_db()
        assert round_.state == RoundState.REACHED

    def test_a_round_that_could_not_dial_for_a_minute_is_an_operators(self, tree: Tree) -> None:
        """Such as when the line of the number stays taken, or a placed call never appears."""
        other = tree.begin("incident:0")
        tree.ring()
        CallRound.objects.filter(pk=other.pk).update(
            customer=None, state=RoundState.STOPPED, next_try_at="2030-01-01T00:00Z"
        )
        only(tree, ONE)
        round_ = tree.begin("incident:1")
        with_line = Call.objects.get(round=other, place=1)
        assert with_line.line
        CallRound.objects.filter(pk=other.pk).update(claimed_by="x", claimed_until=tree.clock() + timedelta(seconds=59))
        tree.ring(seconds=30)
        round_.refresh_from_db()
        assert not round_.by_hand
        CallRound.objects.filter(pk=other.pk).update(claimed_by="x", claimed_until=tree.clock() + timedelta(seconds=59))
        tree.ring(seconds=32)
        round_.refresh_from_db()
        assert round_.by_hand
        assert "1 分以上、電話を発信できていません" in Alarm.objects.get(key=f"call-by-hand:{round_.pk}").sentence


class TestStorms:
    def test_a_second_incident_joins_the_round_and_the_next_person_hears_of_both(self, tree: Tree) -> None:
        first = tree.begin("incident:1", "A サイト停止")
        tree.ring()
        second = tree.begin("incident:2", "B サイト停止")
        third = tree.begin("incident:3", "C サイト停止")
        assert first == second == third
        tree.ring(seconds=3)
        assert tree.dialled() == [ONE]
        tree.press(PhoneState.BUSY)
        assert (
            "A サイト停止です。 ほか 2 件のお知らせがあります。B サイト停止、C サイト停止。"
            in tree.phone.placed[-1].say
        )
        tree.press(PhoneState.CONFIRMED)
        assert CallMatter.objects.filter(told_at__isnull=False).count() == 3

    def test_who_was_reached_just_now_is_not_rung_up_again(self, tree: Tree) -> None:
        first = tree.begin("incident:1")
        tree.ring()
        tree.press(PhoneState.CONFIRMED)
        assert tree.begin("incident:2").pk == first.pk
        tree.ring(seconds=30)
        assert tree.dialled() == [ONE]
        assert CallMatter.objects.get(key="incident:2").told_at is None, "he is told by mail"
        tree.clock.pass_time(minutes=11)
        assert tree.begin("incident:3").pk != first.pk
        tree.ring()
        assert tree.dialled() == [ONE, ONE]

    def test_what_joined_while_he_was_on_the_phone_was_not_told(self, tree: Tree) -> None:
        tree.begin("incident:1")
        tree.ring()
        tree.begin("incident:2")
        tree.press(PhoneState.CONFIRMED)
        told = dict(CallMatter.objects.values_list("key", "told_at"))
        assert told["incident:1"] is not None
        assert told["incident:2"] is None

    def test_a_matter_of_other_people_has_a_round_of_its_own(self, tree: Tree) -> None:
        other = Site.objects.create(contract=tree.contract, domain="b.example.jp", vendor_site_id=2)
        add_contact(tree.contract, "03-0000-1004", 4).sites.set([other])
        first = tree.begin("incident:1", site=tree.contract.sites.exclude(pk=other.pk).get())
        assert tree.begin("incident:2", site=other).pk != first.pk
        tree.ring(seconds=3)
        assert tree.dialled() == [ONE], "and still no number rings twice"

    def test_the_same_matter_again_is_the_same_round(self, tree: Tree) -> None:
        first = tree.begin("incident:1")
        tree.begin("incident:2")
        assert tree.begin("incident:2").pk == first.pk
        assert CallMatter.objects.count() == 2
        first.refresh_from_db()
        assert first.say.count("ほか 1 件") == 1

    def test_words_for_many(self) -> None:
        assert said("甲。", []) == "甲。"
        assert "ほか 3 件のお知らせがあります。乙、丙など。" in said("甲。", ["乙", "丙", "丁"])


def test_after_the_last_time_the_soc_lead_is_phoned_at_once(tree: Tree, dana: User) -> None:
    dana.phone = "03-0000-0101"
    dana.save()
    make_shift(dana, starts_at=START - timedelta(hours=1), ends_at=START + timedelta(days=1))
    tree.phone.habits = dict.fromkeys((ONE, TWO, THREE), PhoneState.NO_ANSWER)
    with with_config(rounds=1):
        tree.begin()
        tree.ring(seconds=2)
        pass_on_alarms(now=tree.clock())
        tree.ring()
    assert tree.dialled() == [ONE, TWO, THREE, "03-0000-0101"]
