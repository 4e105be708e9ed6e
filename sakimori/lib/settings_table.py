"""The table of all settings: environment variable, meaning (English, for the README), default if any."""

from sakimori.lib.setting import Setting
from sakimori.lib.settings_of_incidents import INCIDENT_SETTINGS

__all__ = ["SETTINGS", "Setting"]


SETTINGS = (
    Setting("SAKIMORI_DATA", "Folder for everything that is kept on this machine.", "data"),
    Setting("SAKIMORI_BASE_URL", "Address of the portal as users see it, such as https://portal.example.jp."),
    Setting(
        "SAKIMORI_MAIL_URL",
        "Mail server: smtp://user:password@host:587 (STARTTLS), smtps://... or smtp+plain://... "
        "for a server on this machine.",
    ),
    Setting(
        "SAKIMORI_MAIL_FROM", "Sender of all mails, such as soc@example.jp. Customers answer to it: the SOC reads it."
    ),
    Setting(
        "SAKIMORI_MAIL2_URL",
        "A second mail server, in the form of SAKIMORI_MAIL_URL, used while the first one cannot be; empty: none.",
        "",
    ),
    Setting(
        "SAKIMORI_MAIL_HOURS",
        "A mail that no server has taken after so long is given up, with an alarm.",
        "48",
    ),
    Setting(
        "SAKIMORI_BOUNCE_ADDRESS",
        "Address to which mail servers report what they cannot deliver, such as bounces@soc.example.jp; its server "
        "must take bounces+anything@ too. Empty: reports go to SAKIMORI_MAIL_FROM.",
        "",
    ),
    Setting(
        "SAKIMORI_SMTP_LISTEN",
        "Address and port of our own SMTP door, which takes the vendor's notices and reports of mails that could not "
        "be delivered, and nothing else; empty switches it off.",
        "",
    ),
    Setting(
        "SAKIMORI_VENDOR_ADDRESS",
        "Address to which the vendor sends its notices, if they come to the SMTP door, such as vendor@soc.example.jp.",
        "",
    ),
    Setting(
        "SAKIMORI_INBOX_VENDOR_URL",
        "Mailbox that the vendor's notices come to: imaps://user@host/INBOX (or imap+plain://... for a server on this "
        "machine in training); empty: none.",
        "",
    ),
    Setting("SAKIMORI_INBOX_VENDOR_PASSWORD", "Password of SAKIMORI_INBOX_VENDOR_URL.", ""),
    Setting(
        "SAKIMORI_INBOX_BOUNCES_URL",
        "Mailbox that reports of mails that could not be delivered come to, in the same form; empty: none.",
        "",
    ),
    Setting("SAKIMORI_INBOX_BOUNCES_PASSWORD", "Password of SAKIMORI_INBOX_BOUNCES_URL.", ""),
    Setting(
        "SAKIMORI_INBOX_MOVE",
        "Folder to which mails are moved in their mailbox once they are kept here; empty: they stay, marked as read.",
        "",
    ),
    Setting(
        "SAKIMORI_VENDOR_MAIL_DOMAINS",
        "Domains whose signed mails count as the vendor's, comma separated.",
        "imperva.com,incapsula.com",
    ),
    Setting(
        "SAKIMORI_TRUSTED_AUTHSERV",
        "Name with which our own mail server signs its Authentication-Results headers, which are believed about SPF; "
        "empty: none is.",
        "",
    ),
    Setting(
        "SAKIMORI_TRAINING_DNS",
        "JSON file of TXT records by name that are asked instead of the DNS: only for demo and training.",
        "",
    ),
    Setting("SAKIMORI_SOC_PHONE", "The SOC's phone number, printed in every mail."),
    Setting("SAKIMORI_SERVICE_NAME", "Name of the service in pages and mails.", "Webサイトプロテクションサービス"),
    Setting("SAKIMORI_LISTEN", "Address and port of the web pages.", "127.0.0.1:8000"),
    Setting(
        "SAKIMORI_TRUSTED_PROXY",
        "Address of the reverse proxy that ends TLS in front of the pages; only its X-Forwarded headers are believed.",
        "127.0.0.1",
    ),
    Setting("SAKIMORI_HEC_LISTEN", "Address and port of the HTTPS log collector; empty switches it off.", ""),
    Setting("SAKIMORI_SYSLOG_LISTEN", "Address and port of the syslog door (TLS); empty switches it off.", ""),
    Setting(
        "SAKIMORI_TLS_CERTIFICATE",
        "PEM file with the certificate chain of both TLS doors; empty makes a self-signed one.",
        "",
    ),
    Setting("SAKIMORI_TLS_KEY", "PEM file with the key of SAKIMORI_TLS_CERTIFICATE.", ""),
    Setting(
        "SAKIMORI_DROP",
        "Folder with one folder per contract, named by its number, in which an SFTP server puts logs; empty: none.",
        "",
    ),
    Setting(
        "DATABASE_URL",
        "Database: empty for SQLite in the data folder, or postgresql://user:password@host/name.",
        "",
    ),
    Setting(
        "LOGSTORE_URL",
        "Log store: empty for the embedded one in the data folder, chdb:///path, or "
        "clickhouse://user:password@host:8123/name, with ?replicated=1&cluster=name on the servers of a cluster.",
        "",
    ),
    Setting(
        "SAKIMORI_SOC_NETWORKS",
        "Networks of the SOC and its probes, comma separated; they are never blocked.",
        "",
    ),
    Setting(
        "SAKIMORI_SHARED_NETWORKS",
        "File with more addresses that many people share, in the form of `blacklist/data/shared_networks.txt`; an "
        "analyst is asked before one of them is blocked. Nobody publishes the ranges of DS-Lite gateways and of the "
        "自治体情報セキュリティクラウド: they are missing until this file names them, as `[home]` and `[government]`. "
        "Read when the service starts.",
        "",
    ),
    Setting(
        "SAKIMORI_WAVE_MINUTES",
        "Mails about blocked addresses of one customer are at least this far apart.",
        "15",
    ),
    Setting(
        "SAKIMORI_LATE_MINUTES",
        "Events that arrive later than this, and imported ones, never block, mail or call by themselves.",
        "60",
    ),
    Setting(
        "SAKIMORI_GOOD_REQUESTS",
        "This many good requests from an address in the stored log, and an analyst is asked.",
        "10",
    ),
    Setting(
        "SAKIMORI_CAP_CUSTOMER",
        "Addresses blocked automatically per customer and hour; beyond it an analyst is asked.",
        "50",
    ),
    Setting("SAKIMORI_CAP_TOTAL", "Addresses blocked automatically per hour for all customers together.", "500"),
    Setting(
        "SAKIMORI_ASK_DAYS",
        "After a restore an analyst is asked before the address is blocked again, this long.",
        "90",
    ),
    Setting("SAKIMORI_COMPARE_MINUTES", "Pause between two comparisons of the vendor's list with our rows.", "5"),
    Setting(
        "SAKIMORI_LIST_LIMIT",
        "Entries that a list at the vendor can hold, where nobody has entered another number for the contract.",
        "1000",
    ),
    Setting(
        "SAKIMORI_VENDOR_CALLS",
        "Calls to the vendor's API that the blacklist of one account may cost per minute.",
        "100",
    ),
    Setting(
        "SAKIMORI_PROPAGATION_MINUTES",
        "A request from a blocked address that is let through so long after the entry was read back is an alarm.",
        "5",
    ),
    Setting(
        "SAKIMORI_ASK_MINUTES",
        "A question to an analyst that has waited for so long is an alarm for the SOC.",
        "15",
    ),
    Setting("SAKIMORI_PULL_SECONDS", "Pause between two looks at a log index.", "30"),
    Setting(
        "SAKIMORI_SPOOL_HOURS",
        "Log files stay in the spool this long after they were stored, at most as long as their log.",
        "48",
    ),
    Setting(
        "SAKIMORI_PHONE_ACCOUNT",
        "Phone: SID of the account at Twilio (AC...); empty: dial by hand from a work sheet. Needs _TOKEN and _CALLER.",
        "",
    ),
    Setting(
        "SAKIMORI_PHONE_TOKEN",
        "Auth token of that account and region; it signs the call-backs, and calls too where there is no API key.",
        "",
    ),
    Setting("SAKIMORI_PHONE_KEY", "SID of an API key of that account and region (SK...); better than the token.", ""),
    Setting("SAKIMORI_PHONE_SECRET", "Secret of SAKIMORI_PHONE_KEY.", ""),
    Setting(
        "SAKIMORI_PHONE_CALLER",
        "Number that called people see, such as +815012345678: the account's own, or one that it has verified.",
        "",
    ),
    Setting("SAKIMORI_PHONE_EDGE", "Edge of the provider's network through which calls are asked for.", "tokyo"),
    Setting("SAKIMORI_PHONE_REGION", "Region of the provider in which calls are made and kept.", "jp1"),
    Setting("SAKIMORI_PHONE_VOICE", "Japanese voice that speaks to the called people.", "Polly.Tomoko-Neural"),
    Setting("SAKIMORI_PHONE_COUNTRIES", "Countries whose numbers may be dialled, comma separated.", "JP"),
    *INCIDENT_SETTINGS,
    Setting("SAKIMORI_UPLOAD_MIB", "Largest file that may be uploaded to a ticket.", "10"),
    Setting(
        "SAKIMORI_LOG_DAYS",
        "Events of contracts without log keeping are deleted after so many days, "
        "never before the report of their month is released.",
        "75",
    ),
    Setting(
        "SAKIMORI_SILENT_MINUTES",
        "A door that delivers regularly is silent after so long without a file, and half as long again as is usual.",
        "60",
    ),
    Setting("SAKIMORI_LAG_MINUTES", "A log file that waits longer than this to be stored is an alarm.", "15"),
    Setting("SAKIMORI_DISK_ALARM_MIB", "Less free disk than this is an alarm.", "5120"),
    Setting(
        "SAKIMORI_DISK_FLOOR_MIB",
        "With less free disk than this no more logs are taken, so that the database can still write.",
        "1024",
    ),
    Setting("SAKIMORI_CERTIFICATE_DAYS", "Customers are reminded so many days before a certificate ends.", "30"),
    Setting(
        "SAKIMORI_ALLOW_DOCUMENTATION",
        "1 treats documentation addresses as public, and allows plain-HTTP cookies: only for demo and training.",
        "0",
    ),
    Setting(
        "SAKIMORI_ATTACK_SECONDS",
        "Pause between two looks at what the vendor counts of attacks. They take at most half of "
        "SAKIMORI_VENDOR_CALLS.",
        "60",
    ),
    Setting(
        "SAKIMORI_BLOCKED_PER_SECOND",
        "So many requests blocked per second, on average of five minutes, are the signal of a DDoS.",
        "100",
    ),
    Setting(
        "SAKIMORI_BLOCKED_TIMES",
        "They are a signal only if they are as many times as much as is usual for the site.",
        "10",
    ),
)
