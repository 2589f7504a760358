"""Makes and reads UserSigs with the official package.

In, JSON on stdin: {"user_sigs": [{"sdk_app_id", "key", "identifier", "time", "expire", "user_sig"}]}
Out, JSON on stdout, for each: {"inside": what the given one holds, "own": the package's own for the same values}
"""

import json
import sys
import time
import zlib

import TLSSigAPIv2

given = json.load(sys.stdin)
verdicts = []
for one in given["user_sigs"]:
    compressed = TLSSigAPIv2.base64_decode_url(one["user_sig"].encode())
    # The package takes the time of the clock: this is the clock.
    time.time = lambda: one["time"]
    package = TLSSigAPIv2.TLSSigAPIv2(one["sdk_app_id"], one["key"])
    verdicts.append(
        {
            "inside": json.loads(zlib.decompress(compressed)),
            "own": package.gen_sig(one["identifier"], one["expire"]),
        }
    )
json.dump(verdicts, sys.stdout)
