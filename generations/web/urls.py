"""The pages. Everything of a team stands under `/t/<slug>/`."""

from django.urls import URLPattern, URLResolver, include, path

from . import credit_urls, people_urls, webhook_urls
from .theme import choose_theme
from .views import (
    account,
    account_data,
    gallery,
    home,
    jobs,
    keys,
    media,
    operations,
    sign_on,
    studio,
    takes,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("", include(people_urls)),
    path("", include(credit_urls)),
    path("", include(webhook_urls)),
    path("theme", choose_theme, name="theme"),
    path("account/", account.profile, name="account_profile"),
    path("account/sessions/", account.sessions, name="account_sessions"),
    path("account/sessions/end", account.sessions_end, name="account_sessions_end"),
    path("account/sessions/<int:session_id>/end", account.session_end, name="account_session_end"),
    path("account/data/", account_data.data, name="account_data"),
    path("account/data/export", account_data.export, name="account_export"),
    path("account/delete/", account_data.delete, name="account_delete"),
    path("account/oidc/<slug:provider_id>/login/", sign_on.leave, name="openid_connect_leave"),
    path("media/<uuid:asset_id>", media.asset, name="media"),
    path("ops/", operations.overview, name="operations"),
    path("ops/gates/<int:gate_id>/probe", operations.probe, name="operations_probe"),
    path("ops/jobs/<uuid:generation_id>/<slug:name>", operations.act, name="operations_act"),
    path("t/<slug:slug>/", home.team, name="team"),
    path("t/<slug:slug>/studio/", studio.studio, name="studio"),
    path("t/<slug:slug>/studio/options", studio.options, name="options"),
    path("t/<slug:slug>/stills/", studio.still, name="stills"),
    path("t/<slug:slug>/jobs/", jobs.jobs, name="jobs"),
    path("t/<slug:slug>/jobs/<uuid:generation_id>/row", jobs.row, name="job_row"),
    path("t/<slug:slug>/jobs/<uuid:generation_id>/cancel", jobs.cancel, name="cancel"),
    path("t/<slug:slug>/jobs/<uuid:generation_id>/retry", jobs.retry, name="retry"),
    path("t/<slug:slug>/gallery/", gallery.gallery, name="gallery"),
    path("t/<slug:slug>/gallery/<uuid:generation_id>/tile", gallery.running, name="job_tile"),
    path("t/<slug:slug>/takes/<uuid:generation_id>/", takes.take, name="take"),
    path("t/<slug:slug>/takes/<uuid:generation_id>/download", takes.download, name="download"),
    path("t/<slug:slug>/keys/", keys.keys, name="keys"),
    path("t/<slug:slug>/keys/new", keys.new, name="key_new"),
    path("t/<slug:slug>/keys/<uuid:key_id>/", keys.key, name="key"),
    path("t/<slug:slug>/keys/<uuid:key_id>/rotate", keys.rotation, name="key_rotate"),
    path("t/<slug:slug>/keys/<uuid:key_id>/revoke", keys.revoke, name="key_revoke"),
]
