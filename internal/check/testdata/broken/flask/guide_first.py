"""Broken on purpose: the provider's first sample, which verifies nothing."""

import sys

from flask import Flask, request
from werkzeug.serving import make_server

app = Flask(__name__)


@app.route("/webhooks/solatis", methods=["POST"])
def webhook():
    event = request.json
    print(f'Webhook received: {event["event"]}', file=sys.stderr)
    return "OK", 200


if __name__ == "__main__":
    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(f"listening on http://127.0.0.1:{server.server_port}/webhooks/solatis", flush=True)
    server.serve_forever()
