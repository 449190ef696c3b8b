"""The image-to-video contract, written once and spoken three times.

The client, the local engine and the public API all read the rules from here. Everything is pure:
no Django, no network, no files but the data shipped beside the code.

- `support`: which model offers which resolution, frame rate and length (data with a date)
- `schemas`: the bodies on the wire
- `rules`: every violated rule of a request, with its field
- `choices`: the same rules turned round, for a form: what may be chosen next, and why not
- `prices`: whole credits from dollars per second
- `errors`: the error table
"""
