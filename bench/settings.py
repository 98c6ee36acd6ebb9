"""The product's settings, with two addresses more for the limits measured beside it."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
