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
    with urllib.request.urlopen(request) as response:
        return response.read()


upload = json.loads(call("POST", API + "/v1/upload"))
with open("image.jpg", "rb") as image:
    call("PUT", upload["upload_url"], image.read(), {"Content-Type": "image/jpeg"})

payload = {
    "image_uri": upload["storage_uri"],
    "prompt": "The boat leaves the harbor.",
    "model": "ltx-2-3-fast",
    "resolution": "1280x720",
    "duration": 6,
}
headers = {**AUTH, "Idempotency-Key": str(uuid.uuid4())}  # send the same key to repeat the request safely
job = json.loads(call("POST", API + "/v2/image-to-video", payload, headers))

while (state := json.loads(call("GET", API + "/v2/image-to-video/" + job["id"])))["status"] != "completed":
    if state["status"] == "failed":
        raise SystemExit(state["error"]["message"])
    time.sleep(5)

with open("take.mp4", "wb") as take:
    take.write(call("GET", state["result"]["video_url"], headers={}))
