"""Every key that a store can hold is listed and read as itself, and no listing does more than fail."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sakimori.lib.http import GuardedClient, HttpLimits
from sakimori.logs.receive.s3 import Bucket, BucketAddress, BucketError
from tests.logs.s3_server import BUCKET, KEY_ID, REGION, SECRET, Store, s3_server
from tests.moments import START

KEYS = st.text(min_size=1, max_size=40).filter(lambda key: not {".", ".."} & set(key.split("/")))

REFERENCES = [b"&#0;", b"&#xD800;", b"&#x110000;", b"&#99999999;", b"&x;"]


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with s3_server() as made:
        yield made


@pytest.fixture(scope="module")
def bucket(store: Store) -> Iterator[Bucket]:
    address = BucketAddress(url=store.url, region=REGION, name=BUCKET, prefix="", key_id=KEY_ID, secret=SECRET)
    with GuardedClient(limits=HttpLimits(read_seconds=60, total_seconds=60)) as client:
        yield Bucket(address, client, clock=lambda: START)


@given(keys=st.sets(KEYS, min_size=1, max_size=5))
@example(keys={"a b", "a+b", "a%20b", "a%2Bb", "a%252Bb"})
@example(keys={"/", "//", "/a", "a//b", "a/", "?", "#", "a?b=c&d#e"})
@example(keys={"\0", "\t", "\r\n", "\x7f", "\ufffe", "\ufffd", "名 前.log", "\U0010ffff"})
@example(keys={"a\udcff"})
def test_a_key_comes_back_as_it_is_and_leads_to_its_object(bucket: Bucket, store: Store, keys: set[str]) -> None:
    store.listing = b""
    store.objects = {key: key.encode(errors="surrogateescape") for key in keys}
    found = list(bucket.listed(after="", pages=1))
    assert [each.key for each in found] == sorted(keys)
    assert all(each.has_address for each in found)
    for key in keys:
        with bucket.read(key) as chunks:
            assert b"".join(chunks) == store.objects[key]


@given(noise=st.binary(max_size=12) | st.sampled_from(REFERENCES), at=st.floats(0, 1))
def test_noise_in_a_listing_is_repaired_or_told_and_nothing_else(
    bucket: Bucket, store: Store, noise: bytes, at: float
) -> None:
    store.objects = {"1.log": b"one", "2.log": b"two"}
    whole = store.list_page({"prefix": [""]})
    cut = int(at * len(whole))
    store.listing = whole[:cut] + noise + whole[cut:]
    with suppress(BucketError):
        assert len(list(bucket.listed(after="", pages=1))) <= 2
