"""The steps of `./run demo --check`: each verifies one promise of the specification through the real doors."""

from sakimori.run.demo import chain_steps, guard_steps, report_steps
from sakimori.run.demo.play import Step

STEPS = (
    Step("2-2", "MSS ポータルへのログイン、SOC とお客様の分離", chain_steps.sign_in),
    Step("2-1-2", "攻撃を検知し、攻撃元をブラックリストへ追加", chain_steps.block),
    Step("2-2", "チケットに対応内容と証拠", chain_steps.ticket),
    Step("1-3", "登録された連絡先すべてへ同報メール", chain_steps.mail),
    Step("2-2", "他のお客様と閲覧者からは操作できない", chain_steps.isolation),
    Step("2-1-2", "「この IP は業務に必要」で速やかに設定を戻す", chain_steps.restore),
    Step("2-1-2", "戻したアドレスはアナリストの承認なしに再登録しない", chain_steps.ask_again),
    Step("2-1-2", "サイト別 ACL と暗号化ログのお客様", chain_steps.legacy),
    Step("2-1-2", "すべての検知名を見落とさない", guard_steps.every_kind),
    Step("2-1-2", "無関係なアドレスは登録しない", guard_steps.innocents),
    Step("2-1-2", "偽装されたログで登録しない", guard_steps.forged),
    Step("2-5-1", "読めない行は隔離し、行数が一致", guard_steps.bad_lines),
    Step("2-1-2", "WAF の API 障害から回復し、二重登録なし", guard_steps.vendor_faults),
    Step("2-1", "ログを取得できないときは SOC にアラーム、復旧後は自動で再開", guard_steps.seen_by_the_soc),
    Step("2-1-2", "他者の登録内容を壊さない", guard_steps.foreign_entries),
    Step("2-3", "月次レポートを集計し、別の担当者が公開、お客様だけがダウンロード", report_steps.report),
    Step("2-4", "情報提供は承認後に全連絡先へ配信し、ポータルに掲載", report_steps.advisory),
)
