"""Tickets: what the SOC tells a customer and what the customer asks, on the portal and by mail."""
