"""Keys of encrypted log files, made anew: none is kept in the repository."""

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat


def log_key_pem(*, bits: int = 2048, password: str = "") -> str:
    """A private key in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    how = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how).decode()
