import json
import os
import time
import urllib.request
import uuid

API = "{{ base_url }}"
AUTH = {"Authorization": "Bearer " + os.environ["DAILIES_KEY"]}


def call(method, url, body=None, headers=AUTH):
    if isinstance(body, dict):
        body, headers = json.dumps(body).encode(), {**headers, "Content-Type": "application/json"}
    request = urllib.request.Request(url, body, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return answer.read()


place = json.loads(call("POST", API + "/v1/upload"))
with open("still.jpg", "rb") as still:
    call("PUT", place["upload_url"], still.read(), {"Content-Type": "image/jpeg"})

wish = {
    "image_uri": place["storage_uri"],
    "prompt": "The boat leaves the harbour.",
    "model": "ltx-2-3-fast",
    "resolution": "1280x720",
    "duration": 6,
}
once = {**AUTH, "Idempotency-Key": str(uuid.uuid4())}  # keep it to send the same request again
job = json.loads(call("POST", API + "/v2/image-to-video", wish, once))

while (state := json.loads(call("GET", API + "/v2/image-to-video/" + job["id"])))["status"] != "completed":
    if state["status"] == "failed":
        raise SystemExit(state["error"]["message"])
    time.sleep(5)

with open("take.mp4", "wb") as take:
    take.write(call("GET", state["result"]["video_url"], headers={}))
