"""The steps of `./run demo --check`: each verifies one promise of the specification through the real doors."""

from sakimori.run.demo import (
    alarm_steps,
    cast,
    chain_steps,
    closing_steps,
    customer_steps,
    desk_steps,
    door_steps,
    enquiry_steps,
    evidence_steps,
    guard_steps,
    incident_steps,
    language_steps,
    list_steps,
    log_steps,
    policy_steps,
    report_steps,
    shared_steps,
    signal_steps,
    telling_steps,
    usage_steps,
)
from sakimori.run.demo.play import Step

# Where the demo has a door for the vendor's mails.
_WITH_MAIL_DOOR = (
    (Step("2-1-1", "通知メールだけで知らされた DDoS、偽の終息通知は信じない", signal_steps.by_mail),)
    if hasattr(cast, "VENDOR_ADDRESS")
    else ()
)

STEPS = (
    Step("2-2", "MSS ポータルへのログイン、SOC とお客様の分離", chain_steps.sign_in),
    Step("3-1", "削除の期限が来て未承認の解約は SOC に HIGH アラーム", closing_steps.overdue),
    Step("2-1-2", "攻撃を検知し、攻撃元をブラックリストへ追加", chain_steps.block),
    Step("2-2", "チケットに対応内容と証拠", chain_steps.ticket),
    Step("1-3", "登録された連絡先すべてへ同報メール", chain_steps.mail),
    Step("1-2, 1-4", "画面・メールは日本語、時刻は日本時間", language_steps.japanese),
    Step("2-2", "他のお客様と閲覧者からは操作できない", chain_steps.isolation),
    Step("2-1-2", "「この IP は業務に必要」で速やかに設定を戻す", chain_steps.restore),
    Step("2-1-2", "戻したアドレスはアナリストの承認なしに再登録しない", chain_steps.ask_again),
    Step("2-1-2", "サイト別 ACL と暗号化ログのお客様", chain_steps.legacy),
    Step("2-1-2", "すべての検知名を見落とさない", guard_steps.every_kind),
    Step("2-1-2", "無関係なアドレスは登録しない", guard_steps.innocents),
    Step("2-1-2", "偽装されたログで登録しない", guard_steps.forged),
    Step("2-5-1", "読めない行は隔離し、行数が一致", guard_steps.bad_lines),
    Step("2-5-1", "受け渡しフォルダに置かれたログを取り込む", door_steps.drop_folder),
    Step("2-5-1", "ログがどこまで揃っているかを SOC とお客様が確認できる", door_steps.complete_until),
    Step("2-1-2", "WAF の API 障害から回復し、二重登録なし", guard_steps.vendor_faults),
    Step("2-1", "ログを取得できないときは SOC にアラーム、復旧後は自動で再開", guard_steps.seen_by_the_soc),
    Step("2-1-2", "他者の登録内容を壊さない", guard_steps.foreign_entries),
    Step("2-1-2", "一斉停止中は登録せず、再開後に登録", desk_steps.stopped),
    Step("2-1-2", "ブラックリストの検索、CSV、まとめて解除、お客様は自社の分だけ", desk_steps.listed),
    Step("2-2", "ポータルからファイル付きのお問い合わせ、全連絡先へメール", enquiry_steps.ask),
    Step("2-2", "受け付けられないファイルは理由を示して断り、何も残さない", enquiry_steps.refuse),
    Step("2-2", "SOC が回答し、全連絡先へメール", enquiry_steps.answer),
    Step("2-2", "添付ファイルは同じ内容で戻り、他のお客様には見えない", enquiry_steps.download),
    Step("2-1", "当番がコンソールに表示され、当番表に空きがない", alarm_steps.roster),
    Step("2-1", "SOC のアラームは当番へメール、未確認なら電話、確認されるまで順に", alarm_steps.alarm),
    Step("3-2", "月間の 95 パーセンタイルと超過帯域がベンダーの統計と一致", usage_steps.percentile),
    Step("3-2", "帯域アップグレードの申込みと確認で超過料金を免除", usage_steps.upgrade),
    Step("3-2", "ライセンスのない負荷分散構成を検知し、戻すと解消", usage_steps.balancing),
    Step("3-2", "WAF を迂回したサイトを SOC にアラーム、お客様へメール", usage_steps.bypass),
    Step("3-3", "期限の近い SSL 証明書をチケットでお知らせし、更新されると完了", usage_steps.certificate),
    Step("2-5-1", "ログ保管オプションのお客様はログを検索できる", log_steps.log_page),
    Step("2-5-1", "値で絞り込み、値を除外して検索、SOC は全契約", log_steps.narrowed),
    Step("2-5-1", "検索結果を改ざん検知情報つきでダウンロードし、検証できる", evidence_steps.download),
    Step("2-5-1", "当日から過去 3 か月分を保管し、古いログは消える", closing_steps.old_days),
    Step("1-3", "ヒアリングシートの取り込み、誤りはセルごとに", customer_steps.hearing_sheet),
    Step("2-2", "書面でログインIDとパスワードを発行し、初回に変更", customer_steps.letter),
    Step("2-1-1", "DDoS でサイトが表示できないとき、電話とメールでお客様へ連絡", incident_steps.not_displayed),
    Step("2-1-1", "DDoS でもサイトが正常なら内部記録のみ", incident_steps.normal),
    Step("1-3", "サイトの障害は、アナリストの判断でお客様へ連絡", incident_steps.outage),
    Step("1-3", "オリジンサーバー停止の検知と「連絡しない」の判断", incident_steps.origin_down),
    Step("1-3", "WAF ベンダーの障害は一度の判断で、影響のあるお客様すべてへ連絡", incident_steps.vendor_outage),
    Step("2-3", "月次レポートを集計し、別の担当者が公開、お客様だけがダウンロード", report_steps.report),
    Step("2-1-2", "多くの利用者が共有するアドレスは承認なしに登録しない", shared_steps.shared),
    Step("2-1-2", "閲覧者を踏み台にした攻撃では誰も自動登録せず、1 件として判断", shared_steps.by_proxy),
    Step("2-4", "情報提供は承認後に全連絡先へ配信し、ポータルに掲載", report_steps.advisory),
    Step("2-1-2", "判断待ちのアドレスは、理由とともにお客様のチケットに載る", telling_steps.waiting),
    Step("2-1-2", "電話での解除のご依頼は、依頼者と本人確認を記録してから", telling_steps.by_phone),
    Step("2-1-2", "事前に登録された診断・検査では遮断しない", policy_steps.announced),
    Step("2-1-2", "変更する遮断方針を保存済みのログで試せる", policy_steps.tried),
    Step("2-1-2", "WAF の管理画面で削除された登録を検知し、アナリストの判断で登録し直す", list_steps.drift),
    Step("2-1-1", "ベンダーの統計だけに現れた DDoS も 1 件のインシデントとして確認", signal_steps.by_statistics),
    Step("2-1-1", "通知メールのパターンを、何も変えずに試せる", signal_steps.tried_patterns),
    *_WITH_MAIL_DOOR,
)

# Played last of all, after everything that needs the second customer: nothing is done for him from then on.
LAST_STEPS = (
    Step("3-1", "解約後の全データ削除：二人の承認、証明、他のお客様は不変", closing_steps.deletion),
    Step("3-1", "解約日：過去は不可、当日から遮断と受信を停止、チケットは閲覧可", closing_steps.cancellation),
)
