"""The provider as the settings name it, and what is asked of it."""

from django.conf import settings

from generations.upstream.client import Provider


def provider() -> Provider:
    return Provider(base_url=settings.PROVIDER_URL, api_key=settings.PROVIDER_API_KEY)
