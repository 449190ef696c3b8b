from django.urls import path

from . import views

urlpatterns = [
    path("invitations/", views.invitation, name="invitation"),
    path("invitations/account", views.account, name="invitation_account"),
    path("invitations/<str:secret>", views.open_link, name="invitation_open"),
    path("t/<slug:slug>/people/", views.people, name="people"),
    path("t/<slug:slug>/people/<int:membership_id>/role", views.role, name="person_role"),
    path("t/<slug:slug>/people/<int:membership_id>/deactivate", views.deactivate, name="person_deactivate"),
    path("t/<slug:slug>/people/<int:membership_id>/reactivate", views.reactivate, name="person_reactivate"),
    path("t/<slug:slug>/people/letters", views.invite_by_email, name="invite_by_email"),
    path("t/<slug:slug>/people/links", views.create_link, name="invite_link"),
    path("t/<slug:slug>/people/invitations/<uuid:invitation_id>/renew", views.renew, name="invitation_renew"),
    path("t/<slug:slug>/people/invitations/<uuid:invitation_id>/revoke", views.revoke, name="invitation_revoke"),
]
