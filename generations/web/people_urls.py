"""Teams and their people, invitations, the audit trail and notices."""

from django.urls import URLPattern, path

from .views import audit, invitations, notices, people, team_settings

urlpatterns: list[URLPattern] = [
    path("teams/new", team_settings.new_team, name="new_team"),
    path("invitations/", invitations.invitation, name="invitation"),
    path("invitations/account", invitations.account, name="invitation_account"),
    path("invitations/<str:secret>", invitations.arrive, name="invitation_open"),
    path("notices/", notices.notices, name="notices"),
    path("notices/bell", notices.bell, name="bell"),
    path("notices/read", notices.read_all, name="notices_read"),
    path("notices/<int:notice_id>/read", notices.read, name="notice_read"),
    path("ops/audit/", audit.site_audit, name="site_audit"),
    path("t/<slug:slug>/people/", people.people, name="people"),
    path("t/<slug:slug>/people/<int:membership_id>/role", people.role, name="person_role"),
    path("t/<slug:slug>/people/<int:membership_id>/deactivate", people.deactivate, name="person_deactivate"),
    path("t/<slug:slug>/people/<int:membership_id>/reactivate", people.reactivate, name="person_reactivate"),
    path("t/<slug:slug>/people/letters", people.letter, name="invite_letter"),
    path("t/<slug:slug>/people/links", people.link, name="invite_link"),
    path("t/<slug:slug>/people/invitations/<uuid:invitation_id>/renew", people.renew, name="invitation_renew"),
    path("t/<slug:slug>/people/invitations/<uuid:invitation_id>/revoke", people.revoke, name="invitation_revoke"),
    path("t/<slug:slug>/settings/", team_settings.team_settings, name="team_settings"),
    path("t/<slug:slug>/settings/name", team_settings.rename, name="team_rename"),
    path("t/<slug:slug>/settings/time-zone", team_settings.time_zone, name="team_time_zone"),
    path("t/<slug:slug>/settings/end", team_settings.end, name="team_end"),
    path("t/<slug:slug>/settings/keep", team_settings.keep, name="team_keep"),
    path("t/<slug:slug>/leave", team_settings.leave, name="leave_team"),
    path("t/<slug:slug>/audit/", audit.audit, name="audit"),
]
