"""People who sign in: users, their place at the SOC, sign-in pages and the second factor."""
