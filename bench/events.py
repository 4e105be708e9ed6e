"""Many events, made inside the log store: contracts of different size over 90 days, with frequent and rare values.

They never pass through Python. Every identifier is different; addresses, paths and browsers are shared out so that few
are frequent and most are rare; one event of ten is an attack.
"""

from collections.abc import Callable, Iterable
from datetime import date, timedelta

from sakimori.lib.jst import milliseconds, start_of_day
from sakimori.logs.store.clickhouse import ClickHouseStore

CONTRACTS, DAYS = 50, 90
_DAY_MS = 86_400_000
_LINES_PER_FILE = 2_000
_ROWS_AT_ONCE = 1_000_000
_SETTINGS = "max_partitions_per_insert_block = 0, max_insert_threads = 2"

# Parameters: contract, first (ms), span (ms), rows. `seed` makes columns independent of each other.
_COLUMNS = {
    "contract_id": "{contract:UInt32}",
    "file_id": f"{{contract:UInt32}} * 10000000 + intDiv(number, {_LINES_PER_FILE})",
    "line_no": f"number % {_LINES_PER_FILE} + 1",
    "time": "fromUnixTimestamp64Milli({first:Int64} + intDiv(toInt64(number) * {span:Int64}, {rows:Int64}), 'UTC')",
    "end_time": "time + toIntervalMillisecond(h0 % 400)",
    "request_id": "toString(1000000000000000000 + h0 % 8000000000000000000)",
    "session_id": "toString(1000000000000000000 + h1 % 8000000000000000000)",
    "name": "multiIf(hot >= 10, 'Normal', hot < 3, 'SQL Injection', hot < 6, 'Cross Site Scripting',"
    " 'Bot Access Control')",
    "severity": "0",
    "attack_kind": "multiIf(hot >= 10, '', hot < 3, 'sql_injection', hot < 6, 'cross_site_scripting', 'bot')",
    "attack_kinds": "if(hot >= 10, [], [toString(attack_kind)])",
    "outcome": "multiIf(hot >= 10, 'passed', hot < 8, 'blocked', 'alerted')",
    "act": "multiIf(hot >= 10, 'REQ_PASSED', hot < 8, 'REQ_BLOCKED_SECURITY', 'REQ_PASSED')",
    "site": "concat(['www', 'shop', 'api'][h2 % 3 + 1], '.c', toString({contract:UInt32}), '.example.jp')",
    "site_id": "{contract:UInt32} * 10 + h2 % 3",
    "account_id": "{contract:UInt32}",
    "account_name": "concat('Customer ', toString({contract:UInt32}))",
    "client_ip": "toIPv6(IPv4NumToString(toUInt32(3323068416 + cityHash64({contract:UInt32}, visitor) % 131072)))",
    "client_ip_text": "IPv4NumToString(toUInt32(3323068416 + cityHash64({contract:UInt32}, visitor) % 131072))",
    "client_port": "1024 + h1 % 60000",
    "xff": "client_ip_text",
    "country": "['JP', 'JP', 'JP', 'JP', 'US', 'CN', 'VN', 'DE', 'BR', 'RU'][cityHash64(visitor) % 10 + 1]",
    "city": "['Tokyo', 'Osaka', 'Fukuoka', 'Sapporo', 'Nagoya', 'Sendai'][cityHash64(visitor, 1) % 6 + 1]",
    "latitude": "30 + cityHash64(visitor, 2) % 1000 / 100",
    "longitude": "130 + cityHash64(visitor, 3) % 1000 / 100",
    "method": "if(h2 % 10 < 8, 'GET', 'POST')",
    "url": "concat(site, '/', ['products', 'category', 'mypage', 'news', 'cart', 'search'][page % 6 + 1], '/',"
    " toString(page), if(h3 % 5 = 0, concat('/item-', toString(h3 % 1000000)), ''), if(hot = 0, '/wp-login.php', ''))",
    # Of hundred one asks for 冬のコート.
    "query": "multiIf(hot = 1, concat('id=', toString(h3 % 1000), '%27%20UNION%20SELECT%201'), hot = 51,"
    " concat('q=%E5%86%AC%E3%81%AE%E3%82%B3%E3%83%BC%E3%83%88&page=', toString(h3 % 7)), h3 % 3 = 0,"
    " concat('page=', toString(h3 % 40)), '')",
    "referrer": "concat('https://', site, '/', toString(page % 97))",
    "user_agent": "concat('Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/',"
    " toString(100 + visitor % 40), '.0.', toString(visitor % 300))",
    "client_app": "['Chrome', 'Safari', 'Firefox', 'Edge'][visitor % 4 + 1]",
    "client_type": "['Browser', 'Browser', 'Browser', 'Crawler'][visitor % 4 + 1]",
    "status": "if(hot < 8, NULL, 200)",
    "protocol": "'HTTPS'",
    "tls": "'TLSv1.3 TLS_AES_128_GCM_SHA256'",
    "origin_ip": "'192.0.2.10'",
    "origin_port": "443",
    "response_bytes": "h1 % 100000",
    "pop": "['nrt', 'kix'][h2 % 2 + 1]",
    "rule_types": "if(hot >= 10, [], [toString(name)])",
    "rule_ids": "if(hot >= 10, [], [toString(100 + hot)])",
    "rule_names": "if(hot >= 10, [], [concat('Rule ', toString(hot))])",
    "visitor_id": "lower(hex(cityHash64({contract:UInt32}, visitor, 4)))",
    "client_signature": "lower(hex(MD5(toString(visitor))))",
}
# visitor, page: small numbers are frequent. hot: 0 to 9 is an attack, one in ten.
_ROW = """
SELECT number, cityHash64(number, {contract:UInt32}, 0) AS h0, cityHash64(number, {contract:UInt32}, 1) AS h1,
    cityHash64(number, {contract:UInt32}, 2) AS h2, cityHash64(number, {contract:UInt32}, 3) AS h3,
    toUInt32(pow(h1 % 1000003 / 1000003, 4) * 50000) AS visitor,
    toUInt32(pow(h2 % 1000003 / 1000003, 3) * 3000) AS page,
    h3 % 100 AS hot
FROM numbers({from:UInt64}, {count:UInt64})
"""


def sizes(events: int) -> list[int]:
    """How many events each contract has: the largest about 25 times as many as the smallest."""
    weights = [1 / (2 + place) for place in range(CONTRACTS)]
    return [max(1, round(events * weight / sum(weights))) for weight in weights]


def fill(
    store: ClickHouseStore, events: int, *, last_day: date, tell: Callable[[int], None] = lambda _events: None
) -> int:
    """See that the store holds about so many events of the 90 days up to `last_day`, and no others. Returns how many.

    Contracts that are whole already stay; others are made anew. tell: is given how many events there are so far.
    """
    made = 0
    for contract, rows in enumerate(sizes(events), start=1):
        if store.count_contract(contract) != rows:
            store.forget_contract(contract)
            each = max(1, _ROWS_AT_ONCE * DAYS // rows)
            for day in range(0, DAYS, each):
                _insert(store, contract, rows, range(day, min(day + each, DAYS)), last_day)
                tell(made + _number(rows, min(day + each, DAYS)))
        made += rows
    return made


def fill_days(store: ClickHouseStore, events: int, contract: int, *, days: Iterable[date], last_day: date) -> None:
    """Make these days of a contract anew, after something else was stored there."""
    rows, first_day = sizes(events)[contract - 1], last_day - timedelta(days=DAYS - 1)
    for day in days:
        store.drop_day(contract_id=contract, day=day)
        place = (day - first_day).days
        if 0 <= place < DAYS:
            _insert(store, contract, rows, range(place, place + 1), last_day)


def _insert(store: ClickHouseStore, contract: int, rows: int, days: range, last_day: date) -> None:
    """The events of some days (counted from the first one) of a contract that has so many rows in all."""
    first = milliseconds(start_of_day(last_day - timedelta(days=DAYS - 1)))
    begin, end = _number(rows, days.start), _number(rows, days.stop)
    values = {"contract": contract, "first": first, "span": DAYS * _DAY_MS, "rows": rows}
    columns = ", ".join(f"{sql} AS {name}" for name, sql in _COLUMNS.items())
    store._command(  # noqa: SLF001 - no way in for invented rows is wanted in the store itself
        f"INSERT INTO events ({', '.join(_COLUMNS)}) SELECT {columns} FROM ({_ROW}) SETTINGS {_SETTINGS}",  # noqa: S608
        **values,
        **{"from": begin, "count": end - begin},
    )


def _number(rows: int, day: int) -> int:
    """The number of the first event of a day."""
    return -(-day * rows // DAYS)
