"""Mails that come in: fetched by IMAP or taken at our SMTP door, kept, and proven to be from whom they say."""
