"""The web application firewall as we see it: a contract in our own words, and the vendors that fulfil it."""
