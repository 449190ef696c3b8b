curl -sSLN {{ base_url }}/api/v1/events -H "Authorization: Bearer $DAILIES_KEY" -H "Accept: text/event-stream"
