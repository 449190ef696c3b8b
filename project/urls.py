from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("generations.ops.urls")),
    path("admin/", admin.site.urls),
    path("account/", include("allauth.account.urls")),
    path("api/v1/", include("generations.api.v1.urls")),
    path("", include("generations.web.urls")),
]

handler400 = "generations.web.views.errors.bad_request"
handler403 = "generations.web.views.errors.forbidden"
handler404 = "generations.web.views.errors.not_found"
handler500 = "generations.web.views.errors.server_error"
