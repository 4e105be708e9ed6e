"""With a contract go its exports, finished and not, and its chain; nothing of it holds the deletion up for long."""

from datetime import timedelta

from django.db import transaction

from sakimori.customers import files
from sakimori.customers.models import Contract
from sakimori.logs.chain.writing import Span, add_link
from sakimori.logs.models import ChainDay, ChainHead, ChainLink, Export, ExportForm, ExportState
from tests.closing.conftest import AFTER, World
from tests.people import NOW, make_file


def _export(contract: Contract, world: World, **columns: object) -> Export:
    return Export.objects.create(
        contract=contract,
        by=world.people.alice,
        query="",
        form=ExportForm.CSV,
        asked_at=NOW,
        next_try_at=NOW,
        expires_at=AFTER + timedelta(days=7),
        stored_name=files.keep(contract.customer, b"bundle"),
        **columns,
    )


def test_of_another_contract_of_the_customer_they_stay(world: World) -> None:
    contract = world.people.a
    other = Contract.objects.create(customer=contract.customer, number="K-A-002", starts_on=NOW.date())
    gone = [_export(contract, world, state=state) for state in (ExportState.READY, ExportState.RUNNING)]
    kept = _export(other, world, state=ExportState.READY)
    for each in (contract, other):
        with transaction.atomic():
            add_link(make_file(each), Span(), now=NOW)
    world.cancel()
    assert world.delete() == 1
    assert list(Export.objects.all()) == [kept]
    assert [files.path_of(other.customer, each.stored_name).exists() for each in (*gone, kept)] == [False, False, True]
    for model, path in ((ChainHead, "contract"), (ChainDay, "contract"), (ChainLink, "day__contract")):
        assert list(model._default_manager.values_list(path, flat=True)) == [other.pk]


def test_it_waits_while_an_export_is_being_made(world: World) -> None:
    export = _export(world.people.a, world, state=ExportState.RUNNING)
    Export.objects.filter(pk=export.pk).update(claimed_by="host:7", claimed_until=AFTER + timedelta(minutes=5))
    world.cancel()
    assert world.delete() == 0
    world.clock.pass_time(minutes=6)
    assert world.delete() == 1
    assert (Export.objects.count(), files.count(world.people.a.customer)) == (0, 0)
