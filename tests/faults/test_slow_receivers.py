"""Slow webhook receivers do not delay jobs."""

from generations.events.models import DeliveryAttempt, DeliveryState, WebhookDelivery
from generations.events.webhooks.endpoints import create_endpoint
from generations.jobs.models import State
from tests.events.webhooks.receiver import Receiver
from tests.fakes.behaviors import slow_drip

from .cluster import Cluster, wait_until
from .studio import Studio


def test_jobs_are_sent_polled_and_saved_while_a_receiver_is_slow(cluster: Cluster, studio: Studio) -> None:
    with Receiver() as receiver:
        receiver.always(slow_drip(1))
        create_endpoint(team_id=studio.team.pk, actor_id=studio.member.user_id, url=receiver.url)
        cluster.start("webhook-worker", WEBHOOK_DEADLINE=300)
        studio.submit()
        with cluster.celery() as client:
            client.send_task("generations.send_webhooks", queue="webhooks")
        wait_until(lambda: receiver.received, what="the first message")
        studio.submit(3)
        studio.wait_for(State.COMPLETED)
        wait_until(lambda: len(receiver.received) == 8, what="a message for each submit and each take")
        assert DeliveryAttempt.objects.count() == 0  # no response is complete
        cluster.kill("webhook-worker")
    states = WebhookDelivery.objects.filter(endpoint__team=studio.team).values_list("state", flat=True)
    assert set(states) == {DeliveryState.PENDING}
