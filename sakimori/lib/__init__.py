"""Ground floor: small, pure tools without models that every other room may stand on."""
