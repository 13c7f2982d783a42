"""Broken on purpose: it signs what json.dumps makes of the parsed body."""

import hashlib
import hmac
import json
import os

from flask import Flask, request
from werkzeug.serving import make_server

app = Flask(__name__)


@app.post("/webhooks/solatis")
def webhook():
    payload = json.dumps(request.json).encode()
    expected = hmac.new(os.environ["SOLATIS_WEBHOOK_SECRET"].encode(), payload, hashlib.sha256).hexdigest()
    if request.headers.get("X-Solatis-Signature", "") != expected:
        return "invalid signature", 401
    return "OK"


if __name__ == "__main__":
    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(f"listening on http://127.0.0.1:{server.server_port}/webhooks/solatis", flush=True)
    server.serve_forever()
