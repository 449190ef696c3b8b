"""Static files under hashed names, so that browsers may keep them for ever."""

from django.contrib.staticfiles.storage import HashedFilesMixin, ManifestStaticFilesStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage


class _OurModules:
    """Our modules import each other by relative path; rewrite those imports to the hashed names too.

    Ours alone: Django reads examples in the comments of other people's files as imports that lead nowhere.
    """

    support_js_module_import_aggregation = True
    _js_module_import_aggregation_patterns = (
        "js/*.js",
        HashedFilesMixin._js_module_import_aggregation_patterns[1],  # type: ignore[attr-defined]  # missing in the stubs
    )


class StaticStorage(_OurModules, CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise has no types
    """For production: compressed once, when the image is built."""


class LocalStaticStorage(_OurModules, ManifestStaticFilesStorage):  # type: ignore[misc]  # the stubs disagree on url()
    """For `make run`: nobody waits for a compression that a loopback connection does not need."""
