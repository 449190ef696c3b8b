export DAILIES_KEY=$(.venv/bin/python manage.py create_api_key --user owner@example.com --name "First steps")

curl -sS {{ base_url }}/v2/image-to-video \
  -H "Authorization: Bearer $DAILIES_KEY" \
  -H "Content-Type: application/json" \
  -d '{"model": "ltx-2-3-fast", "resolution": "1280x720", "duration": 6, "prompt": "The sun sets over the sea.", "image_uri": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAACAAAAASBAMAAADI5sFhAAAAGFBMVEUYIDo6PGCCXG7ejFz6xHj/7L4UGB4AAAClwrGrAAAAVklEQVR42mNgIBkwCqIJMDEQEmBB18ICpZUY/j1A1sLEKMiEokVQgEFA8QOSCkYGBkZcthgzMDAwMNx7z8DAbIxkixKGtfcYmBTQ3IHm9H/30ASYYEoAr10JM6WPSlwAAAAASUVORK5CYII="}'
