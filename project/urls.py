from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

# Staff sign in on the same page as other users, with a second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", include("generations.api.contract.urls")),
    path("", include("generations.ops.urls")),
    path("admin/", admin.site.urls),
    path("account/", include("allauth.account.urls")),
    path("account/two-factor/", include("allauth.mfa.urls")),
    path("account/connections/", include("allauth.socialaccount.urls")),
    path("api/v1/", include("generations.api.management.urls")),
    path("", include("generations.web.urls")),
    path("account/", include("allauth.socialaccount.providers.openid_connect.urls")),
]

handler400 = "generations.web.errors.bad_request"
handler403 = "generations.web.errors.forbidden"
handler404 = "generations.web.errors.not_found"
handler500 = "generations.web.errors.server_error"
