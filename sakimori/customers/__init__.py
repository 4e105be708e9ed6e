"""Who the service is run for: customers, contracts, sites, contacts. `access` is the only door to a tenant's rows."""
