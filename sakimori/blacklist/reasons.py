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
    SHARED_MOBILE = "shared_mobile"
    SHARED_HOME = "shared_home"
    SHARED_GOVERNMENT = "shared_government"
    SHARED_GATEWAY = "shared_gateway"
    SHARED_RELAY = "shared_relay"
    ATTACK_BY_PROXY = "attack_by_proxy"
    CRAWLER_UNPROVEN = "crawler_unproven"
    BELOW_THRESHOLD = "below_threshold"
    ANNOUNCED_SCAN = "announced_scan"
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
    Reason.SHARED_MOBILE: "多くの利用者が共有する携帯電話会社のアドレスのため、アナリストが判断します。",
    Reason.SHARED_HOME: "複数の家庭が共有するアドレス（MAP-E・DS-Lite）のため、アナリストが判断します。",
    Reason.SHARED_GOVERNMENT: "多くの自治体が共有するアドレス（セキュリティクラウド）のため、アナリストが判断します。",
    Reason.SHARED_GATEWAY: "多くの企業が共有するアドレス（クラウド型プロキシ）のため、アナリストが判断します。",
    Reason.SHARED_RELAY: "多くの利用者が共有するアドレス（通信中継サービス）のため、アナリストが判断します。",
    Reason.ATTACK_BY_PROXY: "同じ URL への攻撃が多数の閲覧者から届いたため（踏み台の疑い）、アナリストが判断します。",
    Reason.CRAWLER_UNPROVEN: "検索エンジンを名乗っており、DNS で真偽を確認できないため、アナリストが判断します。",
    Reason.BELOW_THRESHOLD: "遮断方針で定めた件数に達していないため、記録のみ行います。",
    Reason.ANNOUNCED_SCAN: "事前に登録された診断・検査のため、記録のみ行います。",
    Reason.STOPPED: "自動の登録を一時的に停止しているため、アナリストが判断します。",
    Reason.BY_HAND: "アナリストが手動で追加しました。",
    Reason.TWO_PEOPLE: "広い範囲のため、別の担当者の承認を待っています。",
    Reason.APPROVED_BY_TWO: "2 名の担当者が登録を承認しました。",
    Reason.TOO_WIDE: "範囲が広すぎるため、登録できません。",
}
