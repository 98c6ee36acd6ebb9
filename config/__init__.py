"""The composition root: settings, URLs, workers, servers. It imports all, nothing imports it."""
