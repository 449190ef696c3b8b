"""The client of a provider that implements the contract: the vendor, or the local engine.

Imports no Django, no settings and no models. The caller decides what an outcome means for a generation.

- `client`: `Provider`, with `submit`, `upload` and `poll`
- `polling`: `poll_many`, a concurrent batch of polls
- `download`: `download`, a finished video within a size limit and a deadline
- `errors`: the errors by cause, with the decision table
- `outcomes`: responses read into outcomes, without network
- `http`: one exchange through httpx within a total deadline
- `retries`: when to try again
"""
