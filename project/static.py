"""Static files under hashed names, so that browsers may keep them for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):
    # Our modules import each other by relative path; rewrite those imports to the hashed names too.
    support_js_module_import_aggregation = True
