"""Receives Solatis webhooks with Flask.

An example to copy from; ../README.md says why each step is there.

    solatis listen --forward localhost:3000      # its ready line shows the secret
    SOLATIS_WEBHOOK_SECRET=whsec_… python3 app.py
    solatis trigger document.analyzed
"""

import hashlib
import hmac
import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from flask import Flask, request
from werkzeug.serving import make_server

SECRET = os.environ.get("SOLATIS_WEBHOOK_SECRET", "").encode()

MAX_BODY = 32 * 1024 * 1024

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = MAX_BODY  # before version 3.1 it is for forms only

worker = ThreadPoolExecutor(max_workers=1)


def verified(signature, body):
    """True when signature is the one of exactly these bytes.

    Two signature headers arrive as one value with a comma, which matches nothing. The
    comparison is of bytes because hmac.compare_digest raises on text outside ASCII.
    """
    want = hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(signature.encode(), want.encode())


def parse_event(body):
    """The event in a verified body, or None when there is none."""
    try:
        event = json.loads(body)
        return event if isinstance(event["id"], str) and event["id"] else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


seen, seen_lock = {}, threading.Lock()


def is_new(event_id):
    """Remembers the last 10,000 event ids and tells whether this one is new.

    It stands in for your database, where a unique index on the event id, written in
    the transaction that does the work, outlives a restart and is shared by all your
    servers.
    """
    with seen_lock:
        if event_id in seen:
            return False
        seen[event_id] = True
        if len(seen) > 10_000:
            del seen[next(iter(seen))]  # a dict keeps the order
        return True


def work(event):
    """Does what the event asks for, after it has been answered.

    What still waits is lost when the process ends; a queue on disk, or a table, keeps
    it.
    """
    try:
        print(event.get("event"), event["id"])
    except Exception:  # a worker thread would swallow it
        app.logger.exception("%s failed", event["id"])


@app.post("/webhooks/solatis")
def webhook():
    if (request.content_length or 0) > MAX_BODY:
        return "body too large\n", 413

    # The signature covers the bytes as they came: request.json is for later.
    body = request.get_data()
    if not verified(request.headers.get("X-Solatis-Signature", ""), body):
        print("refused: no valid signature")
        return "invalid signature\n", 401

    event = parse_event(body)
    if event is None:
        # It is signed, so it is from Solatis, and a retry would bring the same bytes:
        # take note of it rather than have it sent again.
        print("ignored: signed, but not an event")
        return "ignored\n"
    if not is_new(event["id"]):
        print(event.get("event"), event["id"], "duplicate")
        return "duplicate\n"
    worker.submit(work, event)
    return "OK\n"


if __name__ == "__main__":
    if not SECRET:
        sys.exit(
            "SOLATIS_WEBHOOK_SECRET is not set: copy the signing secret from the "
            "ready line of `solatis listen`"
        )
    # Each line at once, and whatever it says: JSON can hold text that UTF-8 can't.
    sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")

    # Flask's development server, for this machine only, which is all that `solatis
    # listen` needs. A deployed app runs under a WSGI server.
    server = make_server("127.0.0.1", int(os.environ.get("PORT") or 3000), app, threaded=True)
    print(f"listening on http://127.0.0.1:{server.server_port}/webhooks/solatis")
    server.serve_forever()
