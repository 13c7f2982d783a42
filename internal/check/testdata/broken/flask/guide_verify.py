"""Broken on purpose: the provider's sample that verifies, with the import that it forgets."""

import hashlib
import hmac
import os

from flask import Flask, request
from werkzeug.serving import make_server

app = Flask(__name__)


@app.route("/webhooks/solatis", methods=["POST"])
def webhook():
    signature = request.headers.get("X-Solatis-Signature")
    payload = request.get_data()
    expected = hmac.new(
        os.getenv("SOLATIS_WEBHOOK_SECRET").encode(),
        payload,
        hashlib.sha256,
    ).hexdigest()
    if not hmac.compare_digest(signature, expected):
        return "Unauthorized", 401
    event = request.json
    print(event["event"])
    return "OK", 200


if __name__ == "__main__":
    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(f"listening on http://127.0.0.1:{server.server_port}/webhooks/solatis", flush=True)
    server.serve_forever()
