"""Settings of the twin: nobody asks what became of a message, it is just sent again.

python -m bench.storm --settings bench.storm.blind
"""

from bench.settings import *  # noqa: F403
from bench.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "bench.storm.blindness.Blindness"]
