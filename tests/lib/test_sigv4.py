"""The signature against the examples that AWS publishes for S3 (Signature Version 4, "Authorization header")."""

from datetime import UTC, datetime

import pytest

from sakimori.lib.sigv4 import SigningKey, signed_url, signing_headers

KEY = SigningKey("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
BASE = "https://examplebucket.s3.amazonaws.com"
NOW = datetime(2013, 5, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "query", "headers", "signature"),
    [
        (
            "/test.txt",
            {},
            {"range": "bytes=0-9"},
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        ("/", {"lifecycle": ""}, {}, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("/", {"prefix": "J", "max-keys": "2"}, {}, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ],
)
def test_the_published_examples(path: str, query: dict[str, str], headers: dict[str, str], signature: str) -> None:
    made = signing_headers(signed_url(BASE, path, query), KEY, now=NOW, headers=headers)
    assert made["authorization"].endswith(f"Signature={signature}")
    assert made["authorization"].startswith(
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;"
    )


def test_odd_names_are_encoded_once() -> None:
    url = signed_url(BASE, "/b/名 a+b%~.log", {"prefix": "a/b c", "start-after": "ä&="})
    assert url == f"{BASE}/b/%E5%90%8D%20a%2Bb%25~.log?prefix=a%2Fb%20c&start-after=%C3%A4%26%3D"


def test_the_secret_is_in_no_text_of_the_key() -> None:
    assert KEY.secret not in repr(KEY)
