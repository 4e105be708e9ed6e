"""削除証明書: a proof of deletion as a PDF that can be handed to whoever asks. It names no person of the customer."""

from datetime import datetime
from importlib.resources import files

from sakimori.closing.models import DeletionProof
from sakimori.lib.calendar import written_day
from sakimori.lib.jst import written
from sakimori.lib.pdf import render

_TITLE = "データ削除証明書"


def certificate(proof: DeletionProof, *, service_name: str, soc_phone: str) -> bytes:
    """The PDF. The same proof gives the same bytes: its time is that of the deletion."""
    return render(files(__package__) / "certificate.typ", _data(proof, service_name, soc_phone), now=proof.finished_at)


def file_name(proof: DeletionProof) -> str:
    """A name for the file that is downloaded."""
    return f"deletion-{proof.pk}.pdf"


def counted(proof: DeletionProof) -> list[tuple[str, int]]:
    """Everything that was deleted, per kind: rows of the database first, then what lay outside."""
    rows = [(str(entry["label"]), int(entry["rows"])) for entry in proof.rows]
    outside = [
        ("ログ（保管行数）", proof.store_rows),
        ("受信したログファイル", proof.spool_files),
        ("受け渡しフォルダに残っていたファイル", proof.dropped_files),
        ("添付・レポートのファイル", proof.files),
    ]
    return [*rows, *outside]


def _data(proof: DeletionProof, service_name: str, soc_phone: str) -> dict[str, object]:
    return {
        "title": _TITLE,
        "sentence": "下記の契約について、サービス仕様書 3-1 に基づき、全てのデータを削除したことを証明します。",
        "facts": [
            ["契約番号", proof.contract_number],
            ["お客様番号", proof.customer_number],
            ["解約日", written_day(proof.ends_on)],
            ["データ削除予定日", written_day(proof.deletes_on)],
            ["削除の承認", f"{_moment(proof.approved_at)}（{proof.approved_by}）"],
            ["削除開始", _moment(proof.began_at)],
            ["削除完了", _moment(proof.finished_at)],
            ["残存確認", f"{proof.residue} 件"],
            ["監査記録の照合値", f"{proof.record[:32]} {proof.record[32:]}"],
        ],
        "rows": [[label, f"{number:,}"] for label, number in counted(proof)],
        "notes": _notes(proof),
        "issuer": f"{service_name}　SOC　{soc_phone}",
    }


def _notes(proof: DeletionProof) -> list[str]:
    notes = ["データのお引き渡しは行っていません。"]
    if proof.customer_too:
        notes.append("お客様専用の暗号鍵を破棄したため、監査記録に残る詳細は誰にも読めません。")
    if proof.left_on_list:
        notes.append(
            f"お客様の WAF のブラックリストには、弊社が登録したアドレス {proof.left_on_list} 件が残っています。"
        )
    return notes


def _moment(moment: datetime) -> str:
    return f"{written(moment)}（日本時間）"
