"""`GET /api/v1/events`: what happens in a team, for programs, as `text/event-stream`. A part of the events process.

- Each event has the body of a webhook. Its `id` is `<transaction>-<event id>`; a client that comes back with it in
  `Last-Event-ID`, or in `?after=`, misses nothing, however long it was away: the events are rows.
- Valkey only hints that it is time to look; without it a stream looks by itself every few seconds.
- The key is judged again while the stream is open, at once when it changed; the stream of a revoked one ends.
- An idle stream gets a comment now and then, with the id from where to go on.
"""
