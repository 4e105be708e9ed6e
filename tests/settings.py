"""Settings for tests: an invented SOC, everything in a throw-away folder, passwords hashed cheaply."""

import os
import tempfile
from pathlib import Path

_FOLDER = tempfile.mkdtemp(prefix="sakimori-tests-")
# A process has one engine. Whoever opened the store of the settings, without the fixture of one, would keep every test
# behind it from its own; so no folder can be made there, whatever the order of the tests.
Path(_FOLDER, "logstore").touch()
os.environ.update(
    SAKIMORI_DATA=_FOLDER,
    SAKIMORI_BASE_URL="https://portal.example.jp",
    SAKIMORI_MAIL_URL="smtp+plain://127.0.0.1:2525",
    SAKIMORI_MAIL_FROM="soc@example.jp",
    SAKIMORI_SOC_PHONE="03-0000-0000",
    SAKIMORI_ALLOW_DOCUMENTATION="1",
    # How full the disk of the test machine is proves nothing.
    SAKIMORI_DISK_ALARM_MIB="0",
    SAKIMORI_DISK_FLOOR_MIB="0",
    # The same tests run on PostgreSQL: TEST_DATABASE_URL=postgresql://user@host/name ./run test
    DATABASE_URL=os.environ.get("TEST_DATABASE_URL", ""),
)

from sakimori.settings import *  # noqa: E402, F403

# A file, as in a real installation: threads that write at once wait for each other. In memory they would fail.
if not os.environ["DATABASE_URL"]:
    DATABASES["default"]["TEST"] = {"NAME": f"{_FOLDER}/tests.sqlite3"}  # noqa: F405

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SECURE_SSL_REDIRECT = False
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
