"""Stand-ins for what is not ours. They speak over real sockets, so that the client under test is the real one.

- `provider`: a provider of the contract, in a thread or a process, scripted by tests
- `behaviours`: what a scripted request meets instead of a regular answer
- `book`: what it knows: jobs, scripts, barriers, and every request it was sent
- `routes`: its regular answers
- `wire`: just enough HTTP/1.1 on asyncio streams to also do it wrong
- `video`: small real MP4 files
"""
