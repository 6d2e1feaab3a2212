from django.urls import path

from workspaces import views

urlpatterns = [
    path("", views.workspace_settings, name="workspace_settings"),
    path("members/", views.member_list, name="member_list"),
    path("members/invite/", views.member_invite, name="member_invite"),
    path("members/<int:pk>/", views.member_edit, name="member_edit"),
    path("invitations/<int:pk>/", views.invitation_link, name="invitation_link"),
    path("invitations/<int:pk>/revoke/", views.invitation_revoke, name="invitation_revoke"),
    path("teams/new/", views.team_new, name="team_new"),
    path("leave/", views.workspace_leave, name="workspace_leave"),
]
