"""The settings of phones, alarms and visits to sites; the others are in `settings_table.py`."""

from sakimori.lib.setting import Setting

INCIDENT_SETTINGS = (
    Setting(
        "SAKIMORI_PHONE_URL",
        "Address of the simulator's phone instead of the provider's (only for demo and training).",
        "",
    ),
    Setting(
        "SAKIMORI_PHONE2_ACCOUNT",
        "A second account, asked when the first has provably not placed a call; as SAKIMORI_PHONE_ACCOUNT.",
        "",
    ),
    Setting("SAKIMORI_PHONE2_TOKEN", "As SAKIMORI_PHONE_TOKEN, of the second account.", ""),
    Setting("SAKIMORI_PHONE2_KEY", "As SAKIMORI_PHONE_KEY, of the second account.", ""),
    Setting("SAKIMORI_PHONE2_SECRET", "As SAKIMORI_PHONE_SECRET, of the second account.", ""),
    Setting("SAKIMORI_PHONE2_CALLER", "As SAKIMORI_PHONE_CALLER, of the second account.", ""),
    Setting("SAKIMORI_PHONE2_EDGE", "As SAKIMORI_PHONE_EDGE, of the second account.", "tokyo"),
    Setting("SAKIMORI_PHONE2_REGION", "As SAKIMORI_PHONE_REGION, of the second account.", "jp1"),
    Setting("SAKIMORI_PHONE2_URL", "As SAKIMORI_PHONE_URL, instead of the second account's.", ""),
    Setting(
        "SAKIMORI_ALARM_MINUTES",
        "An alarm that nobody has acknowledged for so long is phoned to the people on duty.",
        "5",
    ),
    Setting("SAKIMORI_RING_SECONDS", "A call that has rung for so long counts as not answered.", "45"),
    Setting(
        "SAKIMORI_ROUNDS",
        "How often the list of a customer's contacts is called through before the SOC lead is called.",
        "3",
    ),
    Setting(
        "SAKIMORI_ROUND_PAUSE_MINUTES",
        "Pause between the last unreached contact and the next time through the list.",
        "5",
    ),
    Setting(
        "SAKIMORI_CALLS_PER_HOUR", "So many calls to one number of a customer within an hour; then it is skipped.", "6"
    ),
    Setting(
        "SAKIMORI_CALLS_PER_DAY", "So many calls to one number of a customer within 24 hours; then it is skipped.", "20"
    ),
    Setting(
        "SAKIMORI_MERGE_MINUTES",
        "Who was reached less than so long ago is not called again about another incident.",
        "10",
    ),
    Setting(
        "SAKIMORI_PROBE_MINUTES",
        "Pause between two visits to a site at quiet times, where the customer agreed to them.",
        "5",
    ),
    Setting("SAKIMORI_PROBE_SECONDS", "A page that is not complete after this time cannot be displayed.", "30"),
    Setting("SAKIMORI_SLOW_SECONDS", "A page that takes longer than this is extremely slow.", "10"),
    Setting(
        "SAKIMORI_SLOW_FACTOR",
        "With two weeks of history a page must also take so many times its usual 95th percentile to be extremely slow.",
        "5",
    ),
    Setting(
        "SAKIMORI_MANY_SITES",
        "So many bad sites of several contracts at once (or those of most contracts) are one outage: the notices to "
        "the customers wait for an analyst.",
        "30",
    ),
    Setting("SAKIMORI_HOLD_MINUTES", "The alarm about notices that wait for an analyst comes again after this.", "15"),
    Setting("SAKIMORI_STOP_HOURS", "A planned stop of a site may be registered for at most this long.", "72"),
    Setting("SAKIMORI_REPROBE_SECONDS", "Pause between two visits while an incident is open.", "60"),
    Setting("SAKIMORI_QUIET_MINUTES", "A DDoS incident ends after so long without a signal.", "30"),
    Setting(
        "SAKIMORI_FOLLOWUP_MINUTES", "While an incident lasts its customer gets a follow-up by mail so often.", "60"
    ),
    Setting(
        "SAKIMORI_OUTAGE_MINUTES", "A longer time in which this service did not work is an outage of its own.", "5"
    ),
    Setting(
        "SAKIMORI_CONTROL_URLS",
        "Pages of others, comma separated, that tell our own broken line from a site that is down.",
        "",
    ),
    Setting(
        "SAKIMORI_CONTROL_WAF_URLS",
        "Pages behind the same WAF that are no customer's, comma separated: they tell an outage of the vendor.",
        "",
    ),
    Setting(
        "SAKIMORI_BROWSER",
        "Headless browser that repeats what the WAF questions and takes pictures: auto (a Chromium that is installed, "
        "with Playwright), off, or the path of one.",
        "auto",
    ),
    Setting(
        "SAKIMORI_VANTAGE_URL",
        "Second vantage point: empty, or the address of a `sakimori probe serve` elsewhere.",
        "",
    ),
    Setting(
        "SAKIMORI_VANTAGE_KEY",
        "Key that both sides of the second vantage point share (32 characters or more).",
        "",
    ),
    Setting("SAKIMORI_VANTAGE_LISTEN", "Where `sakimori probe serve` listens, address:port.", "127.0.0.1:8470"),
)
