"""A customer's files: random names in one folder of his own, gone at once when he goes."""

import pytest

from sakimori.customers import files
from tests.people import make_contract


@pytest.mark.django_db
def test_what_is_kept_can_be_read_back_and_says_nothing_by_its_name() -> None:
    customer = make_contract("株式会社さくら商店", "A").customer
    name = files.keep(customer, b"content")
    assert files.path_of(customer, name).read_bytes() == b"content"
    assert files.path_of(customer, name).stat().st_mode & 0o777 == 0o600
    files.forget(customer)


@pytest.mark.django_db
def test_forgetting_one_customer_leaves_the_others_files() -> None:
    a, b = make_contract("株式会社さくら商店", "A").customer, make_contract("有限会社もみじ堂", "B").customer
    files.forget(a), files.forget(b)
    gone, kept = files.keep(a, b"a"), files.keep(b, b"b")
    assert (files.forget(a), files.count(a), files.count(b)) == (1, 0, 1)
    assert not files.path_of(a, gone).exists()
    files.remove(b, kept)
    files.remove(b, kept)
    assert files.count(b) == 0


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["", "../../etc/passwd", "x" * 32, "0" * 31, "0" * 33])
def test_only_a_name_of_our_own_is_a_path(name: str) -> None:
    customer = make_contract("株式会社さくら商店", "A").customer
    with pytest.raises(ValueError, match="not a stored name"):
        files.path_of(customer, name)
