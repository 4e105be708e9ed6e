"""Security news for all customers: written by one person, approved by a second, mailed and kept on the portal."""
