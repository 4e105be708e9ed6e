"""Private keys of people's key pairs, as they give them to us."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key


def read_rsa_key(private_pem: bytes) -> RSAPrivateKey:
    """Read an RSA private key in PEM without a password. Raises ValueError for anything else."""
    try:
        key = load_pem_private_key(private_pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("the key must be an RSA private key in PEM without a password") from error
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("the key must be an RSA private key")
    return key
