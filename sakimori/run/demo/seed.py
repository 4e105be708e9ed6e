"""Writes the demo's people and customers into the database. Safe to run at every start: what is there stays."""

from datetime import date, datetime

from django.db import transaction

from sakimori.accounts.models import User
from sakimori.customers.models import Contact, Contract, Customer, Member, RegisteredNetwork, Site, VendorAccount
from sakimori.customers.secrets import add_log_key, give_key, seal_vendor_key
from sakimori.lib.jst import day_of
from sakimori.run.demo.cast import ANALYST, MANAGER, Company, Person, companies
from sakimori.run.demo.history import invent
from sakimori.run.demo.notes import DemoNotes
from sakimori.run.demo.passwords import hashed
from sakimori.run.demo.seed_closing import seed_closing
from sakimori.run.demo.seed_duty import seed_duty
from sakimori.run.demo.seed_history import seed_history
from sakimori.run.demo.seed_past import seed_past
from sakimori.run.demo.seed_report import seed_reports
from sakimori.run.demo.seed_sites import seed_sites
from sakimori.simulators.spec import SiteSpec
from sakimori.simulators.world import World


def seed(notes: DemoNotes, world: World, *, now: datetime) -> None:
    """Make everybody and everything that is not there yet."""
    first_time = not Customer.objects.exists()
    with transaction.atomic():
        analyst, manager = (_user(person, notes.password, soc_role=person.role) for person in (ANALYST, MANAGER))
        for company in companies(notes):
            _company(company, notes, world, now)
        seed_duty(notes.password, now=now)
        if first_time:
            _past(analyst, manager, now)
        seed_reports(manager, now=now)
    seed_closing(notes.password, now=now)
    seed_sites(now=now)


def _past(analyst: User, manager: User, now: datetime) -> None:
    contract = Contract.objects.select_related("customer").earliest("pk")
    customer = contract.customer.members.select_related("user").earliest("pk").user
    seed_past(contract, customer=customer, analyst=analyst, manager=manager, now=now)


def _company(company: Company, notes: DemoNotes, world: World, now: datetime) -> None:
    customer = Customer.objects.filter(number=company.number).first()
    if customer is not None:
        return
    customer = Customer(number=company.number, name=company.name, created_at=now)
    give_key(customer)
    customer.save()
    contract = Contract.objects.create(
        customer=customer,
        number=company.contract,
        starts_on=date(2026, 4, 1),
        keeps_access_lines=company.keeps_access_lines,
        keeps_logs=company.keeps_logs,
        plan_mbps=company.plan_mbps,
    )
    for site in company.account.sites:
        _site(contract, site, world)
    for priority, (name, email, phone) in enumerate(company.contacts, start=1):
        Contact.objects.create(customer=customer, name=name, email=email, phone=phone, priority=priority)
    for network, note in company.networks:
        RegisteredNetwork.objects.create(customer=customer, network=network, note=note)
    members = [_user(person, notes.password) for person in company.members]
    for person, user in zip(company.members, members, strict=True):
        Member.objects.create(customer=customer, user=user, role=person.role)
    _vendor_account(company, contract, notes, world)
    seed_history(contract, invent(company.account, today=day_of(now)), approver=members[0])


def _site(contract: Contract, site: SiteSpec, world: World) -> None:
    """The page that a visitor would open is the simulated one."""
    Site.objects.create(
        contract=contract,
        domain=site.domain,
        vendor_site_id=site.site_id,
        watched=True,
        probe_url=world.site_page(site.site_id),
        expected_text="さきもり商店",
    )


def _vendor_account(company: Company, contract: Contract, notes: DemoNotes, world: World) -> None:
    known = company.account
    account = VendorAccount(
        contract=contract,
        cloud_url=world.imperva_url,
        api_url=world.imperva_url,
        api_id=known.api_id,
        block_list=company.block_list,
        log_base_url=world.log_base_url(known.account_id),
        log_api_id=known.log_api_id,
    )
    seal_vendor_key(account, "api_key", known.api_key)
    seal_vendor_key(account, "log_api_key", known.log_api_key)
    account.save()
    if known.public_key_pem:
        add_log_key(contract, known.public_key_id, notes.private_pem.encode())


def _user(person: Person, password: str, *, soc_role: str = "") -> User:
    user, new = User.objects.get_or_create(
        username=person.login,
        defaults={"last_name": person.family, "first_name": person.given, "soc_role": soc_role},
    )
    if new:
        user.password = hashed(password)
        user.save()
    return user
