api={{ base_url }}
auth="Authorization: Bearer $DAILIES_KEY"
field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"; }

upload=$(curl -fsS -X POST "$api/v1/upload" -H "$auth")
curl -fsS -T image.jpg -H "Content-Type: image/jpeg" "$(echo "$upload" | field upload_url)"

payload='{"model": "ltx-2-3-fast", "resolution": "1280x720", "duration": 6, "prompt": "The boat leaves the harbor.",
  "image_uri": "'$(echo "$upload" | field storage_uri)'"}'
job=$(curl -fsS "$api/v2/image-to-video" -H "$auth" -H "Content-Type: application/json" \
  -H "Idempotency-Key: $(date +%s)" -d "$payload" | field id)

while state=$(curl -fsS "$api/v2/image-to-video/$job" -H "$auth"); do
  case $(echo "$state" | field status) in
    completed) exec curl -fsS -o take.mp4 "$(echo "$state" | field video_url)" ;;
    failed) echo "$state" >&2; exit 1 ;;
  esac
  sleep 5
done
