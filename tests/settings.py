"""The project's settings with servers of their own, fast passwords and unhashed static files."""

import os

from tests.servers import provide_servers_until_exit

os.environ["DEMO"] = "1"
os.environ.setdefault("LOG_LEVEL", "WARNING")
provide_servers_until_exit()

# The servers' addresses must be known before the settings are read.
from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES, MIDDLEWARE, STORAGES  # noqa: E402

# Tests that commit empty every table afterwards; elsewhere the database refuses that for history.
_options = DATABASES["default"]["OPTIONS"].get("options", "")
DATABASES["default"]["OPTIONS"] |= {"options": f"{_options} -c emgav.may_empty_history=yes"}

# One that tests.template has made is copied in a tenth of the time that migrations take.
if "TEST_TEMPLATE" in os.environ:
    DATABASES["default"]["TEST"] = {"TEMPLATE": os.environ["TEST_TEMPLATE"]}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# It serves collected files, of which there are none; live servers find the sources.
MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("whitenoise.")]
STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
