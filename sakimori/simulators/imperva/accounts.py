"""Cloud v1 calls about accounts."""

from sakimori.simulators.imperva.bandwidth import billed_bps, billing_cycles
from sakimori.simulators.imperva.desk import Call, page_of, visible_accounts
from sakimori.simulators.spec import AccountSpec
from sakimori.simulators.state import JsonObject

PLAN_NAME = "Enterprise"


def verify(call: Call) -> object:
    """account/verify: whose key is this?"""
    return {"account_type": "Reseller Customer", **_summary(call.caller), "parent_id": call.caller.parent_id}


def status(call: Call) -> object:
    """account: the same fields at the top level and in `account`."""
    account = call.account("account_id")
    fields: JsonObject = {
        **_summary(account),
        "email": "admin@example.jp",
        "logins": [],
        "support_level": "Managed",
        "trial_end_date": "",
        "ref_id": "",
        "inactivity_timeout": 900_000,
    }
    return {**fields, "account": fields}


def list_accounts(call: Call) -> object:
    """accounts/list: the accounts that the key may act on, in pages."""
    accounts = visible_accounts(call.spec, call.account("account_id"))[page_of(call)]
    rows = [
        {
            "account_id": account.account_id,
            "parent_id": account.parent_id,
            "email": "admin@example.jp",
            "plan_id": "ent100",
            "user_name": account.name,
            "account_name": account.name,
            "logins": [],
        }
        for account in accounts
    ]
    return {"accounts": rows}


def list_sub_accounts(call: Call) -> object:
    """accounts/listSubAccounts: the accounts below, in pages."""
    below = visible_accounts(call.spec, call.account("account_id"))[1:][page_of(call)]
    rows = [{"sub_account_id": a.account_id, "sub_account_name": a.name, "support_level": "Managed"} for a in below]
    return {"resultList": rows}


def subscription(call: Call) -> object:
    """accounts/subscription: what is purchased, and the billed bandwidth of three cycles. All figures are texts."""
    account = call.account("account_id")
    site_rows = [
        _row("Additional Sites", "10", len(account.sites)),
        _row("Load Balancing", str(account.load_balancing), "0"),
    ]
    service_rows = [
        _row("Always On Bandwidth (Clean traffic)", f"{account.plan_mbps}Mbps", "N/A"),
        _row("DDoS Protection", "Unlimited", ""),
        _row("Support Level", "Managed", "Managed"),
        _row("SIEM Integration", "1", "1"),
    ]
    infrastructure_rows = [_row("On Demand Bandwidth (Clean traffic)", "0  ", ""), _row("GRE Tunnel Pairs", "0", "0")]
    plan: JsonObject = {
        "accountId": account.account_id,
        "accountName": account.name,
        "websiteProtection": {"name": "Website Protection", "planSectionRows": site_rows},
        "infrastructureProtection": {"name": "Infrastructure Protection", "planSectionRows": infrastructure_rows},
        "dnsProtection": {"name": "DNS Protection", "planSectionRows": [_row("Additional DNS Zones", "0", "0")]},
        "additionalServices": {"name": "Additional Services", "planSectionRows": service_rows},
    }
    return {"planStatus": plan, "bandwidthHistory": _bandwidth_history(call, account)}


def _bandwidth_history(call: Call, account: AccountSpec) -> list[JsonObject]:
    names = ("Current billing cycle", "Previous billing cycle", "Earlier billing cycle")
    return [
        {
            "billingCycle": name,
            "onDemandBandwidth": "0bps",
            "alwaysOnBandwidth": _bps_text(billed_bps(call.state, account, cycle)),
        }
        for name, cycle in zip(names, billing_cycles(call.now_ms), strict=True)
    ]


def _summary(account: AccountSpec) -> JsonObject:
    return {
        "account_id": account.account_id,
        "account_name": account.name,
        "plan_id": "ent100",
        "plan_name": PLAN_NAME,
    }


def _row(name: str, purchased: str, used: object) -> JsonObject:
    return {"name": name, "purchased": purchased, "used": str(used)}


def _bps_text(bps: int) -> str:
    for unit, size in (("Gbps", 10**9), ("Mbps", 10**6), ("kbps", 10**3)):
        if bps >= size:
            return f"{bps / size:.1f}{unit}"
    return f"{bps}bps"
