"""The WSGI entry point of the web process."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# libpq reads this: no page may hold a worker longer, however long a lock or a query would last.
os.environ.setdefault("PGOPTIONS", "-c statement_timeout=15s -c lock_timeout=5s")

application = get_wsgi_application()

# What was loaded once stays: looking through it for garbage again and again is a tenth of the work.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
