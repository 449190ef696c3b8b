"""The image-to-video contract. The client, the local engine and the public API use the same code.

Everything is pure: no Django, no network, no files except the data in this folder.

- `support`: the resolutions, frame rates, durations and prices of each model (data with a date), and the crop
- `schemas`: request and response bodies
- `rules`: the validation of a request, including its image URIs
- `choices`: the same rules for a form: what can be selected, and why not
- `errors`: the error table
"""
