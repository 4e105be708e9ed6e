"""The certificate: the proof's numbers on paper, the same bytes each time."""

from datetime import date
from io import BytesIO

from pypdf import PdfReader

from sakimori.closing.certificate import certificate, counted
from sakimori.closing.models import DeletionProof
from tests.people import NOW


def proof(**columns: object) -> DeletionProof:
    values: dict[str, object] = {
        "pk": 7,
        "contract_number": "K-A-001",
        "customer_number": "C-A",
        "customer_too": True,
        "ends_on": date(2026, 9, 15),
        "deletes_on": date(2026, 10, 31),
        "entered_by": "dana",
        "entered_at": NOW,
        "approved_by": "manager",
        "approved_at": NOW,
        "began_at": NOW,
        "finished_at": NOW,
        "rows": [{"label": "チケット", "rows": 1234}],
        "store_rows": 56,
        "spool_files": 7,
        "dropped_files": 10,
        "files": 8,
        "left_on_list": 9,
        "record": "ab" * 32,
    }
    return DeletionProof(**{**values, **columns})


def text(row: DeletionProof) -> str:
    made = certificate(row, service_name="Webサイトプロテクションサービス", soc_phone="03-0000-0000")
    return "".join(page.extract_text() for page in PdfReader(BytesIO(made)).pages)


def test_it_says_what_was_deleted_and_when() -> None:
    shown = text(proof())
    for part in (
        "データ削除証明書",
        "K-A-001",
        "2026年10月31日（土）",
        "チケット",
        "1,234",
        "0 件",
        "9 件",
        "03-0000-0000",
    ):
        assert part in shown, part
    assert "暗号鍵を破棄" in shown


def test_where_the_customer_stays_his_key_is_not_said_to_be_gone() -> None:
    shown = text(proof(customer_too=False, left_on_list=0))
    assert "暗号鍵を破棄" not in shown
    assert "ブラックリスト" not in shown


def test_the_same_proof_gives_the_same_bytes() -> None:
    first, second = (certificate(proof(), service_name="SOC", soc_phone="0") for _ in range(2))
    assert first == second


def test_everything_is_counted() -> None:
    assert [number for _, number in counted(proof())] == [1234, 56, 7, 10, 8]
