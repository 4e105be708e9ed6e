"""What customers read in tickets and mails: polite Japanese, complete in plain text, payloads never in the clear.

Pure: rows go in as small records, text comes out. One module per kind of ticket; `letter` is what all mails share.
"""
