"""The client for anything that speaks the contract: the provider, or the local engine.

Knows no Django, no settings and no rows: who calls it decides what an outcome means for a generation.

- `client`: `Provider`, with `submit`, `upload` and `poll`
- `polling`: `poll_many`, a batch of polls at once
- `download`: `download`, a finished video under a cap and a deadline
- `errors`: what can go wrong, by cause; the decision table stands there
- `answers`: answers read and judged, without any network
- `retries`: when to try again
- `wire`: one exchange on one connection of its own, within a deadline
- `boxes`: whether a stream of bytes is a whole MP4 file

It stands on httpcore, the engine inside httpx, and takes addresses and certificates from httpx itself. A connection
is then an object, not a hope: a submit gets one that nothing was sent on before, the network stream knows whether a
byte has left and enforces the deadline, and a poll costs half of what it does through a pool. httpx would also write
every URL to the log, and the URL of a finished video is a secret.
"""
