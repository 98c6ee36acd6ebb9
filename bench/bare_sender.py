"""The least a sender can do: one process of a bare psycopg loop, the limit of messages.rate.

python -m bench.bare_sender DATABASE_URL GATEWAY_PORT MANY
"""

from __future__ import annotations

import sys
import threading
import uuid

import httpx
import psycopg

THREADS = 24
TABLES = """
CREATE TABLE IF NOT EXISTS bare_message (
    id bigserial PRIMARY KEY, due timestamptz NOT NULL, state text NOT NULL);
CREATE INDEX IF NOT EXISTS bare_due ON bare_message (due) WHERE state = 'planned';
CREATE TABLE IF NOT EXISTS bare_attempt (
    id bigserial PRIMARY KEY, message bigint NOT NULL, opened timestamptz NOT NULL,
    closed timestamptz);
CREATE UNIQUE INDEX IF NOT EXISTS bare_open ON bare_attempt (message) WHERE closed IS NULL;
"""
FILL = "INSERT INTO bare_message (due, state) SELECT now(), 'planned' FROM generate_series(1, %s)"
CLAIM = """
WITH due AS (SELECT id FROM bare_message WHERE state = 'planned' AND due <= now()
             ORDER BY due LIMIT 1 FOR UPDATE SKIP LOCKED),
mine AS (UPDATE bare_message m SET state = 'sending' FROM due WHERE m.id = due.id RETURNING m.id)
INSERT INTO bare_attempt (message, opened) SELECT id, now() FROM mine RETURNING message
"""
CLOSE = """
WITH done AS (UPDATE bare_attempt SET closed = now() WHERE message = %s AND closed IS NULL)
UPDATE bare_message SET state = 'sent' WHERE id = %s
"""


def send(url: str, client: httpx.Client) -> None:
    with psycopg.connect(url, autocommit=True) as link:
        while row := link.execute(CLAIM).fetchone():
            payload = {
                "recipient": {"to": "33639980000"},
                "body": {"text": "RDV"},
                "from": "CD35INFO",
                "refClient": uuid.uuid4().hex,
            }
            client.post("/sms/v1/messages", json=payload).raise_for_status()
            link.execute(CLOSE, [row[0], row[0]])


def main(url: str, port: str, many: str) -> None:
    with psycopg.connect(url, autocommit=True) as link:
        link.execute("SELECT pg_advisory_lock(7)")  # two processes make the tables once
        link.execute(TABLES)
        link.execute(FILL, [int(many)])
        link.execute("SELECT pg_advisory_unlock(7)")
    from tests.notifications.sms.dialects import API_KEY  # noqa: PLC0415

    headers = {"X-Api-Key": API_KEY}
    limits = httpx.Limits(max_connections=THREADS, max_keepalive_connections=THREADS)
    with httpx.Client(
        base_url=f"http://127.0.0.1:{port}", headers=headers, limits=limits, trust_env=False
    ) as client:
        threads = [threading.Thread(target=send, args=[url, client]) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:4])
