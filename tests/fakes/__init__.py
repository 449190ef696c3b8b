"""Fakes of external services. They listen on real sockets, so that the tests use the real clients.

- `provider`: a provider of the contract, in a thread or a process, scripted by the tests
- `behaviors`: what the provider does instead of a regular response
- `provider_state`: its jobs, scripts, barriers and received requests
- `routes`: its regular responses
- `wire`: a small HTTP/1.1 server on asyncio streams that can also break the protocol
- `identity`: an OpenID Connect provider
- `video`: small real MP4 files
"""
