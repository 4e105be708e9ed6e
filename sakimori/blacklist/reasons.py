"""Why a decision fell as it did: one code per reason, each with the sentence that people read."""

from enum import StrEnum


class Reason(StrEnum):
    """Codes are stored; sentences are shown."""

    ATTACK_BLOCKED = "attack_blocked"
    APPROVED = "approved"
    ATTACK_PASSED = "attack_passed"
    KIND_ASKS = "kind_asks"
    KIND_UNKNOWN = "kind_unknown"
    GOOD_TRAFFIC = "good_traffic"
    SHARED_ADDRESS = "shared_address"
    RESTORED_BEFORE = "restored_before"
    CAP_CUSTOMER = "cap_customer"
    CAP_TOTAL = "cap_total"
    KIND_OBSERVES = "kind_observes"
    OWN_BLOCK = "own_block"
    LATE = "late"
    NO_ADDRESS = "no_address"
    FOREIGN_SITE = "foreign_site"
    NOT_PUBLIC = "not_public"
    REGISTERED = "registered"
    SOC = "soc"
    VENDOR = "vendor"
    CRAWLER = "crawler"
    REFUSED_BY_ANALYST = "refused_by_analyst"
    CONTRACT_ENDED = "contract_ended"
    STOPPED = "stopped"
    BY_HAND = "by_hand"
    TWO_PEOPLE = "two_people"
    APPROVED_BY_TWO = "approved_by_two"
    TOO_WIDE = "too_wide"

    @property
    def sentence(self) -> str:
        """The reason in Japanese, ending as a sentence does."""
        return _SENTENCES[self]


_SENTENCES = {
    Reason.ATTACK_BLOCKED: "WAF が攻撃として遮断したため、自動で登録する対象としました。",
    Reason.APPROVED: "アナリストが登録を承認しました。",
    Reason.ATTACK_PASSED: "WAF が遮断しなかった攻撃のため、アナリストが判断します。",
    Reason.KIND_ASKS: "アナリストが判断する種別の攻撃です。",
    Reason.KIND_UNKNOWN: "未知の検知名のため、アナリストが判断します。",
    Reason.GOOD_TRAFFIC: "同じアドレスから正常な通信が多数あるため、アナリストが判断します。",
    Reason.SHARED_ADDRESS: "多くの利用者が共有するアドレスのため、アナリストが判断します。",
    Reason.RESTORED_BEFORE: "お客様のご依頼で解除したアドレスのため、アナリストが判断します。",
    Reason.CAP_CUSTOMER: "お客様ごとの 1 時間あたりの自動登録上限に達したため、アナリストが判断します。",
    Reason.CAP_TOTAL: "全体の 1 時間あたりの自動登録上限に達したため、アナリストが判断します。",
    Reason.KIND_OBSERVES: "記録のみ行う種別の攻撃です。",
    Reason.OWN_BLOCK: "登録済みのアドレスからの通信で、すでに遮断されています。",
    Reason.LATE: "到着が遅れたログのため、自動では登録しません。",
    Reason.NO_ADDRESS: "送信元アドレスを特定できないため、登録候補になりません。",
    Reason.FOREIGN_SITE: "契約に登録されていないサイトのログのため、登録しません。",
    Reason.NOT_PUBLIC: "インターネット上の利用者のアドレスではないため、登録できません。",
    Reason.REGISTERED: "お客様が登録されたアドレスのため、登録しません。",
    Reason.SOC: "SOC のアドレスのため、登録しません。",
    Reason.VENDOR: "WAF ベンダーのアドレスのため、登録しません。",
    Reason.CRAWLER: "検索エンジンのアドレスのため、登録しません。",
    Reason.REFUSED_BY_ANALYST: "アナリストが登録不要と判断しました。",
    Reason.CONTRACT_ENDED: "契約が解約日を迎えているため、登録しません。",
    Reason.STOPPED: "自動の登録を一時的に停止しているため、アナリストが判断します。",
    Reason.BY_HAND: "アナリストが手動で追加しました。",
    Reason.TWO_PEOPLE: "広い範囲のため、別の担当者の承認を待っています。",
    Reason.APPROVED_BY_TWO: "2 名の担当者が登録を承認しました。",
    Reason.TOO_WIDE: "範囲が広すぎるため、登録できません。",
}
