"""Checks event signatures with the official package.

In, JSON on stdin: {"secret": "whsec_…", "events": [{"id", "timestamp", "signature", "body"}]}
Out, JSON on stdout, for each event: {"error": null or why it is not good, "expected": "v1,…"}
"""

import json
import sys
from datetime import datetime, timezone

from standardwebhooks.webhooks import Webhook

given = json.load(sys.stdin)
webhook = Webhook(given["secret"])
verdicts = []
for event in given["events"]:
    headers = {
        "webhook-id": event["id"],
        "webhook-timestamp": event["timestamp"],
        "webhook-signature": event["signature"],
    }
    error = None
    try:
        webhook.verify(event["body"], headers)
    except Exception as raised:
        error = f"{type(raised).__name__}: {raised}"
    signed_at = datetime.fromtimestamp(int(event["timestamp"]), tz=timezone.utc)
    expected = webhook.sign(event["id"], signed_at, event["body"])
    verdicts.append({"error": error, "expected": expected})
json.dump(verdicts, sys.stdout)
