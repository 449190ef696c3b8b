"""Tell programs of what happened, by a signed POST to their address (Standard Webhooks).

    Event --fanout--> WebhookDelivery (one an endpoint) --claim, sending, settling--> delivered, tried again or given up

A task of its own queue does all of it, so that no receiver, however slow, holds up a job.
"""
