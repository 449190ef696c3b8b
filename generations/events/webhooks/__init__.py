"""Send events to a team's endpoints as signed POST requests (Standard Webhooks).

    Event --fan_out--> WebhookDelivery (one per endpoint) --claim, send, record--> delivered, retried or failed

One task with its own queue does all of it, so that a slow receiver does not delay jobs.
"""
